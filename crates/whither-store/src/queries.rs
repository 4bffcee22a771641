//! Queries over segments and buffered rows.

mod spans;

pub use spans::{ServicePairs, SpanSearch, TracesFound};

use crate::error::StoreError;
use crate::live::{Content, Live, Shared};
use crate::tables::prune::{Filter, Want};
use crate::tables::row::Row;
use crate::tables::segment::Segment;
use crate::tables::{BalanceRow, CommitRow, FindingRow, IndexKind, IndexRow, LagRow};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Answers on any thread. Each answer is of one moment: it sees a checkpoint or a merge wholly or not at all.
#[derive(Clone, Debug)]
pub struct Reader {
    live: Shared,
}

/// Which rows of the hourly summary are wanted; `None`: all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BalanceFilter<'a> {
    /// Those of one group.
    pub group: Option<&'a str>,
    /// Those of one topic.
    pub topic: Option<&'a str>,
    /// Those of one partition.
    pub partition: Option<i32>,
}

impl Reader {
    pub(crate) fn new(live: Shared) -> Reader {
        Reader { live }
    }

    /// Each change of a finding, oldest first.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn finding_history(&self, id: u64) -> Result<Vec<FindingRow>, StoreError> {
        let filters = [Filter { column: "finding_id", want: Want::Id(id) }];
        let mut rows = Vec::new();
        self.each(|live| &live.findings, &ALWAYS, &filters, |row| row.id == id, |row| rows.push(row))?;
        rows.sort_by_key(|row| row.at_ms);
        Ok(rows)
    }

    /// The newest `limit` changes of findings in a time, oldest first.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn findings(&self, during: Range<i64>, limit: usize) -> Result<Vec<FindingRow>, StoreError> {
        let filters = [Filter { column: "happened_at", want: Want::Times(during.clone()) }];
        let mut newest = Newest::new(limit);
        self.each(|live| &live.findings, &during, &filters, |_| true, |row| newest.offer(row))?;
        let mut rows = newest.rows();
        rows.reverse();
        Ok(rows)
    }

    /// How each finding stands, the `limit` that changed last, newest first. Reads the whole table.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn latest_findings(&self, limit: usize) -> Result<Vec<FindingRow>, StoreError> {
        let mut latest: BTreeMap<u64, FindingRow> = BTreeMap::new();
        self.each(
            |live| &live.findings,
            &ALWAYS,
            &[],
            |_| true,
            |row| {
                if latest.get(&row.id).is_none_or(|known| known.at_ms <= row.at_ms) {
                    latest.insert(row.id, row);
                }
            },
        )?;
        let mut newest = Newest::new(limit);
        latest.into_values().for_each(|row| newest.offer(row));
        Ok(newest.rows())
    }

    /// A group's lag in a partition over a time, oldest first, as at most `points` rows: of each stretch of time the row
    /// with the greatest lag, so that peaks stay.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn lag(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        during: Range<i64>,
        points: usize,
    ) -> Result<Vec<LagRow>, StoreError> {
        let mut filters = of_partition(Some(group), Some(topic), Some(partition));
        filters.push(Filter { column: "happened_at", want: Want::Times(during.clone()) });
        let wanted =
            |row: &LagRow| &*row.group == group && &*row.topic == topic && row.partition == partition;
        let width = i128::from(during.end) - i128::from(during.start);
        let mut peaks: BTreeMap<i128, LagRow> = BTreeMap::new();
        self.each(
            |live| &live.lag,
            &during,
            &filters,
            wanted,
            |row| {
                let stretch =
                    (i128::from(row.at_ms) - i128::from(during.start)) * points as i128 / width.max(1);
                let size =
                    |row: &LagRow| row.lag_records.unwrap_or(row.end - row.committed.unwrap_or(row.end));
                if peaks.get(&stretch).is_none_or(|peak| size(peak) < size(&row)) {
                    peaks.insert(stretch, row);
                }
            },
        )?;
        Ok(peaks.into_values().collect())
    }

    /// How a group stood in a partition at a moment: the last row at or before it.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn lag_at(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        at_ms: i64,
    ) -> Result<Option<LagRow>, StoreError> {
        let until = i64::MIN..at_ms.saturating_add(1);
        let mut filters = of_partition(Some(group), Some(topic), Some(partition));
        filters.push(Filter { column: "happened_at", want: Want::Times(until.clone()) });
        let wanted =
            |row: &LagRow| &*row.group == group && &*row.topic == topic && row.partition == partition;
        let mut last: Option<LagRow> = None;
        self.each(
            |live| &live.lag,
            &until,
            &filters,
            wanted,
            |row| {
                if last.as_ref().is_none_or(|known| known.at_ms <= row.at_ms) {
                    last = Some(row);
                }
            },
        )?;
        Ok(last)
    }

    /// The last commit of a group at or before a moment, for each partition, by topic and partition.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn positions_at(&self, group: &str, at_ms: i64) -> Result<Vec<CommitRow>, StoreError> {
        let until = i64::MIN..at_ms.saturating_add(1);
        let mut filters = of_partition(Some(group), None, None);
        filters.push(Filter { column: "happened_at", want: Want::Times(until.clone()) });
        let mut last: BTreeMap<(Arc<str>, i32), CommitRow> = BTreeMap::new();
        self.each(
            |live| &live.commits,
            &until,
            &filters,
            |row| &*row.group == group,
            |row| {
                let place = (Arc::clone(&row.topic), row.partition);
                if last.get(&place).is_none_or(|known| known.at_ms <= row.at_ms) {
                    last.insert(place, row);
                }
            },
        )?;
        Ok(last.into_values().collect())
    }

    /// The newest `limit` commits of a group, newest first.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn latest_commits(&self, group: &str, limit: usize) -> Result<Vec<CommitRow>, StoreError> {
        let mut newest = Newest::new(limit);
        let wanted = |row: &CommitRow| &*row.group == group;
        let filters = of_partition(Some(group), None, None);
        self.each(|live| &live.commits, &ALWAYS, &filters, wanted, |row| newest.offer(row))?;
        Ok(newest.rows())
    }

    /// The commits of every group around a message, by group: of each the last one before the first that passed it,
    /// and that one. Commits before `since` are left out.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn commits_around(
        &self,
        (topic, partition, offset): (&str, i32, i64),
        since: i64,
    ) -> Result<BTreeMap<Arc<str>, Vec<CommitRow>>, StoreError> {
        let mut filters = of_partition(None, Some(topic), Some(partition));
        let during = since..i64::MAX;
        filters.push(Filter { column: "happened_at", want: Want::Times(during.clone()) });
        let wanted = |row: &CommitRow| &*row.topic == topic && row.partition == partition;
        let mut around: BTreeMap<Arc<str>, (Option<CommitRow>, Option<CommitRow>)> = BTreeMap::new();
        self.each(
            |live| &live.commits,
            &during,
            &filters,
            wanted,
            |row| {
                let (before, passed) = around.entry(Arc::clone(&row.group)).or_default();
                let passes = row.offset.is_some_and(|at| at > offset);
                if passes && passed.as_ref().is_none_or(|known| row.at_ms < known.at_ms) {
                    *passed = Some(row);
                } else if !passes
                    && before.as_ref().is_none_or(|known| known.at_ms <= row.at_ms)
                    && passed.as_ref().is_none_or(|passed| row.at_ms <= passed.at_ms)
                {
                    *before = Some(row);
                }
            },
        )?;
        let in_order = |(before, passed): (Option<CommitRow>, Option<CommitRow>)| {
            let end = passed.as_ref().map_or(i64::MAX, |row| row.at_ms);
            before.filter(|row| row.at_ms <= end).into_iter().chain(passed).collect()
        };
        Ok(around.into_iter().map(|(group, found)| (group, in_order(found))).collect())
    }

    /// The hourly summary of a time, by group, topic, partition and hour.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn balance(&self, during: Range<i64>, of: &BalanceFilter<'_>) -> Result<Vec<BalanceRow>, StoreError> {
        let mut filters = of_partition(of.group, of.topic, of.partition);
        filters.push(Filter { column: "happened_at", want: Want::Times(during.clone()) });
        let wanted = |row: &BalanceRow| {
            of.group.is_none_or(|group| &*row.group == group)
                && of.topic.is_none_or(|topic| &*row.topic == topic)
                && of.partition.is_none_or(|partition| row.partition == partition)
        };
        let mut rows = Vec::new();
        self.each(|live| &live.balance, &during, &filters, wanted, |row| rows.push(row))?;
        rows.sort_by(Row::order);
        Ok(rows)
    }

    /// The newest `limit` messages with this hash, of one topic or of all, newest first. One that was read twice may be
    /// there twice.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn find(
        &self,
        what: IndexKind,
        hash: u64,
        topic: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let filters = [Filter { column: "hash", want: Want::Id(hash) }];
        let mut newest = Newest::new(limit);
        let wanted = |row: &IndexRow| {
            row.hash == hash && row.what == what && topic.is_none_or(|topic| &*row.topic == topic)
        };
        self.each(|live| &live.index, &ALWAYS, &filters, wanted, |row| newest.offer(row))?;
        Ok(newest.rows())
    }

    /// Up to which time, in milliseconds since the epoch, messages may have been deleted from the index; none if none were.
    #[must_use]
    pub fn index_forgot_ms(&self) -> Option<i64> {
        self.live.read().index_forgot_ms
    }

    /// Gives every row of a time that is wanted to `take`: those of segments in order of their times, then the buffered
    /// ones in the order they came.
    fn each<R: Row>(
        &self,
        table: impl Fn(&Live) -> &Content<R>,
        during: &Range<i64>,
        filters: &[Filter<'_>],
        wanted: impl Fn(&R) -> bool,
        mut take: impl FnMut(R),
    ) -> Result<(), StoreError> {
        let wanted = |row: &R| during.contains(&row.at_ms()) && wanted(row);
        let (segments, buffered) = {
            let live = self.live.read();
            let content = table(&live);
            let segments: Vec<Arc<Segment>> =
                content.segments.iter().filter(|segment| segment.overlaps(during)).cloned().collect();
            (segments, content.buffered.iter().filter(|row| wanted(row)).cloned().collect::<Vec<R>>())
        };
        for segment in segments {
            for row in segment.rows::<R>(filters)? {
                let row = row?;
                if wanted(&row) {
                    take(row);
                }
            }
        }
        buffered.into_iter().for_each(take);
        Ok(())
    }
}

/// All times that a row can have.
const ALWAYS: Range<i64> = i64::MIN..i64::MAX;

fn of_partition<'a>(
    group: Option<&'a str>,
    topic: Option<&'a str>,
    partition: Option<i32>,
) -> Vec<Filter<'a>> {
    let group = group.map(|group| Filter { column: "consumer_group", want: Want::Text(group) });
    let topic = topic.map(|topic| Filter { column: "topic", want: Want::Text(topic) });
    let partition = partition.map(|partition| Filter { column: "partition", want: Want::Small(partition) });
    group.into_iter().chain(topic).chain(partition).collect()
}

/// The newest rows of those that are offered; of equal ones those that were offered last.
struct Newest<R> {
    limit: usize,
    offered: u64,
    rows: BTreeMap<(i64, u64), R>,
}

impl<R: Row> Newest<R> {
    fn new(limit: usize) -> Newest<R> {
        Newest { limit, offered: 0, rows: BTreeMap::new() }
    }

    fn offer(&mut self, row: R) {
        self.rows.insert((row.at_ms(), self.offered), row);
        self.offered += 1;
        if self.rows.len() > self.limit {
            self.rows.pop_first();
        }
    }

    /// Newest first.
    fn rows(self) -> Vec<R> {
        self.rows.into_values().rev().collect()
    }
}
