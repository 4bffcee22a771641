//! What offsets partitions hold: commits and members.

use crate::key::{Name, Offset, Partition, TopicId};
use crate::time::Time;
use alloc::vec::Vec;

/// An offset commit record, or its tombstone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its offset in the offsets partition.
    pub source_offset: Offset,
    /// The committing group.
    pub group: Name,
    /// The partition committed for.
    pub partition: Partition,
    /// When: the value's commit timestamp, or the batch's for a tombstone.
    pub at: Time,
    /// When whither read it, on its own clock: orders commits against edges that it observed itself.
    pub seen: Time,
    /// The producer id of the transactional batch it is in; none outside a transaction.
    pub transaction: Option<i64>,
    /// The partition is one that dead letters wait in: who reads them must be known there.
    pub of_letters: bool,
    /// What was committed; none for a tombstone.
    pub value: Option<CommitValue>,
}

/// The value of an offset commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitValue {
    /// The next offset the group will read.
    pub offset: Offset,
    /// The leader epoch of the last record consumed, -1 if the client did not tell.
    pub leader_epoch: i32,
    /// The incarnation committed for, where the broker writes it (value version 4).
    pub topic_id: TopicId,
}

/// A group's members as `__consumer_offsets` records them at one point of its log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Members {
    /// The record's offset in the offsets partition.
    pub source_offset: Offset,
    /// The group.
    pub group: Name,
    /// When it was written.
    pub at: Time,
    /// The members in force; none means Empty. `None`: a tombstone, the group is gone.
    pub members: Option<Vec<Member>>,
}

/// A change of one member, as KIP-848 groups record it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberChange {
    /// The record's offset in the offsets partition.
    pub source_offset: Offset,
    /// The group.
    pub group: Name,
    /// The id its coordinator gave it.
    pub member_id: Name,
    /// When it was written.
    pub at: Time,
    /// What changed.
    pub change: Change,
}

/// What changed of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It joined, or told new metadata.
    Joined {
        /// The `client.id` it told.
        client_id: Name,
        /// The address it came from.
        host: Name,
    },
    /// These partitions are assigned to it now.
    Assigned(Vec<Partition>),
    /// It left, or was fenced.
    Left,
}

/// One member of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The id its coordinator gave it.
    pub member_id: Name,
    /// The `client.id` it told.
    pub client_id: Name,
    /// The address it came from.
    pub host: Name,
    /// The partitions assigned to it, as far as the record tells.
    pub assigned: Vec<Partition>,
}

/// A commit that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The committing group.
    pub group: Name,
    /// When, never before an earlier commit of the same offsets partition.
    pub at: Time,
    /// When whither read it, on its own clock.
    pub seen: Time,
    /// The offsets partition it is in.
    pub offsets_partition: i32,
    /// Its offset there; a transactional commit's own, not its marker's.
    pub source_offset: Offset,
    /// How many holes of the offsets partition come before it: history is complete between equal numbers.
    pub holes_before: u32,
    /// When this group was first heard of in the same stretch of history.
    pub group_since: Time,
    /// Who made it.
    pub by: Committer,
    /// Whether it came with a transaction.
    pub transactional: bool,
    /// What was committed; none for a tombstone.
    pub value: Option<CommitValue>,
}

/// The hole-free suffix of an offsets partition: only there is commit history complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The offsets partition.
    pub offsets_partition: i32,
    /// How many holes come before the suffix.
    pub holes: u32,
    /// When the suffix begins; none if it has no record.
    pub since: Option<Time>,
}

/// Who made a commit, from the membership in force at that point of the log (R6).
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Committer {
    /// The member the partition was assigned to.
    Member {
        /// Its `client.id`.
        client_id: Name,
        /// Its address.
        host: Name,
    },
    /// The group had members, which one is not told.
    SomeMember,
    /// The group had no member in force: an admin tool, or a consumer that assigns itself.
    NoMember {
        /// How long the group had been Empty, where the log tells.
        empty_since: Option<Time>,
    },
    /// Membership history does not reach back that far.
    Unknown,
}
