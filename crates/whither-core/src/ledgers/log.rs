//! What a ledger knows of its partition's log.

use super::runs::{Runs, Sums};
use crate::fact::{Bounds, Corrupt, Cut, EpochEnd, GaveUp, Progress, RolledBack, Transaction, Truncated};
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::{Span, Time};
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
    /// Ends that were lower than one seen before, in a later leader epoch.
    pub(crate) went_back: Vec<WentBack>,
    /// Ranges that were read and that the log lost again, with what they held.
    pub(crate) truncated: Vec<Truncation>,
    pub(crate) cut: Option<Cut>,
    pub(crate) epoch_ends: BTreeMap<i32, EpochEnd>,
    /// Open transactions by producer, as last described.
    pub(crate) transactions: BTreeMap<i64, Transaction>,
    /// The first transaction that was rolled back, and the last.
    pub(crate) rolled_back: Option<(RolledBack, RolledBack)>,
    pub(crate) gave_up: Vec<GaveUp>,
    pub(crate) corrupt: Vec<Corrupt>,
    /// Offsets with their record's time, ascending.
    pub(crate) samples: Vec<(Offset, Time)>,
}

/// An end that was seen to go back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WentBack {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    /// When the higher end was seen, and the lower one.
    pub(crate) seen: Time,
    pub(crate) at: Time,
}

/// A range that was read and that the log lost again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Truncation {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    /// The last leader epoch in it.
    pub(crate) epoch: i32,
    pub(crate) at: Time,
    /// What was read of it.
    pub(crate) held: Sums,
}

impl LogView {
    /// Takes in the partition's edges; observations come in order of time.
    pub(crate) fn observe(&mut self, bounds: &Bounds, limits: &Limits) {
        if self.starts.last().is_none_or(|(_, start)| *start < bounds.log_start) {
            if self.starts.len() >= limits.starts.max(2) {
                self.starts.remove(1);
            }
            self.starts.push((bounds.at, bounds.log_start));
        }
        self.note_end(bounds, limits);
        self.bounds = Some(*bounds);
    }

    /// A high watermark may stand still behind a new leader's; it goes back in a later epoch only.
    fn note_end(&mut self, bounds: &Bounds, limits: &Limits) {
        let epoch_before = self.bounds.map_or(-1, |b| b.leader_epoch);
        match self.highest_end {
            Some((seen, highest)) if bounds.end < highest => {
                if bounds.leader_epoch > epoch_before && self.went_back.len() < limits.epochs {
                    self.went_back.push(WentBack { from: bounds.end, to: highest, seen, at: bounds.at });
                    self.highest_end = Some((bounds.at, bounds.end));
                }
            }
            _ => self.highest_end = Some((bounds.at, bounds.end)),
        }
    }

    /// The first offset that could be read when whither first looked.
    pub(crate) fn origin(&self) -> Option<Offset> {
        self.progress.map(|p| p.origin).or_else(|| self.starts.first().map(|(_, start)| *start))
    }

    /// The first offset the log held when last seen.
    pub(crate) fn start(&self) -> Option<Offset> {
        self.bounds.map(|b| b.log_start).or_else(|| self.origin())
    }

    /// When the log start was first seen above `position`, and when it was first seen where it is now.
    pub(crate) fn rose_above(&self, position: Offset) -> Option<(Time, Time)> {
        let bounds = self.bounds?;
        let since = self.starts.iter().find(|(_, start)| *start > position);
        let there = self.starts.iter().find(|(_, start)| *start >= bounds.log_start);
        Some((since.map_or(bounds.at, |(at, _)| *at), there.map_or(bounds.at, |(at, _)| *at)))
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
        let gone = width(from, origin);
        let (covered, counted, left_out) =
            self.progress.map_or((0, 0, 0), |p| (p.covered, p.records, p.unread));
        let never = width(origin, end).saturating_sub(covered);
        let by_width = gone.saturating_add(left_out).saturating_add(never);
        (by_width.saturating_add(counted), by_width > 0)
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

    /// The time of the record at `offset`, told from the nearest ones known on both sides of it: samples of a long
    /// log stand hours apart.
    pub(crate) fn time_about(&self, offset: Offset) -> Option<Time> {
        let i = self.samples.partition_point(|(o, _)| *o < offset);
        let before = i.checked_sub(1).and_then(|i| self.samples.get(i));
        match (before, self.samples.get(i)) {
            (Some((a, from)), Some((b, to))) => {
                let between =
                    i128::from(to.0.saturating_sub(from.0)) * i128::from(offset - a) / i128::from(b - a);
                Some(from.after(Span(i64::try_from(between).unwrap_or(0))))
            }
            (one, other) => one.or(other).map(|(_, at)| *at),
        }
    }

    /// The newest record below `offset` whose time is known.
    pub(crate) fn newest_below(&self, offset: Offset) -> Option<(Offset, Time)> {
        let i = self.samples.partition_point(|(o, _)| *o < offset);
        i.checked_sub(1).and_then(|i| self.samples.get(i)).copied()
    }

    /// The oldest record from `offset` on whose time is known.
    pub(crate) fn oldest_from(&self, offset: Offset) -> Option<(Offset, Time)> {
        let i = self.samples.partition_point(|(o, _)| *o < offset);
        self.samples.get(i).copied()
    }

    /// The first record of the log and its time, where the log was read from its first offset.
    pub(crate) fn first_record(&self) -> Option<(Offset, Time)> {
        self.progress.map(|p| p.first).filter(|(_, at)| self.origin() == Some(0) && *at != Time::MIN)
    }

    pub(crate) fn note_rolled_back(&mut self, this: &RolledBack) {
        self.rolled_back = Some(match self.rolled_back {
            None => (*this, *this),
            Some((first, last)) => {
                let first = if this.marker < first.marker { *this } else { first };
                let last = if this.marker > last.marker { *this } else { last };
                (first, last)
            }
        });
    }

    /// Sets what a truncated range held aside: what stands at its offsets now is read anew. Past the limit the
    /// oldest two are told as one.
    pub(crate) fn truncate(&mut self, this: &Truncated, limits: &Limits) {
        let mut held = self.runs.take(this.from, this.to);
        // A transaction that was open there has lost its records: nothing will settle them.
        held.data = held.data.saturating_add(core::mem::take(&mut held.open));
        let Truncated { from, to, epoch, at } = *this;
        self.went_back.retain(|w| w.to <= from || to <= w.from);
        self.corrupt.retain(|c| c.to <= from || to <= c.from);
        self.samples.retain(|(offset, _)| *offset < from || to <= *offset);
        self.truncated.push(Truncation { from, to, epoch, at, held });
        if self.truncated.len() > limits.epochs.max(1) {
            let oldest = self.truncated.remove(0);
            if let Some(next) = self.truncated.first_mut() {
                (next.from, next.to) = (next.from.min(oldest.from), next.to.max(oldest.to));
                next.held.add(oldest.held);
            }
        }
    }
}

pub(crate) fn width(from: Offset, to: Offset) -> u64 {
    to.saturating_sub(from).max(0).unsigned_abs()
}
