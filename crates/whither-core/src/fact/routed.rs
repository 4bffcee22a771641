//! Records that were routed away from where they were.

use crate::key::{Name, Offset, Partition};
use crate::time::Time;
use alloc::vec::Vec;

/// A record that names its origin in headers (R17).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// Where the record itself is.
    pub partition: Partition,
    /// Its offset there.
    pub offset: Offset,
    /// Its timestamp.
    pub at: Time,
    /// The hash of its key; none for a null key.
    pub key_hash: Option<u64>,
    /// What its topic is for.
    pub role: Role,
    /// Whose headers it carries.
    pub convention: Convention,
    /// The partition it says it came from first.
    pub origin: Partition,
    /// The offset it says it had there.
    pub origin_offset: Offset,
    /// The timestamp it says it had there, where the convention carries one.
    pub origin_at: Option<Time>,
    /// The group that routed it away, where the convention names one.
    pub group: Option<Name>,
    /// The Connect connector, where the convention names one.
    pub connector: Option<Name>,
    /// The stage at which it failed (Connect: `VALUE_CONVERTER`, …).
    pub stage: Option<Name>,
    /// The exception's class.
    pub exception: Option<Name>,
}

/// What a topic that holds routed records is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Its records are tried again: a stage, not an end.
    Retry,
    /// Its records end there until somebody replays them.
    DeadLetter,
}

/// Whose dead-letter headers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Convention {
    /// Kafka Connect, `__connect.errors.*` (KIP-298).
    Connect,
    /// Spring Kafka, `kafka_dlt-*` and `kafka_original-*`.
    Spring,
    /// Kafka Streams, `__streams.errors.*` (KIP-1034).
    Streams,
    /// Share groups (KIP-1191).
    Share,
    /// Names given in the settings.
    Mapped,
}

/// A record looked at on request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its offset.
    pub offset: Offset,
    /// Whether it exists.
    pub exists: bool,
    /// Its timestamp.
    pub at: Time,
    /// The hash of its key; none for a null key.
    pub key_hash: Option<u64>,
}

/// What became of a record that was routed away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoutedAway {
    /// Its offset in this partition.
    pub offset: Offset,
    /// The stations it passed, first to last; never empty.
    pub stations: Vec<DeadLetter>,
    /// Those of them that were gone before anybody read them.
    pub purged: Vec<Purged>,
}

/// A dead letter that left its topic before any group had passed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Purged {
    /// Where it was.
    pub partition: Partition,
    /// Its offset there.
    pub offset: Offset,
    /// The log start that was seen above it.
    pub log_start: Offset,
    /// When that was seen.
    pub at: Time,
    /// A group has a position in the partition: a member of it may have read the letter and not committed.
    pub watched: bool,
}
