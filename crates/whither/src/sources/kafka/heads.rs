//! Following: commits first, then how the ends of logs moved and what was written there, each from one question to
//! each broker. Brokers answer for what has changed; what they leave out stands as it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use tokio::time::Instant;
use whither_core::fact::Bounds;
use whither_core::{Clock, Fact, Key, Offset, Partition};
use whither_kafka::fetch::{Event, Fetched, Follow, Head, Options};
use whither_kafka::{ByPartition, Cluster, Refusal, TopicPartition, When};

use super::data::Reads;
use super::look::{Look, ReadTo, of, partition, why};
use super::offsets::OFFSETS;
use crate::clock;

/// Questions to a broker in one round: a log that is further behind is read as the past is.
const POLLS: u32 = 16;
/// A partition that can't be read for this long is told: leader moves are over within seconds.
const PATIENCE: Duration = Duration::from_secs(8);
/// Rounds between two looks at all edges by their own requests: they tell what is on the leader's disk too.
const EDGES_EVERY: u32 = 30;

/// What following keeps from round to round.
#[derive(Debug)]
pub(super) struct Heads {
    offsets: Follow,
    data: Follow,
    /// The ends of offsets partitions as told last.
    offsets_ends: BTreeMap<i32, Offset>,
    /// Partitions whose edges are to be told again although no broker names them: they were not told, or not as
    /// they are.
    untold: BTreeSet<Partition>,
    /// Partitions whose end was not reached.
    behind: BTreeSet<Partition>,
    /// Since when a partition can't be read.
    trouble: BTreeMap<TopicPartition, Instant>,
    /// Groups were made, joined or left, as far as their log tells.
    pub(super) groups_changed: bool,
}

/// What a round has polled so far.
#[derive(Default)]
struct Polled {
    reads: Reads,
    begun: BTreeMap<Partition, Offset>,
    /// Log starts as they were before this round's commits were read.
    starts: BTreeMap<Partition, Offset>,
    answered: BTreeSet<Partition>,
    /// Positions that are not in the log.
    out_of_range: BTreeSet<Partition>,
    /// What is known of these may have been overtaken.
    refused: BTreeSet<Partition>,
}

impl Heads {
    pub(super) fn new(cluster: &Arc<Cluster>) -> Heads {
        let options = Options { max_wait: Duration::ZERO, ..Options::default() };
        Heads {
            offsets: Follow::new(cluster.clone(), options),
            data: Follow::new(cluster.clone(), options),
            offsets_ends: BTreeMap::new(),
            untold: BTreeSet::new(),
            behind: BTreeSet::new(),
            trouble: BTreeMap::new(),
            groups_changed: true,
        }
    }

    /// Whether a partition has been in trouble for longer than a leader needs to move.
    fn is_lasting(&self, p: &TopicPartition) -> bool {
        self.trouble.get(p).is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Whether an offsets partition is in trouble that may pass yet.
    pub(super) fn may_pass(&self, offsets_partition: i32) -> bool {
        let p = TopicPartition { topic: Arc::from(OFFSETS), partition: offsets_partition };
        self.trouble.contains_key(&p) && !self.is_lasting(&p)
    }

    /// Topics that are gone are in no trouble.
    pub(super) fn keep(&mut self, exists: impl Fn(&str) -> bool) {
        self.trouble.retain(|p, _| exists(&p.topic));
        self.untold.retain(|p| exists(&p.topic));
    }

    fn in_trouble(&mut self, p: &TopicPartition, refusal: &Refusal) {
        let since =
            if may_pass(refusal) { Some(Instant::now()) } else { Instant::now().checked_sub(PATIENCE) };
        self.trouble.entry(p.clone()).or_insert_with(|| since.unwrap_or_else(Instant::now));
    }
}

fn may_pass(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Code(code) => code.is_retriable(),
        Refusal::Failed(error) => error.is_passing(),
    }
}

fn is_out_of_range(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Code(ResponseError::OffsetOutOfRange))
}

impl Look {
    /// Reads what was committed since the last round. Returns the partitions whose end was not reached; none where
    /// they may not be read.
    pub(super) async fn poll_offsets(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Option<Vec<TopicPartition>> {
        let mut out_of_range = BTreeSet::new();
        for _ in 0..POLLS {
            let mut came = false;
            let asked: Vec<(TopicPartition, Offset)> = partitions
                .iter()
                .filter(|p| !out_of_range.contains(*p))
                .filter_map(|p| Some((p.clone(), *self.offsets_next.get(&p.partition)?)))
                .collect();
            for (p, told) in self.heads.offsets.poll(&self.metadata, asked).await {
                match told {
                    Ok(head) => {
                        self.heads.trouble.remove(&p);
                        self.heads.offsets_ends.insert(p.partition, head.high_watermark);
                        self.offsets_missing.remove(&p.partition);
                        if !head.records.is_empty() {
                            came = true;
                            self.take_offsets(&p, &head.records, Offset::MAX);
                        }
                    }
                    Err(refusal) if is_out_of_range(&refusal) => {
                        out_of_range.insert(p);
                    }
                    Err(refusal) if refusal.is_unauthorized() => return None,
                    Err(refusal) => {
                        self.heads.in_trouble(&p, &refusal);
                        self.offsets_missing.insert(p.partition, why(&refusal));
                    }
                }
            }
            self.progress.between(&self.run);
            if !came || !partitions.iter().any(|p| self.is_behind_offsets(p)) {
                break;
            }
        }
        out_of_range.extend(partitions.iter().filter(|p| self.is_behind_offsets(p)).cloned());
        Some(out_of_range.into_iter().collect())
    }

    fn is_behind_offsets(&self, p: &TopicPartition) -> bool {
        let end = self.heads.offsets_ends.get(&p.partition);
        !self.offsets_missing.contains_key(&p.partition)
            && end.is_some_and(|end| self.offsets_next.get(&p.partition).is_none_or(|next| next < end))
    }

    /// Reads how the ends of logs moved and what was written there. Returns the partitions whose end was not
    /// reached.
    pub(super) async fn poll_data(&mut self) -> BTreeSet<Partition> {
        let partitions = self.partitions();
        let mut polled = Polled::default();
        self.read_other_edges(&partitions, &mut polled).await;
        self.look_for_truncation().await;
        for _ in 0..POLLS {
            let next = |p: &Partition| Some((of(p), self.data_next.get(p)?.next));
            let asked: Vec<_> =
                partitions.iter().filter(|p| !polled.out_of_range.contains(*p)).filter_map(next).collect();
            let heads = self.heads.data.poll(&self.metadata, asked).await;
            let came = heads.values().flatten().any(|head| !head.records.is_empty());
            self.take_heads(heads, &mut polled).await;
            self.progress.between(&self.run);
            if !came || self.heads.behind.is_empty() {
                break;
            }
        }
        let lost: Vec<Partition> = std::mem::take(&mut polled.out_of_range).into_iter().collect();
        if !lost.is_empty() {
            self.note_starts(&lost, &mut polled);
            self.read_edges_of(&lost).await;
        }
        self.read_open_ends(&polled).await;
        self.tell_the_rest(&lost, &polled);
        let behind = std::mem::take(&mut self.heads.behind);
        behind.into_iter().chain(lost).collect()
    }

    /// Edges that a poll does not tell: those of partitions that are new, and now and then all.
    async fn read_other_edges(&mut self, partitions: &[Partition], polled: &mut Polled) {
        let all = self.every(EDGES_EVERY);
        let is_new = |p: &Partition| !self.edges.contains_key(p) || !self.data_next.contains_key(p);
        let in_trouble = |p: &Partition| self.heads.trouble.contains_key(&of(p));
        let asked: Vec<Partition> =
            partitions.iter().filter(|p| is_new(p) || (all && !in_trouble(p))).cloned().collect();
        if asked.is_empty() {
            return;
        }
        self.note_starts(&asked, polled);
        self.read_edges_of(&asked).await;
        for p in asked {
            if let Some(edges) = self.edges_of(&p) {
                self.data_next
                    .entry(p.clone())
                    .or_insert(ReadTo { next: edges.log_start, ..ReadTo::default() });
                self.heads.untold.insert(p);
            }
        }
    }

    fn note_starts(&self, of: &[Partition], polled: &mut Polled) {
        for p in of {
            if let Some(edges) = self.edges.get(p) {
                polled.starts.entry(p.clone()).or_insert(edges.log_start);
            }
        }
    }

    async fn take_heads(&mut self, heads: ByPartition<Head>, polled: &mut Polled) {
        let (mut fetched, mut told_of) = (Vec::new(), Vec::new());
        for (asked, told) in heads {
            let p = partition(&asked);
            match told {
                Ok(head) => {
                    self.heads.trouble.remove(&asked);
                    self.take_head(&p, asked, head, polled, &mut fetched);
                    told_of.push(p);
                }
                Err(refusal) if is_out_of_range(&refusal) => {
                    polled.out_of_range.insert(p);
                }
                Err(refusal) => {
                    self.heads.in_trouble(&asked, &refusal);
                    if self.heads.is_lasting(&asked) {
                        self.not_seen_partition(&asked, &refusal);
                    }
                    polled.refused.insert(p);
                }
            }
        }
        for came in self.walk_ahead(fetched, &polled.reads).await {
            self.take(came, &mut polled.reads, &mut polled.begun).await;
        }
        for p in &told_of {
            self.note_behind(p);
        }
    }

    fn take_head(
        &mut self,
        p: &Partition,
        asked: TopicPartition,
        head: Head,
        polled: &mut Polled,
        fetched: &mut Vec<Fetched>,
    ) {
        self.note_starts(std::slice::from_ref(p), polled);
        self.note_edges(p, &head);
        self.tell_edges(p, polled);
        polled.answered.insert(p.clone());
        let end = head.high_watermark;
        if let Some(from) = self.data_next.get(p).map(|read| read.next).filter(|_| !head.records.is_empty()) {
            self.expect(p, end, &mut polled.reads);
            let Head { records, high_watermark, last_stable, log_start, .. } = head;
            let event = Event::Records { from, records, high_watermark, last_stable, log_start };
            fetched.push(Fetched { partition: asked, event });
        }
    }

    fn note_behind(&mut self, p: &Partition) {
        let end = self.edges_of(p).map_or(0, |e| e.end);
        if self.data_next.get(p).is_some_and(|read| read.next < end) {
            self.heads.behind.insert(p.clone());
        } else {
            self.heads.behind.remove(p);
        }
    }

    fn note_edges(&mut self, p: &Partition, head: &Head) {
        let topic_id = self.topic_id(&p.topic);
        let before = self.edges.get(p).filter(|b| b.topic_id == topic_id);
        let bounds = Bounds {
            at: clock::now(),
            topic_id,
            log_start: head.log_start.min(head.high_watermark),
            local_start: before.map_or(head.log_start, |b| b.local_start).max(head.log_start),
            last_stable: head.last_stable.min(head.high_watermark),
            end: head.high_watermark,
            leader_epoch: head.leader_epoch,
        };
        self.edges.insert(p.clone(), bounds);
    }

    /// A last stable offset alone is no change to a broker.
    async fn read_open_ends(&mut self, polled: &Polled) {
        let left_out = |p: &Partition| !polled.answered.contains(p) && !polled.refused.contains(p);
        let open = self.edges.iter().filter(|(p, e)| e.last_stable < e.end && left_out(p));
        let asked: Vec<TopicPartition> = open.map(|(p, _)| of(p)).collect();
        if asked.is_empty() {
            return;
        }
        for (p, told) in self.cluster.list_offsets(&asked, When::LastStable).await {
            if let (Ok(told), Some(edges)) = (told, self.edges.get_mut(&partition(&p))) {
                edges.last_stable = told.offset.min(edges.end);
            }
        }
    }

    /// Edges that nobody named in this round and that are told all the same. Those of a partition that was refused
    /// would be old ones beside new commits.
    fn tell_the_rest(&mut self, lost: &[Partition], polled: &Polled) {
        let open = self.edges.iter().filter(|(_, e)| e.last_stable < e.end).map(|(p, _)| p);
        let due: BTreeSet<Partition> = (self.heads.untold.iter().chain(&self.told.committed).chain(open))
            .filter(|p| !polled.answered.contains(*p))
            .chain(lost)
            .filter(|p| !polled.refused.contains(*p) && self.metadata.topics.contains_key(&p.topic))
            .cloned()
            .collect();
        for p in due {
            self.tell_edges(&p, polled);
        }
    }

    /// Tells the edges of a partition if they have moved. What is told of the log start is what was read before
    /// this round's commits: a commit that is seen later still was made later.
    fn tell_edges(&mut self, p: &Partition, polled: &Polled) {
        let Some(edges) = self.edges_of(p) else { return };
        if !self.offsets_missing.is_empty() {
            // Without every commit up to here, an edge would say more than was seen.
            self.heads.untold.insert(p.clone());
            return;
        }
        let at = clock::now();
        let start = polled.starts.get(p).map_or(edges.log_start, |before| edges.log_start.min(*before));
        let told = Bounds { at, log_start: start, ..edges };
        if start < edges.log_start {
            self.heads.untold.insert(p.clone());
        } else {
            self.heads.untold.remove(p);
        }
        if self.told.has_moved(p, &told) {
            let key = Key::log(&self.id, p);
            self.run.apply(&key, Clock { now: at, complete_to: at }, &[Fact::Bounds(told)]);
        }
    }

    /// The partitions of `__consumer_offsets`.
    pub(super) fn offsets_partitions(&self) -> Vec<TopicPartition> {
        let topic = self.metadata.topics.get(OFFSETS);
        let indexes = topic.into_iter().flat_map(|t| t.partitions.keys());
        indexes.map(|p| TopicPartition { topic: Arc::from(OFFSETS), partition: *p }).collect()
    }
}
