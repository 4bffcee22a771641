//! The loop: facts into the core, its outputs to later stages and into the report. `check`, `replay` and
//! `demo` all judge through this.

mod due;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use whither_core::fact::{Committed, Run as Stretch, Tail};
use whither_core::key::At;
use whither_core::limits::Limits;
use whither_core::{
    Balance, Clock, Engine, Fact, Key, Name, NotASnapshot, Offset, Output, Partition, Policy, Position,
    ReadDeeper, Refusal, TopicId, Verdict,
};

use crate::index::{Covered, Entry};
use due::Due;
pub use due::Turn;

/// Takes a copy of everything a source gives, in order, so that it can be judged again.
pub trait Recorder: Send + Sync {
    /// Facts given to a key.
    ///
    /// # Errors
    /// The record can't be written.
    fn facts(&mut self, key: &Key, clock: Clock, facts: &[Fact]) -> io::Result<()>;

    /// Verdicts asked for.
    ///
    /// # Errors
    /// The record can't be written.
    fn settle(&mut self, clock: Clock) -> io::Result<()>;

    /// Verdicts asked for of what is due, of no more ledgers than `most`.
    ///
    /// # Errors
    /// The record can't be written.
    fn settle_due(&mut self, clock: Clock, most: u32) -> io::Result<()> {
        let _ = most;
        self.settle(clock)
    }

    /// The message index was told something.
    ///
    /// # Errors
    /// The record can't be written.
    fn indexed(&mut self, entry: &Entry) -> io::Result<()> {
        let _ = entry;
        Ok(())
    }

    /// The core said something.
    fn said(&mut self, output: &Output) {
        let _ = output;
    }
}

/// The core with what it has said so far.
pub struct Run {
    engine: Engine,
    keys: BTreeSet<Key>,
    due: Due,
    recorder: Option<Box<dyn Recorder>>,
    record_failed: Option<io::Error>,
    kept: Option<(Option<Partition>, Option<Name>)>,
    said: Said,
    indexed: BTreeMap<Partition, Covered>,
    scratch: Vec<Output>,
}

/// What the core has said: the newest of each row and finding.
#[derive(Debug, Default)]
pub struct Said {
    /// Rows by group and partition, to be shared with reports: a wide cluster has hundreds of thousands.
    pub balance: BTreeMap<(Name, Partition), Arc<Balance>>,
    /// Findings by id.
    pub findings: BTreeMap<u64, Verdict>,
    /// Findings in the order they appeared or changed, since they were last taken.
    pub news: Vec<u64>,
    /// What was not taken, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// From where on commit history is complete, by offsets partition.
    pub tails: BTreeMap<i32, Tail>,
    /// Commits that were kept, in the order they came to count.
    pub commits: Vec<(Partition, Committed)>,
    /// Looks that would sharpen a verdict and were not answered yet.
    pub wanted: BTreeMap<Partition, VecDeque<ReadDeeper>>,
}

impl Run {
    /// A run without a history.
    #[must_use]
    pub fn new(policy: Policy) -> Run {
        Run {
            engine: Engine::new(policy, Limits::DEFAULT),
            keys: BTreeSet::new(),
            due: Due::default(),
            recorder: None,
            record_failed: None,
            kept: None,
            said: Said::default(),
            indexed: BTreeMap::new(),
            scratch: Vec::new(),
        }
    }

    /// Keeps the commits of this partition, or of this group, as they count: for telling of the past.
    pub fn keep_commits(&mut self, partition: Option<Partition>, group: Option<Name>) {
        self.kept = Some((partition, group));
    }

    /// Appends one key's state.
    pub fn snapshot(&self, key: &Key, out: &mut Vec<u8>) {
        self.engine.snapshot(key, out);
    }

    /// What is to be settled and when, in order.
    pub fn turns(&self) -> impl Iterator<Item = Turn> {
        self.due.all()
    }

    /// Takes back what was to be settled, in the order it was told.
    pub fn restore_turn(&mut self, turn: Turn) {
        self.due.restore(turn);
    }

    /// Takes one key's state back.
    ///
    /// # Errors
    /// The bytes are not what [`Run::snapshot`] of this version wrote.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), NotASnapshot> {
        self.keys.insert(self.engine.restore(bytes)?);
        Ok(())
    }

    /// Takes back what was said of a row.
    pub fn restore_row(&mut self, row: Balance) {
        self.said.balance.insert((row.group.clone(), row.partition.clone()), Arc::new(row));
    }

    /// Takes back a finding.
    pub fn restore_finding(&mut self, finding: Verdict) {
        self.said.findings.insert(finding.id, finding);
    }

    /// The keys that hold state.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// The parts of a partition that were read, ascending.
    #[must_use]
    pub fn was_read(&self, log: &Key) -> Vec<(Offset, Offset)> {
        self.engine.was_read(log)
    }

    /// The incarnation that was read of a partition; unknown if none was.
    #[must_use]
    pub fn incarnation_read(&self, log: &Key) -> TopicId {
        self.engine.incarnation_read(log)
    }

    /// The leader epoch of the newest record that was read of a partition.
    #[must_use]
    pub fn last_epoch(&self, log: &Key) -> Option<i32> {
        self.engine.last_epoch(log)
    }

    /// Where each group stands in a partition.
    #[must_use]
    pub fn positions(&self, ledger: &Key) -> Vec<Position> {
        self.engine.positions(ledger)
    }

    /// What a partition's log holds at an offset.
    #[must_use]
    pub fn run_at(&self, ledger: &Key, offset: Offset) -> Option<Stretch> {
        self.engine.run_at(ledger, offset)
    }

    /// What a partition's log holds, as far as it was read, in runs by offset.
    #[must_use]
    pub fn runs(&self, ledger: &Key) -> Vec<Stretch> {
        self.engine.runs(ledger)
    }

    /// Copies everything that is applied from now on.
    pub fn record(&mut self, recorder: Box<dyn Recorder>) {
        self.recorder = Some(recorder);
    }

    /// Gives facts to a key and follows what comes of them through the later stages.
    pub fn apply(&mut self, key: &Key, clock: Clock, facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        let recorded = self.recorder.as_mut().map_or(Ok(()), |r| r.facts(key, clock, facts));
        self.note_failure(recorded);
        self.give(key, clock, facts);
    }

    /// Tells the message index something. The core knows nothing of it.
    pub fn index(&mut self, entry: &Entry) {
        let recorded = self.recorder.as_mut().map_or(Ok(()), |r| r.indexed(entry));
        self.note_failure(recorded);
        self.indexed.entry(entry.partition().clone()).or_default().take(entry);
    }

    /// What the message index holds of each partition.
    #[must_use]
    pub fn indexed(&self) -> &BTreeMap<Partition, Covered> {
        &self.indexed
    }

    /// Takes back what the message index holds of a partition.
    pub fn restore_indexed(&mut self, partition: Partition, covered: Covered) {
        self.indexed.insert(partition, covered);
    }

    /// Brings rows and findings up to date: logs first, for they settle what ledgers tell.
    pub fn settle(&mut self, clock: Clock) {
        self.settle_logs(clock);
        self.due.none_wait();
        for key in self.keys_where(|at| !matches!(at, At::Log(_))) {
            self.expire(&key, clock);
        }
    }

    /// The same for what may have changed: keys that were given facts since they were settled last, and those for
    /// which time alone may change something. Of ledgers no more than `most`, the ones that wait longest first.
    pub fn settle_due(&mut self, clock: Clock, most: u32) {
        let settled = self.recorder.as_mut().map_or(Ok(()), |r| r.settle_due(clock, most));
        self.note_failure(settled);
        while let Some(key) = self.due.earlier.pop_first() {
            self.expire(&key, clock);
        }
        self.due.come(clock.now);
        for _ in 0..most {
            let Some(key) = self.due.next() else { break };
            let mut out = std::mem::take(&mut self.scratch);
            let deadline = self.engine.expire_changed(&key, clock, &mut out);
            self.due.settled(&key, deadline.map(|d| d.at));
            self.follow(clock, out);
        }
    }

    /// How many ledgers wait to be settled.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.due.waiting()
    }

    /// The same where nothing more will be looked at but what is wanted: each partition whose ledger wants no
    /// closer look is let go of, so that the state and the rows of a wide cluster are not held at once.
    pub fn settle_for_good(&mut self, clock: Clock) {
        self.settle_logs(clock);
        for key in self.keys_where(|at| matches!(at, At::Ledger(_))) {
            self.expire(&key, clock);
            if !self.said.wanted.contains_key(key.partition()) {
                self.forget(&Key::log(&key.cluster, key.partition()));
                self.forget(&key);
            }
        }
    }

    /// What was said so far.
    #[must_use]
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// What was said, where nothing more will be: gives the core's memory back.
    #[must_use]
    pub fn into_said(self) -> Said {
        self.said
    }

    /// What was said so far, to take from.
    pub fn said_mut(&mut self) -> &mut Said {
        &mut self.said
    }

    /// The first failure to copy what was applied.
    pub fn record_failure(&mut self) -> Option<io::Error> {
        self.record_failed.take()
    }

    /// Takes note of what is told beside verdicts.
    fn note(&mut self, output: &Output) {
        match output {
            Output::Fact(_, Fact::Tail(tail)) => {
                self.said.tails.insert(tail.offsets_partition, *tail);
            }
            Output::Fact(key, Fact::Committed(committed)) => {
                let Some((partition, group)) = &self.kept else { return };
                let wanted = partition.as_ref().is_none_or(|p| p == key.partition())
                    && group.as_ref().is_none_or(|g| *g == committed.group);
                if wanted {
                    self.said.commits.push((key.partition().clone(), committed.clone()));
                }
            }
            _ => {}
        }
    }

    fn note_failure(&mut self, recorded: io::Result<()>) {
        if let Err(error) = recorded {
            self.record_failed.get_or_insert(error);
        }
    }

    fn give(&mut self, key: &Key, clock: Clock, facts: &[Fact]) {
        let mut out = std::mem::take(&mut self.scratch);
        self.apply_to(key, clock, facts, &mut out);
        self.follow(clock, out);
    }

    fn settle_logs(&mut self, clock: Clock) {
        let settled = self.recorder.as_mut().map_or(Ok(()), |r| r.settle(clock));
        self.note_failure(settled);
        for key in self.keys_where(|at| matches!(at, At::Log(_))) {
            self.expire(&key, clock);
        }
    }

    fn keys_where(&self, wanted: impl Fn(&At) -> bool) -> Vec<Key> {
        self.keys.iter().filter(|key| wanted(&key.at)).cloned().collect()
    }

    fn expire(&mut self, key: &Key, clock: Clock) {
        let mut out = std::mem::take(&mut self.scratch);
        let deadline = self.engine.expire(key, clock, &mut out);
        self.due.settled(key, deadline.map(|d| d.at));
        self.follow(clock, out);
    }

    fn forget(&mut self, key: &Key) {
        self.engine.forget(key);
        self.keys.remove(key);
        self.due.settled(key, None);
    }

    /// Facts between stages wait by key, in the order they came out: a wide group's commits reach each ledger
    /// together. Keys sort in the order of the stages, so that none is given facts twice.
    fn follow(&mut self, clock: Clock, mut out: Vec<Output>) {
        let mut waiting: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
        loop {
            for output in out.drain(..) {
                self.note(&output);
                if let Some(recorder) = &mut self.recorder {
                    recorder.said(&output);
                }
                match output {
                    Output::Fact(key, fact) => waiting.entry(key).or_default().push(fact),
                    Output::Balance(mut row) => {
                        // Kept for the whole run, in numbers.
                        row.stretches.shrink_to_fit();
                        let of = (row.group.clone(), row.partition.clone());
                        self.said.balance.insert(of, Arc::new(row));
                    }
                    Output::Verdict(verdict) => {
                        self.said.news.push(verdict.id);
                        self.said.findings.insert(verdict.id, verdict);
                    }
                    Output::Withdrawn(id) => {
                        self.said.findings.remove(&id);
                    }
                    Output::Refused(refused) => *self.said.refused.entry(refused.why).or_default() += 1,
                    Output::ReadDeeper(deeper) => {
                        self.said.wanted.entry(deeper.partition.clone()).or_default().push_back(deeper);
                    }
                }
            }
            let Some((key, facts)) = waiting.pop_first() else { break };
            self.apply_to(&key, clock, &facts, &mut out);
        }
        self.scratch = out;
    }

    fn apply_to(&mut self, key: &Key, clock: Clock, facts: &[Fact], out: &mut Vec<Output>) {
        if !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
        self.due.touch(key);
        self.engine.apply(key, clock, facts, out);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("keys", &self.keys.len())
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Reader, Step};
    use whither_core::Time;

    /// Of orders/0 every offset holds a record. The batch of orders/1 has holes, and the position cuts it.
    const FACTS: &str = r#"{"whither":"scenario","version":1,"cluster":"orders-prod"}
{"clock":"2026-03-01T13:00:00Z"}
{"key":"log __consumer_offsets/7","fact":"reading","from":0}
{"key":"log __consumer_offsets/7","fact":"batch","base":0,"last":1}
{"key":"log __consumer_offsets/7","fact":"commit","source_offset":0,"group":"billing","partition":"orders/0","offset":4}
{"key":"log __consumer_offsets/7","fact":"commit","source_offset":1,"group":"billing","partition":"orders/1","offset":4}
{"key":"log orders/0","fact":"bounds","log_start":0,"end":10}
{"key":"log orders/0","fact":"reading","from":0}
{"key":"log orders/0","fact":"batch","base":0,"last":9}
{"key":"log orders/1","fact":"bounds","log_start":0,"end":10}
{"key":"log orders/1","fact":"reading","from":0}
{"key":"log orders/1","fact":"batch","base":0,"last":9,"count":5}
"#;

    #[test]
    fn what_wants_no_closer_look_is_let_go_of() {
        let mut run = Run::new(Policy::default());
        for step in Reader::new(FACTS.as_bytes()).unwrap() {
            let Step::Facts { key, clock, facts } = step.unwrap() else { continue };
            run.apply(&key, clock, &facts);
        }
        run.settle_for_good(Clock { now: Time(1_772_370_000_000), complete_to: Time::MAX });
        assert_eq!(run.said().balance.len(), 2);
        let held =
            |i| run.run_at(&Key::ledger(&"orders-prod".into(), &Partition::new("orders", i)), 0).is_some();
        assert_eq!([held(0), held(1)], [false, true]);
    }
}
