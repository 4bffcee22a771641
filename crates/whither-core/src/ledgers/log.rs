//! What a ledger knows of its partition's log.

use super::runs::Runs;
use crate::fact::{Bounds, Corrupt, Cut, EpochEnd, GaveUp, Progress, Transaction};
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One incarnation's log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct LogView {
    pub(crate) topic_id: TopicId,
    pub(crate) bounds: Option<Bounds>,
    pub(crate) runs: Runs,
    pub(crate) progress: Option<Progress>,
    /// The log start when it was first seen, then each time it had moved.
    pub(crate) starts: Vec<(Time, Offset)>,
    /// The highest end that was ever seen: a lower one later means that the log went back.
    pub(crate) highest_end: Option<(Time, Offset)>,
    /// Ends that were lower than one seen before: from, to, when.
    pub(crate) went_back: Vec<(Offset, Offset, Time)>,
    pub(crate) cut: Option<Cut>,
    pub(crate) epoch_ends: BTreeMap<i32, EpochEnd>,
    /// Open transactions by producer, as last described.
    pub(crate) transactions: BTreeMap<i64, Transaction>,
    pub(crate) gave_up: Vec<GaveUp>,
    pub(crate) corrupt: Vec<Corrupt>,
    /// Offsets with their record's time, ascending.
    pub(crate) samples: Vec<(Offset, Time)>,
}

impl LogView {
    /// Takes in the partition's edges; observations come in order of time.
    pub(crate) fn observe(&mut self, bounds: &Bounds, limits: &Limits) {
        if self.starts.last().is_none_or(|(_, start)| *start < bounds.log_start) {
            if self.starts.len() >= limits.starts {
                self.starts.remove(1);
            }
            self.starts.push((bounds.at, bounds.log_start));
        }
        if let Some((_, highest)) = self.highest_end
            && bounds.end < highest
            && self.went_back.len() < limits.epochs
        {
            self.went_back.push((bounds.end, highest, bounds.at));
            self.highest_end = None;
        }
        if self.highest_end.is_none_or(|(_, highest)| highest < bounds.end) {
            self.highest_end = Some((bounds.at, bounds.end));
        }
        self.bounds = Some(*bounds);
    }

    /// The first offset that could be read when whither first looked.
    pub(crate) fn origin(&self) -> Option<Offset> {
        self.progress.map(|p| p.origin).or_else(|| self.starts.first().map(|(_, start)| *start))
    }

    /// The first offset the log held when last seen.
    pub(crate) fn start(&self) -> Option<Offset> {
        self.bounds.map(|b| b.log_start).or_else(|| self.origin())
    }

    /// The end of what rows cover: as read, or as last seen.
    pub(crate) fn end(&self) -> Option<Offset> {
        match (self.progress.map(|p| p.to), self.bounds.map(|b| b.end)) {
            (Some(read), Some(seen)) => Some(read.max(seen)),
            (read, seen) => read.or(seen),
        }
    }

    /// What the reader's own counters say of `[from, end)`, by width where nothing was read. `from` is never
    /// above the origin.
    pub(crate) fn counted(&self, from: Offset) -> (u64, bool) {
        let (Some(origin), Some(end)) = (self.origin(), self.end()) else { return (0, false) };
        let gone = (origin - from).max(0).unsigned_abs();
        let covered = self.progress.map_or(0, |p| p.covered);
        let counted = self.progress.map_or(0, |p| p.records);
        let left_out = self.progress.map_or(0, |p| p.unread);
        let never = (end - origin).max(0).unsigned_abs().saturating_sub(covered);
        (gone + counted + left_out + never, gone + left_out + never > 0)
    }

    /// Remembers the time of an offset, evenly thinned once there are too many.
    pub(crate) fn sample(&mut self, (offset, at): (Offset, Time), limits: &Limits) {
        if at == Time::MIN {
            return;
        }
        let i = self.samples.partition_point(|(o, _)| *o < offset);
        if self.samples.get(i).is_some_and(|(o, _)| *o == offset) {
            return;
        }
        self.samples.insert(i, (offset, at));
        if self.samples.len() > limits.time_samples {
            let mut n = 0;
            let last = self.samples.len() - 1;
            self.samples.retain(|_| {
                n += 1;
                n % 2 == 1 || n - 1 == last
            });
        }
    }

    /// The time of the record at `offset`, or of the nearest one known behind or before it.
    pub(crate) fn time_of(&self, offset: Offset) -> Option<(Offset, Time)> {
        let i = self.samples.partition_point(|(o, _)| *o < offset);
        self.samples.get(i).or_else(|| self.samples.last()).copied()
    }
}
