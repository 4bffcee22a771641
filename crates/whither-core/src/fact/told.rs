//! What the logs stage tells ledgers of a log.

use super::WhyUnread;
use crate::key::{Offset, TopicId};
use crate::time::Time;

/// A run of offsets of one kind, `[from, to)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// Its first offset.
    pub from: Offset,
    /// Its end, exclusive.
    pub to: Offset,
    /// Data records in it.
    pub records: u64,
    /// What it holds.
    pub kind: RunKind,
}

/// What a run of offsets holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RunKind {
    /// A data record at every offset, none of them in an open or aborted transaction.
    Data,
    /// Data records at some offsets, which ones is not known: a compacted batch, or a folded stretch.
    Sparse,
    /// No data records: control batches, holes.
    Empty,
    /// Data records of an aborted transaction.
    Aborted,
    /// Data records of a transaction whose end is in a part that was not read: whether they were rolled back
    /// is not known.
    Unsettled,
    /// Data records of a transaction that is not settled yet.
    Open {
        /// Its producer.
        producer_id: i64,
    },
    /// Not read.
    Unread(WhyUnread),
    /// Not readable.
    Corrupt,
}

/// A batch that the log start cuts: Fetch returns the whole batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The batch's first offset.
    pub base: Offset,
    /// The batch's last offset.
    pub last: Offset,
    /// The log start inside it.
    pub log_start: Offset,
}

/// How far a reader is. Its counters are its own: never a sum of runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The incarnation read.
    pub topic_id: TopicId,
    /// The log start when it first looked: offsets below it were gone before.
    pub origin: Offset,
    /// The highest offset it has covered, exclusive.
    pub to: Offset,
    /// Offsets its reads have covered, without those that the log lost again.
    pub covered: u64,
    /// Offsets it had covered and the log lost again: what stood there counts on in `records` and `unread`.
    pub truncated: u64,
    /// Data records it counted.
    pub records: u64,
    /// Offsets that it left unread or could not read.
    pub unread: u64,
    /// The time of the newest record it read.
    pub newest: Time,
    /// The first record of its lowest read, and its time.
    pub first: (Offset, Time),
    /// A point in this stretch: an offset and its record's time, for telling lag as time.
    pub sample: (Offset, Time),
}

/// A producer that gave up and began again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GaveUp {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch from here on.
    pub producer_epoch: i16,
    /// The first offset of the new epoch.
    pub offset: Offset,
    /// When.
    pub at: Time,
}

/// A transaction that was rolled back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RolledBack {
    /// Its producer.
    pub producer_id: i64,
    /// Its first record in this partition, as far as it was read.
    pub from: Offset,
    /// The end of its last one, exclusive.
    pub to: Offset,
    /// How many of its records were read.
    pub records: u64,
    /// The offset of its abort marker.
    pub marker: Offset,
    /// When the marker was written.
    pub at: Time,
}

/// Records that were read once and that the log lost again: a later leader never had them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Truncated {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// The leader epoch they were written in; where there were several, the last.
    pub epoch: i32,
    /// When that was seen.
    pub at: Time,
}
