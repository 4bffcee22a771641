//! Merging segments, and deleting those whose time is over.

use super::{DAY_MS, Retention, Store};
use crate::catalogue::{Change, SegmentRecord};
use crate::error::StoreError;
use crate::limits::MERGE_SPAN_SHARE;
use crate::names;
use crate::tables::Table;
use crate::tables::merge::{Merge, Merged};
use crate::tables::segment::Segment;
use std::sync::Arc;

/// What retention deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retained {
    /// Segments that were deleted.
    pub segments: usize,
    /// Bytes they took.
    pub bytes: u64,
}

impl Store {
    /// Segments that should become one. Run it, on any thread, and give the result to [`Store::apply_merge`] before
    /// asking again.
    pub fn merge_due(&mut self) -> Option<Merge> {
        let live = self.live.clone();
        let live = live.read();
        let (table, inputs) = Table::ALL.into_iter().zip(live.all()).find_map(|(table, content)| {
            let longest = (self.retention.keep_of(table) / MERGE_SPAN_SHARE).max(DAY_MS);
            Some((table, content.to_merge(longest)?))
        })?;
        Some(Merge { disk: Arc::clone(&self.disk), table, inputs, id: self.segment_id() })
    }

    /// Puts a merged segment in the place of those it was made of. If retention deleted one of them meanwhile, the
    /// merged one is dropped.
    ///
    /// # Errors
    /// `Full` and others that leave the store as it was; `Broken` if nobody knows.
    pub fn apply_merge(&mut self, merged: Merged) -> Result<(), StoreError> {
        self.log.usable()?;
        let Merged { table, inputs, made } = merged;
        let made_file = names::segment(table.name(), made.id);
        let replaced = self.replace(table, &inputs, made);
        if !matches!(replaced, Ok(true) | Err(StoreError::Broken { .. })) {
            self.remove_files([&made_file]);
        }
        replaced.map(|_| ())
    }

    /// False if an input is gone.
    fn replace(&mut self, table: Table, inputs: &[u64], made: SegmentRecord) -> Result<bool, StoreError> {
        if !self.live.write().of(table).holds(inputs) {
            return Ok(false);
        }
        let file = names::segment(table.name(), made.id);
        let segment = Segment::open(&*self.disk, made).map_err(|error| StoreError::io(&file, error))?;
        self.disk.sync_names().map_err(|error| StoreError::io(&file, error))?;
        self.apply(&Change { add: vec![made], remove: inputs.to_vec(), ..Change::default() })?;
        let mut live = self.live.write();
        live.of(table).remove(inputs);
        live.of(table).add(segment);
        drop(live);
        self.remove_files(&inputs.iter().map(|id| names::segment(table.name(), *id)).collect::<Vec<_>>());
        Ok(true)
    }

    /// Deletes segments whose rows are all past their age, then the oldest until the rest fits; those of the index
    /// until it fits by itself, too.
    ///
    /// # Errors
    /// Those of the catalogue, which leave the store as it was; `Broken` if nobody knows.
    pub fn retain(&mut self, now_ms: i64) -> Result<Retained, StoreError> {
        self.log.usable()?;
        let records = self.live.read().segments().map(|segment| segment.record).collect();
        let doomed = self.retention.doomed(records, now_ms);
        let ids: Vec<u64> = doomed.iter().map(|record| record.id).collect();
        if ids.is_empty() {
            return Ok(Retained::default());
        }
        let of_index = doomed.iter().filter(|record| record.table == Table::Index);
        let index_forgot_ms = of_index.map(|record| record.max_ms).max();
        self.apply(&Change { remove: ids.clone(), index_forgot_ms, ..Change::default() })?;
        let mut live = self.live.write();
        live.index_forgot_ms = live.index_forgot_ms.max(index_forgot_ms);
        for content in live.all_mut() {
            content.remove(&ids);
        }
        drop(live);
        let files = doomed.iter().map(|record| names::segment(record.table.name(), record.id));
        self.remove_files(&files.collect::<Vec<_>>());
        Ok(Retained { segments: ids.len(), bytes: doomed.iter().map(|record| record.bytes).sum() })
    }
}

impl Retention {
    const fn keep_of(&self, table: Table) -> i64 {
        match table {
            Table::Balance => self.keep_summary_ms,
            Table::Index => self.keep_index_ms,
            Table::Findings | Table::Lag | Table::Commits => self.keep_ms,
        }
    }

    /// The segments to delete at a time.
    fn doomed(&self, mut segments: Vec<SegmentRecord>, now_ms: i64) -> Vec<SegmentRecord> {
        segments.sort_by_key(|segment| (segment.max_ms, segment.id));
        let is_old =
            |segment: &SegmentRecord| segment.max_ms < now_ms.saturating_sub(self.keep_of(segment.table));
        let (mut doomed, mut rest): (Vec<_>, Vec<_>) = segments.into_iter().partition(is_old);
        let mut trim = |of: fn(Table) -> bool, may_go: fn(Table) -> bool, most: u64| {
            let mut bytes: u64 = rest.iter().filter(|s| of(s.table)).map(|s| s.bytes).sum();
            rest.retain(|segment| {
                let goes = bytes > most && may_go(segment.table);
                if goes {
                    bytes -= segment.bytes;
                    doomed.push(*segment);
                }
                !goes
            });
        };
        let is_index = |table| table == Table::Index;
        trim(is_index, is_index, self.keep_index_bytes);
        trim(|_| true, |table| table != Table::Balance, self.keep_bytes);
        doomed
    }
}
