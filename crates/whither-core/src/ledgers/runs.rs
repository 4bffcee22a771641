//! A partition's log as runs of offsets: memory grows with what is odd, not with traffic.

use crate::fact::{Opened, Run, RunKind, WhyUnread};
use crate::key::Offset;
use crate::logs::pieces;
use alloc::vec::Vec;

/// Runs in offset order, apart from each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Runs {
    pub(crate) runs: Vec<Piece>,
}

/// A run as a ledger keeps it. Folding makes pieces that hold records of several ends, their places forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    /// Valid data records.
    pub(crate) data: u64,
    /// Records that were rolled back.
    pub(crate) aborted: u64,
    /// Records, or offsets, of the end that `kind` tells; in a sparse piece their end is not known.
    pub(crate) other: u64,
    pub(crate) kind: RunKind,
}

/// Data records of a range by what they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sums {
    /// Offsets that runs cover.
    pub(crate) width: u64,
    /// In the log and valid.
    pub(crate) data: u64,
    /// Rolled back.
    pub(crate) aborted: u64,
    /// Not settled yet.
    pub(crate) open: u64,
    /// Offsets not read.
    pub(crate) unread: u64,
    /// Offsets that can't be read.
    pub(crate) corrupt: u64,
    /// Records that lie on one side or the other of a boundary that cuts their run, or whose transaction's end
    /// was not read.
    pub(crate) undecided: u64,
}

/// Sums up to each run, so that any range costs two searches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Index<'a> {
    runs: &'a [Piece],
    before: Vec<Sums>,
}

impl Runs {
    /// Puts a run in, over what was known of its range.
    pub(crate) fn put(&mut self, run: Run) {
        let piece = Piece::of(run);
        if self.runs.last().is_none_or(|last| last.to <= run.from) {
            match self.runs.last_mut() {
                Some(last) if last.joins(&piece) => last.join(&piece),
                _ => self.runs.push(piece),
            }
            return;
        }
        let start = self.runs.partition_point(|r| r.to <= run.from);
        let end = self.runs.partition_point(|r| r.from < run.to).max(start);
        let mut kept = Vec::with_capacity(3);
        if let Some(first) = self.runs.get(start).filter(|r| r.from < run.from && start < end) {
            kept.push(first.part(first.from, run.from));
        }
        kept.push(piece);
        if let Some(last) = end.checked_sub(1).and_then(|i| self.runs.get(i)).filter(|r| run.to < r.to) {
            kept.push(last.part(run.to, last.to));
        }
        let put = kept.len();
        self.runs.splice(start..end, kept);
        self.join_around(start, put);
    }

    /// Where the last run ends.
    pub(crate) fn end(&self) -> Offset {
        self.runs.last().map_or(0, |last| last.to)
    }

    /// Takes `[from, to)` out, and says what it held: exactly what is missing afterwards.
    pub(crate) fn take(&mut self, from: Offset, to: Offset) -> Sums {
        let before = self.total();
        let start = self.runs.partition_point(|r| r.to <= from);
        let end = self.runs.partition_point(|r| r.from < to).max(start);
        let first = self.runs.get(start).filter(|r| r.from < from && start < end);
        let last = end.checked_sub(1).and_then(|i| self.runs.get(i)).filter(|r| start < end && to < r.to);
        let kept: Vec<Piece> = [first.map(|r| r.part(r.from, from)), last.map(|r| r.part(to, r.to))]
            .into_iter()
            .flatten()
            .collect();
        self.runs.splice(start..end, kept);
        before.less(&self.total())
    }

    fn total(&self) -> Sums {
        let mut sums = Sums::default();
        for piece in &self.runs {
            sums.add(piece.whole());
        }
        sums
    }

    fn join_around(&mut self, at: usize, put: usize) {
        let mut i = at.saturating_sub(1);
        let mut left = put + 1;
        while left > 0 {
            left -= 1;
            let (Some(a), Some(b)) = (self.runs.get(i), self.runs.get(i + 1)) else { return };
            if a.joins(b) {
                let b = self.runs.remove(i + 1);
                if let Some(a) = self.runs.get_mut(i) {
                    a.join(&b);
                }
            } else {
                i += 1;
            }
        }
    }

    /// Takes in exactly which records a range holds, where as many are known to be in it. Records of one
    /// transaction stay what they are.
    pub(crate) fn open(&mut self, opened: &Opened) {
        let start = self.runs.partition_point(|r| r.from < opened.from);
        let inside = self.runs.iter().skip(start).take_while(|r| r.to <= opened.to);
        let unplaced: Vec<Piece> = inside.filter(|r| r.is_unplaced()).copied().collect();
        for piece in unplaced {
            let (kind, records) = match piece.kind {
                RunKind::Sparse if piece.aborted == 0 && piece.other == 0 => (RunKind::Data, piece.data),
                RunKind::Aborted => (RunKind::Aborted, piece.aborted),
                RunKind::Open { .. } | RunKind::Unsettled => (piece.kind, piece.other),
                _ => continue,
            };
            let placed = pieces((piece.from, piece.to), &opened.present, kind);
            if placed.iter().map(|p| p.records).sum::<u64>() == records {
                for run in placed {
                    self.put(run);
                }
            }
        }
    }

    /// Where data records were and none are, of a range that was read again.
    pub(crate) fn missing(&self, opened: &Opened) -> Vec<(Offset, Offset)> {
        let start = self.runs.partition_point(|r| r.to <= opened.from);
        let held = self.runs.iter().skip(start).take_while(|r| r.from < opened.to);
        let full = held.filter(|r| r.kind == RunKind::Data && r.is_full() && r.data > 0);
        let ranges = full.map(|r| (r.from.max(opened.from), r.to.min(opened.to)));
        let gaps = ranges.flat_map(|range| pieces(range, &opened.present, RunKind::Data));
        gaps.filter(|gap| gap.kind == RunKind::Empty).map(|gap| (gap.from, gap.to)).collect()
    }

    /// Keeps the list within `limit` by folding `at_once` neighbours into one, oldest first: those without
    /// exceptions, and if that is not enough all of them. Where records lie inside can be asked for again.
    pub(crate) fn fold(&mut self, limit: usize, at_once: usize) {
        for any in [false, true] {
            if self.runs.len() > limit {
                self.fold_old(limit / 2, at_once, any);
            }
        }
    }

    fn fold_old(&mut self, spare: usize, at_once: usize, any: bool) {
        let old = self.runs.len().saturating_sub(spare);
        let mut folded: Vec<Piece> = Vec::with_capacity(self.runs.len() / 2);
        let mut members = 0;
        for (i, piece) in self.runs.iter().enumerate() {
            let plain = any || matches!(piece.kind, RunKind::Data | RunKind::Sparse | RunKind::Empty);
            match folded.last_mut() {
                Some(last)
                    if i < old && plain && (1..at_once).contains(&members) && last.to == piece.from =>
                {
                    last.fold(piece);
                    members += 1;
                }
                _ => {
                    folded.push(*piece);
                    members = usize::from(plain);
                }
            }
        }
        self.runs = folded;
    }

    /// The run that holds an offset.
    pub(crate) fn at(&self, offset: Offset) -> Option<Run> {
        let i = self.runs.partition_point(|r| r.to <= offset);
        self.runs.get(i).filter(|r| r.from <= offset).map(Piece::as_run)
    }

    /// All of them, by offset.
    pub(crate) fn all(&self) -> impl Iterator<Item = Run> {
        self.runs.iter().map(Piece::as_run)
    }

    pub(crate) fn index(&self) -> Index<'_> {
        let mut before = Vec::with_capacity(self.runs.len() + 1);
        let mut sums = Sums::default();
        before.push(sums);
        for piece in &self.runs {
            sums.add(piece.whole());
            before.push(sums);
        }
        Index { runs: &self.runs, before }
    }
}

impl Index<'_> {
    /// What the range holds.
    pub(crate) fn sums(&self, from: Offset, to: Offset) -> Sums {
        if from >= to {
            return Sums::default();
        }
        let first = self.runs.partition_point(|r| r.to <= from);
        let end = self.runs.partition_point(|r| r.from < to);
        if first >= end {
            return Sums::default();
        }
        let cut_first = self.runs.get(first).filter(|r| r.from < from);
        let cut_last = self.runs.get(end - 1).filter(|r| to < r.to);
        let whole_first = first + usize::from(cut_first.is_some());
        let whole_end = end - usize::from(cut_last.is_some());
        let mut sums = match (self.before.get(whole_end), self.before.get(whole_first)) {
            (Some(upto), Some(below)) if whole_first < whole_end => upto.less(below),
            _ => Sums::default(),
        };
        if let Some(piece) = cut_first {
            sums.add(piece.cut(from, to));
        }
        if let Some(piece) = cut_last.filter(|_| cut_first.is_none() || first < end - 1) {
            sums.add(piece.cut(from, to));
        }
        sums
    }

    /// Why the first part of a range that was not read was not.
    pub(crate) fn why_unread(&self, from: Offset, to: Offset) -> Option<WhyUnread> {
        let first = self.runs.partition_point(|r| r.to <= from);
        let inside = self.runs.iter().skip(first).take_while(|r| r.from < to);
        inside.map(|r| r.kind).find_map(|kind| match kind {
            RunKind::Unread(why) => Some(why),
            _ => None,
        })
    }

    /// The run without known places that this boundary cuts, if one does and they can be asked for.
    pub(crate) fn cuts(&self, at: Offset) -> Option<Piece> {
        let i = self.runs.partition_point(|r| r.to <= at);
        self.runs.get(i).copied().filter(|r| r.from < at && r.kind == RunKind::Sparse && r.is_unplaced())
    }
}

impl Sums {
    pub(crate) fn add(&mut self, other: Sums) {
        self.width = self.width.saturating_add(other.width);
        self.data = self.data.saturating_add(other.data);
        self.aborted = self.aborted.saturating_add(other.aborted);
        self.open = self.open.saturating_add(other.open);
        self.unread = self.unread.saturating_add(other.unread);
        self.corrupt = self.corrupt.saturating_add(other.corrupt);
        self.undecided = self.undecided.saturating_add(other.undecided);
    }

    fn less(&self, other: &Sums) -> Sums {
        Sums {
            width: self.width.saturating_sub(other.width),
            data: self.data.saturating_sub(other.data),
            aborted: self.aborted.saturating_sub(other.aborted),
            open: self.open.saturating_sub(other.open),
            unread: self.unread.saturating_sub(other.unread),
            corrupt: self.corrupt.saturating_sub(other.corrupt),
            undecided: self.undecided.saturating_sub(other.undecided),
        }
    }
}

impl Piece {
    fn of(run: Run) -> Piece {
        let (data, aborted, other) = match run.kind {
            RunKind::Data | RunKind::Sparse => (run.records, 0, 0),
            RunKind::Aborted => (0, run.records, 0),
            RunKind::Empty => (0, 0, 0),
            RunKind::Open { .. } | RunKind::Unsettled | RunKind::Unread(_) | RunKind::Corrupt => {
                (0, 0, run.records)
            }
        };
        Piece { from: run.from, to: run.to, data, aborted, other, kind: run.kind }
    }

    fn as_run(&self) -> Run {
        Run { from: self.from, to: self.to, records: self.records(), kind: self.kind }
    }

    fn records(&self) -> u64 {
        self.data.saturating_add(self.aborted).saturating_add(self.other)
    }

    fn width(&self) -> u64 {
        width(self.from, self.to)
    }

    /// Whether every offset holds a record of one end.
    fn is_full(&self) -> bool {
        let width = self.width();
        self.data == width || self.aborted == width || self.other == width
    }

    /// Whether it holds records whose places are not known.
    fn is_unplaced(&self) -> bool {
        self.records() > 0 && !self.is_full()
    }

    fn joins(&self, next: &Piece) -> bool {
        let full = |kind| {
            !matches!(kind, RunKind::Aborted | RunKind::Unsettled) || (self.is_full() && next.is_full())
        };
        self.to == next.from
            && self.kind == next.kind
            && !matches!(
                self.kind,
                RunKind::Sparse | RunKind::Open { .. } | RunKind::Unread(WhyUnread::NotOpened)
            )
            && full(self.kind)
    }

    fn join(&mut self, next: &Piece) {
        self.to = next.to;
        self.data = self.data.saturating_add(next.data);
        self.aborted = self.aborted.saturating_add(next.aborted);
        self.other = self.other.saturating_add(next.other);
    }

    fn fold(&mut self, next: &Piece) {
        self.join(next);
        self.kind = RunKind::Sparse;
    }

    /// A part of a piece; the places of records inside one that is not full are unknown, so its counts stay
    /// with the front.
    fn part(&self, from: Offset, to: Offset) -> Piece {
        let all = width(from, to);
        let share = |count: u64| {
            if count == self.width() {
                all
            } else if from == self.from {
                count.min(all)
            } else {
                0
            }
        };
        Piece {
            from,
            to,
            data: share(self.data),
            aborted: share(self.aborted),
            other: share(self.other),
            kind: self.kind,
        }
    }

    fn whole(&self) -> Sums {
        let mut sums =
            Sums { width: self.width(), data: self.data, aborted: self.aborted, ..Sums::default() };
        sums.put_other(self.kind, self.other);
        sums
    }

    /// The part of a piece inside a range. Where places are not known, the records count where the piece
    /// begins; for data records it is then undecided on which side of the boundary they are.
    fn cut(&self, from: Offset, to: Offset) -> Sums {
        let (a, b) = (self.from.max(from), self.to.min(to));
        if self.is_full() {
            return Piece { from: a, to: b, ..self.part(a, b) }.whole();
        }
        let mut sums = Sums { width: width(a, b), ..Sums::default() };
        if a == self.from {
            sums.undecided = self.data;
            sums.aborted = self.aborted;
            sums.put_other(self.kind, self.other);
        }
        sums
    }
}

impl Sums {
    fn put_other(&mut self, kind: RunKind, count: u64) {
        let slot = match kind {
            RunKind::Open { .. } => &mut self.open,
            RunKind::Unread(_) => &mut self.unread,
            RunKind::Corrupt => &mut self.corrupt,
            RunKind::Unsettled | RunKind::Sparse | RunKind::Data | RunKind::Empty | RunKind::Aborted => {
                &mut self.undecided
            }
        };
        *slot = slot.saturating_add(count);
    }
}

fn width(from: Offset, to: Offset) -> u64 {
    to.saturating_sub(from).max(0).unsigned_abs()
}
