//! The records themselves, in the order that makes verdicts soonest: from each group's position to the end,
//! dead-letter topics, what is recent, then further back.

use std::collections::BTreeMap;

use whither_core::fact::{Bounds, Reading, Unread, WhyUnread};
use whither_core::{Fact, Key, Offset, Partition};
use whither_kafka::fetch::{Event, Fetched, Fetcher, Options, Span};
use whither_kafka::{TopicPartition, When};

use super::batches::Walker;
use super::look::{DEADLINE, Look, ReadTo, of, partition};
use super::plan::{self, Phase};

/// The partitions of one read.
type Reads = BTreeMap<Partition, Read>;

/// A partition being read.
struct Read {
    to: Offset,
    /// The core was told where the read begins.
    announced: bool,
    /// The offsets that cut its rows, ascending.
    cuts: Vec<Offset>,
}

impl Look {
    /// Reads what the deadline allows.
    pub(super) async fn read_data(&mut self) {
        let partitions = self.partitions();
        // Where reading has begun so far: what stands before it is still to read.
        let mut begun: BTreeMap<Partition, Offset> = BTreeMap::new();
        let mut reached = Phase::Positions;
        for phase in Phase::IN_ORDER {
            if self.out_of_time() {
                break;
            }
            reached = phase;
            let recent =
                if phase == Phase::Recent { self.recent(&partitions).await } else { BTreeMap::new() };
            let mut spans = Vec::new();
            for p in &partitions {
                let Some(edges) = self.edges_of(p) else { continue };
                let wanted = self.floor(phase, p, &edges, &recent);
                if let Some(part) = wanted.and_then(|w| plan::part(&edges, begun.get(p).copied(), w)) {
                    spans.push(Span { partition: of(p), from: part.start, to: Some(part.end) });
                }
            }
            self.progress.doing(phase.says());
            self.read(spans, &mut begun).await;
        }
        if self.out_of_time() {
            let what = if reached == Phase::Positions { "records" } else { "the oldest records" };
            self.cut_short(what, DEADLINE);
            self.leave_the_rest(&partitions);
        }
    }

    /// What the deadline left unread stays so: a follower that went back for it would miss what happens now.
    fn leave_the_rest(&mut self, partitions: &[Partition]) {
        for p in partitions {
            if let Some(edges) = self.edges_of(p) {
                let read = self.data_next.entry(p.clone()).or_default();
                if read.next < edges.end {
                    *read = ReadTo { next: edges.end, tail: None, ..*read };
                }
            }
        }
    }

    /// Where a phase wants to begin.
    pub(super) fn floor(
        &self,
        phase: Phase,
        p: &Partition,
        edges: &Bounds,
        recent: &BTreeMap<Partition, Offset>,
    ) -> Option<Offset> {
        match phase {
            Phase::Positions => self.positions.get(p).and_then(plan::lowest_position),
            Phase::DeadLetters => self.wants.roles.of(&p.topic).map(|_| plan::readable_start(edges)),
            Phase::Recent => recent.get(p).copied(),
            Phase::Rest => Some(plan::readable_start(edges)),
        }
    }

    pub(super) async fn recent(&self, partitions: &[Partition]) -> BTreeMap<Partition, Offset> {
        let since = i64::try_from(self.wants.since.as_millis()).unwrap_or(i64::MAX);
        let at = When::At(crate::clock::now().0.saturating_sub(since).max(0));
        let asked: Vec<TopicPartition> = partitions.iter().map(of).collect();
        let found = self.cluster.list_offsets(&asked, at).await;
        let found = found.into_iter().filter_map(|(p, o)| Some((partition(&p), o.ok()?.offset)));
        found.filter(|(_, offset)| *offset >= 0).collect()
    }

    pub(super) async fn read(&mut self, spans: Vec<Span>, begun: &mut BTreeMap<Partition, Offset>) {
        if spans.is_empty() {
            return;
        }
        begun.extend(spans.iter().map(|span| (partition(&span.partition), span.from)));
        let mut reads = self.reads(&spans);
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                self.take(one, &mut reads, begun);
            }
            self.progress.doing(&format!("{} records read", self.records_read));
            self.progress.between(&self.run);
        }
    }

    fn reads(&self, spans: &[Span]) -> Reads {
        let read = |span: &Span| {
            let p = partition(&span.partition);
            let log_start = self.edges_of(&p).map_or(0, |e| e.log_start);
            let cuts = plan::cuts(self.positions.get(&p), log_start);
            (p, Read { to: span.to.unwrap_or(Offset::MAX), announced: false, cuts })
        };
        spans.iter().map(read).collect()
    }

    fn take(&mut self, one: Fetched, reads: &mut Reads, begun: &mut BTreeMap<Partition, Offset>) {
        let p = partition(&one.partition);
        let Some(read) = reads.get_mut(&p) else { return };
        let mut facts = Vec::new();
        match one.event {
            Event::Records { from, records, .. } => {
                if !std::mem::replace(&mut read.announced, true) {
                    let from = self.beginning(&p, from, &records);
                    begun.insert(p.clone(), from);
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                let next = self.walk(&p, &records, read, &mut facts);
                let tail = facts.iter().rev().find_map(|fact| match fact {
                    Fact::Batch(b) => Some((b.base, b.leader_epoch)),
                    _ => None,
                });
                let so_far = self.data_next.entry(p.clone()).or_default();
                if let Some(next) = next.filter(|next| *next >= so_far.next) {
                    *so_far = ReadTo { next, tail: tail.or(so_far.tail), ..*so_far };
                }
            }
            Event::Gone { from, to } => {
                if !std::mem::replace(&mut read.announced, true) {
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                let to = to.min(read.to);
                if from < to {
                    facts.push(Fact::Unread(Unread { from, to, why: WhyUnread::Gone }));
                }
            }
            Event::Failed(error) => self.not_seen(
                &format!("records of {p}"),
                &error.to_string(),
                "they are counted as unread",
                true,
            ),
            Event::Truncated { .. } | Event::Done => {}
        }
        self.apply(&Key::log(&self.id.clone(), &p), &facts);
    }

    /// Reads begin where batches do, so that neighbouring reads meet: Fetch returns the whole batch.
    fn beginning(&self, p: &Partition, asked: Offset, records: &[u8]) -> Offset {
        let base = records.get(..8).and_then(|b| b.try_into().ok()).map_or(asked, i64::from_be_bytes);
        let start = self.edges_of(p).map_or(0, |e| e.log_start);
        base.min(asked).max(start)
    }

    fn walk(&mut self, p: &Partition, records: &[u8], read: &Read, facts: &mut Vec<Fact>) -> Option<Offset> {
        let depth = self.depth_of(&p.topic);
        let mut walker = Walker {
            partition: p,
            depth,
            boundaries: &read.cuts,
            conventions: &self.wants.conventions,
            names: &self.names,
            scratch: &mut self.scratch,
            now: crate::clock::now(),
        };
        let walked = walker.walk(records, read.to, facts);
        self.records_read += walked.records;
        walked.next
    }

    /// Reads what was written since the last round. Each read is announced, though it goes on where one stopped:
    /// times of records are told of the read announced last.
    pub(super) async fn follow_data(&mut self) {
        self.look_for_truncation().await;
        let mut spans = Vec::new();
        for p in self.partitions() {
            let Some(edges) = self.edges_of(&p) else { continue };
            let from = match self.data_next.get_mut(&p) {
                Some(read) => {
                    // The end went back, and no epoch tells why: the last batch may be another one now.
                    if let Some((base, _)) = read.tail.filter(|_| edges.end < read.next) {
                        read.next = base;
                    }
                    read.next
                }
                None => edges.log_start,
            };
            if from < edges.end {
                spans.push(Span { partition: of(&p), from, to: Some(edges.end) });
            }
        }
        if spans.is_empty() {
            return;
        }
        let mut reads = self.reads(&spans);
        let mut begun = BTreeMap::new();
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                self.take(one, &mut reads, &mut begun);
            }
            self.progress.between(&self.run);
        }
        if self.out_of_time() {
            self.cut_short("the newest records", "the watch was over first");
        }
    }

    fn cut_short(&mut self, what: &str, why: &str) {
        let so = "those that were not read are counted as unread; a longer --deadline, or --all, reads them";
        self.not_seen(what, why, so, false);
    }
}
