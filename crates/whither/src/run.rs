//! The loop: facts into the core, its outputs to later stages and into the report. `check`, `replay` and
//! `demo` all judge through this.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

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
    /// Rows by group and partition.
    pub balance: BTreeMap<(Name, Partition), Balance>,
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
    pub wanted: Vec<ReadDeeper>,
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
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.settle(clock)
        {
            self.record_failed.get_or_insert(error);
        }
        for stage in [|at: &At| matches!(at, At::Log(_)), |at: &At| !matches!(at, At::Log(_))] {
            let keys: Vec<Key> = self.keys.iter().filter(|k| stage(&k.at)).cloned().collect();
            for key in keys {
                let mut out = std::mem::take(&mut self.scratch);
                self.engine.expire(&key, clock, &mut out);
                self.follow(clock, out);
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
        if !self.keys.contains(key) {
            self.keys.insert(key.clone());
        }
        let mut out = std::mem::take(&mut self.scratch);
        self.engine.apply(key, clock, facts, &mut out);
        self.follow(clock, out);
    }

    /// Facts between stages are applied in the order they came out, those of one key together.
    fn follow(&mut self, clock: Clock, mut out: Vec<Output>) {
        let mut queue: VecDeque<(Key, Vec<Fact>)> = VecDeque::new();
        loop {
            for output in out.drain(..) {
                self.note(&output);
                match output {
                    Output::Fact(key, fact) => match queue.back_mut() {
                        Some((last, facts)) if *last == key => facts.push(fact),
                        _ => queue.push_back((key, vec![fact])),
                    },
                    Output::Balance(mut row) => {
                        // Kept for the whole run, in numbers.
                        row.stretches.shrink_to_fit();
                        self.said.balance.insert((row.group.clone(), row.partition.clone()), row);
                    }
                    Output::Verdict(verdict) => {
                        self.said.news.push(verdict.id);
                        self.said.findings.insert(verdict.id, verdict);
                    }
                    Output::Withdrawn(id) => {
                        self.said.findings.remove(&id);
                    }
                    Output::Refused(refused) => *self.said.refused.entry(refused.why).or_default() += 1,
                    Output::ReadDeeper(deeper) => self.said.wanted.push(deeper),
                }
            }
            let Some((key, facts)) = queue.pop_front() else { break };
            if !self.keys.contains(&key) {
                self.keys.insert(key.clone());
            }
            self.engine.apply(&key, clock, &facts, &mut out);
        }
        self.scratch = out;
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
