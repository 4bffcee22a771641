//! One contiguous read: what it covered and what its own counters say.

use crate::fact::{Batch, Run, RunKind};
use crate::key::Offset;
use crate::time::Time;

/// A contiguous read in offset order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    pub(crate) from: Offset,
    pub(crate) next: Offset,
    /// Data records counted; independent of the runs it reports.
    pub(crate) records: u64,
    /// Offsets left out or unreadable.
    pub(crate) unread: u64,
    pub(crate) newest: Time,
    pub(crate) sample: (Offset, Time),
}

/// What a batch adds to a segment.
pub(crate) struct Step {
    /// A stretch without records before the batch.
    pub(crate) hole: Option<Run>,
    /// The batch itself; its kind is the caller's to settle if it is transactional.
    pub(crate) run: Run,
}

impl Segment {
    pub(crate) fn begin(from: Offset) -> Segment {
        Segment { from, next: from, records: 0, unread: 0, newest: Time::MIN, sample: (from, Time::MIN) }
    }

    pub(crate) fn covered(&self) -> u64 {
        (self.next - self.from).unsigned_abs()
    }

    /// Counts a batch. The part of it below `next` was read before, or is below the offset asked for.
    pub(crate) fn batch(&mut self, batch: &Batch) -> Step {
        let end = batch.last + 1;
        let hole = self.pass(batch.base);
        let from = self.next;
        let span = (batch.last - batch.base + 1).unsigned_abs();
        let dense = u64::from(batch.count) == span;
        let whole = from == batch.base;
        let width = (end - from).unsigned_abs();
        let (records, kind) = match (dense, whole) {
            (true, _) => (width, RunKind::Data),
            (false, true) if batch.count == 0 => (0, RunKind::Empty),
            (false, true) => (u64::from(batch.count), RunKind::Sparse),
            (false, false) => (width, RunKind::Unread(crate::fact::WhyUnread::NotOpened)),
        };
        if matches!(kind, RunKind::Unread(_)) {
            self.unread += width
        } else {
            self.records += records
        }
        self.next = end;
        self.newest = self.newest.max(batch.max_at);
        self.sample = (batch.last, batch.max_at);
        Step { hole, run: Run { from, to: end, records, kind } }
    }

    /// Moves on to `to`; what lies between holds no record.
    pub(crate) fn pass(&mut self, to: Offset) -> Option<Run> {
        (to > self.next).then(|| {
            let run = Run { from: self.next, to, records: 0, kind: RunKind::Empty };
            self.next = to;
            run
        })
    }

    /// Moves on to `to` without having been able to read.
    pub(crate) fn leave(&mut self, to: Offset, kind: RunKind) -> Option<Run> {
        (to > self.next).then(|| {
            let width = (to - self.next).unsigned_abs();
            let run = Run { from: self.next, to, records: width, kind };
            self.unread += width;
            self.next = to;
            run
        })
    }
}
