//! Rounds of a server. Like those of a watch, but they begin where an earlier start has stopped, read the past in
//! slices, ask seldom for what seldom changes, and settle what is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use whither_core::fact::{Bounds, Config};
use whither_core::{Key, Name, Partition};
use whither_kafka::{DescribedGroup, Error, GroupListing, Metadata};

use super::back::Back;
use super::batches::Depth;
use super::look::{LastCommit, Look, ReadTo};
use crate::index::By;
use crate::report::NotSeen;
use crate::run::Run;

/// Rounds between two looks at groups where their log tells of a change, and at where epochs end.
const GROUPS_EVERY: u32 = 3;
/// Rounds between two questions for topics' configurations, and for groups without a sign of a change.
const TOPICS_EVERY: u32 = 30;
/// Something that was not seen is told until every question was asked again.
const NOT_SEEN_FOR: u32 = 2 * TOPICS_EVERY;
/// A round gives this much of its time to verdicts.
const SETTLING: Duration = Duration::from_millis(200);
/// Ledgers settled in the first round.
const MOST: u32 = 4_096;

/// What brokers told of the cluster.
#[derive(Debug)]
pub struct View<'a> {
    /// Brokers, topics, leaders.
    pub metadata: &'a Metadata,
    /// Edges as last read.
    pub edges: &'a BTreeMap<Partition, Bounds>,
    /// Configurations, as far as they may be read.
    pub configs: &'a BTreeMap<Partition, Config>,
    /// Groups as their coordinators describe them.
    pub groups: &'a BTreeMap<Name, (GroupListing, DescribedGroup, usize)>,
}

/// How fast verdicts are reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacing {
    most: u32,
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing { most: MOST }
    }
}

impl Pacing {
    /// As many ledgers are settled in a round as there is time for.
    fn took(&mut self, time: Duration, waiting: usize) {
        if time > SETTLING {
            self.most = (self.most / 2).max(1);
        } else if waiting > 0 && time < SETTLING / 2 {
            self.most = self.most.saturating_mul(2);
        }
    }
}

impl Look {
    /// The first round: commits, edges, what groups and topics are. What was read by an earlier start is not read
    /// again; where there was none, following begins at the end, and the past is read in slices.
    pub async fn begin(&mut self) {
        // A server reads on for as long as it runs.
        self.until = None;
        self.go_on();
        self.tell_topics();
        self.read_offsets().await;
        self.read_edges().await;
        self.list_groups().await;
        self.observe().await;
        self.describe_groups().await;
        self.describe_topics().await;
        for p in self.partitions() {
            if let Some(edges) = self.edges_of(&p) {
                self.data_next.entry(p).or_insert(ReadTo { next: edges.end, ..ReadTo::default() });
            }
        }
        self.back = Some(Back::new());
        self.count_round();
    }

    /// One round; true if there is more to read at once.
    ///
    /// # Errors
    /// No broker answers: nothing was read.
    pub async fn round(&mut self) -> Result<bool, Error> {
        let metadata = self.cluster.refresh().await?;
        let has_changed = *metadata != *self.metadata;
        let is_news = has_changed && self.take_metadata(metadata);
        if has_changed {
            self.tell_topics();
        }
        self.count_round();
        let asks_groups = self.asks_groups();
        if asks_groups {
            self.list_groups().await;
        }
        self.observe_again().await;
        self.look_at_what_went().await;
        if self.wants.policy.superseded && self.every(TOPICS_EVERY) {
            self.look_for_superseded().await;
        }
        if asks_groups {
            self.describe_groups().await;
        }
        if self.every(GROUPS_EVERY) {
            self.ask_epochs().await;
        }
        if is_news || self.every(TOPICS_EVERY) {
            self.describe_topics().await;
        } else {
            self.look_up_missing().await;
        }
        let more = self.read_back().await;
        self.describe_transactions().await;
        self.settle_in_time().await;
        Ok(more || self.run.waiting() > 0)
    }

    fn count_round(&mut self) {
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Groups and their members are written to their log too: without a sign there, coordinators are asked seldom.
    fn asks_groups(&mut self) -> bool {
        let no_sign = self.offsets_next.is_empty() || !self.offsets_missing.is_empty();
        let may_have_changed = self.heads.groups_changed || no_sign;
        let asks = self.every(TOPICS_EVERY) || (may_have_changed && self.every(GROUPS_EVERY));
        self.heads.groups_changed &= !asks;
        asks
    }

    /// Whether this round is one of every so many.
    pub(super) fn every(&self, rounds: u32) -> bool {
        self.rounds.is_multiple_of(rounds)
    }

    async fn settle_in_time(&mut self) {
        let clock = self.everything();
        let began = Instant::now();
        self.run.settle_due(clock, self.pacing.most);
        let took = began.elapsed();
        self.look_deeper().await;
        self.run.settle_due(clock, self.pacing.most);
        self.pacing.took(took, self.run.waiting());
    }

    /// Takes up what an earlier start has read.
    fn go_on(&mut self) {
        let keys: Vec<Key> = self.run.keys().cloned().collect();
        for key in keys.iter().filter(|key| key.cluster == self.id) {
            let p = key.partition();
            // A topic that was made anew meanwhile is another one: it is read from its start.
            let (read, now) = (self.run.incarnation_read(key), self.topic_id(&p.topic));
            let is_another = read.is_known() && now.is_known() && read != now;
            if let Some((_, next)) = self.run.was_read(key).last().filter(|_| !is_another) {
                if &*p.topic == super::offsets::OFFSETS {
                    self.offsets_next.insert(p.index, *next);
                } else {
                    // The record before is one that was read: whether it still stands is asked of a new leader.
                    let tail = self.run.last_epoch(key).map(|epoch| (next.saturating_sub(1), epoch));
                    self.data_next.insert(p.clone(), ReadTo { next: *next, tail, ..ReadTo::default() });
                }
            }
            for position in self.run.positions(key) {
                let last = LastCommit {
                    lowest: position.lowest,
                    latest: position.latest,
                    leader_epoch: position.leader_epoch,
                };
                self.positions.entry(p.clone()).or_default().insert(position.group, last);
            }
        }
    }

    /// True if there is a topic that was not there before. One that was made anew under its name is read from its
    /// start.
    pub(super) fn take_metadata(&mut self, metadata: Arc<Metadata>) -> bool {
        let mut is_news = false;
        for (name, topic) in &metadata.topics {
            Arc::make_mut(&mut self.names).add(topic.id, name.clone(), self.wants.holds_letters(name));
            let before = self.metadata.topics.get(name);
            is_news |=
                before.is_none_or(|b| b.id != topic.id || b.partitions.len() != topic.partitions.len());
            if before.is_some_and(|before| before.id != topic.id) {
                self.data_next.retain(|p, _| p.topic != *name);
            }
        }
        self.heads.keep(|topic| metadata.topics.contains_key(topic));
        self.metadata = metadata;
        is_news
    }

    /// The cluster as brokers told of it.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            metadata: &self.metadata,
            edges: &self.edges,
            configs: &self.told.configs.0,
            groups: &self.told.groups.0,
        }
    }

    /// Whether everything that the logs held at the first start has been read.
    #[must_use]
    pub fn has_read_back(&self) -> bool {
        self.back.as_ref().is_some_and(Back::is_finished)
    }

    /// The judge, with what was found out lately to be hidden from it.
    #[must_use]
    pub fn not_seen_lately(&self) -> Vec<NotSeen> {
        let lately =
            self.not_seen.iter().filter(|(_, seen)| self.rounds.saturating_sub(**seen) <= NOT_SEEN_FOR);
        lately.map(|(not_seen, _)| not_seen.clone()).chain(self.commits_missing()).collect()
    }

    /// How deep a topic is read.
    #[must_use]
    pub fn depth_of(&self, topic: &str) -> Depth {
        self.wants.roles.of(topic).map_or(Depth::Ledger, Depth::Headers)
    }

    /// How deep a topic is read, and by what its records are indexed.
    #[must_use]
    pub fn reading_of(&self, topic: &str) -> (Depth, Vec<By>) {
        (self.depth_of(topic), self.wants.index.of(topic).to_vec())
    }

    /// Gives back the judge.
    #[must_use]
    pub fn into_judge(self) -> Run {
        self.run
    }
}
