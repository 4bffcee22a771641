//! A group's positions in one incarnation of a partition: ordinary commits leave no trace but the latest.

use super::people::Who;
use crate::fact::{Committed, Committer};
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::Time;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A commit, as a ledger keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Commit {
    pub(crate) offset: Offset,
    pub(crate) at: Time,
    /// When whither read it.
    pub(crate) seen: Time,
    /// Its offset in the offsets partition.
    pub(crate) source_offset: Offset,
    pub(crate) offsets_partition: i32,
    pub(crate) leader_epoch: i32,
    /// Holes of the offsets partition before it.
    pub(crate) holes: u32,
    pub(crate) who: Who,
    pub(crate) transactional: bool,
}

/// Something a group did that is not reading on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// The first commit after a tombstone, and the log start then: what went meanwhile had no reader.
    Restart(Offset),
    /// A tombstone, after the log start was seen above the position; it was seen there, then.
    Removed(Offset, Time),
    /// A commit made after the log start was seen above the position before it; it was seen there, then.
    Overtaken(Offset, Time),
}

/// A tombstone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Removed {
    pub(crate) at: Time,
    pub(crate) offsets_partition: i32,
    pub(crate) source_offset: Offset,
    /// The highest commit before it, and the latest.
    pub(crate) before: Commit,
    pub(crate) latest: Commit,
    /// The group had members when it was written: then it is not the group that was deleted.
    pub(crate) had_members: bool,
    pub(crate) empty_since: Option<Time>,
}

/// What is not reading on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Odd {
    pub(crate) removed: Option<Removed>,
    pub(crate) moves: Vec<Move>,
    /// Records that compaction took above the position, where they are asked for.
    pub(crate) superseded: Vec<Superseded>,
    /// Moves were forgotten: below this, nobody can tell any more what was read and what passed over.
    pub(crate) blurred: Offset,
}

/// Records that were read above a group's position and that compaction took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Superseded {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    pub(crate) at: Time,
    pub(crate) position: Commit,
}

/// One group's positions in one incarnation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Life {
    /// The incarnation, as far as the commits tell.
    pub(crate) topic_id: TopicId,
    /// The lowest position known.
    pub(crate) lowest: Option<Offset>,
    pub(crate) latest: Option<Commit>,
    /// The highest since the last tombstone, where that is not the latest.
    pub(crate) highest: Option<Box<Commit>>,
    /// The first one of the latest stretch of history without holes, where that is not the latest.
    pub(crate) first: Option<Commit>,
    /// Nothing is known from before it.
    pub(crate) first_ever: bool,
    /// An older position, for the pace, and the one that takes its place.
    pub(crate) earlier: Option<(Time, Offset)>,
    pub(crate) later: Option<(Time, Offset)>,
    pub(crate) odd: Option<Box<Odd>>,
}

/// Positions this far apart in time make a pace: commits that follow each other say more of how a client polls.
const PACE_MS: i64 = 60_000;

impl Life {
    /// A life of which nothing is known yet.
    pub(crate) const BLANK: &'static Life = &Life {
        topic_id: TopicId::UNKNOWN,
        lowest: None,
        latest: None,
        highest: None,
        first: None,
        first_ever: false,
        earlier: None,
        later: None,
        odd: None,
    };

    pub(crate) fn of(topic_id: TopicId) -> Life {
        Life { topic_id, ..Life::default() }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.latest.is_none() && self.odd.is_none()
    }

    /// Takes in a commit; they come in the order of their offsets partition.
    pub(crate) fn advance(&mut self, this: Commit, kind: Option<MoveKind>, limits: &Limits) {
        if let Some(kind) = kind {
            self.note_move(kind, &this, limits);
        }
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

    /// The log starts of incarnation `current`, as far as they are about this life.
    pub(crate) fn starts_of<'a>(
        &self,
        current: TopicId,
        starts: &'a [(Time, Offset)],
    ) -> &'a [(Time, Offset)] {
        let known = self.topic_id.is_known() && current.is_known();
        if known && self.topic_id != current { &[] } else { starts }
    }

    /// Records that are not there any more and that the group had not come to.
    pub(crate) fn supersede(&mut self, (from, to): (Offset, Offset), at: Time, limits: &Limits) {
        let Some(position) = self.latest else { return };
        let from = from.max(position.offset);
        let known = |s: &Superseded| s.from <= from && to <= s.to;
        let odd = self.odd.as_deref().map_or(&[][..], |odd| &odd.superseded);
        if from >= to || odd.iter().any(known) {
            return;
        }
        let superseded = &mut self.odd.get_or_insert_default().superseded;
        if superseded.len() >= limits.moves.max(1) {
            superseded.remove(0);
        }
        superseded.push(Superseded { from, to, at, position });
    }

    /// Takes in a tombstone.
    pub(crate) fn remove(&mut self, c: &Committed, starts: &[(Time, Offset)], limits: &Limits) {
        let (Some(before), Some(latest)) = (self.highest().copied(), self.latest) else { return };
        if self.first.is_none() {
            self.first = self.latest;
        }
        let (had_members, empty_since) = match c.by {
            Committer::NoMember { empty_since } => (false, empty_since),
            Committer::Member { .. } | Committer::SomeMember => (true, None),
            Committer::Unknown => (false, None),
        };
        self.odd.get_or_insert_default().removed = Some(Removed {
            at: c.at,
            offsets_partition: c.offsets_partition,
            source_offset: c.source_offset,
            before,
            latest,
            had_members,
            empty_since,
        });
        let start = starts.iter().filter(|(at, _)| *at < c.seen).max_by_key(|(_, start)| *start);
        if let Some((at, start)) = start.filter(|(_, start)| *start > latest.offset) {
            self.note_move(MoveKind::Removed(*start, *at), &latest, limits);
        }
        self.latest = None;
        self.highest = None;
    }

    /// What kind of move a commit is, if it is more than reading on.
    pub(crate) fn kind_of(
        &self,
        this: &Commit,
        starts: &[(Time, Offset)],
        by_nobody: bool,
        by_one_member: bool,
    ) -> Option<MoveKind> {
        let start = starts.iter().filter(|(at, _)| *at < this.seen).max_by_key(|(_, start)| *start);
        let Some(before) = &self.latest else {
            return self.removed().map(|_| MoveKind::Restart(start.map_or(0, |(_, start)| *start)));
        };
        if this.offset < before.offset {
            return Some(MoveKind::Back);
        }
        if this.offset == before.offset {
            return None;
        }
        if let Some((at, start)) = start.filter(|(_, start)| *start > before.offset) {
            return Some(MoveKind::Overtaken(*start, *at));
        }
        if this.holes != before.holes {
            return None;
        }
        if by_nobody {
            return Some(MoveKind::ByNobody);
        }
        // Of one and the same client: in a group that mixes clients another one may never tell epochs.
        let set = by_one_member
            && this.who == before.who
            && this.leader_epoch < 0
            && before.leader_epoch >= 0
            && !this.transactional;
        set.then_some(MoveKind::Set)
    }

    fn note_move(&mut self, kind: MoveKind, this: &Commit, limits: &Limits) {
        let before = match kind {
            MoveKind::Restart(_) => self.removed().map(|r| r.latest),
            _ => self.latest,
        };
        let Some(before) = before else { return };
        let odd = self.odd.get_or_insert_default();
        if odd.moves.len() >= limits.moves.max(1) {
            let forgotten = odd.moves.remove(0);
            odd.blurred = odd.blurred.max(forgotten.before.offset).max(forgotten.this.offset);
        }
        odd.moves.push(Move { kind, before, this: *this });
    }

    fn note_first(&mut self, this: &Commit) {
        match self.first() {
            None => self.first_ever = true,
            Some(first) if first.holes == this.holes => {
                if self.first.is_none() {
                    self.first = self.latest;
                }
            }
            Some(_) => {
                self.first = None;
                self.first_ever = false;
            }
        }
    }

    fn note_pace(&mut self) {
        let Some(latest) = &self.latest else { return };
        if self.later.is_none_or(|(at, _)| latest.at.since(at).0 >= PACE_MS) {
            self.earlier = self.later.replace((latest.at, latest.offset));
        }
    }

    /// The highest commit since the last tombstone.
    pub(crate) fn highest(&self) -> Option<&Commit> {
        self.highest.as_deref().or(self.latest.as_ref())
    }

    /// The first commit of the latest stretch of history without holes.
    pub(crate) fn first(&self) -> Option<&Commit> {
        self.first.as_ref().or(self.latest.as_ref())
    }

    pub(crate) fn removed(&self) -> Option<&Removed> {
        self.odd.as_ref().and_then(|o| o.removed.as_ref())
    }

    pub(crate) fn moves(&self) -> &[Move] {
        self.odd.as_ref().map_or(&[], |o| &o.moves)
    }

    /// Every commit that is held, to see who is still named.
    pub(crate) fn held_mut(&mut self) -> impl Iterator<Item = &mut Commit> {
        let (moves, superseded, removed) = match self.odd.as_deref_mut() {
            Some(odd) => (odd.moves.as_mut_slice(), odd.superseded.as_mut_slice(), odd.removed.as_mut()),
            None => (Default::default(), Default::default(), None),
        };
        let single = [self.latest.as_mut(), self.highest.as_deref_mut(), self.first.as_mut()];
        single
            .into_iter()
            .flatten()
            .chain(removed.into_iter().flat_map(|r| [&mut r.before, &mut r.latest]))
            .chain(superseded.iter_mut().map(|s| &mut s.position))
            .chain(moves.iter_mut().flat_map(|m| [&mut m.before, &mut m.this]))
    }
}
