//! The balance by group.

use std::collections::BTreeMap;
use std::io::{self, Write};

use whither_core::Balance;
use whither_core::verdict::Outcome;

use super::Detail;
use super::layout::cut;
use crate::cli::paint::Paint;
use crate::prose::words;

/// With more rows than this, partitions are left to JSON and to filters.
const PARTITION_ROWS: usize = 500;

const COLUMNS: [&str; 11] = [
    "RECORDS",
    "DELIVERED",
    "IN FLIGHT",
    "DEAD",
    "ABORTED",
    "LOST",
    "UNREAD",
    "FILTERED",
    "SUPERSEDED",
    "BEFORE START",
    "UNKNOWN",
];
const RECORDS: usize = 0;
const LOST: usize = 5;
/// Columns up to here always stand; the others only where they count something.
const ALWAYS: usize = 7;

/// The column in which an outcome is counted.
const fn column(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Delivered => 1,
        Outcome::InFlight => 2,
        Outcome::DeadLettered => 3,
        Outcome::Aborted => 4,
        Outcome::Expired
        | Outcome::Deleted
        | Outcome::Truncated
        | Outcome::Skipped
        | Outcome::Failed
        | Outcome::NotProduced
        | Outcome::LostAtDeadLetter => LOST,
        Outcome::Unread => 6,
        Outcome::Filtered => 7,
        Outcome::Superseded => 8,
        Outcome::BeforeStart => 9,
        Outcome::Unknown => 10,
    }
}

#[derive(Clone, Copy, Default)]
struct Tally {
    counts: [u64; COLUMNS.len()],
    at_most: [bool; COLUMNS.len()],
    residual: i128,
    in_use: bool,
}

impl Tally {
    fn add(&mut self, b: &Balance) {
        self.put(RECORDS, b.records, b.at_most);
        for s in &b.stretches {
            let bound = s.at_most && column(s.outcome) == LOST;
            self.put(column(s.outcome), s.records, bound);
        }
        // Rows that are wrong in opposite ways must not make a sum that is right.
        self.residual += b.residual().abs();
        self.in_use |= !b.dormant;
    }

    fn put(&mut self, column: usize, n: u64, at_most: bool) {
        if let (Some(count), Some(bound)) = (self.counts.get_mut(column), self.at_most.get_mut(column)) {
            *count = count.saturating_add(n);
            *bound |= at_most && n > 0;
        }
    }

    fn cell(&self, column: usize) -> String {
        let n = self.counts.get(column).copied().unwrap_or(0);
        let bound = if self.at_most.get(column) == Some(&true) { "≤" } else { "" };
        format!("{bound}{}", words::count(n))
    }

    fn verdict(&self) -> String {
        if self.residual == 0 {
            "adds up".to_owned()
        } else {
            format!("DOES NOT ADD UP BY {}", self.residual)
        }
    }
}

/// Writes the rows; groups that are dormant stand only in full detail.
pub(super) fn write(rows: &[Balance], detail: Detail, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let mut groups: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in rows {
        match groups.get_mut(&*row.group) {
            Some(tally) => tally.add(row),
            None => groups.entry(&row.group).or_default().add(row),
        }
    }
    let verbose = detail == Detail::Verbose;
    let mut lines: Vec<(String, Tally)> = Vec::new();
    let each = verbose && rows.len() <= PARTITION_ROWS;
    for (group, tally) in groups.into_iter().filter(|(_, t)| t.in_use || verbose || t.residual != 0) {
        lines.push((words::name(group), tally));
        for row in rows.iter().filter(|r| each && *r.group == *group) {
            let mut tally = Tally::default();
            tally.add(row);
            lines.push((format!("  {}", words::partition(&row.partition)), tally));
        }
    }
    print(&lines, paint, out)
}

fn print(lines: &[(String, Tally)], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let counts_any = |c: usize| lines.iter().any(|(_, t)| t.counts.get(c).is_some_and(|n| *n > 0));
    let shown: Vec<usize> = (0..COLUMNS.len()).filter(|c| *c < ALWAYS || counts_any(*c)).collect();
    let title = |c: usize| COLUMNS.get(c).copied().unwrap_or_default();
    let width_of = |c: usize| {
        let widest = lines.iter().map(|(_, t)| t.cell(c).chars().count()).max().unwrap_or(0);
        widest.max(title(c).len())
    };
    let widths: Vec<usize> = shown.iter().map(|c| width_of(*c)).collect();
    let figures: usize = widths.iter().map(|w| w + 2).sum::<usize>() + "  adds up".len();
    let longest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("GROUP".len());
    let room = paint.width.map_or(longest, |w| w.saturating_sub(figures).clamp(8, longest.max(8)));
    let mut head = format!("{:room$}", "GROUP");
    for (c, width) in shown.iter().zip(&widths) {
        head.push_str(&format!("  {:>width$}", title(*c)));
    }
    writeln!(out, "{}", paint.dim(&head))?;
    for (name, tally) in lines {
        write!(out, "{:room$}", cut(name, room))?;
        for (c, width) in shown.iter().zip(&widths) {
            let cell = format!("{:>width$}", tally.cell(*c));
            let lost = *c == LOST && tally.counts.get(LOST).is_some_and(|n| *n > 0);
            write!(out, "  {}", if lost { paint.bad(&cell) } else { cell })?;
        }
        let verdict = tally.verdict();
        writeln!(out, "  {}", if tally.residual == 0 { paint.dim(&verdict) } else { paint.bad(&verdict) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, LOST, column};
    use whither_core::verdict::Outcome;

    #[test]
    fn every_loss_is_counted_as_lost_and_nothing_else_is() {
        for outcome in Outcome::ALL {
            assert_eq!(column(outcome) == LOST, outcome.is_loss(), "{outcome:?}");
            assert!(column(outcome) > 0 && column(outcome) < COLUMNS.len());
        }
    }
}
