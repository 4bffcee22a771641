//! Finds single records: by position, key, trace or header.

use whither_core::{Name, Offset, Partition, Time};
use whither_kafka::batch::{Batch, Batches, Record, TimestampType, key_hash};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};

use super::look::{Look, of, partition};

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sought {
    /// The record at a position.
    At(Partition, Offset),
    /// Records with this key.
    Key(Vec<u8>),
    /// Records whose `traceparent` names this trace, 32 hexadecimal digits.
    Trace(String),
    /// Records with a header of this name and value.
    Header(String, Vec<u8>),
}

/// A record that was found. Its payload is not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Where it is.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp, told by its producer.
    pub timestamp: Option<Time>,
    /// When the broker appended it, on topics that keep that instead.
    pub append_time: Option<Time>,
    /// Its size, headers included, in bytes.
    pub size_bytes: u32,
    /// The hash of its key; none for a null key.
    pub key_hash: Option<u64>,
    /// Its headers in order: names repeat.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The trace its context names.
    pub trace_id: Option<Name>,
}

/// Records told of by one search: more are no answer to "where is my message".
const FOUND: usize = 20;

impl Look {
    /// Looks for records; newest partitions' order is by name. False in the second place if the deadline came
    /// before everything was searched.
    pub async fn find(&mut self, sought: &Sought) -> (Vec<Seen>, bool) {
        self.read_edges().await;
        let spans = self.spans_for(sought);
        let mut found = Vec::new();
        if spans.is_empty() {
            return (found, true);
        }
        let mut fetcher = Fetcher::start(self.cluster.clone(), spans, Options::default());
        while let Some(fetched) = self.next_of(&mut fetcher).await {
            for one in fetched {
                if let Event::Records { records, .. } = one.event {
                    self.search(&partition(&one.partition), &records, sought, &mut found);
                }
            }
            if found.len() >= FOUND {
                return (found, false);
            }
            self.progress.doing("searching");
        }
        (found, !self.out_of_time())
    }

    fn spans_for(&self, sought: &Sought) -> Vec<Span> {
        let of_all = self.partitions().into_iter().filter_map(|p| {
            let edges = self.edges_of(&p)?;
            let (from, to) = match sought {
                Sought::At(_, offset) => (*offset, offset + 1),
                _ => (edges.local_start.max(edges.log_start), edges.end),
            };
            let held = edges.log_start <= from && from < to && to <= edges.end;
            held.then(|| Span { partition: of(&p), from, to: Some(to) })
        });
        of_all.collect()
    }

    fn search(&mut self, p: &Partition, records: &[u8], sought: &Sought, found: &mut Vec<Seen>) {
        let start = self.edges_of(p).map_or(0, |e| e.log_start);
        for batch in Batches::new(records).flatten() {
            let header = batch.header();
            if header.attributes.is_control() {
                continue;
            }
            if let Sought::At(_, offset) = sought
                && !(header.base_offset <= *offset && *offset < header.end_offset())
            {
                continue;
            }
            let Ok(walk) = batch.records(&mut self.scratch) else { continue };
            // A fetch gives whole batches: what DeleteRecords cut off is still in them, but no longer in the log.
            let hits = walk.flatten().filter(|r| r.offset >= start && fits(r, sought));
            let hits = hits.map(|r| seen(p, &batch, &r));
            found.extend(hits.take(FOUND - found.len().min(FOUND)));
        }
    }
}

fn fits(record: &Record<'_>, sought: &Sought) -> bool {
    match sought {
        Sought::At(_, offset) => record.offset == *offset,
        Sought::Key(key) => record.key == Some(key.as_slice()),
        Sought::Trace(trace) => trace_of(record).is_some_and(|t| t.eq_ignore_ascii_case(trace)),
        Sought::Header(name, value) => record
            .headers
            .filter_map(Result::ok)
            .any(|h| h.name == name.as_bytes() && h.value == Some(value.as_slice())),
    }
}

/// The trace id of a W3C `traceparent`; the last one holds where there are several, as Java reads them.
pub(super) fn trace_of<'r>(record: &Record<'r>) -> Option<&'r str> {
    let header =
        record.headers.filter_map(Result::ok).filter(|h| h.name.eq_ignore_ascii_case(b"traceparent"));
    let text = std::str::from_utf8(header.last()?.value?).ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let valid = version.len() == 2 && trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit());
    valid.then_some(trace)
}

pub(super) fn seen(p: &Partition, batch: &Batch<'_>, record: &Record<'_>) -> Seen {
    let appended = batch.header().attributes.timestamp_type() == TimestampType::LogAppendTime;
    let at = Time(record.timestamp_ms);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = record.headers.filter_map(Result::ok).map(|h| (text(h.name), h.value.map(<[u8]>::to_vec)));
    Seen {
        partition: p.clone(),
        offset: record.offset,
        timestamp: (!appended).then_some(at),
        append_time: appended.then_some(at),
        size_bytes: record.size_bytes,
        key_hash: record.key.map(key_hash),
        headers: headers.collect(),
        trace_id: trace_of(record).map(Name::from),
    }
}
