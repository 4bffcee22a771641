//! What brokers answer when they are asked.

use super::Member;
use crate::key::{Name, Offset, TopicId};
use crate::time::{Span, Time};
use alloc::sync::Arc;

/// A topic's configuration, as far as it could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// `retention.ms`; -1 without limit, none if not told.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`; -1 without limit, none if not told.
    pub retention_bytes: Option<i64>,
    /// Whether `cleanup.policy` has `compact`; none if not told.
    pub compacts: Option<bool>,
    /// Whether `cleanup.policy` has `delete`; none if not told.
    pub deletes: Option<bool>,
    /// Whether `unclean.leader.election.enable`; none if not told.
    pub unclean_elections: Option<bool>,
    /// The broker's `offsets.retention.minutes` as a span; none if not told.
    pub offsets_retention: Option<Span>,
}

/// A partition's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// When it was asked.
    pub at: Time,
    /// Bytes on the leader's disk.
    pub bytes: u64,
}

/// Whether a topic exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Topic {
    /// When it was asked.
    pub at: Time,
    /// What the named look-up said.
    pub state: TopicState,
}

/// What a named metadata look-up said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopicState {
    /// It exists under this id.
    Exists(TopicId),
    /// UNKNOWN_TOPIC_OR_PARTITION: proof of absence.
    Absent,
    /// No right to know.
    Unauthorized,
}

/// The end of a leader epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// The incarnation asked about.
    pub topic_id: TopicId,
    /// The epoch asked about.
    pub epoch: i32,
    /// Its end offset, exclusive.
    pub end: Offset,
    /// When it was asked.
    pub at: Time,
}

/// An open transaction as the broker describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// When it was asked.
    pub at: Time,
    /// Its producer.
    pub producer_id: i64,
    /// Where it starts in this partition.
    pub start: Offset,
    /// When its producer last wrote to this partition.
    pub last_write: Time,
    /// What its coordinator knows; none if the coordinator was not asked or did not answer.
    pub coordinator: Option<Coordinator>,
}

/// What the transaction coordinator says of a producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Coordinator {
    /// It no longer knows the transaction: nothing will end it by itself.
    Unknown,
    /// It knows it.
    Knows {
        /// The transactional id.
        transactional_id: Name,
        /// When the transaction began.
        began: Time,
        /// After this long the coordinator aborts it.
        timeout: Span,
    },
}

/// A group as described by its coordinator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// When it was asked.
    pub at: Time,
    /// The group.
    pub group: Name,
    /// Its state.
    pub state: GroupState,
    /// What kind of group it is.
    pub kind: GroupKind,
    /// The member this partition is assigned to.
    pub member: Option<Arc<Member>>,
    /// Whether a member subscribes to this topic.
    pub subscribed: bool,
    /// Whether the settings name it as one that must be alive.
    pub expected: bool,
}

/// Where a share group stands in a partition (KIP-932). Its members settle records in any order: what is known is
/// where that begins, and how much of what follows is settled (KIP-1226).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharePosition {
    /// When it was asked, before the log's end was.
    pub at: Time,
    /// The group.
    pub group: Name,
    /// The incarnation it is about.
    pub topic_id: TopicId,
    /// The share-partition start offset: everything below it is acknowledged or archived.
    pub start: Offset,
    /// Offsets from there on that are acknowledged or archived too.
    pub settled: u64,
}

/// A group's state in Kafka's words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum GroupState {
    /// No members.
    Empty,
    /// Members, no rebalance under way.
    Stable,
    /// Rebalancing: PreparingRebalance, CompletingRebalance, Assigning, Reconciling.
    Rebalancing,
    /// Gone.
    Dead,
    /// Not told.
    Unknown,
}

impl GroupState {
    /// Whether members are in force.
    #[must_use]
    pub const fn has_members(self) -> bool {
        matches!(self, GroupState::Stable | GroupState::Rebalancing)
    }
}

/// The protocol a group speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GroupKind {
    /// The classic consumer protocol, and simple groups that only commit.
    Classic,
    /// KIP-848.
    Consumer,
    /// A Connect cluster or another protocol type on the classic protocol.
    OtherClassic,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
}
