//! Findings, worst first.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use whither_core::verdict::{Cause, ShownAs};
use whither_core::{Time, Verdict};

use super::Detail;
use super::layout::{INDENT, block};
use crate::cli::paint::Paint;
use crate::prose::{self, About, Scene, words};
use crate::report::Report;

/// Findings of one label told one by one before the rest is summed up.
const SHOWN: usize = 20;
/// So many losses or risks alike are told each for itself.
const ALIKE: usize = 3;
/// Names of dormant groups told.
const NAMES: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Loss,
    Risk,
    Stuck,
    Open,
    Dead,
    Note,
    Dormant,
}

impl Label {
    fn of(v: &Verdict) -> Label {
        match (v.shown_as, v.cause) {
            (ShownAs::Loss, _) => Label::Loss,
            (ShownAs::Risk, _) => Label::Risk,
            (ShownAs::Stuck, _) => Label::Stuck,
            (ShownAs::Dead, _) => Label::Dead,
            (ShownAs::Dormant, _) => Label::Dormant,
            (ShownAs::Note, Cause::TransactionOpen) => Label::Open,
            (ShownAs::Note, _) => Label::Note,
        }
    }

    fn painted(self, paint: Paint) -> String {
        match self {
            Label::Loss => paint.bad("LOSS"),
            Label::Risk => paint.warn("RISK"),
            Label::Stuck => paint.warn("STUCK"),
            Label::Open => "OPEN".to_owned(),
            Label::Dead => paint.warn("DEAD"),
            Label::Note => paint.dim("NOTE"),
            Label::Dormant => paint.dim("DORMANT"),
        }
    }

    /// Whether each finding is told with what to do, or in one line.
    const fn at_length(self) -> bool {
        matches!(self, Label::Loss | Label::Risk | Label::Stuck)
    }
}

/// Writes every finding, alike ones folded unless in full detail.
pub(super) fn write(
    report: &Report,
    scene: &Scene<'_>,
    detail: Detail,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let verbose = detail == Detail::Verbose;
    let mut by_label: BTreeMap<Label, Vec<&Verdict>> = BTreeMap::new();
    for v in &report.findings {
        by_label.entry(Label::of(v)).or_default().push(v);
    }
    for (label, mut findings) in by_label {
        findings.sort_by_cached_key(|v| rank(label, v));
        if label == Label::Dormant && !verbose {
            continue;
        }
        let folded =
            if verbose { findings.iter().map(|v| vec![*v]).collect() } else { fold(label, &findings) };
        let shown = if verbose { folded.len() } else { SHOWN };
        for alike in folded.iter().take(shown) {
            one(label, alike, scene, verbose, paint, out)?;
        }
        rest(label, folded.get(shown..).unwrap_or_default(), paint, out)?;
    }
    dormant(report, paint, out)
}

/// Writes losses and nothing else.
pub(super) fn losses(
    report: &Report,
    scene: &Scene<'_>,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut losses: Vec<&Verdict> = report.findings.iter().filter(|v| v.shown_as == ShownAs::Loss).collect();
    losses.sort_by_cached_key(|v| rank(Label::Loss, v));
    losses.iter().try_for_each(|v| one(Label::Loss, &[v], scene, false, paint, out))
}

/// What comes soonest, then what concerns most records; the rest makes the order one and the same each time.
fn rank(label: Label, v: &Verdict) -> impl Ord + use<> {
    let soonest = if label == Label::Risk { v.until.unwrap_or(Time::MAX) } else { Time::MAX };
    let most = u64::MAX - v.records;
    (soonest, most, v.group.clone(), v.partition.clone(), v.from, v.id)
}

/// Findings that differ only in their partition, together. A few that matter stand each for itself.
fn fold<'v>(label: Label, findings: &[&'v Verdict]) -> Vec<Vec<&'v Verdict>> {
    let mut folded: Vec<Vec<&Verdict>> = Vec::new();
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    for v in findings {
        let alike = (v.cause, &v.group, &v.partition.topic);
        let place = *places.entry(alike).or_insert(folded.len());
        match folded.get_mut(place) {
            Some(together) => together.push(v),
            None => folded.push(vec![v]),
        }
    }
    let apart = |together: &Vec<&'v Verdict>| label.at_length() && together.len() <= ALIKE;
    let each = |together: Vec<&'v Verdict>| -> Vec<Vec<&'v Verdict>> {
        if apart(&together) { together.into_iter().map(|v| vec![v]).collect() } else { vec![together] }
    };
    folded.into_iter().flat_map(each).collect()
}

fn one(
    label: Label,
    alike: &[&Verdict],
    scene: &Scene<'_>,
    verbose: bool,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(v) = alike.first() else { return Ok(()) };
    let painted = label.painted(paint);
    if label.at_length() {
        let told = prose::finding(v, scene);
        block(&painted, &told.what, Some(v.certainty.word()), paint, out)?;
        block("", &told.why, Some(&format!("cause: {}", v.cause_certainty.word())), paint, out)?;
        if let Some(more) = prose::more(alike) {
            block("", &format!("and {more}"), None, paint, out)?;
        }
        next(v, scene, paint, out)?;
    } else {
        block(&painted, &prose::findings(alike, scene), Some(v.certainty.word()), paint, out)?;
        if verbose {
            next(v, scene, paint, out)?;
        }
    }
    if verbose { evidence(v, scene, paint, out) } else { Ok(()) }
}

fn next(v: &Verdict, scene: &Scene<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let next = prose::next(v, scene);
    block("", &format!("next: {}", next.text), None, paint, out)?;
    match next.command {
        // Never wrapped: it is there to be copied.
        Some(command) => writeln!(out, "{:INDENT$}-> {command}", ""),
        None => Ok(()),
    }
}

fn evidence(v: &Verdict, scene: &Scene<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let about = About::of(v);
    for e in &v.evidence {
        let at = prose::evidence_at(e).and_then(|at| words::moment(at, scene.at));
        let text = prose::evidence_text(e, &about, scene);
        let source = prose::evidence_source(e, &about);
        let when = at.unwrap_or_else(|| "-".to_owned());
        writeln!(out, "{:INDENT$}  {when:9}  {text}  {}", "", paint.dim(&format!("[{source}]")))?;
    }
    writeln!(out, "{:INDENT$}  id {:016x}, cause {}", "", v.id, v.cause.id())
}

fn rest(label: Label, rest: &[Vec<&Verdict>], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let records: u64 = rest.iter().flatten().map(|v| v.records).fold(0, u64::saturating_add);
    let n = words::count(rest.len() as u64);
    let text = format!("and {n} more, {} in them: -v tells them all", words::records(records));
    block(&label.painted(paint), &text, None, paint, out)
}

fn dormant(report: &Report, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let groups: BTreeSet<&str> = report.balance.iter().filter(|b| b.dormant).map(|b| &*b.group).collect();
    if groups.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = groups.iter().take(NAMES).map(|g| words::name(g)).collect();
    let more = groups.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {} more", words::count(more as u64)) } else { String::new() };
    let (n, s) = (words::count(groups.len() as u64), if groups.len() == 1 { "" } else { "s" });
    let text = format!("{n} group{s} without a member or a recent commit: {}{more}", named.join(", "));
    block(&Label::Dormant.painted(paint), &text, None, paint, out)
}
