//! The message index: where a message is, by its key, trace or header.

use super::Table;
use super::columns::{Reading, Writing, id, int, small, text, time};
use super::row::Row;
use arrow_schema::Schema;
use parquet::errors::{ParquetError, Result};
use std::cmp::Ordering;
use std::sync::Arc;

/// What a message is found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IndexKind {
    /// The hash of its key.
    Key,
    /// The hash of its trace id, see [`trace_hash`].
    Trace,
    /// The hash of a header's name and value.
    Header,
}

impl IndexKind {
    const fn word(self) -> &'static str {
        match self {
            IndexKind::Key => "key",
            IndexKind::Trace => "trace",
            IndexKind::Header => "header",
        }
    }

    fn of(word: &str) -> Result<IndexKind> {
        [IndexKind::Key, IndexKind::Trace, IndexKind::Header]
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| ParquetError::General(format!("an index of `{word}`, which is none")))
    }
}

/// Where one message is, under one of the values it can be found by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexRow {
    /// What it is found by.
    pub what: IndexKind,
    /// The hash of that.
    pub hash: u64,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The record's timestamp, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// A trace id as a hash. Its bytes are random by the W3C's rules, but some tracers fill only half of them: both halves
/// count, and are mixed so that ids which differ in few bits are spread.
#[must_use]
pub fn trace_hash(trace_id: [u8; 16]) -> u64 {
    let both = u128::from_be_bytes(trace_id);
    let [high, low] = [both >> 64, both & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(0));
    mix(mix(high) ^ low)
}

const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Row for IndexRow {
    const TABLE: Table = Table::Index;
    const SORTED_BY: &'static [&'static str] = &["hash"];

    fn schema() -> Schema {
        Schema::new(vec![
            id("hash"),
            text("kind"),
            text("topic"),
            small("partition"),
            int("record_offset"),
            time("happened_at"),
        ])
    }

    fn order(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.hash, row.what, row.at_ms, row.partition, row.offset);
        key(self).cmp(&key(other)).then_with(|| self.topic.cmp(&other.topic))
    }

    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    fn write(rows: &[&Self], columns: &mut Writing) {
        columns.ids(rows.iter().map(|row| row.hash));
        columns.texts(rows.iter().map(|row| row.what.word()));
        columns.texts(rows.iter().map(|row| &*row.topic));
        columns.smalls(rows.iter().map(|row| row.partition));
        columns.ints(rows.iter().map(|row| row.offset));
        columns.times(rows.iter().map(|row| row.at_ms));
    }

    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>> {
        let mut rows = Vec::with_capacity(columns.rows());
        let hash = columns.ids()?;
        let mut what = columns.strings()?;
        let mut topic = columns.texts()?;
        let partition = columns.smalls()?;
        let offset = columns.ints()?;
        let at_ms = columns.times()?;
        for i in 0..columns.rows() {
            rows.push(IndexRow {
                what: IndexKind::of(what.next().unwrap_or_default())?,
                hash: hash[i],
                topic: topic.next().unwrap_or_default(),
                partition: partition[i],
                offset: offset[i],
                at_ms: at_ms[i],
            });
        }
        Ok(rows)
    }
}
