//! Refuses facts that can't be true, so that no stage has to doubt its input.

use crate::engine::{Context, Output, Refusal};
use crate::fact::Fact;
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
    if names(fact).any(|name| name.len() > cx.limits.name_bytes) {
        return Some(Refusal::NameTooLong);
    }
    (!sound(fact)).then_some(Refusal::Malformed)
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
        Fact::Bounds(_) | Fact::Opened(_) | Fact::Corrupt(_) => !matches!(at, At::Origin(..)),
        Fact::Station(_) => matches!(at, At::Origin(..)),
        Fact::Record(_)
        | Fact::Config(_)
        | Fact::Size(_)
        | Fact::Topic(_)
        | Fact::EpochEnd(_)
        | Fact::Transaction(_)
        | Fact::Group(_)
        | Fact::Run(_)
        | Fact::Cut(_)
        | Fact::Progress(_)
        | Fact::Committed(_)
        | Fact::Tail(_)
        | Fact::GaveUp(_)
        | Fact::RoutedAway(_) => matches!(at, At::Ledger(_)),
    }
}

fn names(fact: &Fact) -> impl Iterator<Item = &Name> {
    let pair: [Option<&Name>; 2] = match fact {
        Fact::Commit(c) => [Some(&c.group), Some(&c.partition.topic)],
        Fact::Members(m) => [Some(&m.group), None],
        Fact::MemberChange(m) => [Some(&m.group), Some(&m.member_id)],
        Fact::DeadLetter(d) | Fact::Station(d) => [d.group.as_ref(), Some(&d.origin.topic)],
        Fact::Group(g) => [Some(&g.group), None],
        Fact::Committed(c) => [Some(&c.group), None],
        _ => [None, None],
    };
    pair.into_iter().flatten()
}

fn sound(fact: &Fact) -> bool {
    match fact {
        Fact::Bounds(b) => {
            offset(b.log_start) && offset(b.end) && offset(b.last_stable) && b.log_start <= b.end
        }
        Fact::Reading(r) => offset(r.from),
        Fact::Batch(b) => {
            offset(b.base)
                && offset(b.last)
                && b.base <= b.last
                && u64::from(b.count) <= (b.last - b.base + 1).unsigned_abs()
        }
        Fact::Marker(m) => offset(m.offset),
        Fact::Opened(o) => range(o.from, o.to) && apart(o.from, o.to, &o.present),
        Fact::Unread(u) => range(u.from, u.to),
        Fact::Corrupt(c) => range(c.from, c.to),
        Fact::DeadLetter(d) | Fact::Station(d) => offset(d.offset) && offset(d.origin_offset),
        Fact::Commit(c) => c.value.is_none_or(|v| offset(v.offset)),
        Fact::Committed(c) => c.value.is_none_or(|v| offset(v.offset)),
        Fact::Run(r) => range(r.from, r.to) && r.records <= (r.to - r.from).unsigned_abs(),
        Fact::EpochEnd(e) => offset(e.end),
        Fact::Transaction(t) => offset(t.start),
        _ => true,
    }
}

fn offset(offset: Offset) -> bool {
    (0..=OFFSET_MAX).contains(&offset)
}

fn range(from: Offset, to: Offset) -> bool {
    offset(from) && offset(to) && from < to
}

fn apart(from: Offset, to: Offset, present: &[(Offset, Offset)]) -> bool {
    let mut last = from;
    present.iter().all(|(a, b)| {
        let good = last <= *a && a < b && *b <= to;
        last = *b;
        good
    })
}
