//! The input vocabulary: what was observed. Facts are never judgements.
//!
//! A source gives facts to the *logs* key of the partition it read, in offset order, and facts about a
//! partition from elsewhere (configuration, group descriptions) to its *ledgers* key, in any order. The
//! variants under "between stages" are outputs of an earlier stage; sources do not make them.

mod read;
mod routed;
mod offsets;
mod asked;
mod told;

pub use asked::{
    Config, Coordinator, EpochEnd, Group, GroupKind, GroupState, SharePosition, Size, Topic, TopicState,
    Transaction,
};
pub use offsets::{Change, Commit, CommitValue, Committed, Committer, Member, MemberChange, Members, Tail};
pub use read::{Batch, Bounds, Corrupt, Marker, MarkerKind, Opened, Reading, Unread, WhyUnread};
pub use routed::{Convention, DeadLetter, Purged, Record, Role, RoutedAway};
pub use told::{Cut, GaveUp, Progress, RolledBack, Run, RunKind, Truncated};

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
    /// Where a leader epoch ends (OffsetForLeaderEpoch): what was read of it above is gone.
    EpochEnd(EpochEnd),
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
    /// An open transaction on this partition (DescribeProducers, DescribeTransactions).
    Transaction(Transaction),
    /// A group as its coordinator describes it, for a partition it has a position in or is assigned.
    Group(Group),
    /// Where a share group stands (DescribeShareGroupOffsets).
    SharePosition(SharePosition),

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
    /// Logs to ledgers: records that were read are in the log no more (R4).
    Truncated(Truncated),
    /// Logs to letters, letters to joins: a record that says where it came from has been settled.
    Station(DeadLetter),
    /// Letters to joins: a dead letter is gone, and nobody had read it.
    Purged(Purged),
    /// Joins to ledgers: what became of a record that was routed away.
    RoutedAway(RoutedAway),
}
