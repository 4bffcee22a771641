//! Each commit: where every group was at any moment.

use super::columns::{Column, Flag, MaybeInt, MaybeText, Small, Text, Time};
use super::row::row;
use std::sync::Arc;

row! {
    /// A commit, or the removal of one.
    pub CommitRow in Commits
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
        /// The position; `None`: it was removed.
        offset: Option<i64> as MaybeInt("committed_offset"),
        /// The member that committed, as far as it could be told.
        member: Option<Arc<str>> as MaybeText("member_id"),
        /// Its client id.
        client_id: Option<Arc<str>> as MaybeText("client_id"),
        /// Its host.
        host: Option<Arc<str>> as MaybeText("host"),
        /// Whether nobody was a member then.
        memberless: bool as Flag("memberless"),
    }
}
