//! What each cause means, in general: for the guide.

use whither_core::verdict::{Cause, ShownAs};

/// A cause in general.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CauseInGeneral {
    /// One sentence.
    pub means: &'static str,
    /// The verdict it comes with.
    pub verdict: &'static str,
    /// How findings of it are shown.
    pub shown_as: &'static [ShownAs],
    /// What shows it, and how surely at best.
    pub proof: &'static str,
    /// What to do.
    pub act: &'static str,
}

const LOSS: &[ShownAs] = &[ShownAs::Loss];
const NOTE: &[ShownAs] = &[ShownAs::Note];
const RISK: &[ShownAs] = &[ShownAs::Risk];
const STUCK: &[ShownAs] = &[ShownAs::Stuck];

/// A cause in general.
#[must_use]
pub const fn cause(cause: Cause) -> CauseInGeneral {
    match cause {
        Cause::RetentionTime => RETENTION_TIME,
        Cause::RetentionSize => RETENTION_SIZE,
        Cause::DeleteRecords => DELETE_RECORDS,
        Cause::TopicDeleted => TOPIC_DELETED,
        Cause::TopicRecreated => TOPIC_RECREATED,
        Cause::Compaction => COMPACTION,
        Cause::UncleanElection => UNCLEAN_ELECTION,
        Cause::LogRegressed => LOG_REGRESSED,
        Cause::CorruptBatch => CORRUPT_BATCH,
        Cause::TransactionAborted => TRANSACTION_ABORTED,
        Cause::TransactionHanging => TRANSACTION_HANGING,
        Cause::TransactionOpen => TRANSACTION_OPEN,
        Cause::DeliveryTimeout => DELIVERY_TIMEOUT,
        Cause::ReadsUncommitted => READS_UNCOMMITTED,
        Cause::Lagging => LAGGING,
        Cause::OffsetReset => OFFSET_RESET,
        Cause::SeekForward => SEEK_FORWARD,
        Cause::StartedAtLatest => STARTED_AT_LATEST,
        Cause::OutOfRangeJump => OUT_OF_RANGE_JUMP,
        Cause::PartitionAddedLatest => PARTITION_ADDED_LATEST,
        Cause::OffsetsExpired => OFFSETS_EXPIRED,
        Cause::GroupDeleted => GROUP_DELETED,
        Cause::CommittedPastEnd => COMMITTED_PAST_END,
        Cause::OutOfOrderCommit => OUT_OF_ORDER_COMMIT,
        Cause::Redelivered => REDELIVERED,
        Cause::RoutedToDeadLetter => ROUTED_TO_DEAD_LETTER,
        Cause::DeadLetterPurged => DEAD_LETTER_PURGED,
    }
}

const RETENTION_TIME: CauseInGeneral = CauseInGeneral {
    means: "The log start passed the group's latest commit because records became older than `retention.ms`.",
    verdict: "`expired`",
    shown_as: LOSS,
    proof: "the log start above the latest commit, with the topic's settings and record times: strong; a follower that read the records proves the verdict and counts exactly",
    act: "read faster, or raise `retention.ms`; what is gone stays gone",
};

const RETENTION_SIZE: CauseInGeneral = CauseInGeneral {
    means: "The log start passed the group's latest commit because the partition grew beyond `retention.bytes`.",
    verdict: "`expired`",
    shown_as: LOSS,
    proof: "as `retention_time`, where records were not old enough and the partition is as large as the setting: strong",
    act: "read faster, or raise `retention.bytes`",
};

const DELETE_RECORDS: CauseInGeneral = CauseInGeneral {
    means: "Somebody deleted the beginning of the log before the group had read it.",
    verdict: "`deleted`",
    shown_as: LOSS,
    proof: "a log start inside a batch: proof, for retention removes whole segments; between batches strong, where the settings rule retention out",
    act: "see who has the Delete right; `kafka-delete-records.sh`, Streams and admin clients do it",
};

const TOPIC_DELETED: CauseInGeneral = CauseInGeneral {
    means: "The topic was deleted while the group had records to read.",
    verdict: "`deleted`",
    shown_as: LOSS,
    proof: "a metadata look-up by name that answers UNKNOWN_TOPIC: proof of absence; that records were unread needs the end to have been seen",
    act: "only the producers can send them again",
};

const TOPIC_RECREATED: CauseInGeneral = CauseInGeneral {
    means: "The topic was deleted and created again under the same name: another topic id.",
    verdict: "`deleted`",
    shown_as: &[ShownAs::Loss, ShownAs::Note],
    proof: "two topic ids under one name; a loss only where records of the old one are known to have been unread",
    act: "begin the new topic from its start",
};

const COMPACTION: CauseInGeneral = CauseInGeneral {
    means: "Compaction removed a record before the group read it: a newer one has its key.",
    verdict: "`superseded`",
    shown_as: NOTE,
    proof: "a follower that saw the record above the group's position, and later did not: strong",
    act: "nothing: it is a promise of the topic",
};

const UNCLEAN_ELECTION: CauseInGeneral = CauseInGeneral {
    means: "A replica that lacked the newest records became leader, and they went.",
    verdict: "`truncated`",
    shown_as: LOSS,
    proof: "what proves `log_regressed`, on a topic that allows unclean elections: verdict proof, cause strong where a follower saw it, else indicative",
    act: "set `unclean.leader.election.enable=false`, write with `acks=all` and `min.insync.replicas` of 2",
};

const LOG_REGRESSED: CauseInGeneral = CauseInGeneral {
    means: "The log lost records that it had: a commit or an earlier look reaches beyond the end of its leader epoch.",
    verdict: "`truncated`",
    shown_as: LOSS,
    proof: "a commit, or a record that a follower read, above the end of its own leader epoch (OffsetForLeaderEpoch): proof; the cause strong where a follower saw it, else indicative",
    act: "look for a broker that came back with an old or empty disk",
};

const CORRUPT_BATCH: CauseInGeneral = CauseInGeneral {
    means: "A batch whose checksum or structure is broken: every consumer stops there.",
    verdict: "`unknown`",
    shown_as: STUCK,
    proof: "the batch itself: proof",
    act: "check the leader's disk; a group gets past it only by being moved",
};

const TRANSACTION_ABORTED: CauseInGeneral = CauseInGeneral {
    means: "A producer rolled its transaction back. Readers of committed data never see it; by default Java's consumers are readers of uncommitted data.",
    verdict: "`aborted`",
    shown_as: NOTE,
    proof: "the abort marker in the log: proof",
    act: "nothing",
};

const TRANSACTION_HANGING: CauseInGeneral = CauseInGeneral {
    means: "A transaction that nothing will end: readers of committed data wait behind it.",
    verdict: "`in_flight`",
    shown_as: STUCK,
    proof: "its coordinator no longer knows it, or its own timeout is long over: proof",
    act: "make sure that its producer is gone, then `kafka-transactions.sh abort`",
};

const TRANSACTION_OPEN: CauseInGeneral = CauseInGeneral {
    means: "A transaction that is open and will end: by its producer, or by its timeout.",
    verdict: "`in_flight`",
    shown_as: NOTE,
    proof: "the records without an end marker: proof",
    act: "nothing; the finding tells when it ends at the latest",
};

const DELIVERY_TIMEOUT: CauseInGeneral = CauseInGeneral {
    means: "A producer gave up on a send and began again: what it sent before is uncertain, or there twice.",
    verdict: "`not_produced`",
    shown_as: NOTE,
    proof: "the same producer id with the next epoch and sequence 0 outside a transaction: indicative",
    act: "look for TimeoutException in the producer's log",
};

const READS_UNCOMMITTED: CauseInGeneral = CauseInGeneral {
    means: "The group reads uncommitted data: it got past an open transaction.",
    verdict: "`in_flight`",
    shown_as: NOTE,
    proof: "a commit beyond the last stable offset: strong; the finding tells how many aborted records it was exposed to",
    act: "set `isolation.level=read_committed`, unless it means to see them",
};

const LAGGING: CauseInGeneral = CauseInGeneral {
    means: "The group falls behind, and retention will overtake it.",
    verdict: "`in_flight`",
    shown_as: RISK,
    proof: "the age of the record at its position, its pace, and `retention.ms`: proof of where it stands, a forecast of when",
    act: "speed it up, or keep records longer, before the moment told",
};

const OFFSET_RESET: CauseInGeneral = CauseInGeneral {
    means: "Somebody outside the group moved its position: forward over records, or back.",
    verdict: "`skipped` forward, `delivered` or `in_flight` again back",
    shown_as: &[ShownAs::Loss, ShownAs::Note],
    proof: "a commit while the group had no member: proof of that; strong as a reset, if the group's members commit otherwise",
    act: "`whither offsets GROUP --at MOMENT --csv` writes the file that undoes it, while the records are in the log",
};

const SEEK_FORWARD: CauseInGeneral = CauseInGeneral {
    means: "A member set its own position forward.",
    verdict: "`skipped`",
    shown_as: LOSS,
    proof: "a commit without a leader epoch, from a client that otherwise commits them: strong",
    act: "undo it as a reset, if it was not meant",
};

const STARTED_AT_LATEST: CauseInGeneral = CauseInGeneral {
    means: "The group began at the end: what was there before was never for it.",
    verdict: "`before_start`",
    shown_as: NOTE,
    proof: "a first commit without a leader epoch: strong; else indicative",
    act: "move it to the start, if it should have read them",
};

const OUT_OF_RANGE_JUMP: CauseInGeneral = CauseInGeneral {
    means: "The group's position had left the log, and its `auto.offset.reset` put it further on.",
    verdict: "`skipped`",
    shown_as: LOSS,
    proof: "a position below the log start followed by one set by policy: strong for a follower, else indicative",
    act: "set `auto.offset.reset` to `earliest`, or to `none` and stop",
};

const PARTITION_ADDED_LATEST: CauseInGeneral = CauseInGeneral {
    means: "A partition was added, and the group began it at its end: records written before it noticed were skipped.",
    verdict: "`skipped`",
    shown_as: LOSS,
    proof: "a group older than the partition whose first commit there was set by policy: strong for a follower, else indicative",
    act: "move it back to the partition's start",
};

const OFFSETS_EXPIRED: CauseInGeneral = CauseInGeneral {
    means: "The broker removes the offsets of a group that is empty for `offsets.retention.minutes`; after that it begins by its policy.",
    verdict: "what follows from where it begins",
    shown_as: &[ShownAs::Risk, ShownAs::Note, ShownAs::Loss],
    proof: "the age since the group became empty, and the broker's setting: strong",
    act: "start a member before, or keep the offsets with `whither offsets GROUP --at now --csv`",
};

const GROUP_DELETED: CauseInGeneral = CauseInGeneral {
    means: "Somebody deleted the group, or its offsets.",
    verdict: "what follows from where it begins",
    shown_as: &[ShownAs::Note, ShownAs::Loss],
    proof: "offsets removed before they could have expired: strong, where the broker's setting is known",
    act: "put the positions back before it starts again",
};

const COMMITTED_PAST_END: CauseInGeneral = CauseInGeneral {
    means: "The group's position is beyond the end of the log: it will skip what is written up to there.",
    verdict: "`skipped`, once written",
    shown_as: RISK,
    proof: "a commit above the log's end, which was read after it: strong; proof for a follower",
    act: "move it to the end before more is written",
};

const OUT_OF_ORDER_COMMIT: CauseInGeneral = CauseInGeneral {
    means: "The same member committed a lower position after a higher one.",
    verdict: "`delivered`",
    shown_as: NOTE,
    proof: "both commits: proof that it happened, indicative of why",
    act: "commit in order",
};

const REDELIVERED: CauseInGeneral = CauseInGeneral {
    means: "Another member took the partition over before the end of what was read had been committed: records came twice.",
    verdict: "`delivered`, with the flag `duplicate`",
    shown_as: NOTE,
    proof: "a lower commit after a change of member: proof of the rewind, indicative of the cause",
    act: "make the work repeatable",
};

const ROUTED_TO_DEAD_LETTER: CauseInGeneral = CauseInGeneral {
    means: "The record failed and stands in a dead-letter topic.",
    verdict: "`dead_lettered`",
    shown_as: &[ShownAs::Dead],
    proof: "a record there whose headers name it as its origin, and which has the same timestamp or key: proof",
    act: "look at it, mend the cause, replay",
};

const DEAD_LETTER_PURGED: CauseInGeneral = CauseInGeneral {
    means: "The record's dead letter left its topic before any group had passed it.",
    verdict: "`lost_at_dead_letter`",
    shown_as: LOSS,
    proof: "a follower that saw the letter go, with its origin matched and no group's position in its partition: proof; with one: strong",
    act: "keep dead letters for longer than it takes to replay them",
};
