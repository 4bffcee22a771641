//! The state of one partition and its groups.

use super::decide;
use super::log::LogView;
use super::positions::Positions;
use crate::admit::HeldBack;
use crate::engine::{Context, Deadline, Output, Refusal};
use crate::fact::{
    Bounds, Committed, Config, Fact, Group, Progress, Record, RoutedAway, Size, Tail, Topic, TopicState,
};
use crate::key::{Name, Offset, TopicId};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One partition: its log, its groups, and what was told of it elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) log: LogView,
    /// When the name was seen to have this incarnation.
    pub(crate) incarnation_at: Time,
    /// The incarnation before this one, as it was last seen.
    pub(crate) before: Option<Box<LogView>>,
    pub(crate) groups: BTreeMap<Name, Positions>,
    pub(crate) config: Option<Config>,
    pub(crate) size: Option<Size>,
    pub(crate) topic: Option<Topic>,
    pub(crate) away: BTreeMap<Offset, RoutedAway>,
    pub(crate) looked_at: BTreeMap<Offset, Record>,
    pub(crate) tails: BTreeMap<i32, Tail>,
    pub(crate) held: HeldBack,
    /// What was last told of each finding and row, as a hash: only what changed is told again.
    pub(crate) told: BTreeMap<u64, u64>,
    pub(crate) asked: BTreeMap<(Offset, Offset), ()>,
}

impl Ledger {
    pub(crate) fn apply(
        &mut self,
        cx: &Context<'_>,
        facts: &[&Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        for fact in facts {
            self.one(cx, fact, out);
        }
        self.release(cx, cx.clock.complete_to, out);
        self.log.runs.fold(cx.limits.runs, cx.limits.fold);
        Some(Deadline { at: cx.clock.now, reason: "tell what changed" })
    }

    pub(crate) fn expire(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        self.release(cx, cx.clock.complete_to, out);
        decide::tell(self, cx, out);
        None
    }

    fn one(&mut self, cx: &Context<'_>, fact: &Fact, out: &mut Vec<Output>) {
        match fact {
            Fact::Run(run) => self.log.runs.put(*run),
            Fact::Progress(progress) => self.progress(cx, progress),
            Fact::Opened(opened) => self.log.runs.open(opened),
            Fact::Cut(cut) => self.log.cut = Some(*cut),
            Fact::Corrupt(corrupt) => bounded_push(&mut self.log.corrupt, *corrupt, cx.limits.exceptions),
            Fact::GaveUp(gave_up) => bounded_push(&mut self.log.gave_up, *gave_up, cx.limits.exceptions),
            Fact::Committed(c) => self.held.hold(cx, c.seen, fact, out),
            Fact::Bounds(b) => {
                self.incarnation(b.topic_id, b.at);
                self.held.hold(cx, b.at, fact, out);
            }
            Fact::Config(config) => self.config = Some(*config),
            Fact::Size(size) => self.size = Some(*size),
            Fact::Topic(topic) => self.told_of_topic(topic),
            Fact::EpochEnd(end) => {
                if self.log.epoch_ends.len() < cx.limits.epochs {
                    self.log.epoch_ends.insert(end.epoch, *end);
                }
            }
            Fact::Transaction(t) => {
                if self.log.transactions.len() < cx.limits.open_transactions {
                    self.log.transactions.insert(t.producer_id, t.clone());
                }
            }
            Fact::Group(group) => self.group(cx, group, out),
            Fact::Tail(tail) => self.tail(tail),
            Fact::RoutedAway(away) => self.routed_away(cx, away, out),
            Fact::Record(record) => {
                if self.looked_at.len() < cx.limits.exceptions {
                    self.looked_at.insert(record.offset, *record);
                }
            }
            _ => cx.refuse(Refusal::WrongStage, out),
        }
    }

    fn release(&mut self, cx: &Context<'_>, complete_to: Time, out: &mut Vec<Output>) {
        for fact in self.held.take_until(complete_to) {
            match fact {
                Fact::Committed(c) => self.committed(cx, &c, out),
                Fact::Bounds(b) => self.bounds(cx, &b),
                _ => cx.refuse(Refusal::WrongStage, out),
            }
        }
    }

    fn progress(&mut self, cx: &Context<'_>, progress: &Progress) {
        self.log.sample(progress.sample, cx.limits);
        self.log.progress = Some(*progress);
    }

    fn bounds(&mut self, cx: &Context<'_>, bounds: &Bounds) {
        let same = !bounds.topic_id.is_known() || bounds.topic_id == self.log.topic_id;
        if same {
            self.log.observe(bounds, cx.limits);
        }
    }

    /// The name has this incarnation at this time; a later one replaces it.
    fn incarnation(&mut self, topic_id: TopicId, at: Time) {
        if !topic_id.is_known() || topic_id == self.log.topic_id || at < self.incarnation_at {
            return;
        }
        self.incarnation_at = at;
        if self.log.topic_id.is_known() {
            let old = core::mem::take(&mut self.log);
            self.before = Some(Box::new(old));
            self.away.clear();
            self.looked_at.clear();
        }
        self.log.topic_id = topic_id;
        for positions in self.groups.values_mut() {
            positions.belong_to(topic_id);
        }
    }

    fn told_of_topic(&mut self, topic: &Topic) {
        if let TopicState::Exists(id) = topic.state {
            self.incarnation(id, topic.at);
        }
        if self.topic.is_none_or(|t| t.at <= topic.at) {
            self.topic = Some(*topic);
        }
    }

    fn positions(&mut self, cx: &Context<'_>, group: &Name, out: &mut Vec<Output>) -> Option<&mut Positions> {
        if !self.groups.contains_key(group) {
            if self.groups.len() >= cx.limits.groups {
                cx.refuse(Refusal::Full, out);
                return None;
            }
            self.groups.insert(group.clone(), Positions::default());
        }
        self.groups.get_mut(group)
    }

    fn committed(&mut self, cx: &Context<'_>, c: &Committed, out: &mut Vec<Output>) {
        let tail = self.tails.get(&c.offsets_partition).copied();
        let starts = core::mem::take(&mut self.log.starts);
        let topic_id = self.log.topic_id;
        if let Some(positions) = self.positions(cx, &c.group, out) {
            positions.commit(c, topic_id, &starts, cx.limits);
            positions.tail = tail;
        }
        self.log.starts = starts;
    }

    fn tail(&mut self, tail: &Tail) {
        self.tails.insert(tail.offsets_partition, *tail);
        for positions in self.groups.values_mut() {
            let source = positions
                .latest
                .as_ref()
                .map(|c| c.source.0)
                .or_else(|| positions.removed.as_ref().map(|r| r.source.0));
            if source == Some(tail.offsets_partition) {
                positions.tail = Some(*tail);
            }
        }
    }

    fn group(&mut self, cx: &Context<'_>, group: &Group, out: &mut Vec<Output>) {
        if let Some(positions) = self.positions(cx, &group.group, out)
            && positions.described.as_ref().is_none_or(|d| d.at <= group.at)
        {
            positions.described = Some(Box::new(group.clone()));
        }
    }

    fn routed_away(&mut self, cx: &Context<'_>, away: &RoutedAway, out: &mut Vec<Output>) {
        let new = !self.away.contains_key(&away.offset);
        if new && self.away.len() >= cx.limits.exceptions {
            return cx.refuse(Refusal::Full, out);
        }
        if new {
            out.push(Output::ReadDeeper(crate::engine::ReadDeeper {
                partition: cx.key.partition().clone(),
                from: away.offset,
                to: away.offset + 1,
                need: crate::engine::Need::Record,
            }));
        }
        self.away.insert(away.offset, away.clone());
    }
}

fn bounded_push<T>(list: &mut Vec<T>, item: T, limit: usize) {
    if list.len() >= limit && !list.is_empty() {
        list.remove(0);
    }
    list.push(item);
}
