//! Each change of each finding.

use super::Table;
use super::columns::{Reading, Writing, flag, id, int, small, text, time};
use super::row::Row;
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;
use std::sync::Arc;

/// A finding as it became at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FindingRow {
    /// Stays while the finding grows.
    pub id: u64,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The consumer group; `None` where no single one is meant.
    pub group: Option<Arc<str>>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// First offset of the range.
    pub from: i64,
    /// The offset after the last of the range.
    pub to: i64,
    /// Records in it.
    pub records: i64,
    /// Whether `records` is an upper bound.
    pub at_most: bool,
    /// What became of them.
    pub verdict: Arc<str>,
    /// How sure that is.
    pub certainty: Arc<str>,
    /// Why; `None` if nobody can tell.
    pub cause: Option<Arc<str>>,
    /// How sure the cause is.
    pub cause_certainty: Option<Arc<str>>,
    /// What it is listed as: loss, risk, note and so on.
    pub shown_as: Arc<str>,
    /// Whether the records are still in the log.
    pub recoverable: bool,
    /// Whether the finding no longer holds.
    pub withdrawn: bool,
    /// The whole finding with its evidence, as JSON.
    pub json: String,
}

impl Row for FindingRow {
    const TABLE: Table = Table::Findings;
    const SORTED_BY: &'static [&'static str] = &["finding_id", "happened_at"];

    fn schema() -> Schema {
        Schema::new(vec![
            id("finding_id"),
            time("happened_at"),
            text("consumer_group").with_nullable(true),
            text("topic"),
            small("partition"),
            int("from_offset"),
            int("to_offset"),
            int("records"),
            flag("at_most"),
            text("verdict"),
            text("certainty"),
            text("cause").with_nullable(true),
            text("cause_certainty").with_nullable(true),
            text("shown_as"),
            flag("recoverable"),
            flag("withdrawn"),
            text("json"),
        ])
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.id, self.at_ms).cmp(&(other.id, other.at_ms))
    }

    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.json.len()
    }

    fn write(rows: &[&Self], columns: &mut Writing) {
        columns.ids(rows.iter().map(|row| row.id));
        columns.times(rows.iter().map(|row| row.at_ms));
        columns.maybe_texts(rows.iter().map(|row| row.group.as_deref()));
        columns.texts(rows.iter().map(|row| &*row.topic));
        columns.smalls(rows.iter().map(|row| row.partition));
        columns.ints(rows.iter().map(|row| row.from));
        columns.ints(rows.iter().map(|row| row.to));
        columns.ints(rows.iter().map(|row| row.records));
        columns.flags(rows.iter().map(|row| row.at_most));
        columns.texts(rows.iter().map(|row| &*row.verdict));
        columns.texts(rows.iter().map(|row| &*row.certainty));
        columns.maybe_texts(rows.iter().map(|row| row.cause.as_deref()));
        columns.maybe_texts(rows.iter().map(|row| row.cause_certainty.as_deref()));
        columns.texts(rows.iter().map(|row| &*row.shown_as));
        columns.flags(rows.iter().map(|row| row.recoverable));
        columns.flags(rows.iter().map(|row| row.withdrawn));
        columns.texts(rows.iter().map(|row| row.json.as_str()));
    }

    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>> {
        let mut rows = Vec::with_capacity(columns.rows());
        let id = columns.ids()?;
        let at_ms = columns.times()?;
        let mut group = columns.maybe_texts()?;
        let mut topic = columns.texts()?;
        let partition = columns.smalls()?;
        let from = columns.ints()?;
        let to = columns.ints()?;
        let records = columns.ints()?;
        let mut at_most = columns.flags()?;
        let mut verdict = columns.texts()?;
        let mut certainty = columns.texts()?;
        let mut cause = columns.maybe_texts()?;
        let mut cause_certainty = columns.maybe_texts()?;
        let mut shown_as = columns.texts()?;
        let mut recoverable = columns.flags()?;
        let mut withdrawn = columns.flags()?;
        let mut json = columns.strings()?;
        for i in 0..columns.rows() {
            rows.push(FindingRow {
                id: id[i],
                at_ms: at_ms[i],
                group: group.next().flatten(),
                topic: topic.next().unwrap_or_default(),
                partition: partition[i],
                from: from[i],
                to: to[i],
                records: records[i],
                at_most: at_most.next().unwrap_or_default(),
                verdict: verdict.next().unwrap_or_default(),
                certainty: certainty.next().unwrap_or_default(),
                cause: cause.next().flatten(),
                cause_certainty: cause_certainty.next().flatten(),
                shown_as: shown_as.next().unwrap_or_default(),
                recoverable: recoverable.next().unwrap_or_default(),
                withdrawn: withdrawn.next().unwrap_or_default(),
                json: json.next().unwrap_or_default().to_owned(),
            });
        }
        Ok(rows)
    }
}
