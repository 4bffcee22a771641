//! Topics and the edges of their partitions.

use std::collections::BTreeMap;

use whither_core::fact::{Config, Role};
use whither_core::{Name, Offset, Span, Time, TopicId};

use super::{Pace, State};
use crate::index::By;
use crate::sources::kafka::batches::Depth;

/// How far back the rate of a log's end is told.
const END_PACE: Span = Span::seconds(60);
/// Retention takes whole segments, minutes apart.
const START_PACE: Span = Span::seconds(1_800);

/// A topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its id, where brokers tell one.
    pub id: TopicId,
    /// Its partitions by index.
    pub partitions: BTreeMap<i32, Edges>,
    /// Its configuration, as far as it may be read.
    pub config: Option<Config>,
    /// What it is for, if it holds dead letters or records to try again.
    pub role: Option<Role>,
    /// How deep it is read.
    pub depth: Depth,
    /// By what its records are indexed.
    pub indexed: Vec<By>,
}

/// A partition's edges as last read, and how they move.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Edges {
    /// The leader's id; -1 while there is none.
    pub leader: i32,
    /// Its epoch; -1 where the broker tells none.
    pub leader_epoch: i32,
    /// The first offset the log holds.
    pub log_start: Offset,
    /// The first offset on the leader's own disk.
    pub local_start: Offset,
    /// Nothing below it belongs to an open transaction.
    pub last_stable: Offset,
    /// The end that consumers see.
    pub end: Offset,
    /// The newest timestamp of the records read.
    pub newest_at: Option<Time>,
    /// How fast the end moves.
    pub end_pace: Pace,
    /// How fast the log start moves.
    pub start_pace: Pace,
}

impl Edges {
    /// Edges that were read once.
    #[must_use]
    pub fn new(log_start: Offset, end: Offset) -> Edges {
        Edges {
            leader: -1,
            leader_epoch: -1,
            log_start,
            local_start: log_start,
            last_stable: end,
            end,
            newest_at: None,
            end_pace: Pace::over(END_PACE),
            start_pace: Pace::over(START_PACE),
        }
    }

    /// Offsets the log holds.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.end.saturating_sub(self.log_start).max(0).unsigned_abs()
    }
}

impl Topic {
    /// Takes a partition's edges over; how they move is kept from round to round.
    pub(super) fn moved(&mut self, partition: i32, now: &Edges, at: Time) {
        let known = self.partitions.get(&partition);
        let mut edges = Edges {
            end_pace: known.map_or(now.end_pace, |k| k.end_pace),
            start_pace: known.map_or(now.start_pace, |k| k.start_pace),
            newest_at: now.newest_at.max(known.and_then(|k| k.newest_at)),
            ..*now
        };
        edges.end_pace.saw(edges.end, at);
        edges.start_pace.saw(edges.log_start, at);
        self.partitions.insert(partition, edges);
    }
}

/// A topic in one line.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicSummary {
    /// Offsets its logs hold.
    pub records: u64,
    /// The sum of its log starts: what was written and is gone.
    pub log_start_total: u64,
    /// Offsets written per second.
    pub rate_per_second: Option<f64>,
    /// The newest timestamp of the records read.
    pub newest_at: Option<Time>,
    /// Groups with a position in it.
    pub groups: Vec<Name>,
    /// Records of it that groups lost.
    pub lost: u64,
}

impl TopicSummary {
    /// The summary of one of the state's topics.
    #[must_use]
    pub fn of(state: &State, name: &Name, topic: &Topic) -> TopicSummary {
        let edges = || topic.partitions.values();
        let rates = edges().filter_map(|e| e.end_pace.per_second(state.at));
        let losses = state.findings.values().filter(|v| v.partition.topic == *name);
        let losses = losses.filter(|v| v.shown_as == whither_core::verdict::ShownAs::Loss);
        TopicSummary {
            records: edges().map(Edges::held).sum(),
            log_start_total: edges().map(|e| e.log_start.max(0).unsigned_abs()).sum(),
            rate_per_second: rates.fold(None, |sum, rate| Some(sum.unwrap_or(0.0) + rate)),
            newest_at: edges().filter_map(|e| e.newest_at).max(),
            groups: state.groups_of.get(name).into_iter().flatten().cloned().collect(),
            lost: losses.map(|v| v.records).sum(),
        }
    }
}
