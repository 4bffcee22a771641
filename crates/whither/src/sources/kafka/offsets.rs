//! `__consumer_offsets`: commits and members, read to the end again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use whither_core::fact::{Bounds, Commit, CommitValue, Committed, Committer, Reading};
use whither_core::{Fact, Key, Name, Offset, Partition, TopicId};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{TopicPartition, When};

use super::batches::{Depth, Walker};
use super::look::{LastCommit, Look, partition, why};

/// Where Kafka keeps what groups commit.
pub(super) const OFFSETS: &str = "__consumer_offsets";

impl Look {
    /// Reads what was committed since the last time, the first time all that the log still holds.
    pub(super) async fn read_offsets(&mut self) {
        let Some(topic) = self.metadata.topics.get(OFFSETS) else { return self.ask_positions().await };
        let topic_id = TopicId(topic.id);
        let asked: Vec<TopicPartition> = topic
            .partitions
            .keys()
            .map(|p| TopicPartition { topic: Arc::from(OFFSETS), partition: *p })
            .collect();
        let starts = self.cluster.list_offsets(&asked, When::Earliest).await;
        let ends = self.cluster.list_offsets(&asked, When::Latest).await;
        let mut spans = Vec::new();
        self.offsets_missing.clear();
        let mut denied = false;
        for p in &asked {
            let (start, end) = match (starts.get(p), ends.get(p)) {
                (Some(Ok(start)), Some(Ok(end))) => (start, end),
                (Some(Err(refusal)), _) | (_, Some(Err(refusal))) => {
                    denied |= refusal.is_unauthorized();
                    self.offsets_missing.insert(p.partition, why(refusal));
                    continue;
                }
                _ => continue,
            };
            let key = Key::log(&self.id, &partition(p));
            let from = match self.offsets_next.get(&p.partition) {
                Some(next) => *next,
                None => {
                    self.begin_offsets(&key, topic_id, start.offset, end.offset);
                    start.offset
                }
            };
            self.offsets_next.insert(p.partition, from);
            if from < end.offset {
                spans.push(Span { partition: p.clone(), from, to: Some(end.offset) });
            }
        }
        if denied {
            self.offsets_missing.clear();
            return self.ask_positions().await;
        }
        self.fetch_offsets(spans).await;
    }

    fn begin_offsets(&mut self, key: &Key, topic_id: TopicId, start: Offset, end: Offset) {
        let at = crate::clock::now();
        let bounds = Bounds {
            at,
            topic_id,
            log_start: start,
            local_start: start,
            last_stable: end,
            end,
            leader_epoch: -1,
        };
        // What an open transaction of an offsets partition holds is pending until its own marker comes.
        let bounds = Bounds { last_stable: start, ..bounds };
        self.apply(key, &[Fact::Bounds(bounds), Fact::Reading(Reading { topic_id, from: start })]);
    }

    async fn fetch_offsets(&mut self, spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let ends: BTreeMap<TopicPartition, Offset> =
            spans.iter().filter_map(|s| Some((s.partition.clone(), s.to?))).collect();
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = fetcher.next().await {
            for one in fetched {
                let end = ends.get(&one.partition).copied().unwrap_or(Offset::MAX);
                match one.event {
                    Event::Records { records, .. } => self.take_offsets(&one.partition, &records, end),
                    Event::Failed(error) => {
                        self.offsets_missing.insert(one.partition.partition, error.to_string());
                    }
                    Event::Gone { .. } | Event::Truncated { .. } | Event::Done => {}
                }
            }
        }
    }

    fn take_offsets(&mut self, p: &TopicPartition, records: &[u8], end: Offset) {
        let mut facts = Vec::new();
        let partition = partition(p);
        let mut walker = Walker {
            partition: &partition,
            depth: Depth::Coordinator,
            boundaries: &[],
            conventions: &self.wants.conventions,
            names: &self.names,
            scratch: &mut self.scratch,
            now: crate::clock::now(),
        };
        let walked = walker.walk(records, end, &mut facts);
        self.undecoded += walked.undecoded;
        if let Some(next) = walked.next {
            self.offsets_next.insert(p.partition, next);
        }
        facts.retain(|f| self.concerns(f));
        for fact in &mut facts {
            if let Fact::Commit(commit) = fact {
                self.share(&mut commit.group);
                self.share(&mut commit.partition.topic);
                self.note_position(commit);
            }
        }
        self.apply(&Key::log(&self.id.clone(), &partition), &facts);
    }

    /// Commits for topics that are not looked at are left out: they would only cost.
    fn concerns(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Commit(c) => {
                self.wants.topic.as_ref().is_none_or(|t| *t == c.partition.topic)
                    && self.wants.partition.is_none_or(|p| p == c.partition.index)
            }
            _ => true,
        }
    }

    /// Puts the copy that is held already in place of a name.
    fn share(&mut self, name: &mut Name) {
        match self.shared.get(name) {
            Some(held) => *name = held.clone(),
            None => {
                self.shared.insert(name.clone());
            }
        }
    }

    fn note_position(&mut self, commit: &Commit) {
        let by_partition = self.positions.entry(commit.group.clone()).or_default();
        match (by_partition.get_mut(&commit.partition), commit.value) {
            (Some(known), Some(value)) => {
                known.lowest = known.lowest.min(value.offset);
                known.latest = Some(value.offset);
                known.leader_epoch = value.leader_epoch;
            }
            (Some(known), None) => known.latest = None,
            (None, Some(value)) => {
                let last = LastCommit {
                    lowest: value.offset,
                    latest: Some(value.offset),
                    leader_epoch: value.leader_epoch,
                };
                by_partition.insert(commit.partition.clone(), last);
            }
            (None, None) => {}
        }
    }

    /// Without the right to read `__consumer_offsets`, coordinators still tell where groups stand now.
    async fn ask_positions(&mut self) {
        self.not_seen(
            "commit history",
            "no right to read __consumer_offsets",
            "positions are those of now: who committed them, resets and rewinds can't be told",
            false,
        );
        let (groups, _) = self.cluster.list_groups().await;
        for group in groups.keys() {
            match self.cluster.committed(group).await {
                Ok(positions) => {
                    for (p, (offset, leader_epoch)) in positions {
                        self.told_position(group, &partition(&p), offset, leader_epoch);
                    }
                }
                Err(error) => self.not_seen(
                    &format!("positions of group {group}"),
                    &error.to_string(),
                    "its rows are missing",
                    true,
                ),
            }
        }
    }

    fn told_position(&mut self, group: &Name, partition: &Partition, offset: Offset, leader_epoch: i32) {
        if !self.looks_at(&partition.topic) {
            return;
        }
        let at = crate::clock::now();
        let value = CommitValue { offset, leader_epoch, topic_id: TopicId::UNKNOWN };
        let known = self.positions.get(group).and_then(|p| p.get(partition));
        if known.is_some_and(|k| k.latest == Some(offset)) {
            return;
        }
        let commit = Commit {
            source_offset: 0,
            group: group.clone(),
            partition: partition.clone(),
            at,
            seen: at,
            transaction: None,
            value: Some(value),
        };
        self.note_position(&commit);
        let committed = Committed {
            group: group.clone(),
            at,
            seen: at,
            offsets_partition: -1,
            source_offset: 0,
            holes_before: 0,
            group_since: at,
            by: Committer::Unknown,
            transactional: false,
            value: Some(value),
        };
        // Nothing of the history is known: a tail that begins behind this commit.
        let tail = whither_core::fact::Tail { offsets_partition: -1, holes: 1, since: None };
        let key = Key::ledger(&self.id, partition);
        self.apply(&key, &[Fact::Committed(committed), Fact::Tail(tail)]);
    }
}
