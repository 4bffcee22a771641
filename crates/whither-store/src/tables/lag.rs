//! Each group's distance from the end of a partition, over time.

use super::Table;
use super::columns::{Reading, Writing, int, small, text, time};
use super::row::Row;
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;
use std::sync::Arc;

/// How far a group was from the end of a partition at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LagRow {
    /// The consumer group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The latest commit; `None` without one.
    pub committed: Option<i64>,
    /// The end of the log.
    pub end: i64,
    /// The start of the log.
    pub log_start: i64,
    /// Records the group has still to read, if they could be counted.
    pub lag_records: Option<i64>,
    /// Age of the oldest of them in milliseconds, if it is known.
    pub lag_ms: Option<i64>,
}

impl Row for LagRow {
    const TABLE: Table = Table::Lag;
    const SORTED_BY: &'static [&'static str] = &["consumer_group", "topic", "partition", "happened_at"];

    fn schema() -> Schema {
        Schema::new(vec![
            text("consumer_group"),
            text("topic"),
            small("partition"),
            time("happened_at"),
            int("committed_offset").with_nullable(true),
            int("end_offset"),
            int("log_start_offset"),
            int("lag_records").with_nullable(true),
            int("lag_ms").with_nullable(true),
        ])
    }

    fn order(&self, other: &Self) -> Ordering {
        (&self.group, &self.topic, self.partition, self.at_ms).cmp(&(
            &other.group,
            &other.topic,
            other.partition,
            other.at_ms,
        ))
    }

    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn write(rows: &[&Self], columns: &mut Writing) {
        columns.texts(rows.iter().map(|row| &*row.group));
        columns.texts(rows.iter().map(|row| &*row.topic));
        columns.smalls(rows.iter().map(|row| row.partition));
        columns.times(rows.iter().map(|row| row.at_ms));
        columns.maybe_ints(rows.iter().map(|row| row.committed));
        columns.ints(rows.iter().map(|row| row.end));
        columns.ints(rows.iter().map(|row| row.log_start));
        columns.maybe_ints(rows.iter().map(|row| row.lag_records));
        columns.maybe_ints(rows.iter().map(|row| row.lag_ms));
    }

    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>> {
        let mut rows = Vec::with_capacity(columns.rows());
        let mut group = columns.texts()?;
        let mut topic = columns.texts()?;
        let partition = columns.smalls()?;
        let at_ms = columns.times()?;
        let mut committed = columns.maybe_ints()?;
        let end = columns.ints()?;
        let log_start = columns.ints()?;
        let mut lag_records = columns.maybe_ints()?;
        let mut lag_ms = columns.maybe_ints()?;
        for i in 0..columns.rows() {
            rows.push(LagRow {
                group: group.next().unwrap_or_default(),
                topic: topic.next().unwrap_or_default(),
                partition: partition[i],
                at_ms: at_ms[i],
                committed: committed.next().flatten(),
                end: end[i],
                log_start: log_start[i],
                lag_records: lag_records.next().flatten(),
                lag_ms: lag_ms.next().flatten(),
            });
        }
        Ok(rows)
    }
}
