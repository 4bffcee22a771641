//! One group's row, and what there is to tell of it.

use super::dead_lettered::Routed;
use super::dormant::is_dormant;
use super::judge::Judge;
use super::tell::{dead_letters, verdict};
use super::truncated::{self, Beside};
use super::{
    behind, delivered, gone, moved, past_end, recreated, removed, share, started, superseded, transactions,
};
use crate::engine::{Context, Need, Output, ReadDeeper};
use crate::key::Offset;
use crate::ledgers::ledger::Ledger;
use crate::ledgers::log::width;
use crate::ledgers::row::{Claim, Finding, Held, divide, stretches};
use crate::verdict::{Balance, Cause, Outcome, ShownAs, Stretch, Verdict};
use alloc::vec::Vec;

/// Tells a group's row and findings.
pub(super) fn tell(
    ledger: &Ledger,
    cx: &Context<'_>,
    j: &Judge<'_>,
    routed: &[Routed<'_>],
    out: &mut Vec<Output>,
) {
    let dormant = is_dormant(j);
    if let Some((from, to)) = extent(j) {
        let claims = claims(j, from, to);
        for claim in &claims {
            ask_at(j, cx, claim.from, out);
            ask_at(j, cx, claim.to, out);
        }
        let held = divide(&claims, (from, to), j.log, j.index);
        let mine: Vec<&Routed<'_>> = routed.iter().filter(|r| r.group.as_ref() == Some(j.group)).collect();
        for (i, claim) in claims.iter().enumerate() {
            let finding = claim.finding.as_ref();
            let told = finding.and_then(|f| claimed(ledger, cx, j, (claim, f, i), &held));
            out.extend(told.map(|v| Output::Verdict(quiet(v, dormant))));
        }
        let beside = truncated::beside(j);
        let told = beside.iter().filter_map(|b| told_beside(ledger, cx, j, b));
        out.extend(told.map(|v| Output::Verdict(quiet(v, dormant))));
        if !mine.is_empty() {
            dead_letters(ledger, cx, Some(j.group), &mine, out);
        }
        out.push(Output::Balance(balance(cx, j, (from, to), (&claims, &held, &beside), &mine, dormant)));
    }
    let mut notes = Vec::new();
    if extent(j).is_none() {
        recreated::claims(j, &mut notes);
    }
    moved::notes(j, &mut notes);
    removed::notes(j, &mut notes);
    recreated::notes(j, &mut notes);
    past_end::notes(j, &mut notes);
    behind::notes(j, &mut notes);
    let told = notes.iter().filter_map(|c| noted(ledger, cx, j, c));
    out.extend(told.map(|v| Output::Verdict(quiet(v, dormant))));
}

/// A group has a row where it has, or had, a position, or where a member waits for one.
fn extent(j: &Judge<'_>) -> Option<(Offset, Offset)> {
    let origin = j.log.origin()?;
    let end = j.log.end()?;
    let had = j.share.is_some() || !j.life.is_blank() || j.positions.life_before(j.topic_id()).is_some();
    let waits = j.positions.described.is_some_and(|d| d.subscribed || d.assigned);
    let lowest = j.share.map(|s| s.lowest).or(j.life.lowest).unwrap_or(origin).min(origin);
    (had || waits).then(|| (lowest, end.max(origin)))
}

fn claims(j: &Judge<'_>, from: Offset, to: Offset) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some(group) = j.share {
        share::claims(j, group, (from, to), &mut claims);
        return claims;
    }
    superseded::claims(j, &mut claims);
    truncated::claims(j, &mut claims);
    delivered::passes(j, from, &mut claims);
    truncated::by_sight(j, &mut claims);
    recreated::claims(j, &mut claims);
    gone::claims(j, &mut claims);
    moved::claims(j, &mut claims);
    started::claims(j, from, &mut claims);
    delivered::claims(j, from, to, &mut claims);
    claims
}

fn balance(
    cx: &Context<'_>,
    j: &Judge<'_>,
    (from, to): (Offset, Offset),
    (claims, held, beside): (&[Claim], &[Held], &[Beside]),
    dead: &[&Routed<'_>],
    dormant: bool,
) -> Balance {
    let mut made: Vec<Stretch> = Vec::with_capacity(held.len() + 2);
    for h in held {
        if let Some(claim) = claims.get(h.claim) {
            let open = h.sums.open > 0;
            let waits_for = open.then(|| transactions::waits_for(j.log, j.now, (h.from, h.to)));
            stretches(claim, h, j.log, waits_for, &mut made);
        }
    }
    for b in beside {
        stretches(&b.claim, &b.held, j.log, None, &mut made);
    }
    for r in dead {
        take_out(&mut made, r);
    }
    made.retain(|s| s.records > 0);
    let (counted, at_most) = j.log.counted(from);
    // What nobody read before the log lost it is in no counter.
    let lost_unread: u64 = beside.iter().map(|b| b.held.bare).sum();
    Balance {
        group: j.group.clone(),
        partition: cx.key.partition().clone(),
        topic_id: j.log.topic_id,
        from,
        to,
        records: counted.saturating_add(lost_unread),
        at_most: at_most || lost_unread > 0,
        stretches: made,
        committed: j.life.latest.map(|c| c.offset),
        committed_at: j.life.latest.map(|c| c.at),
        position_time: j.life.latest.and_then(|c| j.log.time_of(c.offset)).map(|(_, at)| at),
        dormant,
    }
}

/// A dead-lettered record is one record less of what its range met.
fn take_out(made: &mut Vec<Stretch>, r: &Routed<'_>) {
    let holds = |s: &&mut Stretch| {
        s.from <= r.offset
            && r.offset < s.to
            && s.records > 0
            && matches!(s.outcome, Outcome::Delivered | Outcome::InFlight | Outcome::Unread)
            && s.cause.is_none()
    };
    let Some(stretch) = made.iter_mut().find(holds) else { return };
    stretch.records -= 1;
    let (outcome, cause, _) = r.outcome();
    made.push(Stretch {
        from: r.offset,
        to: r.offset + 1,
        records: 1,
        at_most: false,
        outcome,
        certainty: r.certainty,
        cause: Some(cause),
    });
}

/// What a claim has to tell of the ranges that are left to it.
fn claimed(
    ledger: &Ledger,
    cx: &Context<'_>,
    j: &Judge<'_>,
    (claim, finding, at): (&Claim, &Finding, usize),
    held: &[Held],
) -> Option<Verdict> {
    let mine: Vec<&Held> = held.iter().filter(|h| h.claim == at).collect();
    let (first, last) = mine.first().zip(mine.last())?;
    let (from, to) = (first.from, last.to);
    let seen: u64 = mine.iter().map(|h| h.sums.data).sum();
    let unseen: u64 = mine.iter().map(|h| h.unseen(claim, j.log)).sum();
    // Records that lie on one side or the other of an end of the range count as far as they may be inside.
    let perhaps: u64 = mine.iter().map(|h| h.sums.undecided.min(width(h.from, h.to))).sum();
    let records = seen.saturating_add(unseen).saturating_add(perhaps);
    let at_most = finding.at_most || unseen.saturating_add(perhaps) > 0;
    let left = Claim { from, to, ..claim.clone() };
    let v = verdict(ledger, cx, Some(j.group), &left, finding);
    (records > 0).then_some(Verdict { records, at_most, ..v })
}

/// What the log lost, for the group.
fn told_beside(ledger: &Ledger, cx: &Context<'_>, j: &Judge<'_>, b: &Beside) -> Option<Verdict> {
    let finding = b.claim.finding.as_ref()?;
    let perhaps = b.held.unseen(&b.claim, j.log).saturating_add(b.held.sums.undecided);
    let records = b.held.sums.data.saturating_add(perhaps);
    let v = verdict(ledger, cx, Some(j.group), &b.claim, finding);
    (records > 0).then_some(Verdict { records, at_most: perhaps > 0, ..v })
}

/// What is told beside the row.
fn noted(ledger: &Ledger, cx: &Context<'_>, j: &Judge<'_>, claim: &Claim) -> Option<Verdict> {
    let finding = claim.finding.as_ref()?;
    let v = verdict(ledger, cx, Some(j.group), claim, finding);
    let sums = j.index.sums(claim.from, claim.to);
    match finding.cause {
        Cause::TopicRecreated => {}
        // Nothing of it was seen: how much it was nobody can tell.
        Cause::TopicDeleted => return Some(Verdict { at_most: true, ..v }),
        _ => return Some(Verdict { records: sums.data.saturating_add(sums.open), ..v }),
    }
    let Some(log) =
        j.before.filter(|b| Some(b.topic_id) == j.positions.life_before(j.topic_id()).map(|l| l.topic_id))
    else {
        return Some(v);
    };
    let sums = log.runs.index().sums(claim.from, claim.to);
    let unseen = width(claim.from, claim.to).saturating_sub(sums.width).saturating_add(sums.unread);
    let records = sums.data.saturating_add(unseen);
    Some(Verdict { records, at_most: unseen > 0, topic_id: log.topic_id, ..v })
}

/// Of a dormant group nothing alarms.
fn quiet(v: Verdict, dormant: bool) -> Verdict {
    let alarms = matches!(v.shown_as, ShownAs::Loss | ShownAs::Risk | ShownAs::Stuck);
    Verdict { shown_as: if dormant && alarms { ShownAs::Dormant } else { v.shown_as }, ..v }
}

/// A boundary inside a run whose records are not placed: ask where they are.
fn ask_at(j: &Judge<'_>, cx: &Context<'_>, at: Offset, out: &mut Vec<Output>) {
    if let Some(run) = j.index.cuts(at) {
        out.push(Output::ReadDeeper(ReadDeeper {
            partition: cx.key.partition().clone(),
            from: run.from,
            to: run.to,
            need: Need::Offsets,
        }));
    }
}
