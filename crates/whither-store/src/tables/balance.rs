//! Verdicts by the hour: what is kept longest.

use super::columns::{Column, Int, Small, Text, Time};
use super::row::row;
use std::sync::Arc;

row! {
    /// Records of a group and a partition that met one verdict within an hour.
    pub BalanceRow in Balance
    key {
        /// The consumer group.
        group: Arc<str> as Text("consumer_group"),
        /// The topic.
        topic: Arc<str> as Text("topic"),
        /// The partition.
        partition: i32 as Small("partition"),
        /// Start of the hour, in milliseconds since the epoch.
        at_ms: i64 as Time("happened_at"),
        /// What became of the records.
        verdict: Arc<str> as Text("verdict"),
    }
    rest {
        /// How many met it in that hour.
        records: i64 as Int("records"),
    }
}
