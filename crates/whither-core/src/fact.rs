//! The input vocabulary: what was observed. Facts are never judgements.
//!
//! A source gives facts to the *logs* key of the partition it read, in offset order, and facts about a
//! partition from elsewhere (configuration, group descriptions) to its *ledgers* key, in any order. The
//! variants under "between stages" are outputs of an earlier stage; sources do not make them.

use crate::key::{Name, Offset, Partition, TopicId};
use crate::time::{Span, Time};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Something observed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    // To a logs key, from a reader.
    /// The partition's edges, as ListOffsets, Fetch and Metadata told them.
    Bounds(Bounds),
    /// A reader begins a contiguous read; what no read covers is unread.
    Reading(Reading),
    /// A record batch that was read and whose CRC held.
    Batch(Batch),
    /// A control batch: a transaction's end, or one that settles nothing.
    Marker(Marker),
    /// A batch was opened, or a range was read again: exactly these records exist in it.
    Opened(Opened),
    /// A range that was not read, by choice.
    Unread(Unread),
    /// A range that can't be read: CRC or structure is broken.
    Corrupt(Corrupt),
    /// A record of a dead-letter or retry topic that names where it came from.
    DeadLetter(DeadLetter),
    /// An offset commit, from `__consumer_offsets` (keys of type 0 and 1).
    Commit(Commit),
    /// A classic group's members, from `__consumer_offsets` (type 2).
    Members(Members),
    /// One member's coming, assignment or going, from `__consumer_offsets` (KIP-848 types 5 and 8, KIP-1071).
    MemberChange(MemberChange),

    // To a ledgers key, from a source that asked about it.
    /// A record looked at again on request ([`crate::ReadDeeper`]).
    Record(Record),
    /// The topic's configuration, as far as the right to read it went.
    Config(Config),
    /// Whether the topic exists, and under which id.
    Topic(Topic),
    /// The partition's size on its leader's disk (DescribeLogDirs).
    Size(Size),
    /// Where a leader epoch ends (OffsetForLeaderEpoch).
    EpochEnd(EpochEnd),
    /// An open transaction on this partition (DescribeProducers, DescribeTransactions).
    Transaction(Transaction),
    /// A group as its coordinator describes it, for a partition it has a position in or is assigned.
    Group(Group),

    // Between stages.
    /// Logs to ledgers: a run of offsets of one kind.
    Run(Run),
    /// Logs to ledgers: the log start is inside a batch.
    Cut(Cut),
    /// Logs to ledgers: how far the reader is and what its own counters say.
    Progress(Progress),
    /// Logs to ledgers: a commit that counts, with who made it.
    Committed(Committed),
    /// Logs to ledgers: from where on the commit history of an offsets partition is complete.
    Tail(Tail),
    /// Logs to ledgers: a producer gave up and began again (RULES R16).
    GaveUp(GaveUp),
    /// Logs to ledgers: a transaction was rolled back.
    RolledBack(RolledBack),
    /// Logs to ledgers: records that were read have been replaced by others (R4).
    Replaced(Replaced),
    /// Logs to joins, and to the ledger of the partition it is in: a record that says where it came from has
    /// been settled.
    Station(DeadLetter),
    /// Joins to ledgers: what became of a record that was routed away.
    RoutedAway(RoutedAway),
}

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
    /// Offsets its reads have covered.
    pub covered: u64,
    /// Data records it counted among them.
    pub records: u64,
    /// Offsets among them that it left unread or could not read.
    pub unread: u64,
    /// The time of the newest record it read.
    pub newest: Time,
    /// The first record of its lowest read, and its time.
    pub first: (Offset, Time),
    /// A point in this stretch: an offset and its record's time, for telling lag as time.
    pub sample: (Offset, Time),
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

/// Records that were read once and are others now: a later leader epoch wrote over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// The leader epoch they were written in.
    pub epoch_before: i32,
    /// The leader epoch of what is there now.
    pub epoch_now: i32,
    /// The newest timestamp of what is there now.
    pub at: Time,
}

/// What became of a record that was routed away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoutedAway {
    /// Its offset in this partition.
    pub offset: Offset,
    /// The stations it passed, first to last; never empty.
    pub stations: Vec<DeadLetter>,
}
