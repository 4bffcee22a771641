//! Refuses facts that can't be true, so that no stage has to doubt its input.

use crate::engine::{Context, Output, Refusal};
use crate::fact::{Change, DeadLetter, Fact, Member};
use crate::key::{At, Name, Offset};
use alloc::vec::Vec;

/// Offsets stay far enough from the end of the number line that sums can't overflow.
const OFFSET_MAX: Offset = Offset::MAX / 4;

/// The facts that may pass; the others come out refused.
pub(crate) fn checked<'a>(cx: &Context<'_>, facts: &'a [Fact], out: &mut Vec<Output>) -> Vec<&'a Fact> {
    let mut passed = Vec::with_capacity(facts.len());
    for fact in facts {
        match refusal(cx, fact) {
            None => passed.push(fact),
            Some(why) => cx.refuse(why, out),
        }
    }
    passed
}

fn refusal(cx: &Context<'_>, fact: &Fact) -> Option<Refusal> {
    if !belongs(&cx.key.at, fact) {
        return Some(Refusal::WrongStage);
    }
    if !fits_names(fact, cx.limits.name_bytes) {
        return Some(Refusal::NameTooLong);
    }
    (!is_sound(fact)).then_some(Refusal::Malformed)
}

fn belongs(at: &At, fact: &Fact) -> bool {
    match fact {
        Fact::Reading(_)
        | Fact::Batch(_)
        | Fact::Marker(_)
        | Fact::Unread(_)
        | Fact::DeadLetter(_)
        | Fact::Commit(_)
        | Fact::Members(_)
        | Fact::MemberChange(_) => matches!(at, At::Log(_)),
        Fact::Bounds(_) => !matches!(at, At::Origin(..)),
        Fact::Opened(_) | Fact::Corrupt(_) | Fact::EpochEnd(_) => matches!(at, At::Log(_) | At::Ledger(_)),
        Fact::Station(_) => matches!(at, At::Letters(_) | At::Origin(..)),
        Fact::Purged(_) => matches!(at, At::Origin(..)),
        Fact::Committed(_) => matches!(at, At::Letters(_) | At::Ledger(_)),
        Fact::Record(_)
        | Fact::Config(_)
        | Fact::Size(_)
        | Fact::Topic(_)
        | Fact::Transaction(_)
        | Fact::Group(_)
        | Fact::SharePosition(_)
        | Fact::Run(_)
        | Fact::Cut(_)
        | Fact::Progress(_)
        | Fact::Tail(_)
        | Fact::GaveUp(_)
        | Fact::RolledBack(_)
        | Fact::Truncated(_)
        | Fact::RoutedAway(_) => matches!(at, At::Ledger(_)),
    }
}

fn fits_names(fact: &Fact, limit: usize) -> bool {
    let fits = |name: &Name| name.len() <= limit;
    let letter = |d: &DeadLetter| {
        let told = [&d.group, &d.connector, &d.stage, &d.exception];
        fits(&d.partition.topic) && fits(&d.origin.topic) && told.into_iter().flatten().all(fits)
    };
    let member = |m: &Member| {
        let partitions = m.assigned.iter().all(|p| fits(&p.topic));
        fits(&m.member_id) && fits(&m.client_id) && fits(&m.host) && partitions
    };
    match fact {
        Fact::Commit(c) => fits(&c.group) && fits(&c.partition.topic),
        Fact::Committed(c) => fits(&c.group),
        Fact::Members(m) => fits(&m.group) && m.members.iter().flatten().all(member),
        Fact::MemberChange(m) => fits(&m.group) && fits(&m.member_id) && fits_change(&m.change, limit),
        Fact::DeadLetter(d) | Fact::Station(d) => letter(d),
        Fact::RoutedAway(a) => {
            a.stations.iter().all(letter) && a.purged.iter().all(|p| fits(&p.partition.topic))
        }
        Fact::Purged(p) => fits(&p.partition.topic),
        Fact::Group(g) => fits(&g.group),
        Fact::SharePosition(s) => fits(&s.group),
        _ => true,
    }
}

fn fits_change(change: &Change, limit: usize) -> bool {
    match change {
        Change::Joined { client_id, host } => client_id.len() <= limit && host.len() <= limit,
        Change::Assigned(partitions) => partitions.iter().all(|p| p.topic.len() <= limit),
        Change::Left => true,
    }
}

/// Whether a fact can be true at all.
pub(crate) fn is_sound(fact: &Fact) -> bool {
    match fact {
        Fact::Bounds(b) => {
            is_offset(b.log_start) && is_offset(b.end) && is_offset(b.last_stable) && b.log_start <= b.end
        }
        Fact::Reading(r) => is_offset(r.from),
        Fact::Batch(b) => {
            b.base <= b.last
                && range(b.base, b.last.saturating_add(1))
                && u64::from(b.count) <= width(b.base, b.last + 1)
        }
        Fact::Marker(m) => holds_one(m.offset),
        Fact::Opened(o) => range(o.from, o.to) && apart(o.from, o.to, &o.present),
        Fact::Unread(u) => range(u.from, u.to),
        Fact::Corrupt(c) => range(c.from, c.to),
        Fact::DeadLetter(d) => holds_one(d.offset) && holds_one(d.origin_offset),
        Fact::Station(d) => holds_one(d.offset) && holds_one(d.origin_offset),
        Fact::Commit(c) => is_offset(c.source_offset) && c.value.is_none_or(|v| is_offset(v.offset)),
        Fact::Members(m) => is_offset(m.source_offset),
        Fact::MemberChange(m) => is_offset(m.source_offset),
        Fact::Record(r) => is_offset(r.offset),
        Fact::EpochEnd(e) => is_offset(e.end),
        Fact::SharePosition(s) => is_offset(s.start) && is_offset(s.start.saturating_add_unsigned(s.settled)),
        Fact::Transaction(t) => is_offset(t.start),
        Fact::Config(_) | Fact::Topic(_) | Fact::Size(_) | Fact::Group(_) => true,
        Fact::Run(_)
        | Fact::Cut(_)
        | Fact::Progress(_)
        | Fact::Committed(_)
        | Fact::Tail(_)
        | Fact::GaveUp(_)
        | Fact::RolledBack(_)
        | Fact::Truncated(_)
        | Fact::Purged(_)
        | Fact::RoutedAway(_) => sound_between(fact),
    }
}

/// Facts between stages come through here too: they may have crossed a network.
fn sound_between(fact: &Fact) -> bool {
    match fact {
        Fact::Run(r) => range(r.from, r.to) && r.records <= width(r.from, r.to),
        Fact::Cut(c) => {
            c.base < c.log_start && c.log_start <= c.last && is_offset(c.base) && is_offset(c.last)
        }
        Fact::Progress(p) => {
            is_offset(p.origin)
                && is_offset(p.to)
                && p.origin <= p.to
                && p.covered <= width(p.origin, p.to)
                && p.covered.checked_add(p.truncated).is_some_and(|all| all <= OFFSET_MAX.unsigned_abs())
                && p.records.checked_add(p.unread).is_some_and(|both| both <= p.covered + p.truncated)
        }
        Fact::Committed(c) => is_offset(c.source_offset) && c.value.is_none_or(|v| is_offset(v.offset)),
        Fact::GaveUp(g) => is_offset(g.offset),
        Fact::RolledBack(r) => range(r.from, r.to) && is_offset(r.marker),
        Fact::Truncated(t) => range(t.from, t.to),
        Fact::Purged(p) => holds_one(p.offset) && p.offset < p.log_start && is_offset(p.log_start),
        Fact::RoutedAway(a) => holds_one(a.offset) && !a.stations.is_empty(),
        _ => true,
    }
}

fn width(from: Offset, to: Offset) -> u64 {
    to.saturating_sub(from).max(0).unsigned_abs()
}

pub(crate) fn is_offset(offset: Offset) -> bool {
    (0..=OFFSET_MAX).contains(&offset)
}

/// Whether a record may stand at this offset: there is one behind it.
fn holds_one(offset: Offset) -> bool {
    range(offset, offset.saturating_add(1))
}

fn range(from: Offset, to: Offset) -> bool {
    is_offset(from) && is_offset(to) && from < to
}

fn apart(from: Offset, to: Offset, present: &[(Offset, Offset)]) -> bool {
    let mut last = from;
    present.iter().all(|(a, b)| {
        let good = last <= *a && a < b && *b <= to;
        last = *b;
        good
    })
}
