//! A partition as a strip: what stands in each range of offsets, and what became of it for a group.

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use whither_core::verdict::{Cause, Outcome, Stretch};
use whither_core::{Balance, Name, Offset, Partition};

use super::Shared;
use super::list::document;
use super::messages::no_partition;
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::topics;
use crate::live::Edges;

/// Ranges of an answer if nothing is said, and at most.
const USUAL: usize = 400;
const MOST: usize = 4_000;

#[derive(Serialize)]
struct Ranges {
    from: Offset,
    to: Offset,
    log_start: Offset,
    end: Offset,
    committed: Option<Offset>,
    items: Vec<Range>,
    /// There are more ranges than were asked for: those that are alike but for their certainty or cause, and then the
    /// smallest, are told as one.
    truncated: bool,
}

/// Offsets of one kind. `records` of them are records; the others are markers and holes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
struct Range {
    from: Offset,
    to: Offset,
    records: u64,
    kind: &'static str,
    verdict: Option<&'static str>,
    certainty: Option<&'static str>,
    cause: Option<&'static str>,
}

pub(super) async fn ranges(
    Of(shared): Of<Shared>,
    Path((topic, partition)): Path<(String, i32)>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[&["group", "from", "to", "points"]])?;
    let points = query.parsed("points", "a number from 1 to 4000", |n| (1..=MOST).contains(n))?;
    let offset = |name| query.parsed::<Offset>(name, "an offset", |o| *o >= 0);
    let (from, to) = (offset("from")?, offset("to")?);
    let p = Partition::new(topic, partition);
    let state = shared.live.read();
    let known = state.topics.get(&p.topic).ok_or_else(|| topics::unknown(&p.topic))?;
    let edges = known.partitions.get(&p.index).ok_or_else(|| no_partition(&p))?;
    let row = match query.text("group") {
        None => None,
        Some(group) => {
            let row = state.rows.get(&(Name::from(group), p.clone()));
            Some(row.ok_or_else(|| no_row(group, &p))?)
        }
    };
    let balance = row.map(|row| &*row.balance);
    let first = balance.map_or(edges.log_start, |b| b.from.min(edges.log_start));
    let (from, to) = (from.unwrap_or(first), to.unwrap_or(edges.end));
    let mut items = match balance {
        Some(balance) => of_row(balance, edges),
        None => of_log(edges),
    };
    items.retain_mut(|range| range.cut(from, to));
    let (items, truncated) = fewer(items, points.unwrap_or(USUAL));
    let committed = balance.and_then(|b| b.committed);
    let (log_start, end) = (edges.log_start, edges.end);
    Ok(document(&Ranges { from, to, log_start, end, committed, items, truncated }))
}

fn no_row(group: &str, p: &Partition) -> Problem {
    let hint = format!("/api/whither/v1/groups/{group} lists its positions");
    Problem::not_found(format!("the group {group} has no position in {p}"), hint)
}

/// Without a group: what the log holds.
fn of_log(edges: &Edges) -> Vec<Range> {
    let records = edges.held();
    let range = Range {
        from: edges.log_start,
        to: edges.end,
        records,
        kind: "records",
        verdict: None,
        certainty: None,
        cause: None,
    };
    if records == 0 { Vec::new() } else { vec![range] }
}

/// A row's stretches side by side: each offset once. Where several ends share a range, as committed records do with
/// aborted ones, the smallest range has its place, and of one range the end of most records.
fn of_row(balance: &Balance, edges: &Edges) -> Vec<Range> {
    let mut bounds: Vec<Offset> = balance.stretches.iter().flat_map(|s| [s.from, s.to]).collect();
    bounds.extend([balance.from, balance.to, edges.log_start]);
    bounds.retain(|b| (balance.from..=balance.to).contains(b));
    bounds.sort_unstable();
    bounds.dedup();
    let pieces = bounds.windows(2).filter_map(|pair| {
        let &[from, to] = pair else { return None };
        let over = || balance.stretches.iter().filter(move |s| s.from <= from && to <= s.to && s.from < s.to);
        let smallest = over().map(|s| s.to - s.from).min();
        let Some(width) = smallest else { return Some(Range::empty(from, to)) };
        let told = over().filter(|s| s.to - s.from == width);
        let records = told.clone().map(|s| s.records).sum::<u64>();
        let most = told.max_by_key(|s| s.records)?;
        let mut range = Range::of(most, records, edges);
        range.cut(from, to);
        Some(range)
    });
    pieces.fold(Vec::new(), |mut joined: Vec<Range>, range| {
        match joined.last_mut() {
            Some(last) if last.same(&range) => last.take(&range),
            _ => joined.push(range),
        }
        joined
    })
}

impl Range {
    fn of(s: &Stretch, records: u64, edges: &Edges) -> Range {
        let kind = match s.outcome {
            _ if s.to <= edges.log_start => "gone",
            Outcome::Unread => "unread",
            Outcome::Aborted => "aborted",
            Outcome::InFlight if is_open(s.cause) => "pending",
            _ => "records",
        };
        Range {
            from: s.from,
            to: s.to,
            records,
            kind,
            verdict: Some(s.outcome.word()),
            certainty: Some(s.certainty.word()),
            cause: s.cause.map(Cause::id),
        }
    }

    /// Offsets in which no record is.
    fn empty(from: Offset, to: Offset) -> Range {
        Range { from, to, records: 0, kind: "hole", verdict: None, certainty: None, cause: None }
    }

    fn says(&self) -> (&str, Option<&str>, Option<&str>, Option<&str>) {
        (self.kind, self.verdict, self.certainty, self.cause)
    }

    fn same(&self, other: &Range) -> bool {
        self.to == other.from && self.says() == other.says()
    }

    fn take(&mut self, next: &Range) {
        self.to = next.to;
        self.records = self.records.saturating_add(next.records);
    }

    fn width(&self) -> u64 {
        self.to.saturating_sub(self.from).unsigned_abs()
    }

    /// Keeps what is inside; false if nothing is. Records are shared out by width.
    fn cut(&mut self, from: Offset, to: Offset) -> bool {
        let whole = self.width();
        (self.from, self.to) = (self.from.max(from), self.to.min(to));
        if self.from >= self.to {
            return false;
        }
        let share = u128::from(self.records) * u128::from(self.width()) / u128::from(whole.max(1));
        self.records = u64::try_from(share).unwrap_or(u64::MAX);
        true
    }
}

fn is_open(cause: Option<Cause>) -> bool {
    matches!(cause, Some(Cause::TransactionOpen | Cause::TransactionHanging))
}

/// At most so many ranges: the narrowest that are no loss go into the one before.
fn fewer(items: Vec<Range>, most: usize) -> (Vec<Range>, bool) {
    let Some(too_many) = items.len().checked_sub(most).filter(|n| *n > 0) else { return (items, false) };
    let weight = |range: &Range| (is_loss(range), range.width());
    let mut weights: Vec<_> = items.iter().map(weight).collect();
    weights.sort_unstable();
    let least = weights.get(too_many).copied().unwrap_or_default();
    let mut kept: Vec<Range> = Vec::with_capacity(most);
    for range in items {
        let full = kept.len() == most;
        match kept.last_mut() {
            Some(last) if full || weight(&range) < least => last.take(&range),
            _ => kept.push(range),
        }
    }
    (kept, true)
}

fn is_loss(range: &Range) -> bool {
    Outcome::ALL.iter().any(|o| o.is_loss() && Some(o.word()) == range.verdict)
}
