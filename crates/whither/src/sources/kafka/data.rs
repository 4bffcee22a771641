//! The records themselves, in the order that makes verdicts soonest: from each group's position to the end,
//! dead-letter topics, what is recent, then further back.

use std::collections::{BTreeMap, BTreeSet};

use whither_core::fact::{Bounds, Reading, Unread, WhyUnread};
use whither_core::{Fact, Key, Offset, Partition};
use whither_kafka::fetch::{Event, Fetched, Fetcher, Options, Span};
use whither_kafka::{TopicPartition, When};

use super::look::{DEADLINE, Look, ReadTo, of, partition};
use super::plan::{self, Phase};
use super::walking::{Held, Piece, Walking};

/// The partitions of one read.
pub(super) type Reads = BTreeMap<Partition, Read>;

/// A partition being read.
pub(super) struct Read {
    to: Offset,
    /// The core was told where the read begins.
    announced: bool,
    /// The offsets that cut its rows, ascending.
    cuts: Vec<Offset>,
}

/// What came of a partition.
pub(super) struct Came {
    partition: Partition,
    event: Event,
    walking: Walking,
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
        // While one answer is judged, the next one is walked, and the one after it is on its way.
        let mut walked = Vec::new();
        loop {
            let fetched = self.next_of(&mut fetcher).await;
            let is_last = fetched.is_none();
            let ahead = self.walk_ahead(fetched.unwrap_or_default(), &reads).await;
            for one in std::mem::replace(&mut walked, ahead) {
                self.take(one, &mut reads, begun).await;
            }
            self.progress.doing(&format!("{} records read", self.records_read));
            self.progress.between(&self.run);
            if is_last {
                return;
            }
        }
    }

    /// Begins to walk what was fetched.
    pub(super) async fn walk_ahead(&mut self, fetched: Vec<Fetched>, reads: &Reads) -> Vec<Came> {
        let mut ahead = Vec::new();
        for Fetched { partition: p, event } in fetched {
            let p = partition(&p);
            let Some(read) = reads.get(&p) else { continue };
            let walking = if let Event::Records { from, records, .. } = &event {
                let now = crate::clock::now();
                let piece = Piece {
                    depth: self.depth_of(&p.topic),
                    boundaries: read.cuts.clone(),
                    records: records.clone(),
                    end: read.to,
                    now,
                    gatherer: self.gatherer(&p, self.beginning(&p, *from, records), now),
                    conventions: self.conventions.clone(),
                    names: self.names.clone(),
                    partition: p.clone(),
                };
                self.walkers.walk(piece, &mut self.scratch).await
            } else {
                Walking::Done(Held::default())
            };
            ahead.push(Came { partition: p, event, walking });
        }
        ahead
    }

    fn reads(&self, spans: &[Span]) -> Reads {
        let mut reads = Reads::new();
        for span in spans {
            self.expect(&partition(&span.partition), span.to.unwrap_or(Offset::MAX), &mut reads);
        }
        reads
    }

    /// Records of a partition up to `to` will come.
    pub(super) fn expect(&self, p: &Partition, to: Offset, reads: &mut Reads) {
        if let Some(read) = reads.get_mut(p) {
            read.to = to;
            return;
        }
        let log_start = self.edges_of(p).map_or(0, |e| e.log_start);
        let cuts = plan::cuts(self.positions.get(p), log_start);
        reads.insert(p.clone(), Read { to, announced: false, cuts });
    }

    pub(super) async fn take(
        &mut self,
        came: Came,
        reads: &mut Reads,
        begun: &mut BTreeMap<Partition, Offset>,
    ) {
        let Came { partition: p, event, walking } = came;
        let mut held = walking.held().await;
        let Some(read) = reads.get_mut(&p) else { return };
        let mut facts = Vec::new();
        match event {
            Event::Records { from, records, .. } => {
                if !std::mem::replace(&mut read.announced, true) {
                    let from = self.beginning(&p, from, &records);
                    begun.insert(p.clone(), from);
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                self.records_read += held.walked.records;
                self.index(&p, held.gathered);
                facts.append(&mut held.facts);
                let tail = facts.iter().rev().find_map(|fact| match fact {
                    Fact::Batch(b) => Some((b.base, b.leader_epoch)),
                    _ => None,
                });
                let so_far = self.data_next.entry(p.clone()).or_default();
                if let Some(next) = held.walked.next.filter(|next| *next >= so_far.next) {
                    *so_far = ReadTo { next, tail: tail.or(so_far.tail), ..*so_far };
                }
            }
            Event::Gone { from, to } => {
                if !std::mem::replace(&mut read.announced, true) {
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                let to = to.min(read.to);
                if let Some(so_far) = self.data_next.get_mut(&p).filter(|so_far| so_far.next == from) {
                    so_far.next = to.max(from);
                }
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

    /// Reads partitions of which more was written than a round's polls bring. Each read is announced, though it goes
    /// on where one stopped: times of records are told of the read announced last.
    pub(super) async fn catch_up(&mut self, behind: BTreeSet<Partition>) {
        let mut spans = Vec::new();
        for p in behind {
            let (Some(edges), Some(read)) = (self.edges_of(&p), self.data_next.get_mut(&p)) else { continue };
            // The end went back, and no epoch tells why: the last batch may be another one now.
            if let Some((base, _)) = read.tail.filter(|_| edges.end < read.next) {
                read.next = base;
            }
            if read.next < edges.end {
                spans.push(Span { partition: of(&p), from: read.next, to: Some(edges.end) });
            }
        }
        self.read(spans, &mut BTreeMap::new()).await;
        if self.out_of_time() {
            self.cut_short("the newest records", "the watch was over first");
        }
    }

    fn cut_short(&mut self, what: &str, why: &str) {
        let so = "those that were not read are counted as unread; a longer --deadline, or --all, reads them";
        self.not_seen(what, why, so, false);
    }
}
