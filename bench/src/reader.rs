//! The measured process that reads: whither's fetcher and walker, one thread, CRCs checked.

use std::sync::Arc;

use serde::Serialize;
use whither::run::Run;
use whither::sources::kafka::batches::{Depth, Walker};
use whither::sources::kafka::commits::TopicNames;
use whither::sources::kafka::origins::Conventions;
use whither_core::fact::Reading;
use whither_core::{Clock, Fact, Key, Name, Partition, Policy, Time, TopicId};
use whither_kafka::batch::{Batches, Scratch, key_hash};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{ClientConfig, Cluster, TopicPartition, When};

use crate::error::Error;

/// How much is done with each batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Work {
    /// Nothing: what it costs to get the bytes.
    Receive,
    /// Batch headers to facts.
    Ledger,
    /// Batch headers to facts, and the facts through the core: what `check` does with ordinary topics.
    Judged,
    /// Every record: key hash, `traceparent`, time and size.
    Headers,
}

/// What was seen; `sum` is there so that nothing that is looked at can be optimised away.
#[derive(Clone, Copy, Default, Debug, Serialize)]
struct Seen {
    records: u64,
    traced: u64,
    sum: u64,
}

/// Reads a whole topic and prints what it saw.
///
/// # Errors
/// The cluster can't be reached, or a partition can't be read.
pub(crate) async fn main(bootstrap: &str, topic: &str, work: Work) -> Result<(), Error> {
    let cluster = Arc::new(Cluster::connect(ClientConfig::new(vec![bootstrap.to_owned()])).await?);
    let spans = spans(&cluster, topic).await;
    let mut reader = Reader::new(topic, work);
    let mut fetcher = Fetcher::start(cluster, spans, Options::default());
    while let Some(fetched) = fetcher.next().await {
        for one in fetched {
            match one.event {
                Event::Records { records, .. } => reader.take(one.partition.partition, &records),
                Event::Failed(error) => return Err(error.into()),
                Event::Done | Event::Gone { .. } | Event::Truncated { .. } => {}
            }
        }
    }
    println!("{}", serde_json::json!(reader.seen));
    Ok(())
}

async fn spans(cluster: &Cluster, topic: &str) -> Vec<Span> {
    let metadata = cluster.metadata();
    let Some((name, topic)) = metadata.topics.get_key_value(topic) else { return Vec::new() };
    let all: Vec<_> =
        topic.partitions.keys().map(|p| TopicPartition { topic: name.clone(), partition: *p }).collect();
    let ends = cluster.list_offsets(&all, When::Latest).await;
    let span = |(partition, end): (_, Result<whither_kafka::ListedOffset, _>)| {
        end.ok().map(|end| Span { partition, from: 0, to: Some(end.offset) })
    };
    ends.into_iter().filter_map(span).collect()
}

struct Reader {
    topic: Name,
    work: Work,
    cluster: Name,
    run: Run,
    conventions: Conventions,
    names: TopicNames,
    scratch: Scratch,
    facts: Vec<Fact>,
    announced: Vec<i32>,
    seen: Seen,
}

impl Reader {
    fn new(topic: &str, work: Work) -> Self {
        Self {
            topic: topic.into(),
            work,
            cluster: "bench".into(),
            run: Run::new(Policy::default()),
            conventions: Conventions::default(),
            names: TopicNames::default(),
            scratch: Scratch::default(),
            facts: Vec::new(),
            announced: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn take(&mut self, index: i32, records: &[u8]) {
        match self.work {
            Work::Receive => self.seen.sum = self.seen.sum.wrapping_add(records.len() as u64),
            Work::Headers => self.headers(records),
            Work::Ledger | Work::Judged => self.ledger(index, records),
        }
    }

    fn headers(&mut self, bytes: &[u8]) {
        for batch in Batches::new(bytes).flatten() {
            let Ok(records) = batch.records(&mut self.scratch) else { continue };
            for record in records.flatten() {
                self.seen.records += 1;
                self.seen.traced += u64::from(matches!(record.headers.first(b"traceparent"), Ok(Some(_))));
                let about = record.timestamp_ms.unsigned_abs() ^ u64::from(record.size_bytes);
                self.seen.sum = self.seen.sum.wrapping_add(record.key.map_or(0, key_hash) ^ about);
            }
        }
    }

    fn ledger(&mut self, index: i32, bytes: &[u8]) {
        let partition = Partition { topic: self.topic.clone(), index };
        let now = Time(1);
        if !self.announced.contains(&index) {
            self.announced.push(index);
            self.facts.push(Fact::Reading(Reading { topic_id: TopicId::UNKNOWN, from: 0 }));
        }
        let mut walker = Walker {
            partition: &partition,
            depth: Depth::Ledger,
            boundaries: &[],
            conventions: &self.conventions,
            names: &self.names,
            scratch: &mut self.scratch,
            gatherer: None,
            now,
        };
        self.seen.records += walker.walk(bytes, i64::MAX, &mut self.facts).records;
        self.seen.sum = self.seen.sum.wrapping_add(self.facts.len() as u64);
        if self.work == Work::Judged {
            let clock = Clock { now, complete_to: now };
            self.run.apply(&Key::log(&self.cluster, &partition), clock, &self.facts);
        }
        self.facts.clear();
    }
}
