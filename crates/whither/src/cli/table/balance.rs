//! The balance by group.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use whither_core::Balance;
use whither_core::verdict::Outcome;

use super::Detail;
use super::layout::{cut, wrap};
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
/// Columns up to here stand wherever there is room; the others only where they count something.
const ALWAYS: usize = 7;
/// Which columns go first where there is no room for all; LOST never does.
const LEFT_OUT: [usize; 10] = [9, 8, 7, 4, 1, RECORDS, 10, 6, 3, 2];
/// A group's name is cut to this before figures go.
const NAME: usize = 12;
/// Columns between figures.
const GAP: usize = 2;
/// What stands at the right of a row that adds up.
const VERDICT: usize = "  adds up".len();

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

/// Records by what became of them, of one row or of many.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    counts: [u64; COLUMNS.len()],
    at_most: [bool; COLUMNS.len()],
    residual: i128,
    in_use: bool,
}

impl Tally {
    /// Counts that somebody else has made. Only what is lost may be less than it says.
    pub(crate) fn of(
        (records, at_most): (u64, bool),
        counts: impl Iterator<Item = (Outcome, u64)>,
        residual: i128,
        in_use: bool,
    ) -> Tally {
        let mut tally = Tally { residual, in_use, ..Tally::default() };
        tally.put(RECORDS, records, at_most);
        for (outcome, n) in counts {
            tally.put(column(outcome), n, at_most && column(outcome) == LOST);
        }
        tally
    }

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
pub(super) fn write(
    rows: &[Arc<Balance>],
    detail: Detail,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
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
    print("GROUP", &lines, paint, out)
}

/// Writes named counts, one line each, under what they are named after.
pub(crate) fn print(
    named: &str,
    lines: &[(String, Tally)],
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let longest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(named.len());
    let (shown, left_out) = columns(lines, paint.width.map(|w| w.saturating_sub(longest.min(NAME))));
    let figures: usize = shown.iter().map(|(_, width)| width + GAP).sum::<usize>() + VERDICT;
    let room = paint.width.map_or(longest, |w| w.saturating_sub(figures).min(longest).max(NAME.min(longest)));
    let mut head = format!("{named:room$}");
    for (c, width) in &shown {
        head.push_str(&format!("  {:>width$}", title(*c)));
    }
    writeln!(out, "{}", paint.dim(&head))?;
    for (name, tally) in lines {
        write!(out, "{:room$}", cut(name, room))?;
        for (c, width) in &shown {
            let cell = format!("{:>width$}", tally.cell(*c));
            let lost = *c == LOST && tally.counts.get(LOST).is_some_and(|n| *n > 0);
            write!(out, "  {}", if lost { paint.bad(&cell) } else { cell })?;
        }
        let verdict = tally.verdict();
        writeln!(out, "  {}", if tally.residual == 0 { paint.dim(&verdict) } else { paint.bad(&verdict) })?;
    }
    if left_out.is_empty() {
        return Ok(());
    }
    let titles: Vec<&str> = left_out.into_iter().map(title).collect();
    let text = format!("no room for {}: widen the window", titles.join(", "));
    wrap(&text, paint.width).iter().try_for_each(|line| writeln!(out, "{}", paint.dim(line)))
}

/// The columns that stand, with their widths, and those that count something but find no room. Columns that count
/// nothing go before any that does.
fn columns(lines: &[(String, Tally)], room: Option<usize>) -> (Vec<(usize, usize)>, Vec<usize>) {
    let counts_any = |c: usize| lines.iter().any(|(_, t)| t.counts.get(c).is_some_and(|n| *n > 0));
    let width_of = |c: usize| {
        let widest = lines.iter().map(|(_, t)| t.cell(c).chars().count()).max().unwrap_or(0);
        widest.max(title(c).len())
    };
    let wanted = (0..COLUMNS.len()).filter(|c| *c < ALWAYS || counts_any(*c));
    let mut shown: Vec<(usize, usize)> = wanted.map(|c| (c, width_of(c))).collect();
    let (empty, counting): (Vec<usize>, Vec<usize>) = LEFT_OUT.into_iter().partition(|c| !counts_any(*c));
    for c in empty.into_iter().chain(counting) {
        let needed: usize = shown.iter().map(|(_, width)| width + GAP).sum::<usize>() + VERDICT;
        if room.is_none_or(|room| needed <= room) {
            break;
        }
        shown.retain(|(other, _)| *other != c);
    }
    let missing = (0..COLUMNS.len()).filter(|c| counts_any(*c) && !shown.iter().any(|(other, _)| other == c));
    let missing = missing.collect();
    (shown, missing)
}

fn title(column: usize) -> &'static str {
    COLUMNS.get(column).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COLUMNS, LEFT_OUT, LOST, Tally, column, columns, print};
    use crate::cli::paint::Paint;
    use whither_core::verdict::Outcome;

    #[test]
    fn every_column_but_lost_may_be_left_out() {
        let all: BTreeSet<usize> = LEFT_OUT.into_iter().chain([LOST]).collect();
        assert!(all.into_iter().eq(0..COLUMNS.len()));
    }

    #[test]
    fn figures_fit_the_window_and_lost_stays_to_the_last() {
        let counts = [41_203_118, 41_198_000, 4_312, 12, 400, 209, 185, 0, 0, 0, 0];
        let tally = Tally { counts, in_use: true, ..Tally::default() };
        let lines = [("billing-and-invoicing".to_owned(), tally)];
        for width in 40..130 {
            let mut out = Vec::new();
            print("GROUP", &lines, Paint { color: false, width: Some(width) }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.contains("LOST") && text.contains("209"), "{width}:\n{text}");
            let hidden = COLUMNS.iter().zip(counts).find(|(title, n)| *n > 0 && !text.contains(*title));
            assert_eq!(hidden, None, "{width}: what is left out is named\n{text}");
        }
        assert_eq!(columns(&lines, Some(0)).0.first().map(|(c, _)| *c), Some(LOST));
    }

    #[test]
    fn every_loss_is_counted_as_lost_and_nothing_else_is() {
        for outcome in Outcome::ALL {
            assert_eq!(column(outcome) == LOST, outcome.is_loss(), "{outcome:?}");
            assert!(column(outcome) > 0 && column(outcome) < COLUMNS.len());
        }
    }
}
