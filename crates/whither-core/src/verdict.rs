//! The output vocabulary: what became of records, how surely, why, and what shows it.

mod evidence;

pub use evidence::{Evidence, SettingName, WhichCommit};

use crate::key::{Name, Offset, Partition, TopicId};
use crate::time::Time;
use alloc::vec::Vec;

/// What became of a record for a group. `RULES.md` says what each word means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[expect(missing_docs, reason = "the words are defined once, in RULES.md and the guide")]
pub enum Outcome {
    InFlight,
    Delivered,
    Filtered,
    DeadLettered,
    Aborted,
    Expired,
    Deleted,
    Superseded,
    Truncated,
    Skipped,
    Failed,
    NotProduced,
    LostAtDeadLetter,
    BeforeStart,
    Unread,
    Unknown,
}

impl Outcome {
    /// Every outcome, in the order reports list them.
    pub const ALL: [Outcome; 16] = [
        Outcome::InFlight,
        Outcome::Delivered,
        Outcome::Filtered,
        Outcome::DeadLettered,
        Outcome::Aborted,
        Outcome::Expired,
        Outcome::Deleted,
        Outcome::Superseded,
        Outcome::Truncated,
        Outcome::Skipped,
        Outcome::Failed,
        Outcome::NotProduced,
        Outcome::LostAtDeadLetter,
        Outcome::BeforeStart,
        Outcome::Unread,
        Outcome::Unknown,
    ];

    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::InFlight => "in_flight",
            Outcome::Delivered => "delivered",
            Outcome::Filtered => "filtered",
            Outcome::DeadLettered => "dead_lettered",
            Outcome::Aborted => "aborted",
            Outcome::Expired => "expired",
            Outcome::Deleted => "deleted",
            Outcome::Superseded => "superseded",
            Outcome::Truncated => "truncated",
            Outcome::Skipped => "skipped",
            Outcome::Failed => "failed",
            Outcome::NotProduced => "not_produced",
            Outcome::LostAtDeadLetter => "lost_at_dead_letter",
            Outcome::BeforeStart => "before_start",
            Outcome::Unread => "unread",
            Outcome::Unknown => "unknown",
        }
    }

    /// Whether it counts as lost. Compaction is a promise of the topic: `superseded` is not counted here.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(
            self,
            Outcome::Expired
                | Outcome::Deleted
                | Outcome::Truncated
                | Outcome::Skipped
                | Outcome::Failed
                | Outcome::NotProduced
                | Outcome::LostAtDeadLetter
        )
    }
}

/// How sure a statement is. Ordered: a greater one is surer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Certainty {
    /// Nothing shows it either way.
    Unknown,
    /// Counts or timing only.
    Indicative,
    /// Two independent sources agree and one explanation is left.
    Strong,
    /// The broker's log or coordinator determines it. Never revised.
    Proof,
}

impl Certainty {
    /// Every certainty, the surest first.
    pub const ALL: [Certainty; 4] =
        [Certainty::Proof, Certainty::Strong, Certainty::Indicative, Certainty::Unknown];

    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Certainty::Unknown => "unknown",
            Certainty::Indicative => "indicative",
            Certainty::Strong => "strong",
            Certainty::Proof => "proof",
        }
    }
}

/// Why records met their end: the causes the log and commits planes can show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[expect(missing_docs, reason = "the ids are defined once, in RULES.md and the guide")]
pub enum Cause {
    RetentionTime,
    RetentionSize,
    DeleteRecords,
    TopicDeleted,
    TopicRecreated,
    Compaction,
    UncleanElection,
    LogRegressed,
    CorruptBatch,
    TransactionAborted,
    TransactionHanging,
    TransactionOpen,
    DeliveryTimeout,
    Lagging,
    OffsetReset,
    SeekForward,
    StartedAtLatest,
    OutOfRangeJump,
    PartitionAddedLatest,
    OffsetsExpired,
    GroupDeleted,
    CommittedPastEnd,
    OutOfOrderCommit,
    ReadsUncommitted,
    Redelivered,
    RoutedToDeadLetter,
    DeadLetterPurged,
}

impl Cause {
    /// Every cause, in the order of `INTERFACE.md`.
    pub const ALL: [Cause; 27] = [
        Cause::RetentionTime,
        Cause::RetentionSize,
        Cause::DeleteRecords,
        Cause::TopicDeleted,
        Cause::TopicRecreated,
        Cause::Compaction,
        Cause::UncleanElection,
        Cause::LogRegressed,
        Cause::CorruptBatch,
        Cause::TransactionAborted,
        Cause::TransactionHanging,
        Cause::TransactionOpen,
        Cause::DeliveryTimeout,
        Cause::Lagging,
        Cause::OffsetReset,
        Cause::SeekForward,
        Cause::StartedAtLatest,
        Cause::OutOfRangeJump,
        Cause::PartitionAddedLatest,
        Cause::OffsetsExpired,
        Cause::GroupDeleted,
        Cause::CommittedPastEnd,
        Cause::OutOfOrderCommit,
        Cause::ReadsUncommitted,
        Cause::Redelivered,
        Cause::RoutedToDeadLetter,
        Cause::DeadLetterPurged,
    ];

    /// The id outsiders rely on.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Cause::RetentionTime => "retention_time",
            Cause::RetentionSize => "retention_size",
            Cause::DeleteRecords => "delete_records",
            Cause::TopicDeleted => "topic_deleted",
            Cause::TopicRecreated => "topic_recreated",
            Cause::Compaction => "compaction",
            Cause::UncleanElection => "unclean_election",
            Cause::LogRegressed => "log_regressed",
            Cause::CorruptBatch => "corrupt_batch",
            Cause::TransactionAborted => "transaction_aborted",
            Cause::TransactionHanging => "transaction_hanging",
            Cause::TransactionOpen => "transaction_open",
            Cause::DeliveryTimeout => "delivery_timeout",
            Cause::Lagging => "lagging",
            Cause::OffsetReset => "offset_reset",
            Cause::SeekForward => "seek_forward",
            Cause::StartedAtLatest => "started_at_latest",
            Cause::OutOfRangeJump => "out_of_range_jump",
            Cause::PartitionAddedLatest => "partition_added_latest",
            Cause::OffsetsExpired => "offsets_expired",
            Cause::GroupDeleted => "group_deleted",
            Cause::CommittedPastEnd => "committed_past_end",
            Cause::OutOfOrderCommit => "out_of_order_commit",
            Cause::ReadsUncommitted => "reads_uncommitted",
            Cause::Redelivered => "redelivered",
            Cause::RoutedToDeadLetter => "routed_to_dead_letter",
            Cause::DeadLetterPurged => "dead_letter_purged",
        }
    }
}

/// How a finding is put before people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum ShownAs {
    /// Records are lost.
    Loss,
    /// Records will be lost, or skipped, if nothing is done.
    Risk,
    /// Records wait behind something that does not move.
    Stuck,
    /// Records are in a dead-letter topic.
    Dead,
    /// A group nobody has used for long: counted, no alarm.
    Dormant,
    /// Worth knowing.
    Note,
}

impl ShownAs {
    /// Every way, the gravest first.
    pub const ALL: [ShownAs; 6] =
        [ShownAs::Loss, ShownAs::Risk, ShownAs::Stuck, ShownAs::Dead, ShownAs::Dormant, ShownAs::Note];

    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            ShownAs::Loss => "loss",
            ShownAs::Risk => "risk",
            ShownAs::Stuck => "stuck",
            ShownAs::Dead => "dead",
            ShownAs::Dormant => "dormant",
            ShownAs::Note => "note",
        }
    }
}

/// A finding: records of one range, for one group or for all, that met an end worth telling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// A hash of (cluster, topic id, partition, group, cause, from): it stays while the range grows.
    pub id: u64,
    /// The group it holds for; none where it holds for every reader.
    pub group: Option<Name>,
    /// The partition.
    pub partition: Partition,
    /// The incarnation.
    pub topic_id: TopicId,
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// Data records in the range, or its width where `at_most`.
    pub records: u64,
    /// The range was gone before it could be read: markers and holes in it count as records.
    pub at_most: bool,
    /// What became of the records.
    pub outcome: Outcome,
    /// How sure that is.
    pub certainty: Certainty,
    /// Why.
    pub cause: Cause,
    /// How sure the cause is.
    pub cause_certainty: Certainty,
    /// How to put it before people.
    pub shown_as: ShownAs,
    /// The records are still in the log.
    pub recoverable: bool,
    /// The records were, or will be, delivered more than once.
    pub duplicate: bool,
    /// When it began, as far as the evidence tells.
    pub first_seen: Time,
    /// When the latest of it happened; of what goes on, when it was last looked at.
    pub last_seen: Time,
    /// What shows it; never empty.
    pub evidence: Vec<Evidence>,
    /// What happens next if nobody acts: the moment, if one is known.
    pub until: Option<Time>,
}

/// A stretch of a group's row: `[from, to)` met one end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Stretch {
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// Data records in it, or its width where it could not be read.
    pub records: u64,
    /// Whether `records` is a width.
    pub at_most: bool,
    /// What became of them.
    pub outcome: Outcome,
    /// How sure that is.
    pub certainty: Certainty,
    /// Why, where there is more to say than the outcome.
    pub cause: Option<Cause>,
}

/// One row of the balance: a group's records of one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Balance {
    /// The group.
    pub group: Name,
    /// The partition.
    pub partition: Partition,
    /// The incarnation.
    pub topic_id: TopicId,
    /// The lower of the log start and the group's first known position.
    pub from: Offset,
    /// The log end as read.
    pub to: Offset,
    /// What the reader's own counters saw, plus the width of what is gone or unread.
    pub records: u64,
    /// Whether a width is part of `records`.
    pub at_most: bool,
    /// How the row is made up: what is in the log or was, in offset order, then what the log lost again and what
    /// was routed away.
    pub stretches: Vec<Stretch>,
    /// The group's latest commit, if it has one.
    pub committed: Option<Offset>,
    /// When that was.
    pub committed_at: Option<Time>,
    /// The time of the record at `committed`, where known: what lag as time is told from.
    pub position_time: Option<Time>,
    /// Whether nobody has used the group for long.
    pub dormant: bool,
}

impl Balance {
    /// Records with this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.stretches.iter().filter(|s| s.outcome == outcome).map(|s| s.records).sum()
    }

    /// What the counters saw less what the verdicts say: zero, always. The invariant that tests, the
    /// simulator and production check.
    #[must_use]
    pub fn residual(&self) -> i128 {
        let said: i128 = self.stretches.iter().map(|s| i128::from(s.records)).sum();
        i128::from(self.records) - said
    }
}
