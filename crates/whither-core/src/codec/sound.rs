//! What the stages rely on, checked of states that were read: a snapshot may have been made by anybody.

use crate::admit::{is_offset, is_sound};
use crate::fact::{DeadLetter, Fact, Run};
use crate::joins::Origin;
use crate::ledgers::{Ledger, Life, LogView, MoveKind, Positions, Share, Superseded};
use crate::letters::Letters;
use crate::logs::{Log, Segment};

pub(super) fn log(log: &Log) -> bool {
    let ordered = log
        .segments
        .iter()
        .zip(log.segments.iter().skip(1))
        .all(|(a, b)| a.next <= b.from && a.from < b.from);
    let waiting = log.commits.pending.values().flatten().all(|(_, c)| is_sound(&Fact::Committed(c.clone())));
    let sum = |of: fn(&Segment) -> u64| log.segments.iter().try_fold(0_u64, |sum, s| sum.checked_add(of(s)));
    let plus = |sum: Option<u64>, more: u64| sum.and_then(|sum| sum.checked_add(more));
    let most = plus(sum(Segment::covered), log.truncated);
    let counted = plus(sum(|s| s.records), log.lost_records);
    let left_out = plus(sum(|s| s.unread), log.lost_unread);
    let all = counted.zip(left_out).and_then(|(a, b)| a.checked_add(b));
    let adds_up = all.zip(most).is_some_and(|(all, most)| all <= most);
    ordered
        && waiting
        && adds_up
        && is_offset(log.reading)
        && log.origin.is_none_or(is_offset)
        && log.bounds.is_none_or(|b| is_sound(&Fact::Bounds(b)))
        && log.segments.iter().all(segment)
}

fn segment(s: &Segment) -> bool {
    let within = |from: i64, to: i64| s.from <= from && from < to && to <= s.next;
    let held = |r: &Run| within(r.from, r.to) && is_sound(&Fact::Run(*r));
    let open = s.transactions.open.values();
    is_offset(s.from)
        && is_offset(s.next)
        && s.from <= s.next
        && s.missing <= s.next.abs_diff(s.from)
        && s.pending.iter().all(|p| within(p.from, p.to))
        && s.transactions.first_ends.values().all(|m| is_sound(&Fact::Marker(*m)))
        && open.clone().all(|o| o.runs.iter().all(held) && o.stations.iter().all(letter))
        && open.flat_map(|o| &o.runs).try_fold(0_u64, |sum, r| sum.checked_add(r.records)).is_some()
}

fn letter(l: &DeadLetter) -> bool {
    is_sound(&Fact::DeadLetter(l.clone()))
}

pub(super) fn letters(letters: &Letters) -> bool {
    letters.waiting.iter().all(|(at, (_, origin))| is_offset(*at) && is_offset(*origin))
        && letters.read_to.is_none_or(is_offset)
        && letters.held.facts.iter().all(|(_, f)| is_sound(f))
}

pub(super) fn origin(origin: &Origin) -> bool {
    origin.stations.iter().all(letter) && origin.purged.iter().all(|p| is_sound(&Fact::Purged(p.clone())))
}

pub(super) fn ledger(ledger: &Ledger) -> bool {
    let away = ledger.away.iter().all(|(at, a)| *at == a.offset && is_sound(&Fact::RoutedAway(a.clone())));
    view(&ledger.log)
        && ledger.before.as_deref().is_none_or(view)
        && ledger.groups.values().all(|p| positions(p))
        && ledger.shares.values().all(share)
        && away
        && ledger.held.facts.iter().all(|(_, f)| is_sound(f))
        && ledger.arriving.iter().all(is_sound)
}

fn view(log: &LogView) -> bool {
    let runs = &log.runs.runs;
    let ordered = runs.iter().zip(runs.iter().skip(1)).all(|(a, b)| a.to <= b.from);
    ordered
        && runs.iter().all(|r| {
            let most = r.to.saturating_sub(r.from).unsigned_abs();
            let fits = r.data <= most && r.aborted <= most && r.other <= most;
            is_offset(r.from) && is_offset(r.to) && r.from < r.to && fits
        })
        && log.bounds.is_none_or(|b| is_sound(&Fact::Bounds(b)))
        && log.progress.is_none_or(|p| is_sound(&Fact::Progress(p)))
        && log.starts.iter().all(|(_, start)| is_offset(*start))
        && log.samples.iter().all(|(offset, _)| is_offset(*offset))
        && log.truncated.iter().all(|t| is_offset(t.from) && is_offset(t.to) && t.from < t.to)
        && log.corrupt.iter().all(|c| is_sound(&Fact::Corrupt(*c)))
        && log.gave_up.iter().all(|g| is_sound(&Fact::GaveUp(*g)))
        && log.went_back.iter().all(|w| is_offset(w.from) && is_offset(w.to))
        && log.epoch_ends.values().all(|e| is_sound(&Fact::EpochEnd(*e)))
        && log.transactions.values().all(|t| is_sound(&Fact::Transaction(t.clone())))
        && log
            .rolled_back
            .is_none_or(|(a, b)| is_sound(&Fact::RolledBack(a)) && is_sound(&Fact::RolledBack(b)))
}

fn share(share: &Share) -> bool {
    is_sound(&Fact::SharePosition(share.latest.clone()))
        && is_offset(share.lowest)
        && share.overtaken.iter().all(|o| is_offset(o.from) && is_offset(o.to))
}

fn positions(p: &Positions) -> bool {
    life(&p.life) && p.other.as_deref().is_none_or(life)
}

fn life(life: &Life) -> bool {
    let removed = life.removed();
    let single = [
        life.latest.as_ref(),
        life.highest(),
        life.first(),
        removed.map(|r| &r.before),
        removed.map(|r| &r.latest),
    ];
    let moved = life.moves().iter().flat_map(|m| [&m.before, &m.this]);
    let starts = life.moves().iter().all(|m| match m.kind {
        MoveKind::Overtaken(start, _) | MoveKind::Removed(start, _) | MoveKind::Restart(start) => {
            is_offset(start)
        }
        _ => true,
    });
    starts
        && single.into_iter().flatten().chain(moved).all(|c| is_offset(c.offset))
        && life.lowest.is_none_or(is_offset)
        && [life.earlier, life.later].into_iter().flatten().all(|(_, offset)| is_offset(offset))
        && life.odd.as_ref().is_none_or(|o| {
            let sound = |s: &Superseded| is_offset(s.from) && is_offset(s.to) && is_offset(s.position.offset);
            is_offset(o.blurred) && o.superseded.iter().all(sound)
        })
}
