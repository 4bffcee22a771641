//! What a run has to tell: plain data, rendered by `cli`.

use whither_core::{Balance, Name, Time, Verdict};

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
    pub balance: Vec<Balance>,
    /// Findings: worst first.
    pub findings: Vec<Verdict>,
    /// What could not be seen, and what that hides.
    pub not_seen: Vec<NotSeen>,
    /// Groups that were filtered for, if any.
    pub only_group: Option<Name>,
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

/// Findings in the order people need them: what is lost first, then what will be; larger before smaller.
#[must_use]
pub fn worst_first(mut findings: Vec<Verdict>) -> Vec<Verdict> {
    findings.sort_by(|a, b| {
        (a.shown_as, std::cmp::Reverse(a.records), &a.partition, &a.group, a.from, a.id).cmp(&(
            b.shown_as,
            std::cmp::Reverse(b.records),
            &b.partition,
            &b.group,
            b.from,
            b.id,
        ))
    });
    findings
}
