//! What the tables remember: findings as they change, lag by the minute, verdicts by the hour, every commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use whither_core::fact::{Bounds, Committed, Committer};
use whither_core::key::At;
use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Balance, Fact, Key, Name, Output, Partition, Span, Time, Verdict};
use whither_store::{BalanceRow, CommitRow, FindingRow, IndexRow, LagRow, Reader, Store};

use super::changes::Said;
use crate::index::{Entry, Place};
use crate::json;
use crate::live::{KEPT, Losses, waiting};
use crate::report::Report;
use crate::run;

/// A row's lag is kept no more often than this, nor a finding that only grows.
const SAMPLED_EVERY: Span = Span::seconds(60);
const HOUR: Span = Span::hours(1);
/// Changes of findings that are looked through for when records were lost.
const MOST_CHANGES: usize = 100_000;

/// What must be known to keep rows seldom enough.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Log start and end, as told last.
    edges: BTreeMap<Partition, Bounds>,
    /// What was sampled of each row.
    rows: BTreeMap<(Name, Partition), Sampled>,
    /// Rows whose lag is due, by when that is.
    lag_due: BTreeSet<(Time, (Name, Partition))>,
    /// Findings as they were put last.
    findings_put: BTreeMap<u64, Put>,
    /// Findings that have grown since they were put.
    findings_due: BTreeSet<u64>,
    /// The hour under way.
    hour: Option<Time>,
}

/// What was sampled of a row. A checkpoint holds it beside the row: so that a restart neither repeats a sample nor leaves one
/// out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sampled {
    /// When its lag was put last.
    lag_put: Option<Time>,
    /// It has changed since.
    lag_due: bool,
    /// It has changed in the hour under way.
    changed: bool,
}

impl Sampled {
    /// Bytes of it.
    pub(super) const LEN: usize = 10;

    /// When its lag may be put again.
    fn lag_from(self) -> Time {
        self.lag_put.map_or(Time::MIN, |at| at.after(SAMPLED_EVERY))
    }

    pub(super) fn to_bytes(self) -> [u8; Sampled::LEN] {
        let mut bytes = [0; Sampled::LEN];
        if let Some((flags, at)) = bytes.split_first_chunk_mut::<2>() {
            *flags =
                [u8::from(self.lag_put.is_some()), u8::from(self.lag_due) | (u8::from(self.changed) << 1)];
            at.copy_from_slice(&self.lag_put.unwrap_or_default().0.to_le_bytes());
        }
        bytes
    }

    pub(super) fn of_bytes(bytes: &[u8; Sampled::LEN]) -> Sampled {
        let [was_put, flags, at @ ..] = *bytes;
        Sampled {
            lag_put: (was_put != 0).then_some(Time(i64::from_le_bytes(at))),
            lag_due: flags & 1 != 0,
            changed: flags & 2 != 0,
        }
    }
}

impl History {
    pub(super) fn facts(&mut self, key: &Key, facts: &[Fact]) {
        let At::Log(partition) = &key.at else { return };
        for fact in facts {
            if let Fact::Bounds(b) = fact {
                self.edges.insert(partition.clone(), *b);
            }
        }
    }

    /// What is known of a row, for a checkpoint.
    pub(super) fn sampled(&self, of: &(Name, Partition)) -> Sampled {
        self.rows.get(of).copied().unwrap_or_default()
    }

    /// The same of a finding.
    pub(super) fn sampled_finding(&self, id: u64) -> SampledFinding {
        let put = self.findings_put.get(&id).copied();
        SampledFinding { put, due: self.findings_due.contains(&id) }
    }

    /// Takes back what a checkpoint knows of a finding.
    pub(super) fn restore_finding(&mut self, id: u64, sampled: SampledFinding) {
        if let Some(put) = sampled.put {
            self.findings_put.insert(id, put);
        }
        if sampled.due {
            self.findings_due.insert(id);
        }
    }

    /// Takes back what a checkpoint knows of a row.
    pub(super) fn restore(&mut self, of: &(Name, Partition), sampled: Sampled) {
        if sampled.lag_due {
            self.lag_due.insert((sampled.lag_from(), of.clone()));
        }
        self.rows.insert(of.clone(), sampled);
    }

    /// Log starts and ends, for a checkpoint: [`History::facts`] takes them back.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&Partition, &Bounds)> {
        self.edges.iter()
    }

    /// The hour under way, for a checkpoint.
    pub(super) fn hour(&self) -> Option<Time> {
        self.hour
    }

    /// Takes back the hour under way.
    pub(super) fn restore_hour(&mut self, hour: Time) {
        self.hour = Some(hour);
    }

    /// Commits are kept one by one.
    #[expect(clippy::unused_self, reason = "the others need what is known")]
    pub(super) fn said(&self, store: &mut Store, output: &Output) {
        if let Output::Fact(key, Fact::Committed(committed)) = output {
            store.put_commit(commit(key.partition(), committed));
        }
    }

    /// Puts what a round has brought.
    pub(super) fn put(
        &mut self,
        store: &mut Store,
        said: &run::Said,
        new: &Said,
        (cluster, now): (&str, Time),
    ) {
        self.findings_due.extend(&new.findings);
        let (findings_put, cx) = (&mut self.findings_put, (cluster, now));
        self.findings_due.retain(|id| {
            let Some(v) = said.findings.get(id) else { return false };
            if findings_put.get(id).is_some_and(|put| put.covers(v, now)) {
                return true;
            }
            store.put_finding(finding(v, said, cx));
            findings_put.insert(*id, Put::of(v, now));
            false
        });
        for id in &new.withdrawn {
            store.put_finding(withdrawn(*id, now));
            self.findings_put.remove(id);
        }
        let hour = Time(now.0.div_euclid(HOUR.0) * HOUR.0);
        if let Some(last) = self.hour.replace(hour).filter(|last| *last < hour) {
            self.put_hour(store, said, last);
        }
        for of in &new.rows {
            let sampled = match self.rows.get_mut(of) {
                Some(sampled) => sampled,
                None => self.rows.entry(of.clone()).or_default(),
            };
            sampled.changed = true;
            if !std::mem::replace(&mut sampled.lag_due, true) {
                self.lag_due.insert((sampled.lag_from(), of.clone()));
            }
        }
        self.put_lag(store, said, now);
    }

    /// Sums up the hour that is over.
    fn put_hour(&mut self, store: &mut Store, said: &run::Said, hour: Time) {
        for (of, sampled) in &mut self.rows {
            if std::mem::take(&mut sampled.changed)
                && let Some(row) = said.balance.get(of)
            {
                summary(row, hour).for_each(|row| store.put_balance(row));
            }
        }
    }

    /// Puts the lag of rows whose time has come.
    fn put_lag(&mut self, store: &mut Store, said: &run::Said, now: Time) {
        while self.lag_due.first().is_some_and(|(from, _)| *from <= now) {
            let Some((_, of)) = self.lag_due.pop_first() else { break };
            let Some(sampled) = self.rows.get_mut(&of) else { continue };
            sampled.lag_due = false;
            if let (Some(row), Some(edges)) = (said.balance.get(&of), self.edges.get(&of.1)) {
                store.put_lag(lag(row, edges, now));
                sampled.lag_put = Some(now);
            }
        }
    }
}

/// Where records are that the message index was told of.
pub(super) fn places(entry: &Entry) -> impl Iterator<Item = IndexRow> {
    let (partition, places) = match entry {
        Entry::Read { partition, places, .. } => (partition, places.as_slice()),
        Entry::WentBack { partition, .. } => (partition, &[][..]),
    };
    places.iter().map(|Place { what, hash, offset, at }| IndexRow {
        what: *what,
        hash: *hash,
        topic: partition.topic.clone(),
        partition: partition.index,
        offset: *offset,
        at_ms: at.0,
    })
}

/// When a finding was put, and what it said, whatever it has grown to since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Put {
    at: Time,
    said: u64,
}

impl Put {
    fn of(v: &Verdict, at: Time) -> Put {
        let said = [
            v.outcome as u8,
            v.certainty as u8,
            v.cause as u8,
            v.cause_certainty as u8,
            v.shown_as as u8,
            v.recoverable.into(),
            v.at_most.into(),
            v.duplicate.into(),
        ];
        Put { at, said: u64::from_le_bytes(said) }
    }

    /// Whether a finding has but grown since, and not for long.
    fn covers(self, v: &Verdict, now: Time) -> bool {
        self.said == Put::of(v, now).said && (Span(0)..SAMPLED_EVERY).contains(&now.since(self.at))
    }
}

/// What a checkpoint holds of a finding beside the finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct SampledFinding {
    put: Option<Put>,
    due: bool,
}

impl SampledFinding {
    /// Bytes of it.
    pub(super) const LEN: usize = 17;

    pub(super) fn to_bytes(self) -> [u8; SampledFinding::LEN] {
        let mut bytes = [0; SampledFinding::LEN];
        let put = self.put.unwrap_or(Put { at: Time(0), said: 0 });
        bytes[0] = u8::from(self.put.is_some()) | (u8::from(self.due) << 1);
        bytes[1..9].copy_from_slice(&put.at.0.to_le_bytes());
        bytes[9..].copy_from_slice(&put.said.to_le_bytes());
        bytes
    }

    pub(super) fn of_bytes(bytes: &[u8; SampledFinding::LEN]) -> SampledFinding {
        let word = |at: usize| bytes[at..].first_chunk().copied().unwrap_or_default();
        let put = Put { at: Time(i64::from_le_bytes(word(1))), said: u64::from_le_bytes(word(9)) };
        SampledFinding { put: (bytes[0] & 1 != 0).then_some(put), due: bytes[0] & 2 != 0 }
    }
}

/// How the losses that are told came about in the last day.
pub(super) fn losses(history: &Reader, said: &run::Said, now: Option<Time>) -> Losses {
    let mut losses = Losses::default();
    let since = Time(now.unwrap_or_default().0.saturating_sub(KEPT.0));
    // What can't be read leaves the growth of a day untold, no more.
    let rows = history.findings(since.0..i64::MAX, MOST_CHANGES).unwrap_or_default();
    let mut seen = BTreeSet::new();
    for row in rows {
        let Some(v) = said.findings.get(&row.id).filter(|v| v.shown_as == ShownAs::Loss) else { continue };
        let (records, at) = (row.records.max(0).unsigned_abs(), Time(row.at_ms));
        match seen.insert(row.id) {
            true if v.first_seen < since => losses.had(row.id, records),
            true => losses.becomes(row.id, records, v.first_seen),
            false => losses.becomes(row.id, records, at),
        }
    }
    for v in said.findings.values().filter(|v| v.shown_as == ShownAs::Loss && !seen.contains(&v.id)) {
        losses.becomes(v.id, v.records, v.first_seen);
    }
    losses
}

fn commit(partition: &Partition, c: &Committed) -> CommitRow {
    let (client_id, host) = match &c.by {
        Committer::Member { client_id, host } => (Some(client_id.clone()), Some(host.clone())),
        Committer::SomeMember | Committer::NoMember { .. } | Committer::Unknown => (None, None),
    };
    CommitRow {
        group: c.group.clone(),
        topic: partition.topic.clone(),
        partition: partition.index,
        at_ms: c.at.0,
        offset: c.value.map(|v| v.offset),
        member: None,
        client_id,
        host,
        memberless: matches!(c.by, Committer::NoMember { .. }),
    }
}

fn finding(v: &Verdict, said: &run::Said, (cluster, now): (&str, Time)) -> FindingRow {
    let complete_since = said.tails.values().filter_map(|t| t.since).max();
    let about = Report { cluster: cluster.to_owned(), at: now, complete_since, ..Report::default() };
    FindingRow {
        id: v.id,
        at_ms: now.0,
        group: v.group.clone(),
        topic: v.partition.topic.clone(),
        partition: v.partition.index,
        from: v.from,
        to: v.to,
        records: whole(v.records),
        at_most: v.at_most,
        verdict: v.outcome.word().into(),
        certainty: v.certainty.word().into(),
        cause: Some(v.cause.id().into()),
        cause_certainty: Some(v.cause_certainty.word().into()),
        shown_as: v.shown_as.word().into(),
        recoverable: v.recoverable,
        withdrawn: false,
        json: json::finding(v, &about),
    }
}

/// A finding that does not hold any more: what it was stands in the rows before.
fn withdrawn(id: u64, now: Time) -> FindingRow {
    FindingRow {
        id,
        at_ms: now.0,
        group: None,
        topic: "".into(),
        partition: 0,
        from: 0,
        to: 0,
        records: 0,
        at_most: false,
        verdict: "".into(),
        certainty: "".into(),
        cause: None,
        cause_certainty: None,
        shown_as: "".into(),
        recoverable: false,
        withdrawn: true,
        json: String::new(),
    }
}

fn lag(row: &Balance, edges: &Bounds, now: Time) -> LagRow {
    let records = row.committed.map(|c| waiting(row, c, edges.end));
    LagRow {
        group: row.group.clone(),
        topic: row.partition.topic.clone(),
        partition: row.partition.index,
        at_ms: now.0,
        committed: row.committed,
        end: edges.end,
        log_start: edges.log_start,
        lag_records: records.map(whole),
        lag_ms: match records {
            Some(0) => Some(0),
            Some(_) => row.position_time.map(|at| now.since(at).0),
            None => None,
        },
    }
}

fn summary(row: &Balance, hour: Time) -> impl Iterator<Item = BalanceRow> {
    let counted = Outcome::ALL.into_iter().map(|outcome| (outcome, row.count(outcome)));
    counted.filter(|(_, records)| *records > 0).map(move |(outcome, records)| BalanceRow {
        group: row.group.clone(),
        topic: row.partition.topic.clone(),
        partition: row.partition.index,
        at_ms: hour.0,
        verdict: Arc::from(outcome.word()),
        records: whole(records),
    })
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
