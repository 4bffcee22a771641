//! The dead letters of one partition that nobody has read yet.

use crate::admit::HeldBack;
use crate::engine::{Context, Deadline, Output, Refusal};
use crate::fact::{Bounds, Committed, DeadLetter, Fact, Purged, Role};
use crate::key::{Key, Offset, Partition, TopicId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What waits in a partition, and how far it was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Letters {
    pub(crate) topic_id: TopicId,
    /// Letters that no group has passed, with the record each says it came from.
    pub(crate) waiting: BTreeMap<Offset, (Partition, Offset)>,
    /// The highest position that a group has committed here; none if none has.
    pub(crate) read_to: Option<Offset>,
    /// Commits and edges whose time has not come: which of them was first decides.
    pub(crate) held: HeldBack,
}

impl Letters {
    pub(crate) fn apply(
        &mut self,
        cx: &Context<'_>,
        facts: &[&Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        for fact in facts {
            match fact {
                Fact::Station(letter) => self.letter(cx, letter, out),
                Fact::Committed(c) => self.held.hold(c.seen, fact),
                Fact::Bounds(b) => {
                    self.incarnation(b.topic_id);
                    self.held.hold(b.at, fact);
                }
                _ => cx.refuse(Refusal::WrongStage, out),
            }
        }
        self.expire(cx, out)
    }

    pub(crate) fn expire(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        let until = cx.clock.complete_to.max(self.held.overflow(cx.limits.held_back));
        for fact in self.held.take_until(until) {
            match fact {
                Fact::Committed(c) => self.read(&c),
                Fact::Bounds(b) => self.edges(cx, &b, out),
                _ => cx.refuse(Refusal::WrongStage, out),
            }
        }
        None
    }

    fn letter(&mut self, cx: &Context<'_>, letter: &DeadLetter, out: &mut Vec<Output>) {
        let unread = self.read_to.is_none_or(|read_to| read_to <= letter.offset);
        // What is in a retry topic is on its way: it ends elsewhere.
        if unread && letter.role == Role::DeadLetter {
            if self.waiting.len() < cx.limits.exceptions || self.waiting.contains_key(&letter.offset) {
                self.waiting.insert(letter.offset, (letter.origin.clone(), letter.origin_offset));
            } else {
                cx.refuse(Refusal::Full, out);
            }
        }
        let key = Key::origin(&cx.key.cluster, &letter.origin, letter.origin_offset);
        out.push(Output::Fact(key, Fact::Station(letter.clone())));
    }

    /// What waited in the topic of this name before went with that topic, which is told of it.
    fn incarnation(&mut self, topic_id: TopicId) {
        if topic_id.is_known() && topic_id != self.topic_id {
            if self.topic_id.is_known() {
                self.waiting.clear();
                self.read_to = None;
            }
            self.topic_id = topic_id;
        }
    }

    fn is_foreign(&self, topic_id: TopicId) -> bool {
        topic_id.is_known() && self.topic_id.is_known() && topic_id != self.topic_id
    }

    fn read(&mut self, c: &Committed) {
        let Some(value) = c.value.filter(|v| !self.is_foreign(v.topic_id)) else { return };
        let read_to = self.read_to.map_or(value.offset, |known| known.max(value.offset));
        self.read_to = Some(read_to);
        self.waiting = self.waiting.split_off(&read_to);
    }

    /// What the log start has passed is gone, and nobody had read it.
    fn edges(&mut self, cx: &Context<'_>, b: &Bounds, out: &mut Vec<Output>) {
        if self.is_foreign(b.topic_id) {
            return;
        }
        let left = self.waiting.split_off(&b.log_start);
        for (offset, (origin, origin_offset)) in core::mem::replace(&mut self.waiting, left) {
            let purged = Purged {
                partition: cx.key.partition().clone(),
                offset,
                log_start: b.log_start,
                at: b.at,
                watched: self.read_to.is_some(),
            };
            let key = Key::origin(&cx.key.cluster, &origin, origin_offset);
            out.push(Output::Fact(key, Fact::Purged(purged)));
        }
    }
}
