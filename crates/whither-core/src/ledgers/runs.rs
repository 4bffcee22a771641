//! A partition's log as runs of offsets: memory grows with what is odd, not with traffic.

use crate::fact::{Opened, Run, RunKind};
use crate::key::Offset;
use alloc::vec::Vec;

/// Runs in offset order, apart from each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Runs {
    pub(crate) runs: Vec<Run>,
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
    /// Records that lie on one side or the other of a boundary that cuts their run.
    pub(crate) undecided: u64,
}

/// Sums up to each run, so that any range costs two searches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Index<'a> {
    runs: &'a [Run],
    before: Vec<Sums>,
}

impl Runs {
    /// Puts a run in, over what was known of its range.
    pub(crate) fn put(&mut self, run: Run) {
        if self.runs.last().is_none_or(|last| last.to <= run.from) {
            return self.push(run);
        }
        let start = self.runs.partition_point(|r| r.to <= run.from);
        let end = self.runs.partition_point(|r| r.from < run.to);
        let mut kept = Vec::with_capacity(3);
        if let Some(first) = self.runs.get(start).filter(|r| r.from < run.from && start < end) {
            kept.push(part(first, first.from, run.from));
        }
        kept.push(run);
        if let Some(last) = end.checked_sub(1).and_then(|i| self.runs.get(i)).filter(|r| run.to < r.to) {
            kept.push(part(last, run.to, last.to));
        }
        self.runs.splice(start..end.max(start), kept);
        self.join_around(start);
    }

    fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if joins(last, &run) => {
                last.to = run.to;
                last.records += run.records;
            }
            _ => self.runs.push(run),
        }
    }

    fn join_around(&mut self, at: usize) {
        let from = at.saturating_sub(1);
        let mut i = from;
        while i + 1 < self.runs.len() && i <= at + 2 {
            let (a, b) = (self.runs[i], self.runs[i + 1]);
            if joins(&a, &b) {
                self.runs[i] = Run { to: b.to, records: a.records + b.records, ..a };
                self.runs.remove(i + 1);
            } else {
                i += 1;
            }
        }
    }

    /// Takes in exactly which records a range holds. Aborted and open runs in it stay what they are.
    pub(crate) fn open(&mut self, opened: &Opened) {
        let sparse: Vec<Run> = self
            .runs
            .iter()
            .filter(|r| r.from < opened.to && opened.from < r.to)
            .filter(|r| {
                matches!(r.kind, RunKind::Sparse | RunKind::Unread(crate::fact::WhyUnread::NotOpened))
            })
            .copied()
            .collect();
        for run in sparse {
            if opened.from <= run.from && run.to <= opened.to {
                self.replace(run, &opened.present);
            }
        }
    }

    fn replace(&mut self, run: Run, present: &[(Offset, Offset)]) {
        let mut at = run.from;
        for (from, to) in present.iter().map(|(a, b)| ((*a).max(run.from), (*b).min(run.to))) {
            if from >= to {
                continue;
            }
            if at < from {
                self.put(Run { from: at, to: from, records: 0, kind: RunKind::Empty });
            }
            self.put(Run { from, to, records: width(from, to), kind: RunKind::Data });
            at = to;
        }
        if at < run.to {
            self.put(Run { from: at, to: run.to, records: 0, kind: RunKind::Empty });
        }
    }

    /// Keeps the list within `limit` by folding `at_once` neighbours without exceptions into one, oldest
    /// first; where records lie inside can be asked for again.
    pub(crate) fn fold(&mut self, limit: usize, at_once: usize) {
        if self.runs.len() <= limit {
            return;
        }
        let mut folded: Vec<Run> = Vec::with_capacity(self.runs.len() / 2);
        let mut members = 0;
        let spare = limit / 2;
        let old = self.runs.len().saturating_sub(spare);
        for (i, run) in self.runs.iter().enumerate() {
            let plain = matches!(run.kind, RunKind::Data | RunKind::Sparse | RunKind::Empty);
            match folded.last_mut() {
                Some(last) if i < old && plain && members > 0 && members < at_once && last.to == run.from => {
                    *last = Run {
                        to: run.to,
                        records: last.records + run.records,
                        kind: RunKind::Sparse,
                        ..*last
                    };
                    members += 1;
                }
                _ => {
                    folded.push(*run);
                    members = usize::from(plain);
                }
            }
        }
        self.runs = folded;
    }

    /// The run that holds an offset.
    pub(crate) fn at(&self, offset: Offset) -> Option<&Run> {
        let i = self.runs.partition_point(|r| r.to <= offset);
        self.runs.get(i).filter(|r| r.from <= offset)
    }

    pub(crate) fn index(&self) -> Index<'_> {
        let mut before = Vec::with_capacity(self.runs.len() + 1);
        let mut sums = Sums::default();
        before.push(sums);
        for run in &self.runs {
            sums.add(whole(run));
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
        let mut sums = Sums::default();
        let whole_first = first + usize::from(self.runs[first].from < from);
        let whole_end = end - usize::from(self.runs[end - 1].to > to);
        if whole_first < whole_end {
            sums = self.before[whole_end].less(&self.before[whole_first]);
        }
        if whole_first > first {
            sums.add(cut(&self.runs[first], from, to));
        }
        if whole_end < end && (end - 1 > first || whole_first == first) {
            sums.add(cut(&self.runs[end - 1], from, to));
        }
        sums
    }

    /// The run without known positions that this boundary cuts, if one does.
    pub(crate) fn cuts(&self, at: Offset) -> Option<Run> {
        let i = self.runs.partition_point(|r| r.to <= at);
        self.runs.get(i).copied().filter(|r| r.from < at && r.kind == RunKind::Sparse)
    }
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.width += other.width;
        self.data += other.data;
        self.aborted += other.aborted;
        self.open += other.open;
        self.unread += other.unread;
        self.corrupt += other.corrupt;
        self.undecided += other.undecided;
    }

    fn less(&self, other: &Sums) -> Sums {
        Sums {
            width: self.width - other.width,
            data: self.data - other.data,
            aborted: self.aborted - other.aborted,
            open: self.open - other.open,
            unread: self.unread - other.unread,
            corrupt: self.corrupt - other.corrupt,
            undecided: self.undecided - other.undecided,
        }
    }
}

fn joins(a: &Run, b: &Run) -> bool {
    a.to == b.from
        && match (a.kind, b.kind) {
            (RunKind::Data, RunKind::Data)
            | (RunKind::Empty, RunKind::Empty)
            | (RunKind::Corrupt, RunKind::Corrupt) => true,
            (RunKind::Unread(x), RunKind::Unread(y)) => x == y,
            _ => false,
        }
}

fn width(from: Offset, to: Offset) -> u64 {
    (to - from).max(0).unsigned_abs()
}

/// A part of a run; positions inside a run that is not full are unknown, so its count stays with the front.
fn part(run: &Run, from: Offset, to: Offset) -> Run {
    let full = run.records == width(run.from, run.to);
    let records = if full {
        width(from, to)
    } else if from == run.from {
        run.records.min(width(from, to))
    } else {
        0
    };
    Run { from, to, records, kind: run.kind }
}

fn whole(run: &Run) -> Sums {
    Sums { width: width(run.from, run.to), ..of_kind(run.kind, run.records) }
}

fn of_kind(kind: RunKind, records: u64) -> Sums {
    let mut sums = Sums::default();
    match kind {
        RunKind::Data | RunKind::Sparse => sums.data = records,
        RunKind::Aborted => sums.aborted = records,
        RunKind::Open { .. } => sums.open = records,
        RunKind::Unread(_) => sums.unread = records,
        RunKind::Corrupt => sums.corrupt = records,
        RunKind::Empty => {}
    }
    sums
}

/// The part of a run inside a range. Where positions are not known, the records count where the run begins;
/// for data records they then are undecided.
fn cut(run: &Run, from: Offset, to: Offset) -> Sums {
    let (a, b) = (run.from.max(from), run.to.min(to));
    let sums = if run.records == width(run.from, run.to) {
        of_kind(run.kind, width(a, b))
    } else if a > run.from {
        Sums::default()
    } else {
        match run.kind {
            RunKind::Data | RunKind::Sparse => Sums { undecided: run.records, ..Sums::default() },
            kind => of_kind(kind, run.records),
        }
    };
    Sums { width: width(a, b), ..sums }
}
