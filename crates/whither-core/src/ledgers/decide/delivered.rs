//! What the group's position has passed, and what it has not.

use super::judge::Judge;
use super::{moved, truncated};
use crate::key::Offset;
use crate::ledgers::life::{Commit, MoveKind};
use crate::ledgers::row::Claim;
use crate::verdict::{Certainty, Outcome};
use alloc::vec::Vec;

/// What was consumed before the group's position was moved otherwise: a later move over it loses nothing. What
/// a group had read before a tombstone and begins again below counts no more.
pub(super) fn passes(j: &Judge<'_>, row_from: Offset, out: &mut Vec<Claim>) {
    let Some(odd) = j.life.odd.as_ref().filter(|_| passed(j).is_some()) else { return };
    let began_again = |i: usize| odd.moves.iter().skip(i).filter(|m| matches!(m.kind, MoveKind::Restart(_)));
    let limit = |i: usize| began_again(i).map(|m| m.this.offset).min().unwrap_or(Offset::MAX);
    let mut from = row_from;
    if odd.blurred > row_from {
        let to = odd.blurred.min(limit(0));
        out.push(plain((row_from, to.max(row_from)), Outcome::Delivered, Certainty::Indicative));
    }
    for (i, m) in odd.moves.iter().enumerate() {
        consumed(j, (from, still_passed(j, &m.before).min(limit(i))), out);
        from = m.this.offset;
        if moved::passed_over(j, m).is_none() {
            let begin = match m.kind {
                MoveKind::Overtaken(start, _) => start,
                MoveKind::Restart(start) => start.max(m.before.offset),
                _ => m.before.offset,
            };
            consumed(j, (begin, m.this.offset.min(limit(i))), out);
        }
    }
    let last = j.life.latest.as_ref().or_else(|| j.life.removed().map(|r| &r.latest));
    if let Some(last) = last.filter(|_| !odd.moves.is_empty()) {
        consumed(j, (from, still_passed(j, last)), out);
    }
}

/// How far the records that a commit passed are still those of the log.
fn still_passed(j: &Judge<'_>, c: &Commit) -> Offset {
    truncated::passed_other_records(j, c).map_or(c.offset, |from| from.min(c.offset))
}

fn consumed(j: &Judge<'_>, (from, to): (Offset, Offset), out: &mut Vec<Claim>) {
    if from >= to {
        return;
    }
    let sure_from = sure_from(j).clamp(from, to);
    out.push(plain((from, sure_from), Outcome::Delivered, Certainty::Indicative));
    out.push(plain((sure_from, to), Outcome::Delivered, Certainty::Strong));
}

/// Below the first commit that complete history shows, where the group began was compacted away; unless the
/// group began again further down.
fn sure_from(j: &Judge<'_>) -> Offset {
    let again = j.life.moves().iter().filter(|m| matches!(m.kind, MoveKind::Restart(_)));
    let again = again.map(|m| &m.this).filter(|c| j.is_in_tail(c));
    j.first_in_tail().into_iter().chain(again).map(|c| c.offset).min().unwrap_or(Offset::MAX)
}

/// By commits alone *delivered* is strong; below the first commit that complete history shows it is
/// indicative.
pub(super) fn claims(j: &Judge<'_>, row_from: Offset, row_to: Offset, out: &mut Vec<Claim>) {
    let Some(highest) = passed(j).map(|c| still_passed(j, c)) else {
        return out.push(plain((row_from, row_to), Outcome::Unknown, Certainty::Unknown));
    };
    let highest = j.life.latest.as_ref().map_or(highest, |c| still_passed(j, c).max(highest));
    consumed(j, (row_from, highest), out);
    let (outcome, certainty) = match &j.life.latest {
        Some(_) => (Outcome::InFlight, Certainty::Proof),
        None => (Outcome::Unknown, Certainty::Unknown),
    };
    out.push(plain((highest, row_to.max(highest)), outcome, certainty));
}

/// The commit up to which records were delivered. A tombstone carries no topic id: what was committed before
/// it counts only if it is known to be for this incarnation.
fn passed<'a>(j: &'a Judge<'_>) -> Option<&'a Commit> {
    let same = j.life.topic_id.is_known() && j.life.topic_id == j.topic_id();
    j.life.highest().or_else(|| j.life.removed().filter(|_| same).map(|r| &r.before))
}

/// A range that was passed over and brought back: it is still to be read.
pub(super) fn in_flight(from: Offset, to: Offset) -> Claim {
    plain((from, to), Outcome::InFlight, Certainty::Strong)
}

/// A range that other records take now than the group passed there: whether it will come back for them is its
/// client's affair.
pub(super) fn perhaps_in_flight(from: Offset, to: Offset) -> Claim {
    plain((from, to), Outcome::InFlight, Certainty::Indicative)
}

/// A range of which nobody can tell.
pub(super) fn unknown(from: Offset, to: Offset) -> Claim {
    plain((from, to), Outcome::Unknown, Certainty::Unknown)
}

pub(super) fn plain((from, to): (Offset, Offset), outcome: Outcome, certainty: Certainty) -> Claim {
    Claim { from, to, outcome, certainty, finding: None, over_unread: false }
}
