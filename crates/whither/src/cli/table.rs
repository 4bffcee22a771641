//! A report for people: the balance by group, what was found, worst first, and what was not seen.
//!
//! Nothing is told by colour alone. Times are UTC and say so. On a terminal lines fit its width; elsewhere they
//! are never cut.

mod balance;
mod findings;
mod grid;
mod layout;

use std::io::{self, Write};

use whither_core::verdict::{Outcome, ShownAs};

use super::Exit;
use super::exit::unread_ahead;
use super::paint::Paint;
use crate::prose::{Scene, words};
use crate::report::{NotSeen, Report};

pub(crate) use balance::{Tally, print as tallies};
pub(crate) use grid::{Cell, Column, Hue, grid};
pub(crate) use layout::{block, wrap};

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Detail {
    /// Losses only.
    Quiet,
    /// Everything, alike findings folded.
    #[default]
    Normal,
    /// Every finding with its evidence, and a row for each partition.
    Verbose,
}

/// Writes a report as text.
///
/// # Errors
/// What the writer fails with.
pub fn write(report: &Report, detail: Detail, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let scene = Scene::of(report);
    if detail == Detail::Quiet {
        return findings::losses(report, &scene, paint, out);
    }
    paragraph(&header(report), paint, out)?;
    writeln!(out)?;
    if !report.balance.is_empty() {
        balance::write(&report.balance, detail, paint, out)?;
        writeln!(out)?;
    }
    findings::write(report, &scene, detail, paint, out)?;
    not_seen(&report.not_seen, paint, out)?;
    paragraph(&conclusion(report), paint, out)
}

/// Writes what could not be seen.
pub(crate) fn not_seen(entries: &[NotSeen], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    entries.iter().try_for_each(|n| {
        let text = format!("{} ({}): {}", words::name(&n.what), words::name(&n.why), words::name(&n.so));
        block("not seen:", &text, None, paint, out)
    })
}

fn paragraph(text: &str, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    wrap(text, paint.width).iter().try_for_each(|line| writeln!(out, "{}", paint.bold(line)))
}

/// The lines of the balance alone, none wider than there is room.
pub(crate) fn rows(report: &Report, paint: Paint) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    balance::write(&report.balance, Detail::Normal, paint, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().map(|line| layout::clip(line, paint.width)).collect())
}

/// `orders-prod · 3 brokers · 24 topics · 11 groups · 41,203,118 records read, history complete since 09:12:00Z`.
fn header(r: &Report) -> String {
    let some = |n: usize, one: &str| {
        let s = if n == 1 { "" } else { "s" };
        format!("{} {one}{s}", words::count(n as u64))
    };
    let history = match r.complete_since.and_then(|since| words::moment(since, r.at)) {
        Some(since) => format!("commit history complete since {since}"),
        None => "no complete commit history".to_owned(),
    };
    format!(
        "{} · {} · {} · {} · {} read, {history}",
        words::name(&r.cluster),
        some(r.brokers, "broker"),
        some(r.topics, "topic"),
        some(r.groups, "group"),
        words::records(r.records_read)
    )
}

/// The answer in one line.
fn conclusion(r: &Report) -> String {
    let wrong = r.balance.iter().filter(|b| b.residual() != 0).count();
    let losses = || r.findings.iter().filter(|v| v.shown_as == ShownAs::Loss);
    match Exit::of(r) {
        Exit::Internal => {
            format!(
                "internal error: {wrong} rows do not add up; please report it with `whither check --record FILE`"
            )
        }
        Exit::BadNews => {
            let bound = if losses().any(|v| v.at_most) { "at most " } else { "" };
            let lost: u64 = losses().map(|v| v.records).fold(0, u64::saturating_add);
            let (n, s) = (losses().count(), if losses().count() == 1 { "" } else { "s" });
            format!("lost: {bound}{} in {n} range{s}", words::records(lost))
        }
        Exit::CouldNotTell => {
            let ahead = r.balance.iter().filter(|b| unread_ahead(b)).count();
            let unread = match ahead {
                0 => String::new(),
                1 => "; 1 row has unread records ahead of the group's position (--all reads everything)"
                    .to_owned(),
                n => format!(
                    "; {n} rows have unread records ahead of the group's position (--all reads everything)"
                ),
            };
            format!("could not tell: no loss found, but what was not seen may hide one{unread}")
        }
        _ if r.balance.is_empty() => "nothing to judge: no group has a position".to_owned(),
        _ => accounted_for(r),
    }
}

fn accounted_for(r: &Report) -> String {
    let all: u64 = r.balance.iter().map(|b| b.records).fold(0, u64::saturating_add);
    let unread = r.balance.iter().map(|b| b.count(Outcome::Unread)).fold(0, u64::saturating_add);
    let (rows, s) = (words::count(r.balance.len() as u64), if r.balance.len() == 1 { "" } else { "s" });
    let read = match unread {
        0 => String::new(),
        n => format!("; {} that groups had passed were left unread", words::records(n)),
    };
    format!("nothing lost: {} in {rows} row{s} are accounted for{read}", words::records(all))
}
