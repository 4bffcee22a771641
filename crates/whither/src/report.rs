//! What a run has to tell: plain data, rendered by `cli`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use whither_core::verdict::Cause;
use whither_core::{Balance, Name, Offset, Partition, Time, Verdict};

use crate::run::Said;

/// The outcome of one look at a cluster.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The cluster's id.
    pub cluster: String,
    /// When the look was finished.
    pub at: Time,
    /// From when on the commit history is complete, where any of it is.
    pub complete_since: Option<Time>,
    /// How many brokers the cluster has.
    pub brokers: usize,
    /// How many topics were looked at.
    pub topics: usize,
    /// How many groups were found.
    pub groups: usize,
    /// Data records that the readers counted.
    pub records_read: u64,
    /// Rows, by group and partition.
    pub balance: Vec<Arc<Balance>>,
    /// Findings: worst first.
    pub findings: Vec<Verdict>,
    /// What could not be seen, and what that hides.
    pub not_seen: Vec<NotSeen>,
    /// What was asked for by name and is not there, each with what to do.
    pub in_vain: Vec<String>,
    /// Groups that were filtered for, if any.
    pub only_group: Option<Name>,
}

impl Report {
    /// A report about `about`, with the rows and findings of what was said: worst first, and among equals the
    /// surest and largest.
    #[must_use]
    pub fn from_said(about: Report, said: &Said) -> Report {
        let rows = said.balance.values().filter(|row| about.asks(Some(&row.group))).cloned().collect();
        let told = |v: &&Verdict| about.asks(v.group.as_ref()) && holds(v, &said.balance);
        let findings = said.findings.values().filter(told).cloned().collect();
        about.with(rows, findings)
    }

    /// The same where nothing more will be said: nothing is copied.
    #[must_use]
    pub fn of_all_said(about: Report, said: Said) -> Report {
        let told = |v: &Verdict| about.asks(v.group.as_ref()) && holds(v, &said.balance);
        let findings = said.findings.into_values().filter(told).collect();
        let rows = said.balance.into_values().filter(|row| about.asks(Some(&row.group))).collect();
        about.with(rows, findings)
    }

    fn asks(&self, group: Option<&Name>) -> bool {
        match (&self.only_group, group) {
            (Some(only), Some(group)) => only == group,
            (None, _) | (_, None) => true,
        }
    }

    /// The report with these rows and findings, worst first.
    #[must_use]
    pub fn with(self, balance: Vec<Arc<Balance>>, mut findings: Vec<Verdict>) -> Report {
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
        Report { balance, findings, ..self }
    }
}

/// A risk is of the position it was told for: a group that has moved on since is not at that risk any more.
fn holds(v: &Verdict, rows: &BTreeMap<(Name, Partition), Arc<Balance>>) -> bool {
    holds_for(v, |of| rows.get(of).map(|row| row.committed))
}

/// The same by what groups have committed; none where a group has no row.
pub(crate) fn holds_for(
    v: &Verdict,
    committed: impl FnOnce(&(Name, Partition)) -> Option<Option<Offset>>,
) -> bool {
    let Some(group) = v.group.as_ref().filter(|_| v.cause == Cause::Lagging) else { return true };
    committed(&(group.clone(), v.partition.clone())).is_none_or(|committed| committed == Some(v.from))
}

fn rank(v: &Verdict) -> impl Ord {
    (v.shown_as, Reverse((v.certainty, v.records)), &v.partition, &v.group, v.from, v.id)
}

/// Something that could not be seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NotSeen {
    /// What: `topic configuration`, `records of topic payroll`, ….
    pub what: String,
    /// Why: the right or answer that is missing.
    pub why: String,
    /// What that means for the verdicts.
    pub so: String,
    /// Whether a verdict may be missing because of it: then the answer is "could not tell" (exit 5).
    pub hides_verdicts: bool,
}
