//! `__consumer_offsets`: commits and members, read to the end again and again.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use whither_core::fact::{Bounds, Commit, CommitValue, Committed, Committer, Reading};
use whither_core::{Fact, Key, Name, Offset, Partition, TopicId};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{TopicPartition, When};

use super::batches::{Depth, Walker};
use super::look::{DEADLINE, LastCommit, Look, partition, why};
use crate::report::NotSeen;

/// Where Kafka keeps what groups commit.
pub(super) const OFFSETS: &str = "__consumer_offsets";
const NO_RIGHT: &str = "no right to read __consumer_offsets";

impl Look {
    /// Reads what was committed since the last time, the first time all that the log still holds. A read that the
    /// deadline cut shows where groups stood once: coordinators tell where they stand.
    pub(super) async fn read_offsets(&mut self) {
        let Some(topic) = self.metadata.topics.get(OFFSETS) else {
            // It is made for the first group: before that there is no history.
            if !self.offsets_are_absent().await {
                self.ask_positions(NO_RIGHT).await;
            }
            return;
        };
        let topic_id = TopicId(topic.id);
        let asked = self.offsets_partitions();
        self.offsets_missing.clear();
        let is_known = |p: &TopicPartition| self.offsets_next.contains_key(&p.partition);
        let (known, mut listed): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|p| self.is_following() && is_known(p));
        let left = self.poll_offsets(&known).await;
        let may_read = left.is_some();
        listed.extend(left.into_iter().flatten());
        let spans = if may_read { self.offsets_spans(topic_id, &listed).await } else { None };
        let Some(spans) = spans else {
            self.offsets_missing.clear();
            return self.ask_positions(NO_RIGHT).await;
        };
        let whole = self.fetch_offsets(spans).await;
        if !whole && !self.is_following() {
            self.ask_positions(DEADLINE).await;
        }
    }

    /// What is to be read of partitions whose edges are asked for; none where they may not be read.
    async fn offsets_spans(&mut self, topic_id: TopicId, asked: &[TopicPartition]) -> Option<Vec<Span>> {
        if asked.is_empty() {
            return Some(Vec::new());
        }
        let starts = self.cluster.list_offsets(asked, When::Earliest).await;
        let ends = self.cluster.list_offsets(asked, When::Latest).await;
        let mut spans = Vec::new();
        for p in asked {
            let (start, end) = match (starts.get(p), ends.get(p)) {
                (Some(Ok(start)), Some(Ok(end))) => (start, end),
                (Some(Err(refusal)), _) | (_, Some(Err(refusal))) if refusal.is_unauthorized() => {
                    return None;
                }
                (Some(Err(refusal)), _) | (_, Some(Err(refusal))) => {
                    self.offsets_missing.insert(p.partition, why(refusal));
                    continue;
                }
                _ => continue,
            };
            let from = match self.offsets_next.get(&p.partition) {
                Some(next) => (*next).max(start.offset),
                None => {
                    let key = Key::log(&self.id, &partition(p));
                    self.begin_offsets(&key, topic_id, start.offset, end.offset);
                    start.offset
                }
            };
            self.offsets_next.insert(p.partition, from);
            if from < end.offset {
                spans.push(Span { partition: p.clone(), from, to: Some(end.offset) });
            }
        }
        Some(spans)
    }

    /// A listing leaves out what may not be described; a named look-up tells absence from that (R5).
    async fn offsets_are_absent(&self) -> bool {
        let told = self.cluster.look_up(&[Name::from(OFFSETS)]).await;
        told.is_ok_and(|t| t.refused.get(OFFSETS) == Some(&ResponseError::UnknownTopicOrPartition))
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

    /// False if the time was over first.
    async fn fetch_offsets(&mut self, spans: Vec<Span>) -> bool {
        if spans.is_empty() {
            return true;
        }
        let ends: BTreeMap<TopicPartition, Offset> =
            spans.iter().filter_map(|s| Some((s.partition.clone(), s.to?))).collect();
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
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
            self.progress.between(&self.run);
        }
        if !self.out_of_time() {
            return true;
        }
        let left = |(p, end): (&TopicPartition, &Offset)| {
            self.offsets_next.get(&p.partition).is_none_or(|next| next < end).then_some(p.partition)
        };
        let cut: Vec<i32> = ends.iter().filter_map(left).collect();
        for index in &cut {
            self.offsets_missing.entry(*index).or_insert_with(|| DEADLINE.to_owned());
        }
        cut.is_empty()
    }

    /// Partitions whose newest commits were not read, those alike in one entry. A leader that moves is no news.
    pub(super) fn commits_missing(&self) -> Vec<NotSeen> {
        let mut by_reason: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for (index, why) in self.offsets_missing.iter().filter(|(index, _)| !self.heads.may_pass(**index)) {
            by_reason.entry(why).or_default().push(*index);
        }
        let entry = |(why, of): (&str, Vec<i32>)| NotSeen {
            what: match of.as_slice() {
                [one] => format!("the newest records of {OFFSETS}/{one}"),
                many => format!("the newest records of {} partitions of {OFFSETS}", many.len()),
            },
            why: why.to_owned(),
            so: "commits of the groups in it may be missing".into(),
            hides_verdicts: true,
        };
        by_reason.into_iter().map(entry).collect()
    }

    pub(super) fn take_offsets(&mut self, p: &TopicPartition, records: &[u8], end: Offset) {
        let mut facts = Vec::new();
        let partition = partition(p);
        // One moment for all that one answer tells: commits that count from a marker on keep their order.
        let clock = self.now();
        let mut walker = Walker {
            partition: &partition,
            depth: Depth::Coordinator,
            boundaries: &[],
            conventions: &self.wants.conventions,
            names: &self.names,
            scratch: &mut self.scratch,
            gatherer: None,
            now: clock.now,
        };
        let walked = walker.walk(records, end, &mut facts);
        self.undecoded += walked.undecoded;
        self.heads.groups_changed |= walked.others > 0;
        if let Some(next) = walked.next {
            self.offsets_next.insert(p.partition, next);
        }
        facts.retain(|f| self.concerns(f));
        for fact in &mut facts {
            if let Fact::Commit(commit) = fact {
                self.heads.groups_changed |= !self.listed.contains_key(&commit.group);
                self.share(&mut commit.group);
                self.share(&mut commit.partition.topic);
                self.note_position(commit);
            }
        }
        self.run.apply(&Key::log(&self.id, &partition), clock, &facts);
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
        if !self.told.committed.contains(&commit.partition) {
            self.told.committed.insert(commit.partition.clone());
        }
        let start = self.told.edges.0.get(&commit.partition).map(|edges| edges.log_start);
        if start.zip(commit.value).is_some_and(|(start, value)| value.offset < start) {
            self.told.crossed.insert(commit.partition.clone());
        }
        let groups = match self.positions.get_mut(&commit.partition) {
            Some(groups) => groups,
            None => self.positions.entry(commit.partition.clone()).or_default(),
        };
        match (groups.get_mut(&commit.group), commit.value) {
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
                groups.insert(commit.group.clone(), last);
            }
            (None, None) => {}
        }
    }

    /// Where `__consumer_offsets` could not be read, coordinators still tell where groups stand now.
    async fn ask_positions(&mut self, why: &str) {
        let (listed, _) = self.cluster.list_groups().await;
        let committed = self.positions.values().flat_map(BTreeMap::keys).cloned();
        let groups: BTreeSet<Name> = listed.keys().cloned().chain(committed).collect();
        let so = if groups.is_empty() {
            "no group is shown to us either: what became of records is unknown"
        } else {
            "positions are those of now: who committed them, resets and rewinds can't be told"
        };
        self.not_seen("commit history", why, so, groups.is_empty());
        // Share groups commit nothing: they are asked otherwise.
        let shares = |group: &&Name| listed.get(*group).is_some_and(|l| l.kind == "share");
        for group in groups.iter().filter(|g| !shares(g)) {
            match self.cluster.committed(group).await {
                Ok(positions) => self.tell_positions(group, positions),
                Err(error) => self.not_seen(
                    &format!("positions of group {group}"),
                    &error.to_string(),
                    "its rows are missing",
                    true,
                ),
            }
        }
    }

    /// What the coordinator does not name of what was read is gone since.
    fn tell_positions(&mut self, group: &Name, told: BTreeMap<TopicPartition, (Offset, i32)>) {
        let mut now: BTreeMap<Partition, Option<(Offset, i32)>> = BTreeMap::new();
        let stands =
            |groups: &BTreeMap<Name, LastCommit>| groups.get(group).is_some_and(|c| c.latest.is_some());
        let read = self.positions.iter().filter(|(_, groups)| stands(groups));
        now.extend(read.map(|(p, _)| (p.clone(), None)));
        now.extend(told.into_iter().map(|(p, position)| (partition(&p), Some(position))));
        for (p, position) in now {
            if self.looks_at(&p.topic) {
                self.told_position(group, &p, position);
            }
        }
    }

    fn told_position(&mut self, group: &Name, partition: &Partition, position: Option<(Offset, i32)>) {
        let at = crate::clock::now();
        let value = position.map(|(offset, leader_epoch)| CommitValue {
            offset,
            leader_epoch,
            topic_id: TopicId::UNKNOWN,
        });
        let known = self.positions.get(partition).and_then(|groups| groups.get(group));
        if known.is_some_and(|k| k.latest == value.map(|v| v.offset)) {
            return;
        }
        let commit = Commit {
            source_offset: 0,
            group: group.clone(),
            partition: partition.clone(),
            at,
            seen: at,
            transaction: None,
            of_letters: self.wants.holds_letters(&partition.topic),
            value,
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
            value,
        };
        // Nothing of the history is known: a tail that begins behind this commit.
        let tail = whither_core::fact::Tail { offsets_partition: -1, holes: 1, since: None };
        if commit.of_letters {
            let key = Key::letters(&self.id, partition);
            self.apply(&key, &[Fact::Committed(committed.clone())]);
        }
        let key = Key::ledger(&self.id, partition);
        self.apply(&key, &[Fact::Committed(committed), Fact::Tail(tail)]);
    }
}
