//! Verdicts by the hour: what is kept longest.

use super::Table;
use super::columns::{Reading, Writing, int, small, text, time};
use super::row::Row;
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;
use std::sync::Arc;

/// Records of a group and a partition that met one verdict within an hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalanceRow {
    /// The consumer group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Start of the hour, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What became of the records.
    pub verdict: Arc<str>,
    /// How many met it in that hour.
    pub records: i64,
}

impl Row for BalanceRow {
    const TABLE: Table = Table::Balance;
    const SORTED_BY: &'static [&'static str] =
        &["consumer_group", "topic", "partition", "happened_at", "verdict"];

    fn schema() -> Schema {
        Schema::new(vec![
            text("consumer_group"),
            text("topic"),
            small("partition"),
            time("happened_at"),
            text("verdict"),
            int("records"),
        ])
    }

    fn order(&self, other: &Self) -> Ordering {
        (&self.group, &self.topic, self.partition, self.at_ms, &self.verdict).cmp(&(
            &other.group,
            &other.topic,
            other.partition,
            other.at_ms,
            &other.verdict,
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
        columns.texts(rows.iter().map(|row| &*row.verdict));
        columns.ints(rows.iter().map(|row| row.records));
    }

    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>> {
        let mut rows = Vec::with_capacity(columns.rows());
        let mut group = columns.texts()?;
        let mut topic = columns.texts()?;
        let partition = columns.smalls()?;
        let at_ms = columns.times()?;
        let mut verdict = columns.texts()?;
        let records = columns.ints()?;
        for i in 0..columns.rows() {
            rows.push(BalanceRow {
                group: group.next().unwrap_or_default(),
                topic: topic.next().unwrap_or_default(),
                partition: partition[i],
                at_ms: at_ms[i],
                verdict: verdict.next().unwrap_or_default(),
                records: records[i],
            });
        }
        Ok(rows)
    }
}
