//! The message index: where a message is, by its key, trace or header.

use super::columns::{Column, Id, Int, Small, Spelled, Text, Time, Word};
use super::row::row;
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

impl Spelled for IndexKind {
    const WORDS: &'static [(IndexKind, &'static str)] =
        &[(IndexKind::Key, "key"), (IndexKind::Trace, "trace"), (IndexKind::Header, "header")];
}

type Kind = Word<IndexKind>;

row! {
    /// Where one message is, under one of the values it can be found by.
    pub IndexRow in Index
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
