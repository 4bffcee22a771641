//! One record as the log holds it now, what stands around it, and how its transaction ended.

use std::sync::Arc;
use std::time::Duration;

use whither_core::fact::{Run, RunKind};
use whither_core::{Offset, Partition};
use whither_kafka::batch::{Batch, Batches, ControlKind, Scratch};
use whither_kafka::fetch::{Event, Fetcher, Options, Span};
use whither_kafka::{Cluster, Error, When};

use super::find::{Seen, seen};
use super::look::{of, why};

/// A transaction's end is looked for in so many bytes behind its record, and for so long.
const BYTES: usize = 8 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// What the log holds at a position.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// The record, if there is one.
    pub seen: Option<Seen>,
    /// What kind of thing stands there; none where that could not be told.
    pub run: Option<Run>,
    /// The nearest record before it that came with it.
    pub previous: Option<Offset>,
    /// The next record behind it, as far as was read.
    pub next: Option<Offset>,
    /// The record is of a transaction whose end was not found.
    unsettled: Option<i64>,
    /// Everything up to the log's end was read.
    to_the_end: bool,
}

/// Reads the record at a position of a log that ends at `end`.
///
/// # Errors
/// The partition can't be read.
pub async fn record(
    cluster: Arc<Cluster>,
    p: &Partition,
    offset: Offset,
    end: Offset,
) -> Result<Found, Error> {
    let span = Span { partition: of(p), from: offset, to: Some(end) };
    let mut fetcher = Fetcher::start(cluster, vec![span], Options::default());
    let until = tokio::time::Instant::now() + PATIENCE;
    let (mut found, mut bytes) = (Found::default(), 0);
    while !found.is_told() && bytes < BYTES {
        // What can be told in time is told.
        let Ok(next) = tokio::time::timeout_at(until, fetcher.next()).await else { break };
        let Some(fetched) = next else {
            found.to_the_end = true;
            break;
        };
        for one in fetched {
            match one.event {
                Event::Records { records, .. } => {
                    bytes += records.len();
                    found.walk(p, offset, &records);
                }
                Event::Failed(error) => return Err(error),
                Event::Gone { .. } | Event::Truncated { .. } | Event::Done => {}
            }
        }
    }
    Ok(found.concluded(offset))
}

/// Where a partition's log ends, or why that can't be told.
///
/// # Errors
/// What the broker says, as a clause.
pub async fn end_of(cluster: &Cluster, p: &Partition) -> Result<Offset, String> {
    let told = cluster.list_offsets(&[of(p)], When::Latest).await;
    match told.get(&of(p)) {
        Some(Ok(end)) => Ok(end.offset),
        Some(Err(refusal)) => Err(why(refusal)),
        None => Err("no such partition".to_owned()),
    }
}

impl Found {
    fn is_told(&self) -> bool {
        self.run.is_some() && self.unsettled.is_none() && self.next.is_some()
    }

    fn walk(&mut self, p: &Partition, offset: Offset, records: &[u8]) {
        let mut scratch = Scratch::default();
        for batch in Batches::new(records).flatten() {
            let header = batch.header();
            let here = header.base_offset <= offset && offset < header.end_offset();
            if header.attributes.is_control() {
                if here {
                    self.run = Some(run(offset, RunKind::Empty));
                }
                self.settle(&batch, &mut scratch, offset);
                continue;
            }
            let Ok(walk) = batch.records(&mut scratch) else {
                if here {
                    self.run = Some(run(offset, RunKind::Corrupt));
                }
                continue;
            };
            for record in walk.flatten() {
                if record.offset < offset {
                    self.previous = Some(record.offset);
                } else if record.offset > offset {
                    self.next.get_or_insert(record.offset);
                } else {
                    self.seen = Some(seen(p, &batch, &record));
                    self.run = Some(run(offset, RunKind::Data));
                    self.unsettled = header.attributes.is_transactional().then_some(header.producer_id);
                }
            }
        }
    }

    /// The first marker of its producer behind a record ends its transaction.
    fn settle(&mut self, batch: &Batch<'_>, scratch: &mut Scratch, offset: Offset) {
        let header = batch.header();
        let ours = self.unsettled == Some(header.producer_id);
        if !ours || header.base_offset < offset {
            return;
        }
        let kind = match batch.control(scratch) {
            Ok(Some(control)) if control.kind == ControlKind::Abort => RunKind::Aborted,
            Ok(Some(control)) if control.kind == ControlKind::Commit => RunKind::Data,
            _ => return,
        };
        self.run = Some(run(offset, kind));
        self.unsettled = None;
    }

    /// What was passed without finding anything at the offset is a hole.
    fn concluded(mut self, offset: Offset) -> Found {
        if let Some(producer_id) = self.unsettled {
            let kind = if self.to_the_end { RunKind::Open { producer_id } } else { RunKind::Unsettled };
            self.run = Some(run(offset, kind));
        }
        if self.run.is_none() && (self.next.is_some() || self.to_the_end) {
            self.run = Some(run(offset, RunKind::Sparse));
        }
        self
    }
}

fn run(offset: Offset, kind: RunKind) -> Run {
    let records = u64::from(!matches!(kind, RunKind::Empty | RunKind::Sparse));
    Run { from: offset, to: offset + 1, records, kind }
}
