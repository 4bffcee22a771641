//! What is counted while the process runs.

use std::collections::BTreeMap;

use whither_core::key::At;
use whither_core::verdict::{Cause, Certainty, Outcome};
use whither_core::{Balance, Key, Name, Refusal, Verdict};

use super::Delays;

/// Where facts come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// What was read of topics.
    Log,
    /// What was read of `__consumer_offsets`.
    Commits,
    /// What was asked about topics and groups, and what is told of their partitions.
    Ledger,
}

impl Source {
    /// The source of what is given to a key.
    #[must_use]
    pub fn of(key: &Key) -> Source {
        match &key.at {
            At::Log(partition) if &*partition.topic == "__consumer_offsets" => Source::Commits,
            At::Log(_) | At::Letters(_) | At::Origin(..) => Source::Log,
            At::Ledger(_) => Source::Ledger,
        }
    }

    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Source::Log => "log",
            Source::Commits => "commits",
            Source::Ledger => "ledger",
        }
    }
}

/// Records of one end, in all partitions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the words are those of a verdict")]
pub struct Settled {
    pub topic: Name,
    pub group: Name,
    pub outcome: Outcome,
    pub cause: Option<Cause>,
    pub certainty: Certainty,
}

impl Settled {
    /// The settled records of a row.
    pub fn of(row: &Balance) -> impl Iterator<Item = (Settled, u64)> {
        row.stretches.iter().filter(|s| s.records > 0 && is_settled(s.outcome)).map(|s| {
            let (topic, group) = (row.partition.topic.clone(), row.group.clone());
            let (outcome, cause, certainty) = (s.outcome, s.cause, s.certainty);
            (Settled { topic, group, outcome, cause, certainty }, s.records)
        })
    }
}

/// How the settled records of a row ended.
type End = (Outcome, Option<Cause>, Certainty);

/// The settled records of a row, by their end: a row has few.
fn ends(row: &Balance) -> Vec<(End, u64)> {
    let mut ends: Vec<(End, u64)> = Vec::new();
    for s in row.stretches.iter().filter(|s| s.records > 0 && is_settled(s.outcome)) {
        let end = (s.outcome, s.cause, s.certainty);
        match ends.iter_mut().find(|(other, _)| *other == end) {
            Some((_, sum)) => *sum = sum.saturating_add(s.records),
            None => ends.push((end, s.records)),
        }
    }
    ends
}

/// Counts since the process started, or what a round adds to them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counted {
    /// Facts taken in.
    pub facts: BTreeMap<Source, u64>,
    /// Facts refused.
    pub refused: BTreeMap<(Source, Refusal), u64>,
    /// Data records read.
    pub records: u64,
    /// Records that came to an end, whatever later evidence made of it: it never falls.
    pub settled: BTreeMap<Settled, u64>,
    /// Findings whose settled verdict changed: from which, to which, and how sure the first one was.
    pub revised: BTreeMap<(Outcome, Outcome, Certainty), u64>,
    /// From a commit, as the broker timed it, until the row it changed was published.
    pub delays: Delays,
}

impl Counted {
    /// Facts were given to a key, which hold this many data records.
    pub(crate) fn read(&mut self, key: &Key, facts: usize, records: u64) {
        *self.facts.entry(Source::of(key)).or_default() += u64::try_from(facts).unwrap_or(u64::MAX);
        self.records += records;
    }

    /// A fact was not taken.
    pub(crate) fn refuse(&mut self, key: &Key, why: Refusal) {
        *self.refused.entry((Source::of(key), why)).or_default() += 1;
    }

    /// A row takes the place of the one before it.
    pub(super) fn settle(&mut self, before: Option<&Balance>, now: &Balance) {
        let before = before.map(ends).unwrap_or_default();
        for (end, records) in ends(now) {
            let known = before.iter().find(|(other, _)| *other == end).map_or(0, |(_, records)| *records);
            let more = records.saturating_sub(known);
            if more > 0 {
                let (topic, group) = (now.partition.topic.clone(), now.group.clone());
                let (outcome, cause, certainty) = end;
                let sum =
                    self.settled.entry(Settled { topic, group, outcome, cause, certainty }).or_default();
                *sum = sum.saturating_add(more);
            }
        }
    }

    /// A finding is told anew.
    pub(super) fn revise(&mut self, before: &Verdict, now: &Verdict) {
        if is_settled(before.outcome) && before.outcome != now.outcome {
            *self.revised.entry((before.outcome, now.outcome, before.certainty)).or_default() += 1;
        }
    }

    /// Adds what a round brought.
    pub(super) fn add(&mut self, round: &Counted) {
        add(&mut self.facts, &round.facts);
        add(&mut self.refused, &round.refused);
        self.records += round.records;
        add(&mut self.revised, &round.revised);
        self.delays.add(&round.delays);
    }
}

fn add<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (of, n) in more {
        *sums.entry(*of).or_default() += n;
    }
}

/// Whether records have met their end, as far as anybody can tell.
#[must_use]
pub const fn is_settled(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::InFlight | Outcome::Unread | Outcome::Unknown)
}

/// The word outsiders rely on.
#[must_use]
pub const fn refusal_word(why: Refusal) -> &'static str {
    match why {
        Refusal::WrongStage => "wrong_stage",
        Refusal::Malformed => "malformed",
        Refusal::NameTooLong => "name_too_long",
        Refusal::AlreadyRead => "already_read",
        Refusal::NotReading => "not_reading",
        Refusal::Full => "full",
    }
}
