//! Records that the log lost again after they were read (R4): a later leader never had them.

use super::read::{Log, to_ledger};
use super::segment::{Segment, width};
use super::transactions::Transactions;
use crate::engine::{Context, Output};
use crate::fact::{Batch, EpochEnd, Fact, Run, RunKind, Truncated};
use crate::key::Offset;
use alloc::vec::Vec;

/// What was read of one leader epoch, in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Led {
    pub(crate) epoch: i32,
    /// The end of the last batch read of it.
    pub(crate) to: Offset,
}

impl Log {
    /// Notes which leader wrote a range that was read.
    pub(super) fn note_leader(&mut self, cx: &Context<'_>, (from, to): (Offset, Offset), epoch: i32) {
        match self.leaders.range_mut(..=from).next_back() {
            _ if epoch < 0 => {}
            Some((_, led)) if led.epoch == epoch => led.to = led.to.max(to),
            _ => {
                if self.leaders.len() >= cx.limits.epochs {
                    self.leaders.pop_first();
                }
                self.leaders.insert(from, Led { epoch, to });
            }
        }
    }

    /// What was read of an epoch, or of one before it, above its end is in the log no more.
    pub(super) fn epoch_end(&mut self, cx: &Context<'_>, end: &EpochEnd, out: &mut Vec<Output>) {
        out.push(to_ledger(cx, Fact::EpochEnd(*end)));
        if !self.is_other_topic(end.topic_id) {
            self.lose(cx, end.end, end.epoch, out);
        }
    }

    /// A range that was read holds records of a later leader epoch now; or the batch that was the last one is
    /// another one now, where a leader came back in the epoch it had.
    pub(super) fn note_replaced(&mut self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        let read = self.leaders.range(..=batch.base).next_back().filter(|(_, led)| batch.base < led.to);
        let Some((_, led)) = read else { return };
        // The cleaner writes batches anew, but never changes their ends.
        let another = self.tail.is_some_and(|(base, last)| base == batch.base && last != batch.last);
        if batch.leader_epoch > led.epoch {
            self.lose(cx, batch.base, batch.leader_epoch - 1, out);
        } else if batch.leader_epoch == led.epoch && another {
            self.lose(cx, batch.base, led.epoch, out);
        }
    }

    /// What was read from `from` on and written in `epoch` or before it is gone.
    fn lose(&mut self, cx: &Context<'_>, from: Offset, epoch: i32, out: &mut Vec<Output>) {
        let above = || self.leaders.iter().filter(|(_, led)| from < led.to);
        let lost = above().filter(|(_, led)| led.epoch <= epoch);
        let Some((begin, last)) = lost.clone().next().zip(lost.clone().next_back()) else { return };
        let (from, last_epoch) = (from.max(*begin.0), last.1.epoch);
        // Above the last of it stand markers and holes, unless a later leader's records are read already.
        let later = above().any(|(_, led)| led.epoch > epoch);
        let to = if later { last.1.to } else { Offset::MAX };
        self.cut(cx, (from, to), last_epoch, out);
    }

    /// Takes `[from, to)` out of what was read. The counters keep what they counted: it is still told, beside
    /// what stands at these offsets now.
    fn cut(&mut self, cx: &Context<'_>, (from, to): (Offset, Offset), epoch: i32, out: &mut Vec<Output>) {
        let to = to.min(self.segments.last().map_or(from, |s| s.next));
        if from >= to || !self.segments.iter().any(|s| s.from < to && from < s.next) {
            return;
        }
        self.flush(cx, out);
        let covered = |log: &Log| log.segments.iter().map(Segment::covered).sum::<u64>();
        let before = covered(self);
        for segment in &mut self.segments {
            segment.cut(from, to);
        }
        self.drop_what_is_empty(from);
        self.truncated = self.truncated.saturating_add(before.saturating_sub(covered(self)));
        self.leaders.retain(|at, _| *at < from || to <= *at);
        for led in self.leaders.range_mut(..from).map(|(_, led)| led).filter(|led| led.to <= to) {
            led.to = led.to.min(from);
        }
        self.tail = self.tail.filter(|(_, last)| *last < from);
        let at = cx.clock.now;
        out.push(to_ledger(cx, Fact::Truncated(Truncated { from, to, epoch, at })));
    }
}

impl Log {
    /// Reads of which nothing is left end; one stays, for the next to go on from.
    fn drop_what_is_empty(&mut self, from: Offset) {
        let mut kept = Vec::with_capacity(self.segments.len());
        for segment in self.segments.drain(..) {
            if segment.from < segment.next || kept.is_empty() {
                kept.push(segment);
            } else {
                self.lost_records = self.lost_records.saturating_add(segment.records);
                self.lost_unread = self.lost_unread.saturating_add(segment.unread);
            }
        }
        self.segments = kept;
        let log_start = self.bounds.map_or(0, |b| b.log_start);
        if let Some(first) = self.segments.first_mut().filter(|s| s.from == s.next) {
            first.from = first.from.min(from.max(log_start));
            first.next = first.from;
        }
    }
}

impl Segment {
    /// Takes out `[from, to)`: the end of the read, or a part of it that stands unread from now on.
    fn cut(&mut self, from: Offset, to: Offset) {
        let (from, to) = (from.max(self.from), to.min(self.next));
        if from >= to {
            return;
        }
        if to == self.next {
            self.next = from;
        } else {
            self.missing = self.missing.saturating_add(width(from, to));
        }
        self.pending.retain(|p| p.to <= from || to <= p.from);
        self.transactions.cut(from, to);
    }
}

impl Transactions {
    fn cut(&mut self, from: Offset, to: Offset) {
        let inside = |at: Offset| from <= at && at < to;
        for open in self.open.values_mut() {
            open.runs.retain(|r| !inside(r.from));
            for run in open.runs.iter_mut().filter(|r| r.from < from && from < r.to) {
                *run = front(run, from);
            }
            open.stations.retain(|s| !inside(s.offset));
        }
        self.open.retain(|_, open| !open.runs.is_empty());
        self.first_ends.retain(|_, marker| !inside(marker.offset));
        self.runs = self.open.values().map(|open| open.runs.len()).sum();
    }
}

/// The part of a run before `to`: logs are cut between batches, and only runs of data are of more than one.
fn front(run: &Run, to: Offset) -> Run {
    let records = if run.kind == RunKind::Data { width(run.from, to) } else { run.records };
    Run { to, records: records.min(width(run.from, to)), ..*run }
}
