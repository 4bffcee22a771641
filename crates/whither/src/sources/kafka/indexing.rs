//! What records can be found by, gathered while their batches are read: whatever the depth, the verdicts are the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use whither_core::{Offset, Partition, Time, TopicId};
use whither_kafka::batch::{Batch, Record, RecordError, Scratch};
use whither_store::IndexKind;

use super::find::trace_of;
use super::look::Look;
use crate::index::{By, Covered, Entry, Place};
use crate::lookup;

/// Places in one entry: with room to spare below what the log takes as one.
const PLACES: usize = 100_000;
/// Headers of one name that a record is found by: more of them name nothing.
const VALUES: usize = 16;
/// So many seconds' worth of records are indexed at once: a small cluster's past, and bursts.
const BURST_SECONDS: u64 = 60;
/// After more than that, none are until so many seconds' worth fit again: long gaps are told in a line, many are not.
const PAUSE_SECONDS: u64 = 6;

/// How many records may be indexed now, by all threads together.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Mutex<Left>>);

/// Counts in thousandths of records.
#[derive(Debug)]
struct Left {
    per_second: u64,
    left: u64,
    filled: Instant,
    spent: bool,
}

impl Budget {
    pub(super) fn new(records_per_second: u32) -> Budget {
        Budget(Arc::new(Mutex::new(Left::new(records_per_second))))
    }

    fn allows(&self, records: u32) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).allows(records, Instant::now())
    }
}

impl Left {
    fn new(records_per_second: u32) -> Left {
        let per_second = u64::from(records_per_second) * 1_000;
        Left { per_second, left: per_second * BURST_SECONDS, filled: Instant::now(), spent: false }
    }

    /// Whether so many records may be indexed.
    fn allows(&mut self, records: u32, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.filled += Duration::from_millis(passed);
        let most = self.per_second * BURST_SECONDS;
        self.left = self.left.saturating_add(passed.saturating_mul(self.per_second / 1_000)).min(most);
        let needed = if self.spent { self.per_second * PAUSE_SECONDS } else { 0 };
        let cost = (u64::from(records) * 1_000).min(most);
        self.spent = self.left < cost.max(needed);
        if !self.spent {
            self.left -= cost;
        }
        !self.spent
    }
}

/// Gathers the places of one partition's records.
#[derive(Debug)]
pub struct Gatherer {
    by: Vec<By>,
    topic_id: TopicId,
    budget: Budget,
    now: Time,
    /// Records before it are no longer in the log, though a batch may still hold them.
    start: Offset,
    /// Where the stretch begins that is being read.
    from: Option<Offset>,
    places: Vec<Place>,
    gathered: Vec<(Offset, Offset, Vec<Place>)>,
    /// Batches were left out, for more came than may be indexed.
    left_out: bool,
}

/// What was gathered of a read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Gathered {
    entries: Vec<Entry>,
    left_out: bool,
}

impl Gatherer {
    /// Takes a batch that was read.
    pub(super) fn batch(&mut self, batch: &Batch<'_>, scratch: &mut Scratch) {
        let header = batch.header();
        if !self.budget.allows(header.record_count) {
            self.left_out = true;
            return self.skip(header.base_offset);
        }
        self.from.get_or_insert(header.base_offset);
        let mut before = self.places.len();
        if self.records(batch, scratch, &mut before).is_err() {
            self.places.truncate(before);
            self.skip(header.base_offset);
        }
    }

    /// What was gathered, up to but without an offset.
    pub(super) fn finish(mut self, partition: &Partition, next: Offset) -> Gathered {
        if let Some(from) = self.from {
            self.close(from, next);
        }
        let entry = |(from, to, places)| {
            let (partition, topic_id, by) = (partition.clone(), self.topic_id, self.by.to_vec());
            Entry::Read { partition, topic_id, from, to, by, places }
        };
        let entries = self.gathered.into_iter().map(entry).collect();
        Gathered { entries, left_out: self.left_out }
    }

    /// What stands at an offset is left out: the stretch before it is over.
    pub(super) fn skip(&mut self, at: Offset) {
        if let Some(from) = self.from.take() {
            self.close(from, at);
        }
    }

    /// Gathers a batch. `before` is how many places are not of it; those are taken apart where they become too many.
    fn records(
        &mut self,
        batch: &Batch<'_>,
        scratch: &mut Scratch,
        before: &mut usize,
    ) -> Result<(), RecordError> {
        for record in batch.records(scratch)? {
            let record = record?;
            if self.places.len() >= PLACES {
                self.skip(record.offset);
                (self.from, *before) = (Some(record.offset), 0);
            }
            if record.offset >= self.start {
                for i in 0..self.by.len() {
                    self.place(&record, i);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, from: Offset, to: Offset) {
        if from < to {
            self.gathered.push((from, to, std::mem::take(&mut self.places)));
        }
    }

    fn place(&mut self, record: &Record<'_>, by: usize) {
        // A clock that is ahead must not keep a place for ever.
        let at = Time(record.timestamp_ms).min(self.now);
        let mut put = |what, hash| self.places.push(Place { what, hash, offset: record.offset, at });
        match self.by.get(by) {
            None => {}
            Some(By::Key) => {
                if let Some(key) = record.key {
                    put(IndexKind::Key, lookup::key(key));
                }
            }
            Some(By::Trace) => {
                if let Some(hash) = trace_of(record).and_then(lookup::trace) {
                    put(IndexKind::Trace, hash);
                }
            }
            Some(By::Header(name)) => {
                let named = record.headers.filter_map(Result::ok).filter(|h| h.name == name.as_bytes());
                for value in named.filter_map(|h| h.value).take(VALUES) {
                    put(IndexKind::Header, lookup::header(name, value));
                }
            }
        }
    }
}

impl Look {
    /// Gathers what the records of a partition can be found by; none if it is not indexed.
    pub(super) fn gatherer(&self, p: &Partition, from: Offset, now: Time) -> Option<Gatherer> {
        let by = self.wants.index.of(&p.topic).to_vec();
        if by.is_empty() {
            return None;
        }
        let (topic_id, budget) = (self.topic_id(&p.topic), self.budget.clone());
        let (places, gathered, left_out) = Default::default();
        Some(Gatherer {
            by,
            topic_id,
            budget,
            now,
            start: from,
            from: Some(from),
            places,
            gathered,
            left_out,
        })
    }

    /// Tells the index what was gathered of a read that is taken now.
    pub(super) fn index(&mut self, p: &Partition, gathered: Gathered) {
        self.unindex_what_went(p);
        for mut entry in gathered.entries {
            if let Some(known) = self.run.indexed().get(p) {
                entry.leave_out(known);
            }
            self.run.index(&entry);
        }
        if gathered.left_out {
            self.not_seen(
                "keys, traces and headers of some records",
                "more came than index.records_per_second lets into the message index",
                "they are found by position only, and a search says which",
                false,
            );
        }
    }

    /// Reading has gone back in a partition: what the index holds from there on may be other records now.
    fn unindex_what_went(&mut self, p: &Partition) {
        let read_to = self.data_next.get(p).map(|read| read.next);
        let covered_to = self.run.indexed().get(p).and_then(Covered::end);
        if let Some(to) = read_to.filter(|to| covered_to > Some(*to)) {
            self.run.index(&Entry::WentBack { partition: p.clone(), to });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_indexed_and_then_what_the_budget_brings() {
        let began = Instant::now();
        let mut budget = Left::new(100);
        let after = |ms| began + Duration::from_millis(ms);
        budget.filled = began;
        assert!(budget.allows(6_000, after(0)), "a minute's worth");
        assert!(!budget.allows(1, after(0)));
        assert!(!budget.allows(1, after(5_999)), "it pauses until there is room for a while");
        assert!(budget.allows(1, after(6_000)));
        assert!(budget.allows(599, after(6_000)));
        assert!(!budget.allows(1, after(6_000)));
        assert!(budget.allows(1_000_000, after(600_000)), "one batch larger than all of it is let in");
    }
}
