//! What became of transactions: by their markers, or by what must have been where the marker is not read.

use super::read::{Log, to_ledger};
use super::segment::{Pending, Segment, width};
use super::transactions::{Ended, committed, settle};
use crate::engine::{Context, Output};
use crate::fact::{Fact, Marker, MarkerKind, Opened, Run, RunKind};
use crate::key::Offset;
use crate::limits::Limits;
use alloc::vec::Vec;

/// What is known of an open transaction whose read has stopped before its end.
enum End {
    /// A later part of the log has its marker.
    Marker(Marker),
    /// It is open as far as the log goes.
    Open,
    /// Below the last stable offset nothing is open: the cleaner took the marker, and it removes aborted data
    /// before their marker.
    Committed,
    /// The end is in a part that was not read.
    NotRead,
}

impl Segment {
    pub(super) fn end(&mut self, marker: &Marker, from_start: bool, limits: &Limits) -> Ended {
        if marker.kind != MarkerKind::Other {
            self.ended(marker.producer_id, marker.kind == MarkerKind::Commit);
        }
        self.transactions.end(marker, from_start, limits)
    }
}

impl Log {
    pub(super) fn tell_ended(&mut self, cx: &Context<'_>, ended: Ended, out: &mut Vec<Output>) {
        if !ended.runs.is_empty() {
            self.flush(cx, out);
        }
        for run in ended.runs {
            // What must be opened first stays unread until then.
            if !self.segments.iter().any(|s| s.pending.iter().any(|p| p.from == run.from)) {
                out.push(to_ledger(cx, Fact::Run(run)));
            }
        }
        for letter in ended.stations {
            self.tell_station(cx, letter, out);
        }
        if let Some(rolled_back) = ended.rolled_back {
            out.push(to_ledger(cx, Fact::RolledBack(rolled_back)));
        }
    }

    /// Settles the transactions that a read stopped in, as far as the rest of the log tells.
    pub(super) fn settle_what_has_no_marker(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        for i in 0..self.segments.len() {
            let Some(segment) = self.segments.get(i) else { continue };
            let ids: Vec<i64> = segment.transactions.open.keys().copied().collect();
            let below =
                self.bounds.map(|b| segment.transactions.all_below(b.last_stable)).unwrap_or_default();
            for id in ids {
                let end = self.end_of(i, id, below.contains(&id));
                self.apply_end(cx, i, id, &end, out);
            }
        }
        self.flush(cx, out);
    }

    /// Follows the log on from read `i` for as far as reads join without a gap.
    fn end_of(&self, i: usize, producer_id: i64, below_stable: bool) -> End {
        let mut to = self.segments.get(i).map_or(0, |s| s.next);
        for later in self.segments.iter().skip(i + 1) {
            if later.from > to {
                return End::NotRead;
            }
            if let Some(marker) = later.transactions.first_ends.get(&producer_id) {
                return End::Marker(*marker);
            }
            if later.transactions.open.contains_key(&producer_id) {
                return End::Open;
            }
            to = later.next;
        }
        let Some(bounds) = self.bounds else { return End::Open };
        match (below_stable, to >= bounds.end) {
            (false, _) => End::Open,
            (true, true) => End::Committed,
            (true, false) => End::NotRead,
        }
    }

    fn apply_end(&mut self, cx: &Context<'_>, i: usize, id: i64, end: &End, out: &mut Vec<Output>) {
        let Some(segment) = self.segments.get_mut(i) else { return };
        let ended = match end {
            End::Open | End::NotRead => return self.doubt(cx, i, id, matches!(end, End::NotRead), out),
            End::Marker(marker) => {
                segment.ended(id, marker.kind == MarkerKind::Commit);
                segment.transactions.take(id).map(|open| settle(open, marker))
            }
            End::Committed => {
                segment.ended(id, true);
                segment.transactions.take(id).map(committed)
            }
        };
        self.tell_ended(cx, ended.unwrap_or_default(), out);
    }

    /// Tells that the runs of a transaction are open, or that nobody can tell, if that has changed.
    fn doubt(&mut self, cx: &Context<'_>, i: usize, id: i64, doubted: bool, out: &mut Vec<Output>) {
        let Some(segment) = self.segments.get_mut(i) else { return };
        let Some(open) = segment.transactions.open.get_mut(&id).filter(|o| o.doubted != doubted) else {
            return;
        };
        open.doubted = doubted;
        let kind = if doubted { RunKind::Unsettled } else { RunKind::Open { producer_id: id } };
        for run in open.runs.iter().filter(|r| !segment.pending.iter().any(|p| p.from == r.from)) {
            out.push(to_ledger(cx, Fact::Run(Run { kind, ..*run })));
        }
    }

    /// Takes in which records a range holds. Parts that were not counted until now are; the ledger places the
    /// records of those that were.
    pub(super) fn opened(&mut self, cx: &Context<'_>, opened: &Opened, out: &mut Vec<Output>) {
        self.flush(cx, out);
        for i in 0..self.segments.len() {
            let Some(segment) = self.segments.get_mut(i) else { continue };
            for pending in segment.take_pending(opened.from, opened.to) {
                self.count(cx, i, &pending, &opened.present, out);
            }
        }
        out.push(to_ledger(cx, Fact::Opened(opened.clone())));
    }

    fn count(
        &mut self,
        cx: &Context<'_>,
        i: usize,
        pending: &Pending,
        present: &[(Offset, Offset)],
        out: &mut Vec<Output>,
    ) {
        let Some(segment) = self.segments.get_mut(i) else { return };
        let open = pending.producer_id.and_then(|id| segment.transactions.open.get_mut(&id));
        let kind = match (pending.producer_id, pending.committed, &open) {
            (None, ..) | (_, Some(true), _) => RunKind::Data,
            (_, Some(false), _) => RunKind::Aborted,
            (Some(producer_id), None, Some(o)) if !o.doubted => RunKind::Open { producer_id },
            (Some(_), None, _) => RunKind::Unsettled,
        };
        let pieces = pieces((pending.from, pending.to), present, kind);
        segment.records += pieces.iter().map(|p| p.records).sum::<u64>();
        if let Some(open) = open.filter(|_| pending.committed.is_none()) {
            let added = pieces.iter().filter(|p| p.records > 0).map(|p| Run { kind: RunKind::Data, ..*p });
            open.runs.retain(|r| r.from != pending.from);
            open.runs.extend(added);
            open.runs.sort_by_key(|r| r.from);
            segment.transactions.runs = segment.transactions.open.values().map(|o| o.runs.len()).sum();
        }
        for piece in pieces {
            out.push(to_ledger(cx, Fact::Run(piece)));
        }
    }
}

/// A range as runs: records of `kind` where they are present, nothing between.
pub(crate) fn pieces((from, to): (Offset, Offset), present: &[(Offset, Offset)], kind: RunKind) -> Vec<Run> {
    let mut pieces = Vec::new();
    let mut at = from;
    for (a, b) in present.iter().map(|(a, b)| ((*a).max(from), (*b).min(to))).filter(|(a, b)| a < b) {
        if at < a {
            pieces.push(Run { from: at, to: a, records: 0, kind: RunKind::Empty });
        }
        pieces.push(Run { from: a, to: b, records: width(a, b), kind });
        at = b;
    }
    if at < to {
        pieces.push(Run { from: at, to, records: 0, kind: RunKind::Empty });
    }
    pieces
}
