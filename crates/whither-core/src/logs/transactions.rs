//! Which records of a contiguous read belong to transactions that are still open.

use crate::fact::{DeadLetter, Marker, MarkerKind, RolledBack, Run, RunKind};
use crate::key::Offset;
use crate::limits::Limits;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Open transactions by producer id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Transactions {
    pub(crate) open: BTreeMap<i64, Open>,
    /// The first end of each producer in a read that begins behind the log start: it ends what an earlier part
    /// of the log holds of that producer.
    pub(crate) first_ends: BTreeMap<i64, Marker>,
    /// Runs held in `open`, which are bounded.
    pub(crate) runs: usize,
}

/// What one producer has written in a transaction that has no end yet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Open {
    /// Its runs, as they will be if the transaction commits.
    pub(crate) runs: Vec<Run>,
    /// Dead letters written in it: they count only if it commits (R17).
    pub(crate) stations: Vec<DeadLetter>,
    /// Its end was not read and may never be: the ledger holds its runs as unsettled.
    pub(crate) doubted: bool,
}

/// What the end of a transaction changes.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Its runs as they are from now on.
    pub(crate) runs: Vec<Run>,
    /// The dead letters that count.
    pub(crate) stations: Vec<DeadLetter>,
    pub(crate) rolled_back: Option<RolledBack>,
}

impl Transactions {
    /// Takes a run of a transactional batch and gives it back as it stands until the end marker. Past the
    /// limit a run is not followed to its end: it stays unsettled.
    pub(crate) fn wrote(&mut self, producer_id: i64, run: Run, limits: &Limits) -> Run {
        if run.kind == RunKind::Empty {
            return run;
        }
        let known = self.open.contains_key(&producer_id);
        if self.runs >= limits.runs || (!known && self.open.len() >= limits.open_transactions) {
            return Run { kind: RunKind::Unsettled, ..run };
        }
        let open = self.open.entry(producer_id).or_default();
        match open.runs.last_mut() {
            Some(last) if last.to == run.from && last.kind == RunKind::Data && run.kind == RunKind::Data => {
                last.to = run.to;
                last.records += run.records;
            }
            _ => {
                open.runs.push(run);
                self.runs += 1;
            }
        }
        Run { kind: RunKind::Open { producer_id }, ..run }
    }

    /// Ends a producer's transaction in the read that holds its marker.
    pub(crate) fn end(&mut self, marker: &Marker, from_start: bool, limits: &Limits) -> Ended {
        if marker.kind == MarkerKind::Other {
            return Ended::default();
        }
        if !from_start && self.first_ends.len() < limits.open_transactions {
            self.first_ends.entry(marker.producer_id).or_insert(*marker);
        }
        self.take(marker.producer_id).map(|open| settle(open, marker)).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, producer_id: i64) -> Option<Open> {
        let open = self.open.remove(&producer_id)?;
        self.runs = self.runs.saturating_sub(open.runs.len());
        Some(open)
    }

    /// The producers whose data all lies below `stable`.
    pub(crate) fn all_below(&self, stable: Offset) -> Vec<i64> {
        let below = |open: &Open| open.runs.last().is_none_or(|r| r.to <= stable);
        self.open.iter().filter(|(_, open)| below(open)).map(|(id, _)| *id).collect()
    }
}

/// What the marker makes of a transaction.
pub(crate) fn settle(open: Open, marker: &Marker) -> Ended {
    if marker.kind == MarkerKind::Commit {
        return committed(open);
    }
    let counted = open.runs.iter().filter(|r| !matches!(r.kind, RunKind::Unread(_)));
    let records = counted.map(|r| r.records).sum();
    let ends = open.runs.first().zip(open.runs.last());
    let rolled_back = ends.map(|(first, last)| RolledBack {
        producer_id: marker.producer_id,
        from: first.from,
        to: last.to,
        records,
        marker: marker.offset,
        at: marker.at,
    });
    let runs = open.runs.into_iter().map(|run| Run { kind: RunKind::Aborted, ..run }).collect();
    Ended { runs, stations: Vec::new(), rolled_back }
}

/// A transaction whose records count.
pub(crate) fn committed(open: Open) -> Ended {
    Ended { runs: open.runs, stations: open.stations, rolled_back: None }
}
