//! A report as the compact text that stands beside a story.

use std::fmt::{self, Write};

use whither::report::Report;
use whither_core::verdict::Stretch;
use whither_core::{Balance, Verdict};

/// Rows of the balance, then findings, worst first.
pub(crate) fn render(report: &Report) -> String {
    let mut text = String::from("balance\n");
    for row in &report.balance {
        balance(&mut text, row).unwrap();
    }
    text.push_str("findings\n");
    for finding in &report.findings {
        verdict(&mut text, finding).unwrap();
    }
    text
}

fn balance(text: &mut String, row: &Balance) -> fmt::Result {
    let Balance { group, partition, from, to, records, at_most, stretches, dormant, .. } = row;
    let dormant = if *dormant { "  dormant" } else { "" };
    writeln!(
        text,
        "  {group}  {}/{} [{from}..{to})  {}{records} records  residual {}{dormant}",
        partition.topic,
        partition.index,
        most(*at_most),
        row.residual(),
    )?;
    for stretch in stretches {
        let Stretch { from, to, records, at_most, outcome, certainty, cause } = stretch;
        let cause = cause.map_or(String::new(), |c| format!("  ({})", c.id()));
        writeln!(
            text,
            "    [{from}..{to})  {}{records} {} {}{cause}",
            most(*at_most),
            outcome.word(),
            certainty.word()
        )?;
    }
    Ok(())
}

fn verdict(text: &mut String, v: &Verdict) -> fmt::Result {
    let mut flags = String::new();
    for (on, flag) in [(v.recoverable, "  recoverable"), (v.duplicate, "  duplicate")] {
        if on {
            flags.push_str(flag);
        }
    }
    writeln!(
        text,
        "  {}  {}  {}/{} [{}..{})  {}{} {} {}  {} {}{flags}",
        v.shown_as.word(),
        v.group.as_deref().unwrap_or("everyone"),
        v.partition.topic,
        v.partition.index,
        v.from,
        v.to,
        most(v.at_most),
        v.records,
        v.outcome.word(),
        v.certainty.word(),
        v.cause.id(),
        v.cause_certainty.word(),
    )
}

fn most(at_most: bool) -> &'static str {
    if at_most { "at most " } else { "" }
}
