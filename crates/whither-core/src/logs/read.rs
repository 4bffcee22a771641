//! The state of one partition being read.

use super::commits::Commits;
use super::segment::Segment;
use super::transactions::Transactions;
use crate::engine::{Context, Deadline, Output, Refusal};
use crate::fact::{
    Batch, Bounds, Corrupt, Cut, DeadLetter, Fact, GaveUp, Marker, Opened, Progress, Reading, Run, RunKind,
    Unread,
};
use crate::key::{Key, Offset, TopicId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One partition being read, of one incarnation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Log {
    pub(crate) topic_id: TopicId,
    pub(crate) bounds: Option<Bounds>,
    /// The log start when it was first seen.
    pub(crate) origin: Option<Offset>,
    /// Contiguous reads, ascending and apart from each other.
    pub(crate) segments: Vec<Segment>,
    /// Transactions of each read, by the read's first offset.
    pub(crate) transactions: BTreeMap<Offset, Transactions>,
    /// The last epoch of each idempotent producer outside transactions.
    pub(crate) epochs: BTreeMap<i64, i16>,
    pub(crate) commits: Commits,
    /// The run being extended: flushed when it ends or the call does.
    pub(crate) current: Option<Run>,
    pub(crate) told: Option<Progress>,
}

impl Log {
    pub(crate) fn apply(
        &mut self,
        cx: &Context<'_>,
        facts: &[&Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        for fact in facts {
            self.one(cx, fact, out);
        }
        self.flush(cx, out);
        self.tell_progress(cx, out);
        None
    }

    pub(crate) fn expire(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        self.end_what_must_have_ended(cx, out);
        self.flush(cx, out);
        self.commits.tell_tail(cx, out);
        None
    }

    fn one(&mut self, cx: &Context<'_>, fact: &Fact, out: &mut Vec<Output>) {
        match fact {
            Fact::Batch(batch) => self.batch(cx, batch, out),
            Fact::Marker(marker) => self.marker(cx, marker, out),
            Fact::Commit(commit) => self.commits.commit(cx, commit, out),
            Fact::Members(members) => self.commits.membership.whole(members),
            Fact::MemberChange(change) => self.commits.membership.change(change),
            Fact::DeadLetter(letter) => self.dead_letter(cx, letter, out),
            Fact::Bounds(bounds) => self.bounds(cx, bounds, out),
            Fact::Reading(reading) => self.reading(cx, reading, out),
            Fact::Opened(opened) => self.opened(cx, opened, out),
            Fact::Unread(unread) => self.unread(cx, unread, out),
            Fact::Corrupt(corrupt) => self.corrupt(cx, corrupt, out),
            _ => cx.refuse(Refusal::WrongStage, out),
        }
    }

    fn bounds(&mut self, cx: &Context<'_>, bounds: &Bounds, out: &mut Vec<Output>) {
        if bounds.topic_id.is_known() && self.topic_id.is_known() && bounds.topic_id != self.topic_id {
            self.begin_incarnation(cx, out);
        }
        if bounds.topic_id.is_known() {
            self.topic_id = bounds.topic_id;
        }
        self.origin.get_or_insert(bounds.log_start);
        self.bounds = Some(*bounds);
        out.push(to_ledger(cx, Fact::Bounds(*bounds)));
    }

    fn begin_incarnation(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        self.flush(cx, out);
        let commits = core::mem::take(&mut self.commits);
        *self = Log { commits, ..Log::default() };
    }

    fn reading(&mut self, cx: &Context<'_>, reading: &Reading, out: &mut Vec<Output>) {
        if reading.topic_id.is_known() && self.topic_id.is_known() && reading.topic_id != self.topic_id {
            return cx.refuse(Refusal::NotReading, out);
        }
        if self.segments.iter().any(|s| s.from <= reading.from && reading.from < s.next) {
            return cx.refuse(Refusal::AlreadyRead, out);
        }
        self.flush(cx, out);
        self.origin.get_or_insert(reading.from);
        self.segments.retain(|s| s.from != s.next || s.from != reading.from);
        self.segments.push(Segment::begin(reading.from));
        self.segments.sort_by_key(|s| s.from);
        self.transactions.entry(reading.from).or_default();
    }

    /// The read that offset `at` continues: the last one that begins at or before it.
    fn segment_for(&self, at: Offset) -> Option<usize> {
        self.segments.iter().rposition(|s| s.from <= at)
    }

    fn batch(&mut self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        let Some(i) = self.segment_for(batch.last) else { return cx.refuse(Refusal::NotReading, out) };
        let limit = self.segments.get(i + 1).map_or(Offset::MAX, |s| s.from);
        let Some(segment) = self.segments.get_mut(i) else { return };
        if batch.last < segment.next {
            return cx.refuse(Refusal::AlreadyRead, out);
        }
        if batch.last >= limit {
            return cx.refuse(Refusal::AlreadyRead, out);
        }
        let step = segment.batch(batch);
        let read_from = segment.from;
        self.note_cut(cx, batch, out);
        if let Some(hole) = step.hole {
            self.commits.hole();
            self.extend(cx, hole, out);
        }
        if step.run.kind == RunKind::Sparse || step.run.kind == RunKind::Empty {
            self.commits.hole();
        }
        self.commits.batch(batch.max_at);
        if let RunKind::Unread(_) = step.run.kind {
            out.push(Output::ReadDeeper(crate::engine::ReadDeeper {
                partition: cx.key.partition().clone(),
                from: step.run.from,
                to: step.run.to,
                need: crate::engine::Need::Offsets,
            }));
        }
        if batch.transactional {
            self.transactional(cx, read_from, batch, step.run, out);
        } else {
            self.note_epoch(cx, batch, out);
            self.extend(cx, step.run, out);
        }
    }

    fn transactional(
        &mut self,
        cx: &Context<'_>,
        read_from: Offset,
        batch: &Batch,
        run: Run,
        out: &mut Vec<Output>,
    ) {
        let transactions = self.transactions.entry(read_from).or_default();
        if transactions.open.len() >= cx.limits.open_transactions
            && !transactions.open.contains_key(&batch.producer_id)
        {
            cx.refuse(Refusal::Full, out);
        }
        let run = transactions.wrote(batch.producer_id, run);
        self.extend(cx, run, out);
    }

    fn marker(&mut self, cx: &Context<'_>, marker: &Marker, out: &mut Vec<Output>) {
        let Some(i) = self.segment_for(marker.offset) else { return cx.refuse(Refusal::NotReading, out) };
        let Some(segment) = self.segments.get_mut(i) else { return };
        if marker.offset < segment.next {
            return cx.refuse(Refusal::AlreadyRead, out);
        }
        let hole = segment.pass(marker.offset);
        let own = segment.pass(marker.offset + 1);
        let read_from = segment.from;
        if let Some(hole) = hole {
            self.commits.hole();
            self.extend(cx, hole, out);
        }
        if let Some(own) = own {
            self.extend(cx, own, out);
        }
        let ended = self.transactions.entry(read_from).or_default().end(marker.producer_id, marker.kind);
        self.settled(cx, ended, out);
        self.commits.end(cx, marker.producer_id, marker.kind, out);
    }

    fn settled(&mut self, cx: &Context<'_>, ended: (Vec<Run>, Vec<DeadLetter>), out: &mut Vec<Output>) {
        if !ended.0.is_empty() {
            self.flush(cx, out);
        }
        for run in ended.0 {
            out.push(to_ledger(cx, Fact::Run(run)));
        }
        for letter in ended.1 {
            out.push(to_origin(cx, letter));
        }
    }

    fn dead_letter(&mut self, cx: &Context<'_>, letter: &DeadLetter, out: &mut Vec<Output>) {
        let holder = self.transactions.values_mut().find_map(|t| {
            t.open
                .values_mut()
                .find(|o| o.runs.iter().any(|r| r.from <= letter.offset && letter.offset < r.to))
        });
        match holder {
            Some(open) => open.stations.push(letter.clone()),
            None => out.push(to_origin(cx, letter.clone())),
        }
    }

    fn opened(&mut self, cx: &Context<'_>, opened: &Opened, out: &mut Vec<Output>) {
        self.flush(cx, out);
        if let Some(segment) = self.segments.iter_mut().find(|s| s.from <= opened.from && opened.to <= s.next)
        {
            let pending = opened.from == segment.from && segment.unread >= width(opened.from, opened.to);
            if pending {
                segment.unread -= width(opened.from, opened.to);
                segment.records += opened.present.iter().map(|(a, b)| width(*a, *b)).sum::<u64>();
            }
        }
        out.push(to_ledger(cx, Fact::Opened(opened.clone())));
        self.tell_progress(cx, out);
    }

    fn unread(&mut self, cx: &Context<'_>, unread: &Unread, out: &mut Vec<Output>) {
        let Some(i) = self.segment_for(unread.from) else { return cx.refuse(Refusal::NotReading, out) };
        let Some(segment) = self.segments.get_mut(i) else { return };
        if let Some(run) = segment.leave(unread.to, RunKind::Unread(unread.why)) {
            self.commits.hole();
            self.extend(cx, run, out);
        }
    }

    fn corrupt(&mut self, cx: &Context<'_>, corrupt: &Corrupt, out: &mut Vec<Output>) {
        let Some(i) = self.segment_for(corrupt.from) else { return cx.refuse(Refusal::NotReading, out) };
        let Some(segment) = self.segments.get_mut(i) else { return };
        let hole = segment.pass(corrupt.from);
        let run = segment.leave(corrupt.to, RunKind::Corrupt);
        self.commits.hole();
        for run in hole.into_iter().chain(run) {
            self.extend(cx, run, out);
        }
        out.push(to_ledger(cx, Fact::Corrupt(*corrupt)));
    }

    /// R2: retention removes whole segments, so a log start inside a batch was put there by DeleteRecords.
    fn note_cut(&self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        let Some(log_start) = self.bounds.map(|b| b.log_start) else { return };
        if batch.base < log_start && log_start <= batch.last {
            out.push(to_ledger(cx, Fact::Cut(Cut { base: batch.base, last: batch.last, log_start })));
        }
    }

    /// R16: same producer, next epoch, sequence 0, outside a transaction: sends before it are uncertain.
    fn note_epoch(&mut self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        if batch.producer_id < 0 {
            return;
        }
        let before = self.epochs.get(&batch.producer_id).copied();
        if before == Some(batch.producer_epoch) {
            return;
        }
        if before.is_some_and(|e| batch.producer_epoch == e.wrapping_add(1)) && batch.base_sequence == 0 {
            let gave_up = GaveUp {
                producer_id: batch.producer_id,
                producer_epoch: batch.producer_epoch,
                offset: batch.base,
                at: batch.max_at,
            };
            out.push(to_ledger(cx, Fact::GaveUp(gave_up)));
        }
        if before.is_none() && self.epochs.len() >= cx.limits.open_transactions {
            self.epochs.pop_first();
        }
        self.epochs.insert(batch.producer_id, batch.producer_epoch);
    }

    /// Below the last stable offset nothing is open: what has no marker there lost it to the cleaner, which
    /// removes aborted data before their marker; and an earlier read ends where a later one saw the end.
    fn end_what_must_have_ended(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        let reads: Vec<Offset> = self.transactions.keys().copied().collect();
        let mut ended = (Vec::new(), Vec::new());
        for (i, read) in reads.iter().enumerate() {
            let later: Vec<(i64, bool)> = reads
                .iter()
                .skip(i + 1)
                .filter_map(|l| self.transactions.get(l))
                .flat_map(|t| t.first_ends.iter().map(|(id, committed)| (*id, *committed)))
                .collect();
            let Some(own) = self.transactions.get_mut(read) else { continue };
            for (id, committed) in later {
                if let Some(open) = own.open.remove(&id) {
                    let (runs, stations) = super::transactions::settle(open, committed);
                    ended.0.extend(runs);
                    ended.1.extend(stations);
                }
            }
        }
        let Some(bounds) = self.bounds else { return self.settled(cx, ended, out) };
        if self.segments.last().is_some_and(|s| s.next >= bounds.end) {
            for own in self.transactions.values_mut() {
                let (runs, stations) = own.end_below(bounds.last_stable);
                ended.0.extend(runs);
                ended.1.extend(stations);
            }
        }
        self.settled(cx, ended, out);
    }

    fn extend(&mut self, cx: &Context<'_>, run: Run, out: &mut Vec<Output>) {
        match &mut self.current {
            Some(current)
                if current.to == run.from
                    && current.kind == run.kind
                    && matches!(run.kind, RunKind::Data | RunKind::Empty) =>
            {
                current.to = run.to;
                current.records += run.records;
            }
            _ => {
                self.flush(cx, out);
                self.current = Some(run);
            }
        }
    }

    fn flush(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        if let Some(run) = self.current.take() {
            out.push(to_ledger(cx, Fact::Run(run)));
        }
    }

    fn tell_progress(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        let Some(last) = self.segments.last() else { return };
        let progress = Progress {
            topic_id: self.topic_id,
            origin: self.origin.unwrap_or(last.from),
            to: last.next,
            covered: self.segments.iter().map(Segment::covered).sum(),
            records: self.segments.iter().map(|s| s.records).sum(),
            unread: self.segments.iter().map(|s| s.unread).sum(),
            newest: self.segments.iter().map(|s| s.newest).max().unwrap_or_default(),
            sample: last.sample,
        };
        if self.told != Some(progress) {
            self.told = Some(progress);
            out.push(to_ledger(cx, Fact::Progress(progress)));
        }
    }
}

fn width(from: Offset, to: Offset) -> u64 {
    (to - from).max(0).unsigned_abs()
}

fn to_ledger(cx: &Context<'_>, fact: Fact) -> Output {
    Output::Fact(Key::ledger(&cx.key.cluster, cx.key.partition()), fact)
}

fn to_origin(cx: &Context<'_>, letter: DeadLetter) -> Output {
    let key = Key::origin(&cx.key.cluster, &letter.origin, letter.origin_offset);
    Output::Fact(key, Fact::Station(letter))
}
