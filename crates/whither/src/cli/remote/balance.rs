//! `whither balance`: what became of every record.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Deserialize;
use whither_core::verdict::Outcome;

use super::args::{Balance, By};
use super::client::Query;
use super::list::{self, List, Told};
use super::status::Status;
use super::words::outcome;
use crate::cli::Exit;
use crate::cli::args::Format;
use crate::cli::output::Output;
use crate::cli::table::{self, Detail, Tally, wrap};
use crate::json::Kind;
use crate::prose::words;

/// `whither balance`.
pub(in crate::cli) fn balance(asked: &Balance, output: Output) -> Exit {
    let in_short = output.format == Format::Table && output.detail != Detail::Verbose;
    let rows = Rows { asked, by: asked.by.or(in_short.then_some(By::Group)) };
    list::answer(&rows, &asked.server, asked.watch, output)
}

struct Rows<'a> {
    asked: &'a Balance,
    by: Option<By>,
}

/// A row of a partition, or a sum of rows.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    group: Option<String>,
    topic: Option<String>,
    partition: Option<i32>,
    records: u64,
    #[serde(default)]
    at_most: bool,
    verdicts: BTreeMap<String, u64>,
    residual: i64,
    #[serde(default)]
    dormant: bool,
}

impl Row {
    fn lost(&self) -> u64 {
        self.counts().filter(|(outcome, _)| outcome.is_loss()).map(|(_, n)| n).fold(0, u64::saturating_add)
    }

    fn counts(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.verdicts.iter().map(|(word, n)| (outcome(word), *n))
    }

    fn line(&self) -> (String, Tally) {
        let names = [&self.group, &self.topic].into_iter().flatten().map(|n| words::name(n));
        let name = names.collect::<Vec<_>>().join(" ");
        let name = match self.partition {
            Some(partition) => format!("{name}/{partition}"),
            None => name,
        };
        let residual = i128::from(self.residual).abs();
        (name, Tally::of((self.records, self.at_most), self.counts(), residual, !self.dormant))
    }
}

impl List for Rows<'_> {
    type Item = Row;
    const KIND: Kind = Kind::Balance;

    fn path(&self) -> String {
        "/balance".to_owned()
    }

    fn query(&self) -> Query {
        let mut query = list::place(&self.asked.place);
        query.extend(list::each("verdict", self.asked.verdicts.verdict.iter()));
        let by = self.by.map(|by| if by == By::Group { "group" } else { "topic" });
        query.extend(by.map(|by| ("by", by.to_owned())));
        query
    }

    fn exit(&self, items: &[Row], _: &Status) -> Exit {
        if items.iter().any(|row| row.residual != 0) { Exit::Internal } else { Exit::Fine }
    }

    fn table(&self, told: Told<'_, Row>, output: Output, out: &mut impl Write) -> io::Result<()> {
        let all = output.detail == Detail::Verbose;
        let shown = told.items.iter().filter(|row| all || !row.dormant || row.residual != 0);
        let lines: Vec<(String, Tally)> = shown.map(Row::line).collect();
        if !lines.is_empty() {
            let named = if self.by == Some(By::Topic) { "TOPIC" } else { "GROUP" };
            table::tallies(named, &lines, output.paint, out)?;
        }
        let conclusion = conclusion(told.items, told.items.len() - lines.len());
        wrap(&conclusion, output.paint.width)
            .iter()
            .try_for_each(|line| writeln!(out, "{}", output.paint.bold(line)))
    }
}

fn conclusion(rows: &[Row], dormant: usize) -> String {
    if rows.is_empty() {
        return "nothing to tell: no group has a position here".to_owned();
    }
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    let (records, lost) = (words::records(sum(|row| row.records)), sum(Row::lost));
    let bound = if rows.iter().any(|row| row.at_most && row.lost() > 0) { "at most " } else { "" };
    let wrong = rows.iter().filter(|row| row.residual != 0).count();
    let told = match (wrong, lost) {
        (0, 0) => format!("nothing lost: {records} are accounted for"),
        (0, lost) => {
            format!("lost: {bound}{} of {records}; `whither drops` tells where and why", words::count(lost))
        }
        (wrong, _) => format!("internal error: {wrong} rows do not add up"),
    };
    match dormant {
        0 => told,
        n => format!("{told} ({n} dormant rows are counted; -v shows them)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Paint;

    const ROWS: &str = r#"[
        {"group":"billing","topic":null,"rows":3,"records":1204,"at_most":true,"verdicts":{"delivered":1000,"expired":200,"in_flight":4},"residual":0,"dormant":false,"findings":{"loss":1,"risk":0,"stuck":0,"dead":0,"note":0}},
        {"group":"old","topic":null,"rows":1,"records":5,"at_most":false,"verdicts":{"in_flight":5},"residual":0,"dormant":true,"findings":{"loss":0,"risk":0,"stuck":0,"dead":0,"note":0}}]"#;

    #[test]
    fn sums_stand_as_in_check_and_what_is_lost_is_concluded() {
        let items: Vec<Row> = serde_json::from_str(ROWS).unwrap();
        let lines: Vec<_> = items.iter().filter(|r| !r.dormant).map(Row::line).collect();
        let mut out = Vec::new();
        table::tallies("GROUP", &lines, Paint::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("LOST") && text.contains("≤200") && text.contains("adds up"), "{text}");
        assert_eq!(
            conclusion(&items, 1),
            "lost: at most 200 of 1,209 records; `whither drops` tells where and why (1 dormant rows are counted; -v shows them)"
        );
    }
}
