//! The state of one partition and its groups.

use super::changed::Changed;
use super::decide;
use super::log::LogView;
use super::people::{People, Who};
use super::positions::Positions;
use super::share::Share;
use crate::admit::HeldBack;
use crate::engine::{Context, Deadline, Need, Output, Position, ReadDeeper, Refusal};
use crate::fact::{
    Bounds, Committed, Config, EpochEnd, Fact, Group, Opened, Progress, Record, RoutedAway, SharePosition,
    Size, Tail, Topic, Transaction,
};
use crate::key::{Name, Offset, TopicId};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// One partition: its log, its groups, and what was told of it elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) log: LogView,
    /// When the log was seen to be of this incarnation.
    pub(crate) incarnation_at: Time,
    /// The incarnation before this one, as it was last seen.
    pub(crate) before: Option<Box<LogView>>,
    pub(crate) groups: BTreeMap<Name, Box<Positions>>,
    /// Where share groups stand; they are among `groups` too.
    pub(crate) shares: BTreeMap<Name, Share>,
    pub(crate) people: People,
    /// The incarnation that commits without a topic id are for.
    pub(crate) turned_to: TopicId,
    pub(crate) config: Option<Config>,
    pub(crate) size: Option<Size>,
    pub(crate) topic: Option<Topic>,
    pub(crate) away: BTreeMap<Offset, RoutedAway>,
    pub(crate) looked_at: BTreeMap<Offset, Record>,
    pub(crate) tails: BTreeMap<i32, Tail>,
    pub(crate) held: HeldBack,
    /// Runs whose counters have not come yet.
    pub(crate) arriving: Vec<Fact>,
    /// What was last told of each row, as a hash: only what changed is told again.
    pub(crate) told_rows: BTreeMap<u64, u64>,
    /// What was last told of each finding.
    pub(crate) told_findings: BTreeMap<u64, ToldFinding>,
    pub(crate) asked: BTreeSet<(Offset, Offset)>,
    pub(crate) changed: Changed,
}

/// A finding as it was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ToldFinding {
    /// What it said, as a hash.
    pub(crate) said: u64,
    pub(crate) holds: Holds,
    /// Its group, if it is about one.
    pub(crate) group: Option<Name>,
}

/// How long a finding holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holds {
    /// As long as things are so.
    Now,
    /// As long as nothing better is known: it is an end that records met.
    UntilRevised,
    /// It is a loss that was proved.
    ForGood,
}

impl Ledger {
    pub(crate) fn apply(
        &mut self,
        cx: &Context<'_>,
        facts: &[&Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        for fact in facts {
            self.changed.by(fact, self.log.runs.end());
            self.one(cx, fact, out);
        }
        self.release(cx, out);
        self.log.runs.fold(cx.limits.runs, cx.limits.fold);
        Some(Deadline { at: cx.clock.now, reason: "tell what changed" })
    }

    pub(crate) fn expire(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        self.release(cx, out);
        decide::tell(self, cx, out);
        self.changed.told(cx.clock.now);
        let waits =
            self.groups.iter().filter(|(_, p)| self.waits_for_edges(p)).map(|(group, _)| group.clone());
        self.changed.groups = waits.collect();
        self.next()
    }

    /// The same of what may have changed.
    pub(crate) fn expire_changed(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        self.release(cx, out);
        if self.changed.is_everything(cx.clock.now) {
            return self.expire(cx, out);
        }
        decide::tell_groups(self, cx, out);
        let mut those = core::mem::take(&mut self.changed.groups);
        those.retain(|group| self.groups.get(group).is_some_and(|p| self.waits_for_edges(p)));
        self.changed.groups = those;
        self.next()
    }

    /// Whether edges that are newer than its latest commit may say more of a group.
    fn waits_for_edges(&self, positions: &Positions) -> bool {
        let edges_at = self.log.bounds.map(|b| b.at);
        positions.life.latest.is_some_and(|c| edges_at.is_none_or(|at| at < c.seen))
    }

    fn next(&self) -> Option<Deadline> {
        let waits = !self.groups.is_empty() || !self.log.transactions.is_empty();
        let at = self.changed.next();
        waits.then_some(Deadline { at, reason: "time alone may change what is told" })
    }

    /// Where each group stands.
    pub(crate) fn stand(&self) -> impl Iterator<Item = Position> {
        self.groups.iter().filter_map(|(group, positions)| {
            let life = positions.life_in(self.log.topic_id);
            Some(Position {
                group: group.clone(),
                lowest: life.lowest?,
                latest: life.latest.map(|c| c.offset),
                leader_epoch: life.latest.map_or(-1, |c| c.leader_epoch),
            })
        })
    }

    fn one(&mut self, cx: &Context<'_>, fact: &Fact, out: &mut Vec<Output>) {
        match fact {
            Fact::Run(_) | Fact::Opened(_) | Fact::Truncated(_) => {
                self.arriving.push(fact.clone());
                // Too many to wait for their counters: these will come.
                if self.arriving.len() > cx.limits.held_back {
                    self.arrive(cx);
                }
            }
            Fact::Progress(progress) => self.progress(cx, progress),
            Fact::Cut(cut) => self.log.cut = Some(*cut),
            Fact::Corrupt(corrupt) => bounded_push(&mut self.log.corrupt, *corrupt, cx.limits.exceptions),
            Fact::GaveUp(gave_up) => bounded_push(&mut self.log.gave_up, *gave_up, cx.limits.exceptions),
            Fact::RolledBack(rolled_back) => self.log.note_rolled_back(rolled_back),
            Fact::Committed(c) => self.held.hold(c.seen, fact),
            Fact::SharePosition(s) => self.held.hold(s.at, fact),
            Fact::Bounds(b) => {
                self.incarnation(b.topic_id, b.at);
                self.held.hold(b.at, fact);
            }
            Fact::Config(config) => self.config = Some(*config),
            Fact::Size(size) => self.size = Some(newer(self.size, *size, |s| s.at)),
            Fact::Topic(topic) => self.topic = Some(newer(self.topic, *topic, |t| t.at)),
            Fact::EpochEnd(end) => self.epoch_end(cx, end, out),
            Fact::Transaction(t) => self.transaction(cx, t, out),
            Fact::Group(group) => self.group(cx, group, out),
            Fact::Tail(tail) => {
                self.tails.insert(tail.offsets_partition, *tail);
            }
            Fact::RoutedAway(away) => self.routed_away(cx, away, out),
            Fact::Record(record) => {
                if self.away.contains_key(&record.offset) {
                    self.looked_at.insert(record.offset, *record);
                }
            }
            _ => cx.refuse(Refusal::WrongStage, out),
        }
    }

    /// Takes what was held back, up to the watermark; sooner if too much waits.
    fn release(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        let until = cx.clock.complete_to.max(self.held.overflow(cx.limits.held_back));
        for fact in self.held.take_until(until) {
            match fact {
                Fact::Committed(c) => self.committed(cx, &c, out),
                Fact::SharePosition(s) => self.share(cx, &s, out),
                Fact::Bounds(b) => self.bounds(cx, &b),
                _ => cx.refuse(Refusal::WrongStage, out),
            }
        }
    }

    /// Takes in the runs that these counters cover.
    fn progress(&mut self, cx: &Context<'_>, progress: &Progress) {
        self.arrive(cx);
        self.log.sample(progress.sample, cx.limits);
        self.log.progress = Some(*progress);
    }

    fn arrive(&mut self, cx: &Context<'_>) {
        for fact in core::mem::take(&mut self.arriving) {
            match fact {
                Fact::Run(run) => self.log.runs.put(run),
                Fact::Opened(opened) => {
                    if cx.policy.superseded {
                        self.supersede(cx, &opened);
                    }
                    self.log.runs.open(&opened);
                }
                Fact::Truncated(truncated) => self.log.truncate(&truncated, cx.limits),
                _ => {}
            }
        }
    }

    /// R3: records that were there once and are not where their range was read again.
    fn supersede(&mut self, cx: &Context<'_>, opened: &Opened) {
        for range in self.log.runs.missing(opened) {
            for positions in self.groups.values_mut() {
                if let Some(life) = positions.life_in_mut(self.log.topic_id) {
                    life.supersede(range, cx.clock.now, cx.limits);
                }
            }
        }
    }

    fn bounds(&mut self, cx: &Context<'_>, bounds: &Bounds) {
        if bounds.topic_id.is_known() && bounds.topic_id != self.log.topic_id {
            return;
        }
        if self.turned_to.is_known() && self.turned_to != self.log.topic_id {
            for positions in self.groups.values_mut() {
                positions.turn(self.turned_to, self.log.topic_id);
            }
        }
        self.turned_to = self.log.topic_id;
        self.changed.by_edges(self.log.bounds.as_ref(), bounds);
        self.log.observe(bounds, cx.limits);
    }

    /// The log is of this incarnation from now on. What commits say of it waits for its time.
    fn incarnation(&mut self, topic_id: TopicId, at: Time) {
        if !topic_id.is_known() || topic_id == self.log.topic_id {
            return;
        }
        self.changed.everything = true;
        if self.log.topic_id.is_known() {
            if at < self.incarnation_at {
                return;
            }
            let old = core::mem::take(&mut self.log);
            self.arriving.clear();
            self.before = Some(Box::new(old));
            self.groups.values_mut().for_each(|positions| positions.begin_again());
            self.away.clear();
            self.looked_at.clear();
            self.asked.clear();
            // What befell records of the old incarnation has befallen them.
            self.told_findings.retain(|_, told| told.holds == Holds::Now);
        }
        self.incarnation_at = at;
        self.log.topic_id = topic_id;
    }

    /// Makes room for a group that is new here, if there is any.
    fn admit(&mut self, cx: &Context<'_>, group: &Name, out: &mut Vec<Output>) -> bool {
        let room = self.groups.len() < cx.limits.groups;
        if room {
            self.groups.insert(group.clone(), Box::default());
        } else {
            cx.refuse(Refusal::Full, out);
        }
        room
    }

    fn committed(&mut self, cx: &Context<'_>, c: &Committed, out: &mut Vec<Output>) {
        self.changed.by_group(&c.group);
        if let Some(positions) = self.groups.get_mut(&c.group) {
            positions.commit(c, &mut self.people, self.log.topic_id, &self.log.starts, cx.limits);
        } else if self.admit(cx, &c.group, out) {
            return self.committed(cx, c, out);
        }
        if self.people.is_crowded(self.groups.len()) {
            self.sort_people_out();
        }
    }

    fn share(&mut self, cx: &Context<'_>, s: &SharePosition, out: &mut Vec<Output>) {
        self.changed.by_group(&s.group);
        if let Some(known) = self.shares.get_mut(&s.group) {
            known.advance(s, &self.log.starts, cx.limits);
        } else if self.groups.contains_key(&s.group) || self.admit(cx, &s.group, out) {
            self.shares.insert(s.group.clone(), Share::new(s));
        }
    }

    fn sort_people_out(&mut self) {
        let used: Vec<Who> = self
            .groups
            .values_mut()
            .flat_map(|p| p.held_mut().map(|c| c.who).collect::<Vec<Who>>())
            .collect();
        let moved = self.people.keep(&used);
        for positions in self.groups.values_mut() {
            for commit in positions.held_mut() {
                let to = usize::try_from(commit.who).ok().and_then(|i| moved.get(i));
                commit.who = to.copied().unwrap_or(Who::MAX);
            }
        }
    }

    fn epoch_end(&mut self, cx: &Context<'_>, end: &EpochEnd, out: &mut Vec<Output>) {
        let known = self.log.epoch_ends.get(&end.epoch);
        if known.is_none() && self.log.epoch_ends.len() >= cx.limits.epochs {
            return cx.refuse(Refusal::Full, out);
        }
        if known.is_none_or(|k| k.at <= end.at) {
            self.log.epoch_ends.insert(end.epoch, *end);
        }
    }

    fn transaction(&mut self, cx: &Context<'_>, t: &Transaction, out: &mut Vec<Output>) {
        let known = self.log.transactions.get(&t.producer_id);
        if known.is_none() && self.log.transactions.len() >= cx.limits.open_transactions {
            return cx.refuse(Refusal::Full, out);
        }
        if known.is_none_or(|k| k.at <= t.at) {
            self.log.transactions.insert(t.producer_id, t.clone());
        }
    }

    fn group(&mut self, cx: &Context<'_>, group: &Group, out: &mut Vec<Output>) {
        self.changed.by_group(&group.group);
        if let Some(positions) = self.groups.get_mut(&group.group) {
            positions.describe(group);
        } else if self.admit(cx, &group.group, out) {
            self.group(cx, group, out);
        }
    }

    fn routed_away(&mut self, cx: &Context<'_>, away: &RoutedAway, out: &mut Vec<Output>) {
        let new = !self.away.contains_key(&away.offset);
        if new && self.away.len() >= cx.limits.exceptions {
            return cx.refuse(Refusal::Full, out);
        }
        if new {
            out.push(Output::ReadDeeper(ReadDeeper {
                partition: cx.key.partition().clone(),
                from: away.offset,
                to: away.offset + 1,
                need: Need::Record,
            }));
        }
        self.away.insert(away.offset, away.clone());
    }
}

fn newer<T>(known: Option<T>, this: T, at: impl Fn(&T) -> Time) -> T {
    match known {
        Some(known) if at(&known) > at(&this) => known,
        _ => this,
    }
}

fn bounded_push<T>(list: &mut Vec<T>, item: T, limit: usize) {
    if list.len() >= limit && !list.is_empty() {
        list.remove(0);
    }
    list.push(item);
}
