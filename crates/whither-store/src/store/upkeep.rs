//! Merging segments, and deleting those whose time is over.

use super::{DAY_MS, Retention, Store};
use crate::catalogue::{Change, SegmentRecord};
use crate::error::StoreError;
use crate::limits::{MERGE_SPAN_SHARE, SPAN_MERGE_WIDTH};
use crate::live::Live;
use crate::names;
use crate::tables::Table;
use crate::tables::marks::Marks;
use crate::tables::merge::{Merge, Merged};
use crate::tables::segment::Segment;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What retention deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retained {
    /// Segments that were deleted.
    pub segments: usize,
    /// Bytes they took.
    pub bytes: u64,
}

/// Segments of spans whose time is over, while marked traces are taken out of them.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    waiting: BTreeSet<u64>,
    /// Handed out as a merge. If they are still there when retention looks again, that has failed.
    handed: BTreeSet<u64>,
}

impl Store {
    /// Segments that should become one, or segments of spans whose time is over and which marked traces are to be taken
    /// out of. Run it, on any thread, and give the result to [`Store::apply_merge`] before asking again.
    pub fn merge_due(&mut self) -> Option<Merge> {
        let live = self.live.clone();
        let live = live.read();
        if let Some(leaving) = self.merge_of_leaving(&live) {
            return Some(leaving);
        }
        let (table, inputs) = Table::ALL.into_iter().zip(live.all()).find_map(|(table, content)| {
            let longest = (self.retention.keep_of(table) / MERGE_SPAN_SHARE).max(DAY_MS);
            Some((table, content.to_merge(longest)?))
        })?;
        Some(Merge { disk: Arc::clone(&self.disk), table, inputs, only: None, id: self.segment_id() })
    }

    fn merge_of_leaving(&mut self, live: &Live) -> Option<Merge> {
        let Leaving { waiting, handed } = &mut self.leaving;
        let leaves = |segment: &&Arc<Segment>| waiting.contains(&segment.record.id);
        let inputs: Vec<_> =
            live.spans.segments.iter().filter(leaves).take(SPAN_MERGE_WIDTH).cloned().collect();
        if inputs.is_empty() {
            return None;
        }
        for input in &inputs {
            waiting.remove(&input.record.id);
            handed.insert(input.record.id);
        }
        let buffered = live.marks.buffered.iter().map(|mark| mark.trace_id).collect();
        let only = Some(Marks { segments: live.marks.segments.clone(), buffered });
        Some(Merge { disk: Arc::clone(&self.disk), table: Table::Spans, inputs, only, id: self.segment_id() })
    }

    /// Puts a merged segment in the place of those it was made of. If retention deleted one of them meanwhile, the
    /// merged one is dropped.
    ///
    /// # Errors
    /// `Full` and others that leave the store as it was; `Broken` if nobody knows.
    pub fn apply_merge(&mut self, merged: Merged) -> Result<(), StoreError> {
        self.log.usable()?;
        let Merged { table, inputs, made } = merged;
        let made_file = names::segment(made.table.name(), made.id);
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
        let file = names::segment(made.table.name(), made.id);
        let segment = Segment::open(&*self.disk, made).map_err(|error| StoreError::io(&file, error))?;
        self.disk.sync_names().map_err(|error| StoreError::io(&file, error))?;
        let of_use = made.rows > 0;
        let add = if of_use { vec![made] } else { Vec::new() };
        self.apply(&Change { add, remove: inputs.to_vec(), ..Change::default() })?;
        let mut live = self.live.write();
        live.of(table).remove(inputs);
        if of_use {
            live.of(made.table).add(segment);
        }
        drop(live);
        if !of_use {
            self.remove_files([&file]);
        }
        self.remove_files(&inputs.iter().map(|id| names::segment(table.name(), *id)).collect::<Vec<_>>());
        Ok(true)
    }

    /// Deletes segments whose rows are all past their age, then the oldest until the rest fits; those of the index
    /// until it fits by itself, too. Where traces are marked, segments of spans go by [`Store::merge_due`], unless that failed
    /// or there is no room.
    ///
    /// # Errors
    /// Those of the catalogue, which leave the store as it was; `Broken` if nobody knows.
    pub fn retain(&mut self, now_ms: i64) -> Result<Retained, StoreError> {
        self.log.usable()?;
        let records = self.live.read().segments().map(|segment| segment.record).collect();
        let mut doomed = self.retention.doomed(records, now_ms);
        self.leave(&mut doomed);
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

    /// Keeps those to delete that marked traces are to be taken out of first.
    fn leave(&mut self, doomed: &mut Vec<SegmentRecord>) {
        let marked = !self.full && self.live.read().marks.holds_any();
        let failed = std::mem::take(&mut self.leaving.handed);
        let leaves =
            |record: &SegmentRecord| marked && record.table == Table::Spans && !failed.contains(&record.id);
        let leaving: Vec<_> = doomed.extract_if(.., |record| leaves(record)).collect();
        self.leaving.waiting = leaving.iter().map(|record| record.id).collect();
    }
}

impl Retention {
    const fn keep_of(&self, table: Table) -> i64 {
        match table {
            Table::Balance => self.keep_summary_ms,
            Table::Index => self.keep_index_ms,
            Table::Spans => self.keep_spans_ms,
            Table::Kept | Table::Marks => self.keep_kept_ms,
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
        trim(Table::is_kept, Table::is_kept, self.keep_kept_bytes);
        trim(|table| !table.is_kept(), |table| table != Table::Balance && !table.is_kept(), self.keep_bytes);
        doomed
    }
}
