//! One contiguous read: what it covered and what its own counters say.

use super::transactions::Transactions;
use crate::fact::{Batch, Run, RunKind, WhyUnread};
use crate::key::Offset;
use crate::time::Time;
use alloc::vec::Vec;

/// A contiguous read in offset order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    pub(crate) from: Offset,
    pub(crate) next: Offset,
    /// Data records counted; independent of the runs it reports.
    pub(crate) records: u64,
    /// Offsets left out or unreadable.
    pub(crate) unread: u64,
    /// Offsets inside whose records the log lost again.
    pub(crate) missing: u64,
    pub(crate) newest: Time,
    pub(crate) first: (Offset, Time),
    pub(crate) sample: (Offset, Time),
    /// Parts of batches cut by an end of this read that hold fewer records than their span: two at most.
    pub(crate) pending: Vec<Pending>,
    pub(crate) transactions: Transactions,
}

/// A part of a batch that must be opened before its records can be counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pending {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    /// The transaction it belongs to.
    pub(crate) producer_id: Option<i64>,
    /// Whether that transaction was committed, once it has ended.
    pub(crate) committed: Option<bool>,
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
        Segment {
            from,
            next: from,
            records: 0,
            unread: 0,
            missing: 0,
            newest: Time::MIN,
            first: (from, Time::MIN),
            sample: (from, Time::MIN),
            pending: Vec::new(),
            transactions: Transactions::default(),
        }
    }

    pub(crate) fn covered(&self) -> u64 {
        width(self.from, self.next).saturating_sub(self.missing)
    }

    /// Counts a batch. The part of it below `next` was read before, or is below the offset asked for; the part
    /// from `limit` on was read by the read that begins there.
    pub(crate) fn batch(&mut self, batch: &Batch, limit: Offset) -> Step {
        let hole = self.pass(batch.base);
        let from = self.next;
        let to = (batch.last + 1).min(limit);
        let span = width(batch.base, batch.last + 1);
        let whole = from == batch.base && to == batch.last + 1;
        let part = width(from, to);
        let (records, kind) = match (u64::from(batch.count) == span, whole) {
            (true, _) => (part, RunKind::Data),
            _ if batch.count == 0 => (0, RunKind::Empty),
            (false, true) => (u64::from(batch.count), RunKind::Sparse),
            (false, false) => (part, RunKind::Unread(WhyUnread::NotOpened)),
        };
        if matches!(kind, RunKind::Unread(_)) {
            self.unread += part;
            let producer_id = batch.transactional.then_some(batch.producer_id);
            self.pending.push(Pending { from, to, producer_id, committed: None });
        } else {
            self.records += records;
        }
        self.next = to;
        self.newest = self.newest.max(batch.max_at);
        if self.first.1 == Time::MIN {
            self.first = (from, batch.first_at);
        }
        self.sample = (batch.last.min(to - 1), batch.max_at);
        Step { hole, run: Run { from, to, records, kind } }
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
            let records = width(self.next, to);
            let run = Run { from: self.next, to, records, kind };
            self.unread += records;
            self.next = to;
            run
        })
    }

    /// A transaction has ended: what must still be opened of it has the same end.
    pub(crate) fn ended(&mut self, producer_id: i64, committed: bool) {
        for p in self.pending.iter_mut().filter(|p| p.producer_id == Some(producer_id)) {
            p.committed.get_or_insert(committed);
        }
    }

    /// Takes the parts that `[from, to)` opens; their width is no longer unread.
    pub(crate) fn take_pending(&mut self, from: Offset, to: Offset) -> Vec<Pending> {
        let (open, wait): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|p| from <= p.from && p.to <= to);
        self.pending = wait;
        for p in &open {
            self.unread = self.unread.saturating_sub(width(p.from, p.to));
        }
        open
    }
}

/// How many offsets `[from, to)` spans.
pub(crate) fn width(from: Offset, to: Offset) -> u64 {
    to.saturating_sub(from).max(0).unsigned_abs()
}
