//! Each group's distance from the end of a partition, over time.

use super::columns::{Column, Int, MaybeInt, Small, Text, Time};
use super::row::row;
use std::sync::Arc;

row! {
    /// How far a group was from the end of a partition at one moment.
    pub LagRow in Lag
    key {
        /// The consumer group.
        group: Arc<str> as Text("consumer_group"),
        /// The topic.
        topic: Arc<str> as Text("topic"),
        /// The partition.
        partition: i32 as Small("partition"),
        /// When, in milliseconds since the epoch.
        at_ms: i64 as Time("happened_at"),
    }
    rest {
        /// The latest commit; `None` without one.
        committed: Option<i64> as MaybeInt("committed_offset"),
        /// The end of the log.
        end: i64 as Int("end_offset"),
        /// The start of the log.
        log_start: i64 as Int("log_start_offset"),
        /// Records the group has still to read, if they could be counted.
        lag_records: Option<i64> as MaybeInt("lag_records"),
        /// Age of the oldest of them in milliseconds, if it is known.
        lag_ms: Option<i64> as MaybeInt("lag_ms"),
    }
}
