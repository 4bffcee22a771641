//! What queries see: the segments that count and the rows that are in none yet.

use crate::catalogue::SegmentRecord;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::tables::merge;
use crate::tables::row::Row;
use crate::tables::segment::Segment;
use crate::tables::writer::SegmentWriter;
use crate::tables::{BalanceRow, CommitRow, FindingRow, IndexRow, LagRow, MarkRow, SpanRow, Table};
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Rows that may wait for a mark without that room is made for them anew.
const PENDING_ROWS: usize = 4_096;

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) findings: Content<FindingRow>,
    pub(crate) lag: Content<LagRow>,
    pub(crate) balance: Content<BalanceRow>,
    pub(crate) commits: Content<CommitRow>,
    pub(crate) index: Content<IndexRow>,
    pub(crate) spans: Content<SpanRow>,
    /// Nothing of it is ever buffered.
    pub(crate) kept: Content<SpanRow>,
    pub(crate) marks: Content<MarkRow>,
    /// Of the index, rows up to this time may have been deleted.
    pub(crate) index_forgot_ms: Option<i64>,
}

impl Live {
    pub(crate) fn all(&self) -> [&dyn AnyContent; 8] {
        [
            &self.findings,
            &self.lag,
            &self.balance,
            &self.commits,
            &self.index,
            &self.spans,
            &self.kept,
            &self.marks,
        ]
    }

    pub(crate) fn all_mut(&mut self) -> [&mut dyn AnyContent; 8] {
        [
            &mut self.findings,
            &mut self.lag,
            &mut self.balance,
            &mut self.commits,
            &mut self.index,
            &mut self.spans,
            &mut self.kept,
            &mut self.marks,
        ]
    }

    pub(crate) fn of(&mut self, table: Table) -> &mut dyn AnyContent {
        match table {
            Table::Findings => &mut self.findings,
            Table::Lag => &mut self.lag,
            Table::Balance => &mut self.balance,
            Table::Commits => &mut self.commits,
            Table::Index => &mut self.index,
            Table::Spans => &mut self.spans,
            Table::Kept => &mut self.kept,
            Table::Marks => &mut self.marks,
        }
    }

    pub(crate) fn buffered_bytes(&self) -> usize {
        self.all().iter().map(|content| content.buffered_bytes()).sum()
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.all().into_iter().flat_map(AnyContent::segments)
    }
}

/// One table: its segments in order of time, and its buffered rows in the order they came.
#[derive(Debug)]
pub(crate) struct Content<R> {
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) buffered: Vec<R>,
    bytes: usize,
}

impl<R> Default for Content<R> {
    fn default() -> Self {
        Content { segments: Vec::new(), buffered: Vec::new(), bytes: 0 }
    }
}

/// What can be done with a table whatever its rows are.
pub(crate) trait AnyContent {
    fn segments(&self) -> &[Arc<Segment>];
    /// When its first row happened. Rows that wait are looked at only where there is no segment yet.
    fn oldest_ms(&self) -> Option<i64>;
    fn buffered_rows(&self) -> usize;
    fn buffered_bytes(&self) -> usize;
    /// Writes the buffered rows as a segment. They stay buffered.
    fn write(&self, disk: &dyn Disk, id: u64) -> Result<SegmentRecord, StoreError>;
    /// The buffered rows are in segments now.
    fn forget_buffered(&mut self);
    fn add(&mut self, segment: Segment);
    /// Whether all of them were there.
    fn holds(&self, ids: &[u64]) -> bool;
    fn remove(&mut self, ids: &[u64]);
    /// Segments that should be merged.
    fn to_merge(&self, longest_span_ms: i64) -> Option<Vec<Arc<Segment>>>;
}

impl<R: Row> Content<R> {
    pub(crate) fn holds_any(&self) -> bool {
        !self.segments.is_empty() || !self.buffered.is_empty()
    }

    /// Takes rows over from where they waited for a mark.
    pub(crate) fn take(&mut self, pending: &mut Vec<R>) {
        self.bytes += pending.iter().map(Row::bytes).sum::<usize>();
        if self.buffered.is_empty() {
            std::mem::swap(&mut self.buffered, pending);
        } else {
            self.buffered.append(pending);
        }
        // What one large round needed is not held for all that follow.
        if pending.capacity() > PENDING_ROWS {
            *pending = Vec::new();
        }
    }
}

impl<R: Row> AnyContent for Content<R> {
    fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    fn oldest_ms(&self) -> Option<i64> {
        let of_segments = self.segments.iter().map(|segment| segment.record.min_ms).min();
        of_segments.or_else(|| self.buffered.iter().map(Row::at_ms).min())
    }

    fn buffered_rows(&self) -> usize {
        self.buffered.len()
    }

    fn buffered_bytes(&self) -> usize {
        self.bytes
    }

    fn write(&self, disk: &dyn Disk, id: u64) -> Result<SegmentRecord, StoreError> {
        let mut sorted: Vec<&R> = self.buffered.iter().collect();
        sorted.sort_by(|a, b| a.order(b));
        let mut writer = SegmentWriter::<R>::create(disk, R::TABLE, id, 0)?;
        writer.write(&sorted)?;
        writer.finish()
    }

    fn forget_buffered(&mut self) {
        self.buffered = Vec::new();
        self.bytes = 0;
    }

    fn add(&mut self, segment: Segment) {
        let time = |segment: &Segment| (segment.record.min_ms, segment.record.max_ms, segment.record.id);
        let at = self.segments.partition_point(|other| time(other) < time(&segment));
        self.segments.insert(at, Arc::new(segment));
    }

    fn holds(&self, ids: &[u64]) -> bool {
        ids.iter().all(|id| self.segments.iter().any(|segment| segment.record.id == *id))
    }

    fn remove(&mut self, ids: &[u64]) {
        self.segments.retain(|segment| !ids.contains(&segment.record.id));
    }

    fn to_merge(&self, longest_span_ms: i64) -> Option<Vec<Arc<Segment>>> {
        merge::choose(&self.segments, R::TABLE.merging(), longest_span_ms)
    }
}

/// What the store and its readers share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<RwLock<Live>>);

impl Shared {
    pub(crate) fn new(live: Live) -> Shared {
        Shared(Arc::new(RwLock::new(live)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Live> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Live> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
