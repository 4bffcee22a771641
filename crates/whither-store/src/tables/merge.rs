//! Merging small segments into a larger one, so that a look-up probes few of them.

use super::marks::Marks;
use super::row::Row;
use super::segment::{Rows, Segment, Test};
use super::spans::of_traces;
use super::writer::SegmentWriter;
use super::{BalanceRow, CommitRow, FindingRow, IndexRow, LagRow, MarkRow, SpanRow, Table};
use crate::catalogue::SegmentRecord;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::limits::{BATCH_ROWS, MERGE_BATCH_ROWS};
use std::iter::Peekable;
use std::sync::Arc;

/// Segments to merge, or spans to take out of segments whose time is over. It needs nothing of the store while it runs, so
/// any thread can run it.
#[derive(Debug)]
pub struct Merge {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) table: Table,
    pub(crate) inputs: Vec<Arc<Segment>>,
    /// Only spans of marked traces, into the table of kept ones.
    pub(crate) only: Option<Marks>,
    /// The id of the segment it makes.
    pub(crate) id: u64,
}

/// A merged segment, on disk but not yet in the catalogue.
#[derive(Debug)]
pub struct Merged {
    pub(crate) table: Table,
    pub(crate) inputs: Vec<u64>,
    /// It may have no rows; then its file is of no use.
    pub(crate) made: SegmentRecord,
}

impl Merge {
    /// The table whose segments it merges.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table
    }

    /// Bytes it reads, and at most about as many that it writes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.record.bytes).sum()
    }

    /// Reads the segments and writes them as one. Takes some seconds for each 100 MB.
    ///
    /// # Errors
    /// No room, a segment that is corrupt, and failures of the file system. The store is as it was.
    pub fn run(mut self) -> Result<Merged, StoreError> {
        let (all, into) = (|| None, if self.only.is_some() { Table::Kept } else { self.table });
        let made = match self.table {
            Table::Findings => self.rows::<FindingRow>(into, all),
            Table::Lag => self.rows::<LagRow>(into, all),
            Table::Balance => self.rows::<BalanceRow>(into, all),
            Table::Commits => self.rows::<CommitRow>(into, all),
            Table::Index => self.rows::<IndexRow>(into, all),
            Table::Marks => self.rows::<MarkRow>(into, all),
            Table::Spans | Table::Kept => match self.only.take() {
                None => self.rows::<SpanRow>(into, all),
                Some(marks) => marks
                    .ids()
                    .and_then(|ids| self.rows::<SpanRow>(into, || Some(of_traces(Arc::clone(&ids))))),
            },
        };
        let name = crate::names::segment(into.name(), self.id);
        // What was written of it is of no use; opening the store removes what could not be removed here.
        let made = made.inspect_err(|_| drop(self.disk.remove(&name)))?;
        let inputs = self.inputs.iter().map(|input| input.record.id).collect();
        Ok(Merged { table: self.table, inputs, made })
    }

    fn rows<R: Row>(
        &self,
        into: Table,
        test: impl Fn() -> Option<Test>,
    ) -> Result<SegmentRecord, StoreError> {
        let level = self.inputs.iter().map(|input| input.record.level).max().unwrap_or(0).saturating_add(1);
        let level = if into == self.table { level } else { 0 };
        let mut inputs = Vec::new();
        for input in &self.inputs {
            input.verify()?;
            inputs.push(input.rows_that::<R>(&[], test(), MERGE_BATCH_ROWS)?.peekable());
        }
        let mut writer = SegmentWriter::<R>::create(&*self.disk, into, self.id, level)?;
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        while let Some(row) = next(&mut inputs)? {
            rows.push(row);
            if rows.len() == BATCH_ROWS {
                writer.write(&rows.iter().collect::<Vec<_>>())?;
                rows.clear();
            }
        }
        writer.write(&rows.iter().collect::<Vec<_>>())?;
        writer.finish()
    }
}

/// The first row of all inputs; of equal ones that of the earliest input.
fn next<R: Row>(inputs: &mut [Peekable<Rows<R>>]) -> Result<Option<R>, StoreError> {
    let mut first: Option<usize> = None;
    for i in 0..inputs.len() {
        let (before, rest) = inputs.split_at_mut(i);
        let Some(Ok(row)) = rest[0].peek() else {
            if let Some(Err(error)) = rest[0].next_if(Result::is_err) {
                return Err(error);
            }
            continue;
        };
        let smaller = match first.map(|first| before[first].peek()) {
            Some(Some(Ok(least))) => row.order(least).is_lt(),
            _ => true,
        };
        if smaller {
            first = Some(i);
        }
    }
    first.and_then(|first| inputs[first].next()).transpose()
}

/// The segments of a table that should become one, if there are enough of a level. They come in order of time.
pub(crate) fn choose(
    segments: &[Arc<Segment>],
    (width, most_bytes): (usize, u64),
    longest_span_ms: i64,
) -> Option<Vec<Arc<Segment>>> {
    let top = segments.iter().map(|segment| segment.record.level).max()?;
    (0..=top).find_map(|level| {
        let of_level: Vec<&Arc<Segment>> =
            segments.iter().filter(|segment| segment.record.level == level).collect();
        let chosen = of_level.windows(width).find(|run| fits(run, most_bytes, longest_span_ms))?;
        Some(chosen.iter().map(|segment| Arc::clone(segment)).collect())
    })
}

fn fits(run: &[&Arc<Segment>], most_bytes: u64, longest_span_ms: i64) -> bool {
    let bytes: u64 = run.iter().map(|segment| segment.record.bytes).sum();
    let first = run.iter().map(|segment| segment.record.max_ms).min().unwrap_or(0);
    let last = run.iter().map(|segment| segment.record.max_ms).max().unwrap_or(0);
    bytes <= most_bytes && last.saturating_sub(first) <= longest_span_ms
}
