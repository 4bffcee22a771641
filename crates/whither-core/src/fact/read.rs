//! What a reader finds in a log.

use crate::key::{Offset, TopicId};
use crate::time::Time;
use alloc::vec::Vec;

/// A partition's edges at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// When they were read, on whither's own clock. A follower gives them only after it has read every offsets
    /// partition to its end once more: then a commit it sees later was made later.
    pub at: Time,
    /// The incarnation they belong to.
    pub topic_id: TopicId,
    /// The first offset the log still holds.
    pub log_start: Offset,
    /// The first offset on the leader's own disk (KIP-405); equals `log_start` without tiered storage.
    pub local_start: Offset,
    /// The last stable offset: nothing below it belongs to an open transaction.
    pub last_stable: Offset,
    /// The high watermark: the end that consumers see.
    pub end: Offset,
    /// The leader epoch, -1 if not told.
    pub leader_epoch: i32,
}

/// The start of a contiguous read. A partition may be read in several, each in offset order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The incarnation read.
    pub topic_id: TopicId,
    /// The offset asked for first.
    pub from: Offset,
}

/// The header of a record batch v2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    /// The first offset of its span.
    pub base: Offset,
    /// The last offset of its span (inclusive, as in the format: base + last offset delta).
    pub last: Offset,
    /// How many records it holds; fewer than its span after compaction.
    pub count: u32,
    /// The leader epoch it was written in.
    pub leader_epoch: i32,
    /// Producer id, -1 without idempotence.
    pub producer_id: i64,
    /// Producer epoch, -1 without idempotence.
    pub producer_epoch: i16,
    /// Sequence of its first record, -1 without idempotence.
    pub base_sequence: i32,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// The timestamp of its first record, or the append time.
    pub first_at: Time,
    /// The largest timestamp of its records, or the append time.
    pub max_at: Time,
    /// Bytes on the wire, header included.
    pub bytes: u32,
}

/// A control batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marker {
    /// Its offset.
    pub offset: Offset,
    /// When it was written.
    pub at: Time,
    /// The producer whose transaction it ends.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// What it says.
    pub kind: MarkerKind,
}

/// What a control batch says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkerKind {
    /// The transaction was committed.
    Commit,
    /// The transaction was aborted.
    Abort,
    /// Leader change, snapshot or a type this version does not know: settles nothing.
    Other,
}

/// Exactly which records exist in a range that was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// The data records in it: ascending, non-overlapping `[from, to)` pairs within the range.
    pub present: Vec<(Offset, Offset)>,
}

/// A range left unread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unread {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// Why.
    pub why: WhyUnread,
}

/// Why a range was not read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum WhyUnread {
    /// The deadline came first.
    Deadline,
    /// It is below the local log start: reading it would pull tiered storage (R20).
    Tiered,
    /// No right to read the topic.
    Unauthorized,
    /// The leader could not be reached.
    Unreachable,
    /// It was gone before it was read: retention ran while reading.
    Gone,
    /// A boundary cuts a batch that holds fewer records than its span, and it was not opened.
    NotOpened,
}

/// A range that can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupt {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// When it was found.
    pub at: Time,
}
