//! The message index: where a message is, by its key, trace or header.

use super::columns::{Column, Id, Int, Small, Text, Time, strings};
use super::row::row;
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::Field;
use parquet::errors::{ParquetError, Result};
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

row! {
    /// Where one message is, under one of the values it can be found by.
    IndexRow in Index
    key {
        /// The hash of what it is found by.
        hash: u64 as Id("hash"),
    }
    rest {
        /// What that is.
        what: IndexKind as Kind("kind"),
        /// The topic.
        topic: Arc<str> as Text("topic"),
        /// The partition.
        partition: i32 as Small("partition"),
        /// The offset.
        offset: i64 as Int("record_offset"),
        /// The record's timestamp, in milliseconds since the epoch.
        at_ms: i64 as Time("happened_at"),
    }
}

/// An [`IndexKind`], as its word.
enum Kind {}

impl Column for Kind {
    type Value = IndexKind;

    fn field(name: &str) -> Field {
        Text::field(name)
    }

    fn write<'a>(values: impl Iterator<Item = &'a IndexKind>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values.map(|kind| kind.word())))
    }

    fn read(column: &ArrayRef) -> Result<impl Iterator<Item = IndexKind>> {
        let kinds = strings(column)?.iter().map(|word| IndexKind::of(word.unwrap_or_default()));
        Ok(kinds.collect::<Result<Vec<_>>>()?.into_iter())
    }
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
