//! What a verdict family may look at: one group's positions and the partition's log.

use crate::engine::Policy;
use crate::fact::{Config, Size, Topic};
use crate::key::{Name, Offset};
use crate::ledgers::log::LogView;
use crate::ledgers::positions::{Commit, Positions};
use crate::ledgers::runs::Index;
use crate::time::Time;
use crate::verdict::{Evidence, WhichCommit};
use alloc::vec::Vec;

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
    pub(crate) positions: &'a Positions,
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

    /// Whether all of a range was read by whither itself, so that its records are counted.
    pub(crate) fn was_read(&self, from: Offset, to: Offset) -> bool {
        let sums = self.index.sums(from, to);
        from < to && sums.width == (to - from).unsigned_abs() && sums.unread == 0 && sums.corrupt == 0
    }

    /// Evidence: the log start as last seen.
    pub(crate) fn log_start_seen(&self) -> Option<Evidence> {
        self.log.bounds.map(|b| Evidence::LogStart { offset: b.log_start, at: b.at })
    }

    /// Evidence: the log end as last seen.
    pub(crate) fn log_end_seen(&self) -> Option<Evidence> {
        self.log.bounds.map(|b| Evidence::LogEnd { offset: b.end, at: b.at })
    }

    /// Evidence: who commits for this group, and how.
    pub(crate) fn habit(&self) -> Evidence {
        let p = self.positions;
        Evidence::Habit {
            by_members: p.by_members.into(),
            by_nobody: p.by_nobody.into(),
            with_epoch: p.with_epoch.into(),
        }
    }

    /// Evidence: from when on commit history is complete.
    pub(crate) fn history(&self) -> Evidence {
        Evidence::HistorySince { at: self.positions.tail.and_then(|t| t.since) }
    }

    /// Evidence: what was read of a range before it went.
    pub(crate) fn read(&self, from: Offset, to: Offset) -> Evidence {
        Evidence::Read { from, to, records: self.index.sums(from, to).data }
    }

    /// When the group's position was last known to hold.
    pub(crate) fn last_commit_at(&self) -> Option<Time> {
        self.positions.latest.as_ref().map(|c| c.at)
    }
}

/// Evidence: a commit.
pub(crate) fn commit(which: WhichCommit, c: &Commit) -> Evidence {
    Evidence::Commit {
        which,
        offset: c.offset,
        leader_epoch: c.leader_epoch,
        at: c.at,
        by: c.by.clone(),
        source: c.source,
    }
}

/// A list of what is there.
pub(crate) fn all<const N: usize>(evidence: [Option<Evidence>; N]) -> Vec<Evidence> {
    evidence.into_iter().flatten().collect()
}
