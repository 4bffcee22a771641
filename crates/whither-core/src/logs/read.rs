//! The state of one partition being read.

use super::commits::Commits;
use super::segment::Segment;
use super::truncated::Led;
use crate::engine::{Context, Deadline, Need, Output, ReadDeeper, Refusal};
use crate::fact::{
    Batch, Bounds, Commit, Corrupt, Cut, DeadLetter, Fact, GaveUp, Marker, Progress, Reading, Run, RunKind,
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
    /// Where the read that was announced last begins.
    pub(crate) reading: Offset,
    /// The last epoch of each idempotent producer outside transactions.
    pub(crate) producers: BTreeMap<i64, i16>,
    /// Leader epochs by the first offset that was read of each.
    pub(crate) leaders: BTreeMap<Offset, Led>,
    /// The ends of the last batch that was read, as in its header.
    pub(crate) tail: Option<(Offset, Offset)>,
    /// Offsets that were read and that the log lost again.
    pub(crate) truncated: u64,
    /// What reads counted of which nothing is left in the log.
    pub(crate) lost_records: u64,
    pub(crate) lost_unread: u64,
    pub(crate) commits: Commits,
    /// Dead letters were read here: their stage must know where the log starts.
    pub(crate) holds_letters: bool,
    /// The run being extended: it ends with the call at the latest.
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
        let said = out.len();
        for fact in facts {
            self.one(cx, fact, out);
        }
        self.flush(cx, out);
        self.tell_progress(cx, said, out);
        None
    }

    pub(crate) fn expire(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) -> Option<Deadline> {
        let said = out.len();
        self.settle_what_has_no_marker(cx, out);
        self.tell_progress(cx, said, out);
        self.commits.tell_tail(cx, out);
        None
    }

    fn one(&mut self, cx: &Context<'_>, fact: &Fact, out: &mut Vec<Output>) {
        match fact {
            Fact::Batch(batch) => self.batch(cx, batch, out),
            Fact::Marker(marker) => self.marker(cx, marker, out),
            Fact::Commit(commit) => self.commit(cx, commit, out),
            Fact::Members(members) => {
                if self.commits.take(members.source_offset) {
                    self.commits.membership.whole(members, cx.limits);
                } else {
                    cx.refuse(Refusal::AlreadyRead, out);
                }
            }
            Fact::MemberChange(change) => {
                if self.commits.take(change.source_offset) {
                    self.commits.membership.change(change, cx.limits);
                } else {
                    cx.refuse(Refusal::AlreadyRead, out);
                }
            }
            Fact::DeadLetter(letter) => self.dead_letter(cx, letter, out),
            Fact::Bounds(bounds) => self.bounds(cx, bounds, out),
            Fact::Reading(reading) => self.reading(cx, reading, out),
            Fact::Opened(opened) => self.opened(cx, opened, out),
            Fact::EpochEnd(end) => self.epoch_end(cx, end, out),
            Fact::Unread(unread) => self.unread(cx, unread, out),
            Fact::Corrupt(corrupt) => self.corrupt(cx, corrupt, out),
            _ => cx.refuse(Refusal::WrongStage, out),
        }
    }

    fn bounds(&mut self, cx: &Context<'_>, bounds: &Bounds, out: &mut Vec<Output>) {
        if self.is_other_topic(bounds.topic_id) {
            // A leader that has not heard of the new topic yet may still tell of the old one.
            if self.bounds.is_some_and(|b| bounds.at < b.at) {
                return cx.refuse(Refusal::NotReading, out);
            }
            self.begin_incarnation(cx, out);
        }
        if bounds.topic_id.is_known() {
            self.topic_id = bounds.topic_id;
        }
        self.origin.get_or_insert(bounds.log_start);
        if self.bounds.is_none_or(|b| b.at <= bounds.at) {
            self.bounds = Some(*bounds);
        }
        if self.holds_letters {
            let key = Key::letters(&cx.key.cluster, cx.key.partition());
            out.push(Output::Fact(key, Fact::Bounds(*bounds)));
        }
        out.push(to_ledger(cx, Fact::Bounds(*bounds)));
    }

    pub(super) fn is_other_topic(&self, topic_id: TopicId) -> bool {
        topic_id.is_known() && self.topic_id.is_known() && topic_id != self.topic_id
    }

    fn begin_incarnation(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        self.flush(cx, out);
        let mut commits = core::mem::take(&mut self.commits);
        commits.taken_to = 0;
        *self = Log { commits, holds_letters: self.holds_letters, ..Log::default() };
    }

    fn reading(&mut self, cx: &Context<'_>, reading: &Reading, out: &mut Vec<Output>) {
        if self.is_other_topic(reading.topic_id) {
            return cx.refuse(Refusal::NotReading, out);
        }
        self.flush(cx, out);
        // What is below the log start is gone: no read can begin there.
        let from = reading.from.max(self.bounds.map_or(0, |b| b.log_start));
        self.origin = Some(self.origin.map_or(from, |o| o.min(from)));
        if let Some(goes_on) = self.segments.iter().rfind(|s| s.from <= from && from <= s.next) {
            // A read goes on where it stopped; what it reads again is refused batch by batch.
            self.reading = goes_on.from;
            return;
        }
        if self.segments.len() >= cx.limits.reads {
            return cx.refuse(Refusal::Full, out);
        }
        let at = self.segments.partition_point(|s| s.from < from);
        self.segments.insert(at, Segment::begin(from));
        self.reading = from;
    }

    /// The read that `[from, to)` adds something to, and where the next one begins: the read announced last
    /// if it may be, else the one that the range lies in.
    fn segment_for(&self, from: Offset, to: Offset) -> Option<(usize, Offset)> {
        let limit = |i: usize| self.segments.get(i + 1).map_or(Offset::MAX, |s| s.from);
        let fits = |i: usize| {
            self.segments.get(i).is_some_and(|s| s.from < to && s.next < to && from.max(s.next) < limit(i))
        };
        let announced = self.segments.iter().position(|s| s.from == self.reading);
        let holding = |at: Offset| self.segments.iter().rposition(|s| s.from <= at);
        let choices = [announced, holding(to - 1), holding(from)];
        choices.into_iter().flatten().find(|i| fits(*i)).map(|i| (i, limit(i)))
    }

    /// Why no read takes a range.
    fn refusal(&self, to: Offset) -> Refusal {
        let read = self.segments.iter().any(|s| s.from < to && to <= s.next);
        if read { Refusal::AlreadyRead } else { Refusal::NotReading }
    }

    fn batch(&mut self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        let is_cut = self.note_cut(cx, batch, out);
        self.note_replaced(cx, batch, out);
        let Some((i, limit)) = self.segment_for(batch.base, batch.last + 1) else {
            let refusal = self.refusal(batch.last + 1);
            // One that was read before may be told again for what cuts it.
            if is_cut && refusal == Refusal::AlreadyRead {
                return;
            }
            return cx.refuse(refusal, out);
        };
        let Some(segment) = self.segments.get_mut(i) else { return };
        let step = segment.batch(batch, limit);
        let run = if batch.transactional {
            segment.transactions.wrote(batch.producer_id, step.run, cx.limits)
        } else {
            step.run
        };
        // The part that must be opened is not counted yet: it is unread whatever its transaction comes to.
        let run = if matches!(step.run.kind, RunKind::Unread(_)) { step.run } else { run };
        if step.hole.is_some() {
            self.commits.hole();
        }
        self.commits.batch(batch.max_at, matches!(step.run.kind, RunKind::Sparse | RunKind::Empty));
        self.note_leader(cx, (run.from, run.to), batch.leader_epoch);
        if self.tail.is_none_or(|(base, _)| base < batch.base) {
            self.tail = Some((batch.base, batch.last));
        }
        if let Some(hole) = step.hole {
            self.extend(cx, hole, out);
        }
        if let RunKind::Unread(_) = run.kind {
            out.push(Output::ReadDeeper(ReadDeeper {
                partition: cx.key.partition().clone(),
                from: run.from,
                to: run.to,
                need: Need::Offsets,
            }));
        }
        if !batch.transactional {
            self.note_producer(cx, batch, out);
        }
        self.extend(cx, run, out);
    }

    fn marker(&mut self, cx: &Context<'_>, marker: &Marker, out: &mut Vec<Output>) {
        let to = marker.offset + 1;
        let Some((i, _)) = self.segment_for(marker.offset, to) else {
            return cx.refuse(self.refusal(to), out);
        };
        let Some(segment) = self.segments.get_mut(i) else { return };
        let hole = segment.pass(marker.offset);
        let own = segment.pass(to);
        let from_start = self.origin == Some(segment.from);
        let ended = segment.end(marker, from_start, cx.limits);
        if hole.is_some() {
            self.commits.hole();
        }
        for run in hole.into_iter().chain(own) {
            self.extend(cx, run, out);
        }
        self.tell_ended(cx, ended, out);
        self.commits.end(cx, marker.producer_id, marker.kind, out);
    }

    fn commit(&mut self, cx: &Context<'_>, commit: &Commit, out: &mut Vec<Output>) {
        if !self.commits.take(commit.source_offset) {
            return cx.refuse(Refusal::AlreadyRead, out);
        }
        let from_start = self.segments.first().is_some_and(|s| Some(s.from) == self.origin);
        self.commits.commit(cx, commit, from_start, out);
    }

    fn unread(&mut self, cx: &Context<'_>, unread: &Unread, out: &mut Vec<Output>) {
        self.leave(cx, (unread.from, unread.to), RunKind::Unread(unread.why), out);
    }

    fn corrupt(&mut self, cx: &Context<'_>, corrupt: &Corrupt, out: &mut Vec<Output>) {
        if self.leave(cx, (corrupt.from, corrupt.to), RunKind::Corrupt, out) {
            out.push(to_ledger(cx, Fact::Corrupt(*corrupt)));
        }
    }

    fn leave(
        &mut self,
        cx: &Context<'_>,
        (from, to): (Offset, Offset),
        kind: RunKind,
        out: &mut Vec<Output>,
    ) -> bool {
        let Some((i, limit)) = self.segment_for(from, to) else {
            cx.refuse(self.refusal(to), out);
            return false;
        };
        let Some(segment) = self.segments.get_mut(i) else { return false };
        let hole = segment.pass(from);
        let run = segment.leave(to.min(limit), kind);
        self.commits.hole();
        for run in hole.into_iter().chain(run) {
            self.extend(cx, run, out);
        }
        true
    }

    fn dead_letter(&mut self, cx: &Context<'_>, letter: &DeadLetter, out: &mut Vec<Output>) {
        let Some(segment) =
            self.segments.iter_mut().find(|s| s.from <= letter.offset && letter.offset < s.next)
        else {
            return cx.refuse(Refusal::NotReading, out);
        };
        let holds = |r: &Run| r.from <= letter.offset && letter.offset < r.to;
        match segment.transactions.open.values_mut().find(|o| o.runs.iter().any(holds)) {
            Some(open) if open.stations.len() >= cx.limits.exceptions => cx.refuse(Refusal::Full, out),
            Some(open) => open.stations.push(letter.clone()),
            None => self.tell_station(cx, letter.clone(), out),
        }
    }

    pub(super) fn tell_station(&mut self, cx: &Context<'_>, letter: DeadLetter, out: &mut Vec<Output>) {
        let key = Key::letters(&cx.key.cluster, cx.key.partition());
        if !self.holds_letters {
            self.holds_letters = true;
            out.extend(self.bounds.map(|b| Output::Fact(key.clone(), Fact::Bounds(b))));
        }
        out.push(Output::Fact(key, Fact::Station(letter)));
    }

    /// R2: retention removes whole segments, so a log start inside a batch was put there by DeleteRecords.
    fn note_cut(&self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) -> bool {
        let cut = |log_start: &Offset| batch.base < *log_start && *log_start <= batch.last;
        let Some(log_start) = self.bounds.map(|b| b.log_start).filter(cut) else { return false };
        out.push(to_ledger(cx, Fact::Cut(Cut { base: batch.base, last: batch.last, log_start })));
        true
    }

    /// R16: same producer, next epoch, sequence 0, outside a transaction: sends before it are uncertain.
    fn note_producer(&mut self, cx: &Context<'_>, batch: &Batch, out: &mut Vec<Output>) {
        if batch.producer_id < 0 {
            return;
        }
        let before = self.producers.get(&batch.producer_id).copied();
        if before == Some(batch.producer_epoch) {
            return;
        }
        let next = before.and_then(|e| e.checked_add(1));
        if next == Some(batch.producer_epoch) && batch.base_sequence == 0 {
            let gave_up = GaveUp {
                producer_id: batch.producer_id,
                producer_epoch: batch.producer_epoch,
                offset: batch.base,
                at: batch.max_at,
            };
            out.push(to_ledger(cx, Fact::GaveUp(gave_up)));
        }
        if before.is_none() && self.producers.len() >= cx.limits.open_transactions {
            self.producers.pop_first();
        }
        self.producers.insert(batch.producer_id, batch.producer_epoch);
    }

    pub(super) fn extend(&mut self, cx: &Context<'_>, run: Run, out: &mut Vec<Output>) {
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

    pub(super) fn flush(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        if let Some(run) = self.current.take() {
            out.push(to_ledger(cx, Fact::Run(run)));
        }
    }

    /// Tells the counters, when they have changed or runs were told: the ledger takes runs with the counters
    /// that cover them, so that its rows add up at any moment.
    fn tell_progress(&mut self, cx: &Context<'_>, said: usize, out: &mut Vec<Output>) {
        let (Some(first), Some(last)) = (self.segments.first(), self.segments.last()) else { return };
        let announced = self.segments.iter().find(|s| s.from == self.reading).unwrap_or(last);
        let progress = Progress {
            topic_id: self.topic_id,
            origin: self.origin.unwrap_or(first.from),
            to: last.next,
            covered: self.segments.iter().map(Segment::covered).sum(),
            truncated: self.truncated,
            records: self.segments.iter().map(|s| s.records).sum::<u64>() + self.lost_records,
            unread: self.segments.iter().map(|s| s.unread).sum::<u64>() + self.lost_unread,
            newest: self.segments.iter().map(|s| s.newest).max().unwrap_or_default(),
            first: first.first,
            sample: announced.sample,
        };
        let is_run = |o: &Output| matches!(o, Output::Fact(_, Fact::Run(_) | Fact::Opened(_)));
        if self.told != Some(progress) || out.iter().skip(said).any(is_run) {
            self.told = Some(progress);
            out.push(to_ledger(cx, Fact::Progress(progress)));
        }
    }
}

pub(super) fn to_ledger(cx: &Context<'_>, fact: Fact) -> Output {
    Output::Fact(Key::ledger(&cx.key.cluster, cx.key.partition()), fact)
}
