//! One object a line, each with its `type`: rows, findings, what was not seen, and last a summary. A stream that
//! does not end with a summary was cut off.

use std::io::{self, Write};

use serde::Serialize;
use whither_core::verdict::ShownAs;

use super::check::{Finding, NotSeenItem, Row, Times};
use crate::cli::Exit;
use crate::prose::Scene;
use crate::report::Report;

/// A line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line<'a> {
    /// A row of the balance.
    Balance(Row<'a>),
    /// A finding; those shown as loss are the drops.
    Finding(Box<Finding<'a>>),
    /// Something that could not be seen.
    NotSeen(NotSeenItem<'a>),
    /// The end of one look at the cluster.
    Summary(Summary<'a>),
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
        line(&Line::Balance(Row::of(row, &report.cluster)), out)?;
    }
    for v in &report.findings {
        line(&Line::Finding(Box::new(Finding::of(v, report, &scene))), out)?;
    }
    for n in &report.not_seen {
        line(&Line::NotSeen(NotSeenItem::of(n)), out)?;
    }
    line(&Line::Summary(summary(report)), out)
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

fn line(line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
