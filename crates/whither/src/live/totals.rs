//! Sums over all rows, kept as rows change.

use std::collections::BTreeMap;
use std::sync::Arc;

use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Balance, Span, Time, Verdict};

use super::State;
use super::losses::KEPT;

/// What all rows come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// What the readers' counters saw, once for each group.
    pub records: u64,
    /// Records by what became of them.
    pub by: BTreeMap<Outcome, u64>,
    /// What the counters saw less what the verdicts say: zero, always.
    pub residual: i128,
}

impl Totals {
    /// Adds a row.
    pub fn add(&mut self, row: &Balance) {
        self.records = self.records.saturating_add(row.records);
        self.residual += row.residual();
        for s in &row.stretches {
            let sum = self.by.entry(s.outcome).or_default();
            *sum = sum.saturating_add(s.records);
        }
    }

    /// Takes a row out that was added before.
    pub(super) fn take_out(&mut self, row: &Balance) {
        self.records = self.records.saturating_sub(row.records);
        self.residual -= row.residual();
        for s in &row.stretches {
            let sum = self.by.entry(s.outcome).or_default();
            *sum = sum.saturating_sub(s.records);
        }
        self.by.retain(|_, records| *records > 0);
    }

    /// Records that are counted as lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.by.iter().filter(|(outcome, _)| outcome.is_loss()).map(|(_, records)| records).sum()
    }
}

/// Records lost, by when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lost {
    /// In the last hour.
    pub last_hour: u64,
    /// In the last 24 hours.
    pub last_day: u64,
    /// Since whither knows the cluster.
    pub all: u64,
}

impl Lost {
    /// As the findings tell it.
    #[must_use]
    pub fn of(state: &State) -> Lost {
        let last = |span: Span| state.losses.since(Time(state.at.0.saturating_sub(span.0)));
        Lost { last_hour: last(Span::hours(1)), last_day: last(KEPT), all: state.losses.all() }
    }

    /// Of one group.
    #[must_use]
    pub fn for_group(state: &State, group: &str) -> u64 {
        let of_group = |v: &&Arc<Verdict>| v.group.as_deref() == Some(group);
        let losses = state.findings.values().filter(|v| v.shown_as == ShownAs::Loss);
        losses.filter(of_group).map(|v| v.records).sum()
    }
}
