//! A partition as a strip: what stands in each range of offsets, and what became of it for a group.

use std::cmp::Reverse;
use std::iter;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::fact::{Run, RunKind};
use whither_core::verdict::{Cause, Certainty, Outcome, Stretch};
use whither_core::{Balance, Name, Offset, Partition};

use super::Shared;
use super::list::document;
use super::messages::no_partition;
use super::parameters::OfRanges;
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::topics;
use crate::json::words as said;
use crate::live::{Edges, State};

/// Ranges of an answer if nothing is said, and at most.
const USUAL: usize = 400;
const MOST: usize = 4_000;

/// A partition as ranges.
#[derive(Serialize, ToSchema)]
struct Ranges {
    #[schema(value_type = i64)]
    from: Offset,
    #[schema(value_type = i64)]
    to: Offset,
    #[schema(value_type = i64)]
    log_start: Offset,
    #[schema(value_type = i64)]
    end: Offset,
    #[schema(value_type = Option<i64>)]
    committed: Option<Offset>,
    items: Vec<Range>,
    /// There are more ranges than were asked for: those that are alike but for their certainty or cause, and then the
    /// smallest, are told as one.
    truncated: bool,
}

/// Offsets of one kind. `records` of them are records; the others are markers and holes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
struct Range {
    #[schema(value_type = i64)]
    from: Offset,
    #[schema(value_type = i64)]
    to: Offset,
    records: u64,
    /// `records`, `gone`, `unread`, `aborted`, `pending` or `hole`.
    kind: &'static str,
    #[schema(value_type = Option<said::Verdict>)]
    verdict: Option<&'static str>,
    #[schema(value_type = Option<said::Certainty>)]
    certainty: Option<&'static str>,
    #[schema(value_type = Option<said::Cause>)]
    cause: Option<&'static str>,
}

/// A partition as ranges of offsets, each with what became of it.
#[utoipa::path(
    get,
    path = "/topics/{topic}/{partition}/ranges",
    tag = "topics",
    params(
        ("topic" = String, Path, description = "The topic"),
        ("partition" = i32, Path, description = "The partition"),
        OfRanges
    ),
    responses((status = 200, description = "The ranges", body = Ranges), Problem)
)]
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
    let Known { edges, runs, balance } = Known::of(&shared.live.read(), &p, query.text("group"))?;
    let first = balance.as_ref().map_or(edges.log_start, |b| b.from.min(edges.log_start));
    let (from, to) = (from.unwrap_or(first), to.unwrap_or(edges.end));
    let log = Log { runs: &runs, edges: &edges };
    let mut items = match &balance {
        Some(balance) => {
            let bounds = balance.stretches.iter().flat_map(|s| [s.from, s.to]);
            joined(log.pieces(balance.from, balance.to, bounds).iter().map(|piece| piece.of_row(balance)))
        }
        None => {
            let whole = log.pieces(edges.log_start, edges.end, iter::empty());
            joined(whole.iter().map(Piece::of_log))
        }
    };
    items.retain_mut(|range| range.cut(from, to));
    let (items, truncated) = fewer(items, points.unwrap_or(USUAL));
    let committed = balance.and_then(|b| b.committed);
    let (log_start, end) = (edges.log_start, edges.end);
    Ok(document(&Ranges { from, to, log_start, end, committed, items, truncated }))
}

/// What is known of a partition.
struct Known {
    edges: Edges,
    runs: Arc<[Run]>,
    /// The row of the group that was asked for.
    balance: Option<Arc<Balance>>,
}

impl Known {
    fn of(state: &State, p: &Partition, group: Option<&str>) -> Result<Known, Problem> {
        let topic = state.topics.get(&p.topic).ok_or_else(|| topics::unknown(&p.topic))?;
        let edges = *topic.partitions.get(&p.index).ok_or_else(|| no_partition(p))?;
        let row = |group| {
            let row = state.rows.get(&(Name::from(group), p.clone())).ok_or_else(|| no_row(group, p));
            row.map(|row| grown(&row.balance, edges.end))
        };
        let balance = group.map(row).transpose()?;
        Ok(Known { edges, runs: state.runs.get(p).cloned().unwrap_or_default(), balance })
    }
}

/// A row up to where the log has grown since it was told: had the group come there, it had been told.
fn grown(balance: &Arc<Balance>, end: Offset) -> Arc<Balance> {
    if end <= balance.to {
        return balance.clone();
    }
    let mut grown = Balance::clone(balance);
    grown.stretches.push(Stretch {
        from: balance.to,
        to: end,
        records: end.saturating_sub(balance.to).unsigned_abs(),
        at_most: true,
        outcome: Outcome::InFlight,
        certainty: Certainty::Proof,
        cause: None,
    });
    grown.to = end;
    Arc::new(grown)
}

fn no_row(group: &str, p: &Partition) -> Problem {
    let hint = format!("/api/whither/v1/groups/{group} lists its positions");
    Problem::not_found(format!("the group {group} has no position in {p}"), hint)
}

/// What a partition's log holds: runs by offset, and its edges.
struct Log<'a> {
    runs: &'a [Run],
    edges: &'a Edges,
}

impl Log<'_> {
    /// The run that holds an offset, if it was read.
    fn at(&self, offset: Offset) -> Option<&Run> {
        let i = self.runs.partition_point(|run| run.to <= offset);
        self.runs.get(i).filter(|run| run.from <= offset)
    }

    /// Each offset of `[from, to)` once, in pieces that no run and none of these bounds cuts.
    fn pieces(&self, from: Offset, to: Offset, bounds: impl Iterator<Item = Offset>) -> Vec<Piece<'_>> {
        let mut bounds: Vec<Offset> = bounds.collect();
        bounds.extend([from, to, self.edges.log_start]);
        bounds.extend(self.runs.iter().flat_map(|run| [run.from, run.to]));
        bounds.retain(|bound| (from..=to).contains(bound));
        bounds.sort_unstable();
        bounds.dedup();
        let piece = |pair: &[Offset]| {
            let &[from, to] = pair else { return None };
            Some(Piece { from, to, run: self.at(from), gone: to <= self.edges.log_start })
        };
        bounds.windows(2).filter_map(piece).collect()
    }
}

/// Offsets that lie in one run, or in none.
struct Piece<'a> {
    from: Offset,
    to: Offset,
    run: Option<&'a Run>,
    /// Below the log's start.
    gone: bool,
}

impl Piece<'_> {
    /// Records in it. Where a run holds fewer than offsets, their places are not known: shared out by width.
    fn records(&self) -> Option<u64> {
        self.run.map(|run| share(run.records, (run.from, run.to), (self.from, self.to)))
    }

    fn range(&self, kind: &'static str, records: u64) -> Range {
        let (from, to) = (self.from, self.to);
        Range { from, to, records, kind, verdict: None, certainty: None, cause: None }
    }

    /// What stands there, whoever reads it.
    fn of_log(&self) -> Range {
        let records = self.records().unwrap_or(0);
        let kind = match self.run.map(|run| run.kind) {
            _ if self.gone => "gone",
            Some(RunKind::Data | RunKind::Sparse | RunKind::Unsettled) => "records",
            Some(RunKind::Empty) => "hole",
            Some(RunKind::Aborted) => "aborted",
            Some(RunKind::Open { .. }) => "pending",
            Some(RunKind::Unread(_) | RunKind::Corrupt) | None => "unread",
        };
        self.range(kind, records)
    }

    /// What became of it: of the stretches that hold it, the one that tells of such a run. Where several do, the
    /// smallest has its place, as a single record's has, and of one range that of most records.
    fn of_row(&self, balance: &Balance) -> Range {
        if self.run.is_some_and(|run| run.kind == RunKind::Empty) {
            return self.range("hole", 0);
        }
        let here = balance.stretches.iter().filter(|s| s.from <= self.from && self.to <= s.to);
        let tells = |s: &&Stretch| self.run.is_none() || self.is_told_by(s);
        let told = here.filter(tells).min_by_key(|s| (s.to - s.from, Reverse(s.records)));
        let Some(told) = told else { return self.of_log() };
        let records = self.records();
        let records =
            records.unwrap_or_else(|| share(told.records, (told.from, told.to), (self.from, self.to)));
        let kind = match told.outcome {
            _ if self.gone => "gone",
            Outcome::Unread => "unread",
            Outcome::Aborted => "aborted",
            Outcome::InFlight if is_open(told.cause) => "pending",
            _ => "records",
        };
        Range {
            verdict: Some(told.outcome.word()),
            certainty: Some(told.certainty.word()),
            cause: told.cause.map(Cause::id),
            ..self.range(kind, records)
        }
    }

    fn is_told_by(&self, s: &Stretch) -> bool {
        let aborted = s.outcome == Outcome::Aborted;
        let open = s.outcome == Outcome::InFlight && is_open(s.cause);
        match self.run.map(|run| run.kind) {
            Some(RunKind::Aborted) => aborted,
            Some(RunKind::Open { .. }) => open,
            Some(RunKind::Data) => !aborted && !open,
            _ => true,
        }
    }
}

/// Neighbours that say the same are one range.
fn joined(ranges: impl Iterator<Item = Range>) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.same(&range) => last.take(&range),
            _ => joined.push(range),
        }
    }
    joined
}

impl Range {
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

    /// Keeps what is inside; false if nothing is.
    fn cut(&mut self, from: Offset, to: Offset) -> bool {
        let whole = (self.from, self.to);
        (self.from, self.to) = (self.from.max(from), self.to.min(to));
        self.records = share(self.records, whole, (self.from, self.to));
        self.from < self.to
    }
}

/// The share of a range's records that falls into a part of it, by width.
fn share(records: u64, whole: (Offset, Offset), part: (Offset, Offset)) -> u64 {
    let width = |(from, to): (Offset, Offset)| u128::from(to.saturating_sub(from).max(0).unsigned_abs());
    let share = u128::from(records) * width(part) / width(whole).max(1);
    u64::try_from(share).unwrap_or(u64::MAX)
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
