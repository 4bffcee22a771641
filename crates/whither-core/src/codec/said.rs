//! What was said: rows and findings with their evidence.

use super::wire::{Code, Reader, Writer, record, words};
use crate::engine::{Clock, NotASnapshot};
use crate::verdict::{
    Balance, Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, Stretch, Verdict, WhichCommit,
};

words! {
    Outcome {
        InFlight = 0, Delivered = 1, Filtered = 2, DeadLettered = 3, Aborted = 4, Expired = 5, Deleted = 6,
        Superseded = 7, Truncated = 8, Skipped = 9, Failed = 10, NotProduced = 11, LostAtDeadLetter = 12,
        BeforeStart = 13, Unread = 14, Unknown = 15,
    }
    Certainty { Unknown = 0, Indicative = 1, Strong = 2, Proof = 3 }
    ShownAs { Loss = 0, Risk = 1, Stuck = 2, Dead = 3, Dormant = 4, Note = 5 }
    WhichCommit { First = 0, Latest = 1, Highest = 2, Before = 3, This = 4 }
    SettingName { RetentionMs = 0, RetentionBytes = 1, OffsetsRetentionMinutes = 2 }
    Cause {
        RetentionTime = 0, RetentionSize = 1, DeleteRecords = 2, TopicDeleted = 3, TopicRecreated = 4,
        Compaction = 5, UncleanElection = 6, LogRegressed = 7, CorruptBatch = 8, TransactionAborted = 9,
        TransactionHanging = 10, TransactionOpen = 11, DeliveryTimeout = 12, Lagging = 13, OffsetReset = 14,
        SeekForward = 15, StartedAtLatest = 16, OutOfRangeJump = 17, PartitionAddedLatest = 18,
        OffsetsExpired = 19, GroupDeleted = 20, CommittedPastEnd = 21, OutOfOrderCommit = 22,
        ReadsUncommitted = 23, Redelivered = 24, RoutedToDeadLetter = 25, DeadLetterPurged = 26,
    }
}

record! {
    Clock { now, complete_to }
    Stretch { from, to, records, at_most, outcome, certainty, cause }
    Balance {
        group, partition, topic_id, from, to, records, at_most, stretches, committed, committed_at, position_time,
        dormant,
    }
    Verdict {
        id, group, partition, topic_id, from, to, records, at_most, outcome, certainty, cause, cause_certainty,
        shown_as, recoverable, duplicate, first_seen, last_seen, evidence, until,
    }
}

/// A byte for the variant, then its fields in the order given.
macro_rules! evidence {
    ($($byte:literal = $variant:ident { $($field:ident),* $(,)? })*) => {
        impl Code for Evidence {
            fn put(&self, w: &mut Writer<'_>) {
                match self {
                    $(Evidence::$variant { $($field),* } => {
                        let byte: u8 = $byte;
                        byte.put(w);
                        $($field.put(w);)*
                    })*
                }
            }

            fn get(r: &mut Reader<'_>) -> Result<Evidence, NotASnapshot> {
                Ok(match u8::get(r)? {
                    $($byte => Evidence::$variant { $($field: Code::get(r)?),* },)*
                    _ => return r.fail("a kind of evidence"),
                })
            }
        }
    };
}

evidence! {
    0 = LogStart { offset, at }
    1 = LogEnd { offset, at }
    2 = LastStable { offset, at }
    3 = Commit { which, offset, leader_epoch, at, by, source }
    4 = Tombstone { at, source }
    5 = Habit { by_members, by_nobody, with_epoch }
    6 = HistorySince { at }
    7 = Setting { name, value }
    8 = SettingUnknown { name }
    9 = Read { from, to, records }
    10 = MidBatch { base, last }
    11 = RecordTime { offset, at }
    12 = EpochEnd { epoch, end, at }
    13 = Incarnation { topic_id, at }
    14 = Absent { at }
    15 = AbortMarker { offset, producer_id, at }
    16 = OpenTransaction { producer_id, start, transactional_id, began, timeout, coordinator_knows }
    17 = GroupState { state, at }
    18 = EmptySince { at }
    19 = DeadLetter { partition, offset, at, convention, stage, exception, connector }
    20 = OriginMatches { timestamp, key }
    21 = GaveUp { producer_id, producer_epoch, offset, at }
    22 = Broken { at }
    23 = NotRead { why }
    24 = Pace { per_mille }
    25 = SharePosition { start, settled, at }
}
