//! One group's positions in one partition: ordinary commits leave no trace but the latest.

use crate::fact::{CommitValue, Committed, Committer, Group, Tail};
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::Time;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A commit, as a ledger keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Commit {
    pub(crate) offset: Offset,
    pub(crate) leader_epoch: i32,
    pub(crate) at: Time,
    /// When whither read it.
    pub(crate) seen: Time,
    pub(crate) by: Committer,
    /// The offsets partition and the offset in it.
    pub(crate) source: (i32, Offset),
    pub(crate) holes: u32,
    pub(crate) transactional: bool,
}

/// Something a group did that is not reading on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Move {
    pub(crate) kind: MoveKind,
    pub(crate) before: Commit,
    pub(crate) this: Commit,
}

/// What kind of move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum MoveKind {
    /// A commit made while the group had no member.
    ByNobody,
    /// A position that was set rather than consumed: no leader epoch where this client commits one (R7).
    Set,
    /// A lower commit.
    Back,
    /// The first commit after a tombstone.
    Restart,
    /// A commit made after the log start was seen above the position before it; it was seen there, then.
    Overtaken(Offset, Time),
}

/// A tombstone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Removed {
    pub(crate) at: Time,
    pub(crate) source: (i32, Offset),
    pub(crate) before: Commit,
    pub(crate) empty_since: Option<Time>,
}

/// One group's positions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Positions {
    /// The incarnation the commits are for, as far as they tell.
    pub(crate) topic_id: TopicId,
    /// The lowest position known of this incarnation.
    pub(crate) lowest: Option<Offset>,
    pub(crate) latest: Option<Commit>,
    /// The highest, where that is not the latest.
    pub(crate) highest: Option<Box<Commit>>,
    /// The first one of the latest stretch of history without holes, where that is not the latest.
    pub(crate) first: Option<Box<Commit>>,
    pub(crate) removed: Option<Box<Removed>>,
    /// The last commit for another incarnation than the one the log has now.
    pub(crate) other: Option<Box<(TopicId, Commit)>>,
    pub(crate) moves: Vec<Move>,
    pub(crate) by_members: u32,
    pub(crate) by_nobody: u32,
    pub(crate) with_epoch: u32,
    pub(crate) without_epoch: u32,
    /// An older position, for the pace.
    pub(crate) earlier: Option<(Time, Offset)>,
    pub(crate) group_since: Option<Time>,
    pub(crate) tail: Option<Tail>,
    pub(crate) described: Option<Box<Group>>,
}

/// Positions this far apart in time make a pace.
const PACE_MS: i64 = 60_000;

impl Positions {
    /// Takes in a commit or tombstone; they come in the order of their offsets partition. `starts` are the
    /// moments at which the log start was seen to have moved.
    pub(crate) fn commit(
        &mut self,
        c: &Committed,
        current: TopicId,
        starts: &[(Time, Offset)],
        limits: &Limits,
    ) {
        self.group_since = Some(self.group_since.map_or(c.group_since, |t| t.min(c.group_since)));
        match c.value {
            None => self.remove(c),
            Some(value) if current.is_known() && value.topic_id.is_known() && value.topic_id != current => {
                self.other = Some(Box::new((value.topic_id, kept(c, value))));
            }
            Some(value) => self.advance(c, value, starts, limits),
        }
    }

    fn remove(&mut self, c: &Committed) {
        let Some(before) = self.highest().cloned() else { return };
        let empty_since = match &c.by {
            Committer::NoMember { empty_since } => *empty_since,
            Committer::Member { .. } | Committer::SomeMember | Committer::Unknown => None,
        };
        self.removed = Some(Box::new(Removed {
            at: c.at,
            source: (c.offsets_partition, c.source_offset),
            before,
            empty_since,
        }));
        self.latest = None;
        self.highest = None;
        self.first = None;
    }

    fn advance(&mut self, c: &Committed, value: CommitValue, starts: &[(Time, Offset)], limits: &Limits) {
        self.note_incarnation(value.topic_id);
        let this = kept(c, value);
        if let Some(kind) = self.odd(&this, starts) {
            self.note_move(kind, &this, limits);
        }
        self.note_habit(&this);
        self.lowest = Some(self.lowest.map_or(this.offset, |l| l.min(this.offset)));
        self.note_first(&this);
        self.note_pace();
        let higher = self.highest().is_some_and(|h| h.offset > this.offset);
        if !higher {
            self.highest = None;
        } else if self.highest.is_none() {
            self.highest = self.latest.take().map(Box::new);
        }
        self.latest = Some(this);
    }

    /// A commit for another topic id begins a new life.
    fn note_incarnation(&mut self, topic_id: TopicId) {
        if topic_id.is_known() {
            if self.topic_id.is_known() && self.topic_id != topic_id {
                self.begin_again();
            }
            self.topic_id = topic_id;
        }
    }

    /// The log has this incarnation now: commits for another one are put aside, its own taken back.
    pub(crate) fn belong_to(&mut self, topic_id: TopicId) {
        if !self.topic_id.is_known() || self.topic_id == topic_id {
            return;
        }
        let waiting = self.other.take().filter(|o| o.0 == topic_id);
        self.begin_again();
        if let Some((_, commit)) = waiting.map(|w| *w) {
            self.lowest = Some(commit.offset);
            self.latest = Some(commit);
        }
        self.topic_id = topic_id;
    }

    /// Forgets the positions of an incarnation that is gone, all but the last.
    fn begin_again(&mut self) {
        let last = self.latest.take().or_else(|| self.removed.take().map(|r| r.before));
        self.other = last.map(|c| Box::new((self.topic_id, c)));
        self.lowest = None;
        self.highest = None;
        self.first = None;
        self.removed = None;
        self.moves.clear();
        self.earlier = None;
    }

    fn odd(&self, this: &Commit, starts: &[(Time, Offset)]) -> Option<MoveKind> {
        let Some(before) = &self.latest else {
            return self.removed.is_some().then_some(MoveKind::Restart);
        };
        let overtaken = starts
            .iter()
            .filter(|(at, start)| before.seen <= *at && *at < this.seen && *start > before.offset)
            .max_by_key(|(_, start)| *start);
        if let Some((at, start)) = overtaken
            && this.offset > before.offset
        {
            return Some(MoveKind::Overtaken(*start, *at));
        }
        if this.offset < before.offset {
            return Some(MoveKind::Back);
        }
        if this.offset == before.offset || this.holes != before.holes {
            return None;
        }
        if matches!(this.by, Committer::NoMember { .. }) && self.by_members > 0 {
            return Some(MoveKind::ByNobody);
        }
        let set = this.leader_epoch < 0
            && before.leader_epoch >= 0
            && !this.transactional
            && self.with_epoch > self.without_epoch;
        set.then_some(MoveKind::Set)
    }

    fn note_move(&mut self, kind: MoveKind, this: &Commit, limits: &Limits) {
        let before = match kind {
            MoveKind::Restart => self.removed.as_ref().map(|r| r.before.clone()),
            _ => self.latest.clone(),
        };
        let Some(before) = before else { return };
        if self.moves.len() >= limits.moves {
            self.moves.remove(0);
        }
        self.moves.push(Move { kind, before, this: this.clone() });
    }

    fn note_habit(&mut self, this: &Commit) {
        match this.by {
            Committer::Member { .. } | Committer::SomeMember => {
                self.by_members = self.by_members.saturating_add(1);
                match this.leader_epoch {
                    _ if this.transactional => {}
                    0.. => self.with_epoch = self.with_epoch.saturating_add(1),
                    _ => self.without_epoch = self.without_epoch.saturating_add(1),
                }
            }
            Committer::NoMember { .. } => self.by_nobody = self.by_nobody.saturating_add(1),
            Committer::Unknown => {}
        }
    }

    fn note_first(&mut self, this: &Commit) {
        match (&self.first, &self.latest) {
            (Some(first), _) if first.holes == this.holes => {}
            (None, Some(latest)) if latest.holes == this.holes => {
                self.first = Some(Box::new(latest.clone()));
            }
            (None, Some(_)) | (Some(_), _) => self.first = Some(Box::new(this.clone())),
            (None, None) => {}
        }
    }

    fn note_pace(&mut self) {
        let Some(latest) = &self.latest else { return };
        let due = self.earlier.is_none_or(|(at, _)| latest.at.since(at).0 >= 2 * PACE_MS);
        if due {
            self.earlier = Some((latest.at, latest.offset));
        }
    }

    /// The highest commit of this incarnation, without a tombstone in between.
    pub(crate) fn highest(&self) -> Option<&Commit> {
        self.highest.as_deref().or(self.latest.as_ref())
    }

    /// The first commit of the complete tail; none if the tail shows none.
    pub(crate) fn first_in_tail(&self) -> Option<&Commit> {
        let first = self.first.as_deref().or(self.latest.as_ref())?;
        let holes = self.tail.map_or(first.holes, |t| t.holes);
        (first.holes == holes).then_some(first)
    }

    /// Whether commits made without a member are how this group works (R6): Flink, offset syncers.
    pub(crate) fn commits_without_members(&self) -> bool {
        self.by_members == 0 || (self.by_nobody >= 5 && self.by_nobody > self.by_members / 10)
    }

    /// Whether this group's clients commit leader epochs, so that a commit without one says something (R7).
    pub(crate) fn commits_epochs(&self) -> bool {
        self.with_epoch > self.without_epoch
    }
}

fn kept(c: &Committed, value: CommitValue) -> Commit {
    Commit {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        at: c.at,
        seen: c.seen,
        by: c.by.clone(),
        source: (c.offsets_partition, c.source_offset),
        holes: c.holes_before,
        transactional: c.transactional,
    }
}
