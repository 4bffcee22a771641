//! The loop: facts into the core, its outputs to later stages and into the report. `check`, `replay` and
//! `demo` all judge through this.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use whither_core::fact::{Committed, Run as Stretch, Tail};
use whither_core::key::At;
use whither_core::limits::Limits;
use whither_core::{
    Balance, Clock, Engine, Fact, Key, Name, Offset, Output, Partition, Policy, ReadDeeper, Refusal, Verdict,
};

/// Takes a copy of everything a source gives, in order, so that it can be judged again.
pub trait Recorder {
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
}

/// The core with what it has said so far.
pub struct Run {
    engine: Engine,
    keys: BTreeSet<Key>,
    recorder: Option<Box<dyn Recorder + Send>>,
    record_failed: Option<io::Error>,
    kept: Option<(Option<Partition>, Option<Name>)>,
    said: Said,
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
            recorder: None,
            record_failed: None,
            kept: None,
            said: Said::default(),
            scratch: Vec::new(),
        }
    }

    /// Keeps the commits of this partition, or of this group, as they count: for telling of the past.
    pub fn keep_commits(&mut self, partition: Option<Partition>, group: Option<Name>) {
        self.kept = Some((partition, group));
    }

    /// What a partition's log holds at an offset.
    #[must_use]
    pub fn run_at(&self, ledger: &Key, offset: Offset) -> Option<Stretch> {
        self.engine.run_at(ledger, offset)
    }

    /// Copies everything that is applied from now on.
    pub fn record(&mut self, recorder: Box<dyn Recorder + Send>) {
        self.recorder = Some(recorder);
    }

    /// Gives facts to a key and follows what comes of them through the later stages.
    pub fn apply(&mut self, key: &Key, clock: Clock, facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.facts(key, clock, facts)
        {
            self.record_failed.get_or_insert(error);
        }
        self.give(key, clock, facts);
    }

    /// Brings rows and findings up to date: logs first, for they settle what ledgers tell.
    pub fn settle(&mut self, clock: Clock) {
        self.settle_logs(clock);
        for key in self.keys_where(|at| !matches!(at, At::Log(_))) {
            self.expire(&key, clock);
        }
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

    fn give(&mut self, key: &Key, clock: Clock, facts: &[Fact]) {
        let mut out = std::mem::take(&mut self.scratch);
        self.apply_to(key, clock, facts, &mut out);
        self.follow(clock, out);
    }

    fn settle_logs(&mut self, clock: Clock) {
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.settle(clock)
        {
            self.record_failed.get_or_insert(error);
        }
        for key in self.keys_where(|at| matches!(at, At::Log(_))) {
            self.expire(&key, clock);
        }
    }

    fn keys_where(&self, wanted: impl Fn(&At) -> bool) -> Vec<Key> {
        self.keys.iter().filter(|key| wanted(&key.at)).cloned().collect()
    }

    fn expire(&mut self, key: &Key, clock: Clock) {
        let mut out = std::mem::take(&mut self.scratch);
        self.engine.expire(key, clock, &mut out);
        self.follow(clock, out);
    }

    fn forget(&mut self, key: &Key) {
        self.engine.forget(key);
        self.keys.remove(key);
    }

    /// Facts between stages wait by key, in the order they came out: a wide group's commits reach each ledger
    /// together. Keys sort in the order of the stages, so that none is given facts twice.
    fn follow(&mut self, clock: Clock, mut out: Vec<Output>) {
        let mut waiting: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
        loop {
            for output in out.drain(..) {
                self.note(&output);
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
