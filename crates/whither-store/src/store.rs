//! The open store: the one that writes.

mod checkpointing;
mod opening;
mod upkeep;

pub use checkpointing::CheckpointWriter;
pub use opening::{Opened, Recovered};
pub use upkeep::Retained;

use crate::catalogue::{Catalogue, Change, Generation, NotApplied};
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::limits::{BUFFERED_BYTES, CHECKPOINT_EVERY_MS, CHECKPOINT_LOG_BYTES, PROBE_BYTES};
use crate::live::{AnyContent, Shared};
use crate::log::{LogWriter, frame::MARK};
use crate::names;
use crate::queries::Reader;
use crate::tables::{BalanceRow, CommitRow, FindingRow, IndexRow, LagRow, MarkRow, SpanRow, SpanStatus};
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How a store behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// What is kept, and for how long.
    pub retention: Retention,
    /// What to do about a corrupt log.
    pub repair: Repair,
    /// A checkpoint is due when the rows in memory take so many bytes.
    pub buffered_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { retention: Retention::default(), repair: Repair::default(), buffered_bytes: BUFFERED_BYTES }
    }
}

/// What [`Store::retain`] keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Age in milliseconds up to which rows are kept.
    pub keep_ms: i64,
    /// The same for the hourly summary, the table `balance`.
    pub keep_summary_ms: i64,
    /// The same for the message index.
    pub keep_index_ms: i64,
    /// The same for spans.
    pub keep_spans_ms: i64,
    /// The same for spans of traces that were marked.
    pub keep_kept_ms: i64,
    /// Bytes that all segments may take. The summary is not deleted for room.
    pub keep_bytes: u64,
    /// Bytes of these that the message index may take: it grows with every record, and must not crowd out what
    /// became of them.
    pub keep_index_bytes: u64,
    /// Bytes that spans of marked traces may take beside those.
    pub keep_kept_bytes: u64,
}

impl Default for Retention {
    /// 90 days, 400 days for the summary, 30 days for the message index, 7 days for spans, 90 days for those of marked
    /// traces; 20 GiB, 5 GiB of them for the index, and 2 GiB for spans of marked traces.
    fn default() -> Self {
        Retention {
            keep_ms: 90 * DAY_MS,
            keep_summary_ms: 400 * DAY_MS,
            keep_index_ms: 30 * DAY_MS,
            keep_spans_ms: 7 * DAY_MS,
            keep_kept_ms: 90 * DAY_MS,
            keep_bytes: 20 << 30,
            keep_index_bytes: 5 << 30,
            keep_kept_bytes: 2 << 30,
        }
    }
}

/// What to do about a log that is corrupt before its last mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Repair {
    /// Refuse to open: somebody should know.
    #[default]
    Refuse,
    /// Go on from the last mark before the damage. What follows is kept in a file `set-aside-…`.
    CutLog,
}

/// The store. One thread owns it; [`Reader`]s answer on others.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    /// Held as long as the store is open.
    _lock: Arc<dyn DiskFile>,
    catalogue: Catalogue,
    log: LogWriter,
    generation: Generation,
    /// What the next checkpoint stands at.
    last_mark: Option<Vec<u8>>,
    pending: Pending,
    live: Shared,
    next_segment: u64,
    retention: Retention,
    buffered_bytes: usize,
    leaving: upkeep::Leaving,
    full: bool,
}

/// Rows that wait for a mark.
#[derive(Debug, Default)]
struct Pending {
    findings: Vec<FindingRow>,
    lag: Vec<LagRow>,
    balance: Vec<BalanceRow>,
    commits: Vec<CommitRow>,
    index: Vec<IndexRow>,
    spans: Vec<SpanRow>,
    marks: Vec<MarkRow>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.findings.is_empty()
            && self.lag.is_empty()
            && self.balance.is_empty()
            && self.commits.is_empty()
            && self.index.is_empty()
            && self.spans.is_empty()
            && self.marks.is_empty()
    }
}

/// How much a store holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Bytes of the log since the last checkpoint.
    pub log_bytes: u64,
    /// Bytes of the last checkpoint.
    pub checkpoint_bytes: u64,
    /// Bytes of all segments.
    pub segment_bytes: u64,
    /// Segments.
    pub segments: usize,
    /// Rows that are in no segment yet.
    pub buffered_rows: usize,
    /// About how much memory they take.
    pub buffered_bytes: usize,
}

impl Store {
    /// Appends an entry to the log. It is durable, and comes back, once a mark follows it.
    ///
    /// # Errors
    /// `Full` and `TooLarge`: the entry was not taken, and everything before it is still held. `Broken`.
    ///
    /// # Panics
    /// If `kind` is 0, which is the mark's.
    pub fn append(&mut self, kind: u8, payload: &[u8]) -> Result<(), StoreError> {
        assert_ne!(kind, MARK, "kind 0 is the mark's");
        let appended = self.log.append(kind, payload);
        self.notice(appended)
    }

    /// Says that what came before belongs together, and makes it durable. Rows that were put become visible.
    ///
    /// # Errors
    /// `Full`: nothing is lost and nothing half done; call it again when there is room. `TooLarge`, `Broken`.
    pub fn mark(&mut self, payload: &[u8]) -> Result<(), StoreError> {
        let marked = self.log.mark(payload);
        self.notice(marked)?;
        self.last_mark = Some(payload.to_vec());
        self.publish();
        Ok(())
    }

    /// Whether there is room, as far as is known. After a `Full` it tries the disk.
    pub fn accepting(&mut self) -> bool {
        if self.full {
            self.full = self.probe().is_err();
        }
        !self.full
    }

    /// Puts a row that becomes visible with the next mark.
    pub fn put_finding(&mut self, row: FindingRow) {
        self.pending.findings.push(row);
    }

    /// Puts a row that becomes visible with the next mark.
    pub fn put_lag(&mut self, row: LagRow) {
        self.pending.lag.push(row);
    }

    /// Puts a row that becomes visible with the next mark.
    pub fn put_balance(&mut self, row: BalanceRow) {
        self.pending.balance.push(row);
    }

    /// Puts a row that becomes visible with the next mark.
    pub fn put_commit(&mut self, row: CommitRow) {
        self.pending.commits.push(row);
    }

    /// Puts a row that becomes visible with the next mark.
    pub fn put_index(&mut self, row: IndexRow) {
        self.pending.index.push(row);
    }

    /// Puts a row that becomes visible with the next mark.
    /// One that failed keeps its trace, as [`Store::keep_trace`] does.
    pub fn put_span(&mut self, row: SpanRow) {
        if row.status == SpanStatus::Error
            && self.pending.marks.last().is_none_or(|mark| mark.trace_id != row.trace_id)
        {
            self.keep_trace(row.trace_id, row.at_ms());
        }
        self.pending.spans.push(row);
    }

    /// Marks a trace: its spans outlive others, from the next mark of the log on. The newest 250,000 traces count.
    pub fn keep_trace(&mut self, trace_id: [u8; 16], at_ms: i64) {
        self.pending.marks.push(MarkRow { trace_id, at_ms });
    }

    /// Makes rows visible that were put while the log was replayed: their mark is on disk already.
    pub fn publish(&mut self) {
        let (live, pending) = (&mut *self.live.write(), &mut self.pending);
        live.findings.take(&mut pending.findings);
        live.lag.take(&mut pending.lag);
        live.balance.take(&mut pending.balance);
        live.commits.take(&mut pending.commits);
        live.index.take(&mut pending.index);
        live.spans.take(&mut pending.spans);
        live.marks.take(&mut pending.marks);
    }

    /// Whether it is time for a checkpoint: the log is longer than the last one (and than 64 MiB), ten minutes have
    /// passed, or the buffered rows take as much as they may. Never if nothing was marked since the last one.
    #[must_use]
    pub fn checkpoint_due(&self, now_ms: i64) -> bool {
        let long = self.log.bytes() >= CHECKPOINT_LOG_BYTES.max(self.generation.checkpoint_bytes);
        // A clock that was set back must not put it off.
        let old = now_ms.saturating_sub(self.generation.at_ms).saturating_abs() >= CHECKPOINT_EVERY_MS;
        self.log.has_mark() && (long || old || self.live.read().buffered_bytes() >= self.buffered_bytes)
    }

    /// A handle that answers queries on any thread, for as long as it is kept.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.live.clone())
    }

    /// How much it holds.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let live = self.live.read();
        Sizes {
            log_bytes: self.log.bytes(),
            checkpoint_bytes: self.generation.checkpoint_bytes,
            segment_bytes: live.segments().map(|segment| segment.record.bytes).sum(),
            segments: live.segments().count(),
            buffered_rows: live.all().iter().map(|content| content.buffered_rows()).sum(),
            buffered_bytes: live.buffered_bytes(),
        }
    }

    /// From when on there is history, in milliseconds since the epoch. The hourly summary, which is kept longer, and the
    /// index do not count.
    #[must_use]
    pub fn oldest_ms(&self) -> Option<i64> {
        let live = self.live.read();
        let tables: [&dyn AnyContent; 3] = [&live.findings, &live.lag, &live.commits];
        tables.into_iter().filter_map(AnyContent::oldest_ms).min()
    }

    /// Remembers that the disk is full.
    fn notice<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.full |= result.as_ref().is_err_and(StoreError::is_full);
        result
    }

    /// Tries whether there is room.
    fn probe(&self) -> std::io::Result<()> {
        let file = self.disk.create(names::PROBE)?;
        let written = file.write_at(0, &vec![0; PROBE_BYTES]).and_then(|()| file.sync());
        self.disk.remove(names::PROBE)?;
        written
    }

    /// Makes a change of the catalogue true.
    fn apply(&mut self, change: &Change) -> Result<(), StoreError> {
        let applied = match self.catalogue.apply(change) {
            Ok(()) => Ok(()),
            Err(NotApplied::Unchanged(error)) => Err(error),
            Err(NotApplied::Unknown(why)) => Err(self.log.break_down(why)),
        };
        self.notice(applied)
    }

    fn segment_id(&mut self) -> u64 {
        let id = self.next_segment;
        self.next_segment += 1;
        id
    }

    /// Removes files that the catalogue no longer names. If that fails, opening the store removes them.
    fn remove_files<'a>(&self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            drop(self.disk.remove(name));
        }
    }
}
