//! What one round of following brought.

use std::sync::Arc;

use whither_core::fact::Run;
use whither_core::{Balance, Name, Partition, Time, Verdict};

use super::{Counted, Edges, Group, Topic};
use crate::index::Covered;
use crate::report::NotSeen;

/// The changes of one round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// When it was finished.
    pub at: Time,
    /// The cluster and how far it has been read.
    pub about: About,
    /// Rows that are new or changed.
    pub rows: Vec<Arc<Balance>>,
    /// Findings that are new or changed.
    pub findings: Vec<Arc<Verdict>>,
    /// Findings that do not hold any more, by id.
    pub withdrawn: Vec<u64>,
    /// Topics that are new or described anew. Their partitions come as `edges`.
    pub topics: Vec<(Name, Topic)>,
    /// Topics that are gone.
    pub topics_gone: Vec<Name>,
    /// Edges of partitions that were read.
    pub edges: Vec<(Partition, Edges)>,
    /// What the logs of these partitions hold, in runs by offset.
    pub runs: Vec<(Partition, Arc<[Run]>)>,
    /// What the message index holds of partitions, where that is another now.
    pub indexed: Vec<(Partition, Covered)>,
    /// Groups that are new or described anew.
    pub groups: Vec<(Name, Group)>,
    /// Groups that are gone.
    pub groups_gone: Vec<Name>,
    /// All that can't be seen.
    pub not_seen: Vec<NotSeen>,
    /// All that keeps the server from doing its work.
    pub problems: Vec<Problem>,
    /// What is on disk.
    pub store: StoreState,
    /// What was counted meanwhile.
    pub counted: Counted,
}

/// The cluster, and how far it has been read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// The cluster's id; empty until it was reached for the first time.
    pub cluster: String,
    /// Whether the head of every log was reached: enough to answer.
    pub caught_up: bool,
    /// Whether everything that the logs held at the first start has been read.
    pub read_back: bool,
    /// From when on the commit history is complete, where any of it is.
    pub complete_since: Option<Time>,
    /// How many brokers the cluster has.
    pub brokers: usize,
    /// Data records that the readers counted, over all starts.
    pub records_read: u64,
}

/// Something that keeps the server from doing its work, and since when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What, and what to do.
    pub text: String,
    /// Since when.
    pub since: Time,
}

/// What is on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreState {
    /// Bytes it takes.
    pub bytes: u64,
    /// From when on there is history.
    pub oldest: Option<Time>,
    /// Whether it takes more: not while the disk is full.
    pub accepting: bool,
}

impl Default for StoreState {
    fn default() -> StoreState {
        StoreState { bytes: 0, oldest: None, accepting: true }
    }
}
