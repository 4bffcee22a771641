//! One group in one partition: its positions, who makes them and how.

use super::life::{Commit, Life};
use super::people::People;
use crate::fact::{CommitValue, Committed, Committer, Group, GroupKind, GroupState};
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::Time;
use alloc::boxed::Box;

/// One group's positions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Positions {
    /// The incarnation committed for last.
    pub(crate) life: Life,
    /// The one committed for before.
    pub(crate) other: Option<Box<Life>>,
    pub(crate) habit: Habit,
    pub(crate) group_since: Option<Time>,
    pub(crate) described: Option<Described>,
}

/// Who commits for a group, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Habit {
    pub(crate) by_members: u32,
    pub(crate) by_nobody: u32,
    pub(crate) with_epoch: u32,
    pub(crate) without_epoch: u32,
    /// Commits by nobody in a row, now.
    pub(crate) in_row: u16,
    /// The longest such row.
    pub(crate) most_in_row: u16,
}

/// A group as its coordinator described it last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Described {
    pub(crate) at: Time,
    pub(crate) state: GroupState,
    /// When it was described without members the last time, and where the log began then: no member holds what had
    /// gone by then.
    pub(crate) left_alone: Option<Time>,
    pub(crate) gone_by_then: Offset,
    pub(crate) kind: GroupKind,
    /// The partition is assigned to a member.
    pub(crate) assigned: bool,
    pub(crate) subscribed: bool,
    pub(crate) expected: bool,
}

/// As many memberless commits in a row are how a group works, not resets: an operator tries two or three times.
const HABIT: u16 = 5;

impl Positions {
    /// Takes in a commit or tombstone; they come in the order of their offsets partition. `starts` are the
    /// moments at which the log start of incarnation `current` was seen to have moved.
    pub(crate) fn commit(
        &mut self,
        c: &Committed,
        people: &mut People,
        current: TopicId,
        starts: &[(Time, Offset)],
        limits: &Limits,
    ) {
        self.group_since = Some(self.group_since.map_or(c.group_since, |t| t.min(c.group_since)));
        let Some(value) = c.value else { return self.remove(c, current, starts, limits) };
        let last = self.life.latest.or(self.life.removed().map(|r| r.before));
        let who = people.place(&c.by, last.map(|l| l.who));
        let this = kept(c, value, who);
        let nobody = matches!(c.by, Committer::NoMember { .. });
        let by_nobody = nobody && self.habit.by_members > 0;
        let by_one_member = matches!(c.by, Committer::Member { .. });
        self.habit.note(c, &this, last.is_some_and(|l| l.holes != this.holes));
        let life = self.life_for(value.topic_id);
        let starts = life.starts_of(current, starts);
        let kind = life.kind_of(&this, starts, by_nobody, by_one_member);
        life.advance(this, kind, limits);
    }

    /// The life that a commit belongs to. One without a topic id belongs to the one that goes on.
    fn life_for(&mut self, topic_id: TopicId) -> &mut Life {
        let here = !topic_id.is_known() || !self.life.topic_id.is_known() || self.life.topic_id == topic_id;
        if !here && self.other.as_ref().is_some_and(|o| o.topic_id == topic_id) {
            return self.other.get_or_insert_default();
        }
        if !here {
            self.begin(topic_id);
        } else if topic_id.is_known() {
            self.life.topic_id = topic_id;
        }
        &mut self.life
    }

    fn begin(&mut self, topic_id: TopicId) {
        let ended = core::mem::replace(&mut self.life, Life::of(topic_id));
        if !ended.is_blank() {
            self.other = Some(Box::new(ended));
        }
    }

    fn remove(&mut self, c: &Committed, current: TopicId, starts: &[(Time, Offset)], limits: &Limits) {
        let life = match &mut self.other {
            Some(other) if self.life.is_blank() => other,
            _ => &mut self.life,
        };
        let starts = life.starts_of(current, starts);
        life.remove(c, starts, limits);
    }

    /// The log has another incarnation from now on: what comes without a topic id is for that one.
    pub(crate) fn turn(&mut self, before: TopicId, now: TopicId) {
        if !self.life.topic_id.is_known() {
            self.life.topic_id = before;
        }
        if self.life.topic_id != now {
            self.begin(now);
        }
    }

    /// The life in an incarnation; without known ids, the one that goes on.
    pub(crate) fn life_in(&self, topic_id: TopicId) -> &Life {
        if !topic_id.is_known() || !self.life.topic_id.is_known() || self.life.topic_id == topic_id {
            return &self.life;
        }
        self.other.as_deref().filter(|o| o.topic_id == topic_id).unwrap_or(Life::BLANK)
    }

    /// The life in an incarnation, to add to.
    pub(crate) fn life_in_mut(&mut self, topic_id: TopicId) -> Option<&mut Life> {
        if !topic_id.is_known() || !self.life.topic_id.is_known() || self.life.topic_id == topic_id {
            return Some(&mut self.life);
        }
        self.other.as_deref_mut().filter(|o| o.topic_id == topic_id)
    }

    /// A life in an incarnation that is known not to be this one.
    pub(crate) fn life_before(&self, topic_id: TopicId) -> Option<&Life> {
        let foreign = |l: &&Life| topic_id.is_known() && l.topic_id.is_known() && l.topic_id != topic_id;
        let lives = [Some(&self.life), self.other.as_deref()];
        lives.into_iter().flatten().filter(|l| !l.is_blank()).find(foreign)
    }

    /// The offsets partition that holds this group's commits.
    pub(crate) fn offsets_partition(&self) -> Option<i32> {
        let lives = [Some(&self.life), self.other.as_deref()];
        let of = |l: &Life| {
            l.latest.map(|c| c.offsets_partition).or_else(|| l.removed().map(|r| r.offsets_partition))
        };
        lives.into_iter().flatten().find_map(of)
    }

    /// Notes how far the log start had come when the group was without members: `starts` are the moments at which it
    /// was seen to have moved, and are not kept for ever.
    pub(crate) fn note_gone(&mut self, starts: &[(Time, Offset)]) {
        let Some(described) = &mut self.described else { return };
        let Some(left) = described.left_alone else { return };
        let by_then = starts.partition_point(|(at, _)| *at <= left);
        let start = by_then.checked_sub(1).and_then(|i| starts.get(i)).map_or(0, |(_, start)| *start);
        described.gone_by_then = described.gone_by_then.max(start);
    }

    /// Offsets count from the start again: the topic is another one.
    pub(crate) fn begin_again(&mut self) {
        if let Some(described) = &mut self.described {
            described.gone_by_then = 0;
        }
    }

    pub(crate) fn describe(&mut self, group: &Group) {
        if self.described.is_none_or(|d| d.at <= group.at) {
            let before = self.described.and_then(|d| d.left_alone);
            self.described = Some(Described {
                at: group.at,
                state: group.state,
                left_alone: if group.state.has_members() { before } else { Some(group.at) },
                gone_by_then: self.described.map_or(0, |d| d.gone_by_then),
                kind: group.kind,
                assigned: group.member.is_some(),
                subscribed: group.subscribed,
                expected: group.expected,
            });
        }
    }

    /// Every commit that is held.
    pub(crate) fn held_mut(&mut self) -> impl Iterator<Item = &mut Commit> {
        let other = self.other.as_deref_mut().map(Life::held_mut);
        self.life.held_mut().chain(other.into_iter().flatten())
    }
}

impl Habit {
    fn note(&mut self, c: &Committed, this: &Commit, behind_hole: bool) {
        if behind_hole {
            // Where history has holes, a group without a membership record may have had one.
            self.by_nobody = 0;
            self.in_row = 0;
        }
        match c.by {
            Committer::Member { .. } | Committer::SomeMember => {
                self.by_members = self.by_members.saturating_add(1);
                self.in_row = 0;
                match this.leader_epoch {
                    _ if this.transactional => {}
                    0.. => self.with_epoch = self.with_epoch.saturating_add(1),
                    _ => self.without_epoch = self.without_epoch.saturating_add(1),
                }
            }
            Committer::NoMember { .. } => {
                self.by_nobody = self.by_nobody.saturating_add(1);
                self.in_row = self.in_row.saturating_add(1);
                self.most_in_row = self.most_in_row.max(self.in_row);
            }
            Committer::Unknown => {}
        }
    }

    /// Whether commits made without a member are how this group works (R6): Flink, offset syncers.
    pub(crate) fn is_memberless(&self) -> bool {
        self.by_members == 0
            || self.most_in_row >= HABIT
            || (self.by_nobody >= HABIT.into() && self.by_nobody > self.by_members / 10)
    }
}

fn kept(c: &Committed, value: CommitValue, who: u32) -> Commit {
    Commit {
        offset: value.offset,
        at: c.at,
        seen: c.seen,
        source_offset: c.source_offset,
        offsets_partition: c.offsets_partition,
        leader_epoch: value.leader_epoch,
        holes: c.holes_before,
        who,
        transactional: c.transactional,
    }
}
