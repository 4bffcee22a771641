//! Each change of each finding.

use super::columns::{Column, Flag, Id, Int, Json, MaybeText, Small, Text, Time};
use super::row::row;
use std::sync::Arc;

row! {
    /// A finding as it became at one moment.
    pub FindingRow in Findings
    key {
        /// Stays while the finding grows.
        id: u64 as Id("finding_id"),
        /// When, in milliseconds since the epoch.
        at_ms: i64 as Time("happened_at"),
    }
    rest {
        /// The consumer group; `None` where no single one is meant.
        group: Option<Arc<str>> as MaybeText("consumer_group"),
        /// The topic.
        topic: Arc<str> as Text("topic"),
        /// The partition.
        partition: i32 as Small("partition"),
        /// First offset of the range.
        from: i64 as Int("from_offset"),
        /// The offset after the last of the range.
        to: i64 as Int("to_offset"),
        /// Records in it.
        records: i64 as Int("records"),
        /// Whether `records` is an upper bound.
        at_most: bool as Flag("at_most"),
        /// What became of them.
        verdict: Arc<str> as Text("verdict"),
        /// How sure that is.
        certainty: Arc<str> as Text("certainty"),
        /// Why; `None` if nobody can tell.
        cause: Option<Arc<str>> as MaybeText("cause"),
        /// How sure the cause is.
        cause_certainty: Option<Arc<str>> as MaybeText("cause_certainty"),
        /// What it is listed as: loss, risk, note and so on.
        shown_as: Arc<str> as Text("shown_as"),
        /// Whether the records are still in the log.
        recoverable: bool as Flag("recoverable"),
        /// Whether the finding no longer holds.
        withdrawn: bool as Flag("withdrawn"),
        /// The whole finding with its evidence, as JSON.
        json: String as Json("json"),
    }
}
