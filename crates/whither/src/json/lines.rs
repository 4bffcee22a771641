//! One object a line, each with its `type`: rows, findings, what was not seen, and last a summary. A stream that
//! does not end with a summary was cut off.

use std::io::{self, Write};

use serde::Serialize;
use whither_core::verdict::ShownAs;

use super::check::{Finding, NotSeenItem, Row, Times};
use crate::cli::Exit;
use crate::prose::Scene;
use crate::report::{NotSeen, Report};

/// What a line tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A row of the balance.
    Balance,
    /// A finding; those shown as loss are the drops.
    Finding,
    /// One message's journey.
    Where,
    /// What a record's headers say of its trace.
    TraceContext,
    /// A group's position.
    Offset,
    /// A partition in which a group had no position yet.
    Later,
    /// How far a group is behind in a partition.
    Lag,
    /// A group.
    Group,
    /// A topic.
    Topic,
    /// A record that could not be processed.
    DeadLetter,
    /// What whither sees of something.
    Check,
    /// Something that could not be seen.
    NotSeen,
    /// What the whole answer comes to.
    Summary,
}

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: Kind,
    #[serde(flatten)]
    value: &'a T,
}

/// Writes one line.
///
/// # Errors
/// What the writer fails with.
pub fn line<T: Serialize>(kind: Kind, value: &T, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line { r#type: kind, value })?;
    out.write_all(b"\n")
}

/// What one look at the cluster came to.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    cluster: &'a str,
    at: Times,
    complete_since: Times,
    brokers: usize,
    topics: usize,
    groups: usize,
    records_read: u64,
    rows: usize,
    findings: Counts,
    exit: u8,
}

/// Findings by how they are shown.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the words are those of shown_as")]
pub struct Counts {
    pub loss: usize,
    pub risk: usize,
    pub stuck: usize,
    pub dead: usize,
    pub dormant: usize,
    pub note: usize,
}

impl Counts {
    /// The counts of a report.
    #[must_use]
    pub fn of(report: &Report) -> Counts {
        let mut counts = Counts::default();
        for v in &report.findings {
            let n = match v.shown_as {
                ShownAs::Loss => &mut counts.loss,
                ShownAs::Risk => &mut counts.risk,
                ShownAs::Stuck => &mut counts.stuck,
                ShownAs::Dead => &mut counts.dead,
                ShownAs::Dormant => &mut counts.dormant,
                ShownAs::Note => &mut counts.note,
            };
            *n += 1;
        }
        counts
    }
}

/// Writes a report as lines.
///
/// # Errors
/// What the writer fails with.
pub fn lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let scene = Scene::of(report);
    for row in &report.balance {
        line(Kind::Balance, &Row::of(row, &report.cluster), out)?;
    }
    for v in &report.findings {
        line(Kind::Finding, &Finding::of(v, report, &scene), out)?;
    }
    not_seen(&report.not_seen, out)?;
    line(Kind::Summary, &summary(report), out)
}

/// Writes what could not be seen as lines.
///
/// # Errors
/// What the writer fails with.
pub fn not_seen(entries: &[NotSeen], out: &mut impl Write) -> io::Result<()> {
    entries.iter().try_for_each(|n| line(Kind::NotSeen, &NotSeenItem::of(n), out))
}

fn summary(report: &Report) -> Summary<'_> {
    Summary {
        cluster: &report.cluster,
        at: report.at.into(),
        complete_since: report.complete_since.into(),
        brokers: report.brokers,
        topics: report.topics,
        groups: report.groups,
        records_read: report.records_read,
        rows: report.balance.len(),
        findings: Counts::of(report),
        exit: Exit::of(report).code(),
    }
}
