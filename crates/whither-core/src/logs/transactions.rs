//! Which records of a partition belong to transactions that are still open.

use crate::fact::{DeadLetter, MarkerKind, Run, RunKind};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Open transactions by producer id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Transactions {
    pub(crate) open: BTreeMap<i64, Open>,
    /// The first end each producer's transaction meets in a read that began behind the log start: it also
    /// ends what an earlier part of the log holds of it.
    pub(crate) first_ends: BTreeMap<i64, bool>,
}

/// What one producer has written in a transaction that has no end yet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Open {
    /// Its runs, as they will be if the transaction commits.
    pub(crate) runs: Vec<Run>,
    /// Dead letters written in it: they count only if it commits (R17).
    pub(crate) stations: Vec<DeadLetter>,
}

impl Transactions {
    /// Takes a run of a transactional batch and gives it back as it stands until the end marker.
    pub(crate) fn wrote(&mut self, producer_id: i64, run: Run) -> Run {
        let open = self.open.entry(producer_id).or_default();
        match open.runs.last_mut() {
            Some(last) if last.to == run.from && last.kind == RunKind::Data && run.kind == RunKind::Data => {
                last.to = run.to;
                last.records += run.records;
            }
            _ => open.runs.push(run),
        }
        Run { kind: RunKind::Open { producer_id }, ..run }
    }

    /// Ends a producer's transaction: its runs as they are from now on, and the dead letters that count.
    pub(crate) fn end(&mut self, producer_id: i64, kind: MarkerKind) -> (Vec<Run>, Vec<DeadLetter>) {
        let committed = match kind {
            MarkerKind::Commit => true,
            MarkerKind::Abort => false,
            MarkerKind::Other => return (Vec::new(), Vec::new()),
        };
        self.first_ends.entry(producer_id).or_insert(committed);
        let Some(open) = self.open.remove(&producer_id) else { return (Vec::new(), Vec::new()) };
        settle(open, committed)
    }

    /// Ends all that is open, as the log below the last stable offset must have: the cleaner removed the
    /// commit marker, for it removes aborted data before their marker.
    pub(crate) fn end_below(&mut self, stable: i64) -> (Vec<Run>, Vec<DeadLetter>) {
        let mut ended = (Vec::new(), Vec::new());
        let done: Vec<i64> = self
            .open
            .iter()
            .filter(|(_, open)| open.runs.last().is_some_and(|r| r.to <= stable))
            .map(|(id, _)| *id)
            .collect();
        for id in done {
            if let Some(open) = self.open.remove(&id) {
                let (runs, stations) = settle(open, true);
                ended.0.extend(runs);
                ended.1.extend(stations);
            }
        }
        ended
    }
}

pub(crate) fn settle(open: Open, committed: bool) -> (Vec<Run>, Vec<DeadLetter>) {
    if committed {
        return (open.runs, open.stations);
    }
    let runs = open.runs.into_iter().map(|run| match run.kind {
        RunKind::Data | RunKind::Sparse => Run { kind: RunKind::Aborted, ..run },
        RunKind::Empty | RunKind::Aborted | RunKind::Open { .. } | RunKind::Unread(_) | RunKind::Corrupt => {
            run
        }
    });
    (runs.collect(), Vec::new())
}
