//! What shows that a verdict holds.

use crate::fact::{Committer, Convention, GroupState, WhyUnread};
use crate::key::{Name, Offset, Partition, TopicId};
use crate::time::{Span, Time};

/// One thing that was observed and can be looked at again.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Evidence {
    /// The log starts here.
    LogStart {
        /// The first offset the log holds.
        offset: Offset,
        /// When that was read.
        at: Time,
    },
    /// The log ends here.
    LogEnd {
        /// The high watermark.
        offset: Offset,
        /// When that was read.
        at: Time,
    },
    /// Nothing below belongs to an open transaction.
    LastStable {
        /// The last stable offset.
        offset: Offset,
        /// When that was read.
        at: Time,
    },
    /// A commit of the group.
    Commit {
        /// Which of its commits.
        which: WhichCommit,
        /// What was committed.
        offset: Offset,
        /// The leader epoch committed, -1 for none.
        leader_epoch: i32,
        /// When.
        at: Time,
        /// Who made it.
        by: Committer,
        /// Where it can be read again: the offsets partition and the offset in it.
        source: (i32, Offset),
    },
    /// Where a share group stands, as its coordinator tells it.
    SharePosition {
        /// Everything below is acknowledged or archived.
        start: Offset,
        /// Offsets from there on that are too.
        settled: u64,
        /// When that was asked.
        at: Time,
    },
    /// A commit was removed.
    Tombstone {
        /// When.
        at: Time,
        /// Where it can be read again: the offsets partition and the offset in it.
        source: (i32, Offset),
    },
    /// Who commits for this group, and how.
    Habit {
        /// Commits made while the group had members.
        by_members: u64,
        /// Commits made while it had none.
        by_nobody: u64,
        /// Commits that carry a leader epoch.
        with_epoch: u64,
    },
    /// The commit history before this moment was compacted away.
    HistorySince {
        /// Start of the complete tail; none where nothing of it is complete.
        at: Option<Time>,
    },
    /// A setting of the topic or broker.
    Setting {
        /// Which.
        name: SettingName,
        /// Its value in the setting's own unit; -1 is without limit.
        value: i64,
    },
    /// The right to read a setting is missing.
    SettingUnknown {
        /// Which.
        name: SettingName,
    },
    /// whither itself read this range before it went.
    Read {
        /// Start of the range.
        from: Offset,
        /// End of the range, exclusive.
        to: Offset,
        /// Data records in it.
        records: u64,
    },
    /// The log start is inside a batch: retention removes whole segments, only DeleteRecords cuts here.
    MidBatch {
        /// The batch's first offset.
        base: Offset,
        /// The batch's last offset.
        last: Offset,
    },
    /// The newest record known in the range, or right behind it.
    RecordTime {
        /// Its offset.
        offset: Offset,
        /// Its timestamp.
        at: Time,
    },
    /// A leader epoch ends here.
    EpochEnd {
        /// The epoch.
        epoch: i32,
        /// Its end offset.
        end: Offset,
        /// When that was asked.
        at: Time,
    },
    /// The name has, or had, this incarnation.
    Incarnation {
        /// Its topic id.
        topic_id: TopicId,
        /// When it was seen.
        at: Time,
    },
    /// A named look-up says that the topic does not exist.
    Absent {
        /// When it was asked.
        at: Time,
    },
    /// A transaction's end marker.
    AbortMarker {
        /// The marker's offset.
        offset: Offset,
        /// Its producer.
        producer_id: i64,
        /// When it was written.
        at: Time,
    },
    /// An open transaction.
    OpenTransaction {
        /// Its producer.
        producer_id: i64,
        /// Where it starts.
        start: Offset,
        /// Its transactional id, where the coordinator tells.
        transactional_id: Option<Name>,
        /// When it began, or when its producer last wrote.
        began: Time,
        /// How long the coordinator lets it be open.
        timeout: Option<Span>,
        /// Whether the coordinator knows it; none if it was not asked.
        coordinator_knows: Option<bool>,
    },
    /// The group's state as its coordinator describes it.
    GroupState {
        /// The state.
        state: GroupState,
        /// When that was asked.
        at: Time,
    },
    /// The group has had no member since.
    EmptySince {
        /// When its last member left.
        at: Time,
    },
    /// A record that names this one as its origin.
    DeadLetter {
        /// Where it is.
        partition: Partition,
        /// Its offset there.
        offset: Offset,
        /// When it was written.
        at: Time,
        /// Whose headers it carries.
        convention: Convention,
        /// The stage it failed at.
        stage: Option<Name>,
        /// The exception's class.
        exception: Option<Name>,
        /// The connector that wrote it.
        connector: Option<Name>,
    },
    /// The origin record still exists and agrees with the dead letter.
    OriginMatches {
        /// Its timestamp is the same.
        timestamp: bool,
        /// The hash of its key is the same.
        key: bool,
    },
    /// A producer began again with a higher epoch.
    GaveUp {
        /// The producer.
        producer_id: i64,
        /// Its epoch from here on.
        producer_epoch: i16,
        /// The first offset of the new epoch.
        offset: Offset,
        /// When.
        at: Time,
    },
    /// A batch can't be read.
    Broken {
        /// When it was found.
        at: Time,
    },
    /// A range was not read.
    NotRead {
        /// Why.
        why: WhyUnread,
    },
    /// How fast the group moves through event time: below 1 it falls behind.
    Pace {
        /// Event time covered per 1,000 s of real time.
        per_mille: i64,
    },
}

/// Which of a group's commits a piece of evidence is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum WhichCommit {
    /// The first one known.
    First,
    /// The latest.
    Latest,
    /// The highest of this incarnation.
    Highest,
    /// The one before the event told of.
    Before,
    /// The one that is the event.
    This,
}

/// Settings that verdicts rest on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum SettingName {
    /// `retention.ms`, milliseconds.
    RetentionMs,
    /// `retention.bytes`, bytes.
    RetentionBytes,
    /// `offsets.retention.minutes`, minutes.
    OffsetsRetentionMinutes,
}
