//! What the tables remember: findings as they change, lag by the minute, verdicts by the hour, every commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use whither_core::fact::{Bounds, Committed, Committer};
use whither_core::key::At;
use whither_core::verdict::Outcome;
use whither_core::{Balance, Fact, Key, Name, Output, Partition, Span, Time, Verdict};
use whither_store::{BalanceRow, CommitRow, FindingRow, IndexRow, LagRow, Store};

use super::changes::Said;
use crate::index::{Entry, Place};
use crate::json;
use crate::live::waiting;
use crate::report::Report;
use crate::run;

/// A row's lag is kept no more often than this.
const LAG_EVERY: Span = Span::seconds(60);
const HOUR: Span = Span::hours(1);

/// What must be known to keep rows seldom enough.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Log start and end, as told last.
    edges: BTreeMap<Partition, Bounds>,
    /// When a row's lag was put last.
    lag_put: BTreeMap<(Name, Partition), Time>,
    /// Rows that have changed since their lag was put.
    lag_due: BTreeSet<(Name, Partition)>,
    /// The hour under way, and the rows that have changed in it.
    hour: Option<Time>,
    changed: BTreeSet<(Name, Partition)>,
}

/// What a checkpoint holds of a row beside the row: so that a restart neither repeats a sample nor leaves one out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sampled {
    lag_put: Option<Time>,
    lag_due: bool,
    changed: bool,
}

impl Sampled {
    /// Bytes of it.
    pub(super) const LEN: usize = 10;

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
        Sampled {
            lag_put: self.lag_put.get(of).copied(),
            lag_due: self.lag_due.contains(of),
            changed: self.changed.contains(of),
        }
    }

    /// Takes back what a checkpoint knows of a row.
    pub(super) fn restore(&mut self, of: &(Name, Partition), sampled: Sampled) {
        if let Some(at) = sampled.lag_put {
            self.lag_put.insert(of.clone(), at);
        }
        if sampled.lag_due {
            self.lag_due.insert(of.clone());
        }
        if sampled.changed {
            self.changed.insert(of.clone());
        }
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
        let told = |id: &u64| said.findings.get(id);
        for v in new.findings.iter().filter_map(told) {
            store.put_finding(finding(v, said, (cluster, now)));
        }
        for id in &new.withdrawn {
            store.put_finding(withdrawn(*id, now));
        }
        let hour = Time(now.0.div_euclid(HOUR.0) * HOUR.0);
        if let Some(last) = self.hour.replace(hour).filter(|last| *last < hour) {
            for row in std::mem::take(&mut self.changed).iter().filter_map(|of| said.balance.get(of)) {
                summary(row, last).for_each(|row| store.put_balance(row));
            }
        }
        self.changed.extend(new.rows.iter().cloned());
        self.lag_due.extend(new.rows.iter().cloned());
        let (lag_put, edges) = (&mut self.lag_put, &self.edges);
        self.lag_due.retain(|of| {
            if lag_put.get(of).is_some_and(|put| now.since(*put) < LAG_EVERY && *put <= now) {
                return true;
            }
            if let (Some(row), Some(edges)) = (said.balance.get(of), edges.get(&of.1)) {
                store.put_lag(lag(row, edges, now));
                lag_put.insert(of.clone(), now);
            }
            false
        });
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
