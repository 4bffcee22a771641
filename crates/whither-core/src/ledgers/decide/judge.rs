//! What a verdict family may look at: one group's positions and the partition's log.

use crate::engine::Policy;
use crate::fact::{Committer, Config, Size, Tail, Topic};
use crate::key::{Name, Offset, TopicId};
use crate::ledgers::life::{Commit, Life};
use crate::ledgers::log::LogView;
use crate::ledgers::people::{People, Who};
use crate::ledgers::positions::Positions;
use crate::ledgers::runs::Index;
use crate::ledgers::share::Share;
use crate::time::Time;
use crate::verdict::{Evidence, WhichCommit};
use alloc::vec::Vec;

/// What Kafka Streams puts into the client id of each of its threads' consumers.
const STREAM_THREAD: &str = "-StreamThread-";

/// One group before the judge.
pub(crate) struct Judge<'a> {
    pub(crate) now: Time,
    pub(crate) policy: &'a Policy,
    pub(crate) log: &'a LogView,
    pub(crate) before: Option<&'a LogView>,
    pub(crate) config: Option<&'a Config>,
    pub(crate) size: Option<&'a Size>,
    pub(crate) topic: Option<&'a Topic>,
    pub(crate) index: &'a Index<'a>,
    pub(crate) group: &'a Name,
    pub(crate) partition: i32,
    pub(crate) positions: &'a Positions,
    /// The group's life in this incarnation.
    pub(crate) life: &'a Life,
    /// Where the group stands in this incarnation, if it is a share group.
    pub(crate) share: Option<&'a Share>,
    pub(crate) people: &'a People,
    pub(crate) tail: Option<&'a Tail>,
}

impl Judge<'_> {
    /// The first offset the log holds now.
    pub(crate) fn log_start(&self) -> Offset {
        self.log.start().unwrap_or(0)
    }

    /// Where rows end.
    pub(crate) fn log_end(&self) -> Offset {
        self.log.end().unwrap_or(0)
    }

    /// Whether all of a range was read by whither itself, so that its records are counted and placed.
    pub(crate) fn was_read(&self, from: Offset, to: Offset) -> bool {
        let sums = self.index.sums(from, to);
        from < to
            && sums.width == (to - from).unsigned_abs()
            && sums.unread == 0
            && sums.corrupt == 0
            && sums.undecided == 0
    }

    /// Whether a commit is in the part of history that is complete: nothing about the group is missing between
    /// it and now.
    pub(crate) fn is_in_tail(&self, c: &Commit) -> bool {
        self.tail.is_some_and(|t| t.holes == c.holes)
    }

    /// The first commit of the complete tail; none if the tail shows none.
    pub(crate) fn first_in_tail(&self) -> Option<&Commit> {
        self.life.first().filter(|c| self.is_in_tail(c))
    }

    /// Below this, nothing that went is in the hands of members: the group was without any after it had gone. Of a
    /// group that nobody described nothing is known of members.
    pub(crate) fn held_by_nobody_below(&self) -> Offset {
        self.positions.described.map_or(Offset::MAX, |d| d.gone_by_then)
    }

    /// Whether the group is known to have been without members after a time.
    pub(crate) fn was_held_by_nobody(&self, at: Time) -> bool {
        self.positions.described.and_then(|d| d.left_alone).is_some_and(|left| left >= at)
    }

    /// Whether this committer is a client that tells leader epochs: then a commit of its without one says
    /// something (R7). Another client of the same group may never tell one.
    pub(crate) fn tells_epochs(&self, who: Who) -> bool {
        let one_client = matches!(self.people.get(who), Committer::Member { .. }) && !self.is_streams(who);
        let told = |c: &Commit| c.who == who && c.leader_epoch >= 0;
        let moved = self.life.moves().iter().flat_map(|m| [&m.before, &m.this]);
        let held = [self.life.latest.as_ref(), self.life.highest(), self.life.first()];
        one_client && held.into_iter().flatten().chain(moved).any(told)
    }

    /// Whether this committer is a thread of Kafka Streams. It commits the positions its consumer gave it with
    /// the records, and those come without an epoch now and then though every record was read.
    pub(crate) fn is_streams(&self, who: Who) -> bool {
        matches!(self.people.get(who), Committer::Member { client_id, .. } if client_id.contains(STREAM_THREAD))
    }

    /// Who made a commit.
    pub(crate) fn by(&self, c: &Commit) -> &Committer {
        self.people.get(c.who)
    }

    /// Evidence: a commit.
    pub(crate) fn commit(&self, which: WhichCommit, c: &Commit) -> Evidence {
        Evidence::Commit {
            which,
            offset: c.offset,
            leader_epoch: c.leader_epoch,
            at: c.at,
            by: self.by(c).clone(),
            source: (c.offsets_partition, c.source_offset),
        }
    }

    /// Evidence: the log end as last seen.
    pub(crate) fn log_end_seen(&self) -> Option<Evidence> {
        self.log.bounds.map(|b| Evidence::LogEnd { offset: b.end, at: b.at })
    }

    /// Evidence: who commits for this group, and how.
    pub(crate) fn habit(&self) -> Evidence {
        let h = self.positions.habit;
        Evidence::Habit {
            by_members: h.by_members.into(),
            by_nobody: h.by_nobody.into(),
            with_epoch: h.with_epoch.into(),
        }
    }

    /// Evidence: from when on commit history is complete.
    pub(crate) fn history(&self) -> Evidence {
        Evidence::HistorySince { at: self.tail.and_then(|t| t.since) }
    }

    /// Evidence: what was read of a range before it went.
    pub(crate) fn read(&self, from: Offset, to: Offset) -> Evidence {
        Evidence::Read { from, to, records: self.index.sums(from, to).data }
    }

    /// The incarnation judged, if it is known.
    pub(crate) fn topic_id(&self) -> TopicId {
        self.log.topic_id
    }
}

/// A list of what is there.
pub(crate) fn all<const N: usize>(evidence: [Option<Evidence>; N]) -> Vec<Evidence> {
    evidence.into_iter().flatten().collect()
}
