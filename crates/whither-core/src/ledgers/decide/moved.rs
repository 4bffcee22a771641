//! Positions that were moved rather than consumed: resets, seeks, jumps, rewinds (R6, R7, R10).

use super::judge::Judge;
use super::{delivered, removed};
use crate::fact::Committer;
use crate::key::Offset;
use crate::ledgers::life::{Move, MoveKind};
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A range that a move passed over without reading it.
pub(super) struct PassedOver {
    from: Offset,
    to: Offset,
    cause: Cause,
    certainty: Certainty,
}

/// Ranges that were passed over. What a later rewind brings back is in flight again, or was read in the end.
pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let moves = j.life.moves();
    let mut brought_back = Vec::new();
    for (i, m) in moves.iter().enumerate() {
        if let MoveKind::Restart(start) = m.kind {
            out.push(delivered::unknown(m.before.offset, start.min(m.this.offset)));
        }
        let Some(mut over) = passed_over(j, m) else { continue };
        let later = moves.iter().skip(i + 1);
        let later = later.filter(|l| matches!(l.kind, MoveKind::Back | MoveKind::Restart(_)));
        let back_to = later.map(|l| l.this.offset).min().unwrap_or(Offset::MAX);
        let end = over.to;
        over.to = over.to.min(back_to);
        if over.from < over.to {
            out.push(skipped(j, m, &over));
        }
        // Nobody was given these yet: a reset that was undone delivers nothing by itself.
        let again = over.to.max(over.from);
        if again < end && j.life.latest.is_some() {
            brought_back.push(delivered::in_flight(again, end));
        }
    }
    out.append(&mut brought_back);
}

/// What a move passed over; none if the group read on.
pub(super) fn passed_over(j: &Judge<'_>, m: &Move) -> Option<PassedOver> {
    let (from, to) = (m.before.offset, m.this.offset);
    let over = |from, cause, certainty| Some(PassedOver { from, to, cause, certainty });
    // A position that this client set: it tells epochs, and not here (R7).
    let set = m.this.leader_epoch < 0 && !m.this.transactional && j.tells_epochs(m.this.who);
    match m.kind {
        // R6: by nobody is proof of that; that it is a reset is strong if members are this group's habit.
        MoveKind::ByNobody if is_reset(j, m) => over(from, Cause::OffsetReset, Certainty::Strong),
        // Nobody seeks beyond the end: such a position was copied from elsewhere.
        MoveKind::Set if to > j.log_end() => None,
        MoveKind::Set if j.is_streams(m.this.who) => None,
        // Below the log start it had fallen out of range before.
        MoveKind::Set => match j.log.origin().filter(|origin| from < *origin) {
            Some(origin) => over(origin.min(to), Cause::OutOfRangeJump, Certainty::Indicative),
            None => over(from, Cause::SeekForward, Certainty::Strong),
        },
        // It had fallen out of range; behind the log start its next position was set, not consumed.
        MoveKind::Overtaken(start, _) if set => over(start, Cause::OutOfRangeJump, Certainty::Strong),
        // R9: after its offsets were removed the group began elsewhere by policy.
        MoveKind::Restart(start) if set => {
            let (cause, certainty) = removed::why(j, j.life.removed()?);
            over(from.max(start), cause, certainty)
        }
        _ => None,
    }
}

/// Whether nobody made this commit, in the part of history where that can be told, and that is not the habit.
fn is_reset(j: &Judge<'_>, m: &Move) -> bool {
    matches!(j.by(&m.this), Committer::NoMember { .. })
        && j.is_in_tail(&m.this)
        && !j.positions.habit.is_memberless()
}

fn skipped(j: &Judge<'_>, m: &Move, over: &PassedOver) -> Claim {
    let (from, to, certainty) = (over.from, over.to, over.certainty);
    let mut finding = Finding::new(over.cause, certainty, ShownAs::Loss, m.this.at, evidence(j, m));
    if let MoveKind::Overtaken(start, at) = m.kind {
        finding.evidence.push(Evidence::LogStart { offset: start, at });
    }
    finding.recoverable = j.log_start() <= from;
    Claim { from, to, outcome: Outcome::Skipped, certainty, finding: Some(finding), over_unread: true }
}

fn evidence(j: &Judge<'_>, m: &Move) -> Vec<Evidence> {
    [j.commit(WhichCommit::Before, &m.before), j.commit(WhichCommit::This, &m.this), j.habit()].into()
}

/// Rewinds, which lose nothing: what was read is read again.
pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let moves = j.life.moves();
    for (i, m) in moves.iter().enumerate().filter(|(_, m)| m.kind == MoveKind::Back) {
        let (from, to) = (m.this.offset, m.before.offset);
        let later = moves.iter().skip(i + 1).map(|l| l.before.offset);
        let reached = later.chain(j.life.latest.map(|c| c.offset)).max().unwrap_or(from);
        out.push(rewind(j, m, (from, to), reached));
    }
}

/// R10: read twice only if another member came to it and a later commit passed it again; else two commits may
/// have crossed on their way.
fn rewind(j: &Judge<'_>, m: &Move, (from, to): (Offset, Offset), reached: Offset) -> Claim {
    let again = reached >= to;
    let sought = m.this.leader_epoch < 0 && m.before.leader_epoch >= 0 && m.this.who == m.before.who;
    let sought = sought && !m.this.transactional && matches!(j.by(&m.this), Committer::Member { .. });
    let (cause, certainty) = if is_reset(j, m) || sought {
        (Cause::OffsetReset, Certainty::Strong)
    } else if again && changed_hands(j, m) {
        (Cause::Redelivered, Certainty::Indicative)
    } else {
        (Cause::OutOfOrderCommit, Certainty::Indicative)
    };
    let mut finding = Finding::new(cause, certainty, ShownAs::Note, m.this.at, evidence(j, m));
    finding.duplicate = again && cause != Cause::OutOfOrderCommit;
    finding.recoverable = j.log_start() <= from;
    let read = again || cause == Cause::OutOfOrderCommit;
    let outcome = if read { Outcome::Delivered } else { Outcome::InFlight };
    Claim { from, to, outcome, certainty, finding: Some(finding), over_unread: true }
}

fn changed_hands(j: &Judge<'_>, m: &Move) -> bool {
    let member = |c| matches!(j.by(c), Committer::Member { .. });
    member(&m.before) && member(&m.this) && m.before.who != m.this.who
}
