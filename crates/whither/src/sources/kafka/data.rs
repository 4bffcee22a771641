//! The records themselves, in the order that makes verdicts soonest: from each group's position to the end,
//! dead-letter topics, what is recent, then further back.

use std::collections::{BTreeMap, BTreeSet};

use whither_core::fact::{Reading, Unread, WhyUnread};
use whither_core::{Fact, Key, Offset, Partition};
use whither_kafka::fetch::{Event, Fetched, Fetcher, Options, Span};
use whither_kafka::{TopicPartition, When};

use super::batches::{Depth, Walker};
use super::look::{DEADLINE, Look, of, partition};

/// Reads under way: where each ends, and whether its beginning was announced.
#[derive(Default)]
struct Reads {
    ends: BTreeMap<Partition, Offset>,
    announced: BTreeSet<Partition>,
}

impl Look {
    /// Reads what the deadline allows.
    pub(super) async fn read_data(&mut self) {
        let partitions = self.partitions();
        // Where reading has begun so far: what stands before it is still to read.
        let mut begun: BTreeMap<Partition, Offset> = BTreeMap::new();
        let mut reached = Phase::Positions;
        for phase in [Phase::Positions, Phase::DeadLetters, Phase::Recent, Phase::Rest] {
            if self.out_of_time() {
                break;
            }
            reached = phase;
            let recent =
                if phase == Phase::Recent { self.recent(&partitions).await } else { BTreeMap::new() };
            let mut spans = Vec::new();
            for p in &partitions {
                let Some(edges) = self.edges_of(p) else { continue };
                let start = edges.local_start.max(edges.log_start);
                let to = begun.get(p).copied().unwrap_or(edges.end);
                let wanted = match phase {
                    Phase::Positions => self.lowest_position(p),
                    Phase::DeadLetters => self.wants.roles.of(&p.topic).map(|_| start),
                    Phase::Recent => recent.get(p).copied(),
                    Phase::Rest => Some(start),
                };
                if let Some(from) = wanted.map(|w| w.clamp(start, to.max(start)))
                    && from < to
                {
                    spans.push(Span { partition: of(p), from, to: Some(to) });
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
                let next = self.data_next.entry(p.clone()).or_insert(edges.end);
                *next = edges.end.max(*next);
            }
        }
    }

    /// The lowest position any group stands at: what is before it was read by all.
    fn lowest_position(&self, partition: &Partition) -> Option<Offset> {
        let of_group =
            |p: &BTreeMap<Partition, super::look::LastCommit>| p.get(partition).and_then(|c| c.latest);
        self.positions.values().filter_map(of_group).min()
    }

    async fn recent(&self, partitions: &[Partition]) -> BTreeMap<Partition, Offset> {
        let since = i64::try_from(self.wants.since.as_millis()).unwrap_or(i64::MAX);
        let at = When::At(crate::clock::now().0.saturating_sub(since).max(0));
        let asked: Vec<TopicPartition> = partitions.iter().map(of).collect();
        let found = self.cluster.list_offsets(&asked, at).await;
        let found = found.into_iter().filter_map(|(p, o)| Some((partition(&p), o.ok()?.offset)));
        found.filter(|(_, offset)| *offset >= 0).collect()
    }

    async fn read(&mut self, spans: Vec<Span>, begun: &mut BTreeMap<Partition, Offset>) {
        if spans.is_empty() {
            return;
        }
        let mut reads = Reads::default();
        for span in &spans {
            let p = partition(&span.partition);
            reads.ends.insert(p.clone(), span.to.unwrap_or(Offset::MAX));
            begun.insert(p, span.from);
        }
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                self.take(one, &mut reads, begun);
            }
            self.progress.doing(&format!("{} records read", self.records_read));
        }
    }

    fn take(&mut self, one: Fetched, reads: &mut Reads, begun: &mut BTreeMap<Partition, Offset>) {
        let p = partition(&one.partition);
        let end = reads.ends.get(&p).copied().unwrap_or(Offset::MAX);
        let mut facts = Vec::new();
        match one.event {
            Event::Records { from, records, .. } => {
                if reads.announced.insert(p.clone()) {
                    let from = self.beginning(&p, from, &records);
                    begun.insert(p.clone(), from);
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                let next = self.walk(&p, &records, end, &mut facts);
                let seen = self.data_next.get(&p).copied().unwrap_or(0);
                self.data_next.insert(p.clone(), next.unwrap_or(0).max(seen));
            }
            Event::Gone { from, to } => {
                if reads.announced.insert(p.clone()) {
                    facts.push(Fact::Reading(Reading { topic_id: self.topic_id(&p.topic), from }));
                }
                let to = to.min(end);
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

    fn walk(&mut self, p: &Partition, records: &[u8], end: Offset, facts: &mut Vec<Fact>) -> Option<Offset> {
        let mut boundaries: Vec<Offset> = self
            .positions
            .values()
            .filter_map(|by| by.get(p))
            .flat_map(|c| [Some(c.lowest), c.latest])
            .flatten()
            .collect();
        boundaries.extend(self.edges_of(p).map(|e| e.log_start));
        boundaries.sort_unstable();
        boundaries.dedup();
        let depth = match self.wants.roles.of(&p.topic) {
            Some(role) => Depth::Headers(role),
            None => Depth::Ledger,
        };
        let mut walker = Walker {
            partition: p,
            depth,
            boundaries: &boundaries,
            conventions: &self.wants.conventions,
            names: &self.names,
            scratch: &mut self.scratch,
            now: crate::clock::now(),
        };
        let walked = walker.walk(records, end, facts);
        self.records_read += walked.records;
        walked.next
    }

    /// Reads what was written since the last round. Each read is announced, though it goes on where one stopped:
    /// times of records are told of the read announced last.
    pub(super) async fn follow_data(&mut self) {
        let mut spans = Vec::new();
        let mut reads = Reads::default();
        for p in self.partitions() {
            let Some(edges) = self.edges_of(&p) else { continue };
            let from = self.data_next.get(&p).copied().unwrap_or(edges.log_start);
            if from < edges.end {
                reads.ends.insert(p.clone(), edges.end);
                spans.push(Span { partition: of(&p), from, to: Some(edges.end) });
            }
        }
        if spans.is_empty() {
            return;
        }
        let mut begun = BTreeMap::new();
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                self.take(one, &mut reads, &mut begun);
            }
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

/// What is read first, and what later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Positions,
    DeadLetters,
    Recent,
    Rest,
}

impl Phase {
    const fn says(self) -> &'static str {
        match self {
            Phase::Positions => "reading from each group's position to the end",
            Phase::DeadLetters => "reading dead-letter topics",
            Phase::Recent => "reading recent records",
            Phase::Rest => "reading further back",
        }
    }
}
