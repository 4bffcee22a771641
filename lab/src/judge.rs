//! Compares what `whither check` said, or what `whither serve` answers, with what the recipes know.
//!
//! The JSON is that of the interface: `check {balance, findings, ...}`; unknown fields are ignored, so that it
//! may grow.

use serde::{Deserialize, Serialize};

use crate::truth::{Certainty, Count, Expected, Fault, Truth};

/// What `whither check --format json` printed, or a server answered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Check {
    /// One row per group and partition.
    #[serde(default)]
    pub balance: Vec<BalanceRow>,
    /// Everything worth saying.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// A row of the balance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BalanceRow {
    /// The group.
    pub group: String,
    /// The topic's name.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Records minus verdicts; has to be 0.
    pub residual: i64,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Finding {
    /// What it is known by for as long as it grows.
    #[serde(default)]
    pub id: String,
    /// loss, risk, stuck, dead, dormant, note.
    pub shown_as: String,
    /// The group, if it belongs to one.
    pub group: Option<String>,
    /// The topic's name.
    pub topic: String,
    /// Its partition; some findings are about a whole topic or group.
    pub partition: Option<i32>,
    /// First offset.
    pub from: Option<i64>,
    /// Last offset + 1.
    pub to: Option<i64>,
    /// How many records.
    pub records: Option<i64>,
    /// Whether that is an upper bound.
    #[serde(default)]
    pub at_most: bool,
    /// Verdict id.
    pub verdict: Option<String>,
    /// How surely.
    pub certainty: Certainty,
    /// Cause id.
    pub cause: Option<String>,
    /// How surely.
    pub cause_certainty: Option<Certainty>,
}

/// How one truth fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// What was true.
    pub truth: Truth,
    /// What came of it.
    pub outcome: Outcome,
}

/// The judgement's two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Of a fault.
    Fault(FaultOutcome),
    /// Of a healthy oddity: the false alarms.
    Healthy(Vec<String>),
}

/// How a fault was told. `None`: not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultOutcome {
    /// A finding of this verdict or cause is there for this group and partition.
    pub found: bool,
    /// It has the right cause.
    pub cause_right: bool,
    /// It has the right range.
    pub range_right: Option<bool>,
    /// It has the right count, or says `at_most` with a count that covers it.
    pub count_right: Option<bool>,
    /// The certainty that was said.
    pub certainty: Option<Certainty>,
    /// The cause's certainty that was said.
    pub cause_certainty: Option<Certainty>,
    /// Neither is more than allowed.
    pub within_ceiling: bool,
}

impl Judgement {
    /// Whether there is nothing to complain about.
    pub fn passed(&self) -> bool {
        match (&self.outcome, &self.truth.expected) {
            (Outcome::Fault(told), Expected::Fault(fault)) if !told.found => !fault.required,
            (Outcome::Fault(told), _) => {
                told.cause_right
                    && told.range_right != Some(false)
                    && told.count_right != Some(false)
                    && told.within_ceiling
            }
            (Outcome::Healthy(alarms), _) => alarms.is_empty(),
        }
    }

    /// Whether the fault was told, and told right.
    pub fn tells(&self) -> bool {
        matches!(&self.outcome, Outcome::Fault(told) if told.found) && self.passed()
    }

    /// The false alarms.
    pub fn alarms(&self) -> &[String] {
        match &self.outcome {
            Outcome::Fault(_) => &[],
            Outcome::Healthy(alarms) => alarms,
        }
    }
}

/// Judges every truth by one run.
pub fn judge(truths: &[Truth], check: &Check) -> Vec<Judgement> {
    truths
        .iter()
        .map(|truth| {
            let outcome = match &truth.expected {
                Expected::Fault(fault) => Outcome::Fault(judge_fault(truth, fault, check)),
                Expected::Healthy { never_shown_as } => {
                    Outcome::Healthy(false_alarms(truth, never_shown_as, truths, check))
                }
            };
            Judgement { truth: truth.clone(), outcome }
        })
        .collect()
}

/// Rows that do not add up, as text.
pub fn residuals(check: &Check) -> Vec<String> {
    let rows = check.balance.iter().filter(|row| row.residual != 0);
    rows.map(|row| format!("{} {}/{}: residual {}", row.group, row.topic, row.partition, row.residual))
        .collect()
}

/// Losses that no truth speaks of, as text.
pub fn strays(truths: &[Truth], check: &Check) -> Vec<String> {
    let losses = check.findings.iter().filter(|finding| finding.shown_as == "loss");
    losses.filter(|loss| !truths.iter().any(|truth| concerns(truth, loss))).map(describe).collect()
}

/// Same place; a truth without a group or partition is about all of them.
fn concerns(truth: &Truth, finding: &Finding) -> bool {
    let same_group = truth.group.is_none() || truth.group == finding.group;
    let same_partition =
        truth.partition.is_none() || finding.partition.is_none() || truth.partition == finding.partition;
    truth.topic == finding.topic && same_group && same_partition
}

fn judge_fault(truth: &Truth, fault: &Fault, check: &Check) -> FaultOutcome {
    let here: Vec<_> = check.findings.iter().filter(|finding| concerns(truth, finding)).collect();
    let by_cause =
        |finding: &&&Finding| finding.cause.as_deref() == Some(&fault.cause) && overlaps(fault, finding);
    let by_verdict = |finding: &&&Finding| {
        fault.verdict.is_some() && finding.verdict == fault.verdict && overlaps(fault, finding)
    };
    let mut told: Vec<_> = here.iter().filter(by_cause).copied().collect();
    let cause_right = !told.is_empty();
    if told.is_empty() {
        told = here.iter().filter(by_verdict).copied().collect();
    }
    let certainty = told.iter().map(|finding| finding.certainty).max();
    let cause_certainty = told.iter().filter_map(|finding| finding.cause_certainty).max();
    FaultOutcome {
        found: !told.is_empty(),
        cause_right,
        range_right: judge_range(fault, &told),
        count_right: judge_count(fault, &told),
        certainty,
        cause_certainty,
        within_ceiling: certainty <= Some(fault.certainty_at_most)
            && cause_certainty <= Some(fault.cause_certainty_at_most)
            && told.iter().all(|finding| shown_right(fault, finding)),
    }
}

/// A loss where only a note is due says too much, however sure it is.
fn shown_right(fault: &Fault, finding: &Finding) -> bool {
    fault.shown_as.as_ref().is_none_or(|shown_as| *shown_as == finding.shown_as)
}

fn overlaps(fault: &Fault, finding: &Finding) -> bool {
    let begins = fault.from.unwrap_or(i64::MIN);
    let ends = fault.to.unwrap_or(i64::MAX);
    finding.from.unwrap_or(i64::MIN) < ends && finding.to.unwrap_or(i64::MAX) > begins
}

/// Several findings may share the range between them.
fn judge_range(fault: &Fault, told: &[&Finding]) -> Option<bool> {
    if told.is_empty() || fault.from.is_none() {
        return None;
    }
    let from = told.iter().filter_map(|finding| finding.from).min();
    let to = told.iter().filter_map(|finding| finding.to).max();
    Some(from == fault.from && (fault.to.is_none() || to == fault.to))
}

fn judge_count(fault: &Fault, told: &[&Finding]) -> Option<bool> {
    if told.is_empty() {
        return None;
    }
    let records: i64 = told.iter().filter_map(|finding| finding.records).sum();
    let at_most = told.iter().any(|finding| finding.at_most);
    match fault.records {
        Count::Exact(exact) => Some(records == exact && !at_most),
        Count::AtMost(most) => Some(records == most && at_most),
        Count::Within(count) => Some(records == count),
        Count::Unknown => None,
    }
}

/// A fault's truth at the same place explains an alarm.
fn false_alarms(truth: &Truth, never_shown_as: &[String], all: &[Truth], check: &Check) -> Vec<String> {
    let explained = |finding: &Finding| {
        all.iter().any(|other| match &other.expected {
            Expected::Fault(fault) => {
                concerns(other, finding)
                    && fault.shown_as.as_ref() == Some(&finding.shown_as)
                    && overlaps(fault, finding)
            }
            Expected::Healthy { .. } => false,
        })
    };
    let alarms = check.findings.iter().filter(|finding| {
        concerns(truth, finding) && never_shown_as.contains(&finding.shown_as) && !explained(finding)
    });
    alarms.map(describe).collect()
}

pub(crate) fn describe(finding: &Finding) -> String {
    let offset = |offset: Option<i64>| offset.map_or_else(|| "?".to_owned(), |offset| offset.to_string());
    format!(
        "{} {} of {}/{} [{}..{}) for {}",
        finding.shown_as,
        finding.cause.as_deref().unwrap_or("without a cause"),
        finding.topic,
        finding.partition.map_or_else(|| "?".to_owned(), |partition| partition.to_string()),
        offset(finding.from),
        offset(finding.to),
        finding.group.as_deref().unwrap_or("no group"),
    )
}

#[cfg(test)]
mod tests;
