//! Groups: who is in them, and what their rows come to.

use std::collections::BTreeSet;

use whither_core::fact::{GroupKind, GroupState};
use whither_core::{Name, Partition, Time};

use super::{Lost, State};

/// A group as its coordinator describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The protocol it speaks.
    pub kind: GroupKind,
    /// Its state.
    pub state: GroupState,
    /// Its members, by id.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The id its coordinator gave it.
    pub member_id: Name,
    /// The `client.id` it told.
    pub client_id: Name,
    /// The address it came from.
    pub host: Name,
    /// The partitions assigned to it.
    pub assigned: Vec<Partition>,
}

impl Group {
    /// The member a partition is assigned to.
    #[must_use]
    pub fn member_of(&self, partition: &Partition) -> Option<&Member> {
        self.members.iter().find(|m| m.assigned.contains(partition))
    }
}

/// A group in one line.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupSummary {
    /// The topics it has rows in.
    pub topics: Vec<Name>,
    /// How many partitions it has rows in.
    pub partitions: usize,
    /// Records that wait for it.
    pub lag_records: u64,
    /// How far it is behind where it is furthest behind.
    pub lag_seconds: Option<f64>,
    /// Records it lost.
    pub lost: u64,
    /// Whether nobody has used it for long.
    pub dormant: bool,
    /// When retention overtakes it first.
    pub loses_data_in_seconds: Option<f64>,
    /// Its newest commit.
    pub last_commit_at: Option<Time>,
}

impl GroupSummary {
    /// The summary of a group's rows.
    #[must_use]
    pub fn of(state: &State, group: &Name) -> GroupSummary {
        let mut topics = BTreeSet::new();
        let mut sum = GroupSummary {
            topics: Vec::new(),
            partitions: 0,
            lag_records: 0,
            lag_seconds: None,
            lost: Lost::for_group(state, group),
            dormant: true,
            loses_data_in_seconds: None,
            last_commit_at: None,
        };
        for row in state.rows_of(group) {
            let lag = state.lag(row);
            topics.insert(row.balance.partition.topic.clone());
            sum.partitions += 1;
            sum.lag_records = sum.lag_records.saturating_add(lag.records.unwrap_or(0));
            sum.lag_seconds = larger(sum.lag_seconds, lag.seconds);
            sum.dormant &= row.balance.dormant;
            let sooner = larger(sum.loses_data_in_seconds.map(|s| -s), lag.loses_data_in_seconds.map(|s| -s));
            sum.loses_data_in_seconds = sooner.map(|s| -s);
            sum.last_commit_at = sum.last_commit_at.max(row.balance.committed_at);
        }
        sum.dormant &= sum.partitions > 0;
        sum.topics = topics.into_iter().collect();
        sum
    }
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}
