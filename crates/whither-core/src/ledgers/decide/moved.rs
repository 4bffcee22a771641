//! Positions that were moved rather than consumed: resets, seeks, jumps, rewinds (R6, R7, R10).

use super::judge::{Judge, commit};
use crate::fact::Committer;
use crate::key::Offset;
use crate::ledgers::positions::{Move, MoveKind};
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// Ranges that were passed over without being read.
pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let moves = &j.positions.moves;
    for (i, m) in moves.iter().enumerate() {
        // What a later rewind brought back was not passed over for good.
        let back_to = moves
            .iter()
            .skip(i + 1)
            .filter(|later| later.kind == MoveKind::Back)
            .map(|later| later.this.offset)
            .min()
            .unwrap_or(Offset::MAX);
        let (from, to) = (m.before.offset, m.this.offset.min(back_to));
        let claim = match m.kind {
            MoveKind::ByNobody => reset(j, m, from, to),
            MoveKind::Set => set(j, m, from, to),
            MoveKind::Overtaken(start, _) => jumped(j, m, start, to),
            MoveKind::Restart => restarted(j, m, from, to),
            MoveKind::Back => None,
        };
        out.extend(claim.filter(|c| c.from < c.to));
    }
}

/// R6: a commit by nobody is proof of that; that it is a reset is strong if members are this group's habit.
fn reset(j: &Judge<'_>, m: &Move, from: Offset, to: Offset) -> Option<Claim> {
    if j.positions.commits_without_members() {
        return None;
    }
    Some(skipped(j, m, from, to, Cause::OffsetReset, Certainty::Strong))
}

/// R7: a position set by the client. Below the log start it had fallen out of range before.
fn set(j: &Judge<'_>, m: &Move, from: Offset, to: Offset) -> Option<Claim> {
    let start = j.log_start();
    if !j.positions.commits_epochs() {
        return None;
    }
    if from < start {
        return Some(skipped(j, m, start.min(to), to, Cause::OutOfRangeJump, Certainty::Indicative));
    }
    Some(skipped(j, m, from, to, Cause::SeekForward, Certainty::Strong))
}

/// The group had fallen out of range; behind the log start its next position was set, not consumed.
fn jumped(j: &Judge<'_>, m: &Move, start: Offset, to: Offset) -> Option<Claim> {
    if m.this.leader_epoch >= 0 || m.this.transactional {
        return None;
    }
    let certainty = if j.positions.commits_epochs() || m.before.leader_epoch >= 0 {
        Certainty::Strong
    } else {
        // Clients that never commit epochs give no sign: the jump must at least reach the end it met.
        return None;
    };
    Some(skipped(j, m, start, to, Cause::OutOfRangeJump, certainty))
}

/// R9: after its offsets were removed the group began elsewhere by policy.
fn restarted(j: &Judge<'_>, m: &Move, from: Offset, to: Offset) -> Option<Claim> {
    let set = m.this.leader_epoch < 0 && m.before.leader_epoch >= 0 && !m.this.transactional;
    if !set {
        return None;
    }
    let removed = j.positions.removed.as_deref()?;
    let (cause, certainty) = super::removed::why(j, removed);
    Some(skipped(j, m, from, to, cause, certainty.min(Certainty::Strong)))
}

fn skipped(j: &Judge<'_>, m: &Move, from: Offset, to: Offset, cause: Cause, certainty: Certainty) -> Claim {
    let evidence = [commit(WhichCommit::Before, &m.before), commit(WhichCommit::This, &m.this), j.habit()];
    let mut finding = Finding::new(cause, certainty, ShownAs::Loss, m.this.at, evidence.into());
    if let MoveKind::Overtaken(start, at) = m.kind {
        finding.evidence.push(Evidence::LogStart { offset: start, at });
    }
    finding.recoverable = j.log_start() <= from;
    Claim { from, to, outcome: Outcome::Skipped, certainty, finding: Some(finding), over_unread: true }
}

/// Rewinds, which lose nothing: what was read is read again.
pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(m) = j.positions.moves.iter().rev().find(|m| m.kind == MoveKind::Back) else { return };
    let (from, to) = (m.this.offset, m.before.offset);
    let latest = j.positions.latest.as_ref().map_or(from, |c| c.offset);
    let again = latest > from;
    let by_nobody = matches!(m.this.by, Committer::NoMember { .. }) && !j.positions.commits_without_members();
    let (cause, certainty) = match (by_nobody, changed_hands(m)) {
        (true, _) => (Cause::OffsetReset, Certainty::Strong),
        (false, true) => (Cause::Redelivered, Certainty::Indicative),
        (false, false) => (Cause::OutOfOrderCommit, Certainty::Indicative),
    };
    let evidence = [commit(WhichCommit::Before, &m.before), commit(WhichCommit::This, &m.this), j.habit()];
    let mut finding = Finding::new(cause, certainty, ShownAs::Note, m.this.at, evidence.into());
    finding.duplicate = again && cause != Cause::OutOfOrderCommit;
    finding.recoverable = j.log_start() <= from;
    let outcome = if again { Outcome::Delivered } else { Outcome::InFlight };
    out.push(Claim {
        from,
        to,
        outcome,
        certainty: Certainty::Proof,
        finding: Some(finding),
        over_unread: true,
    });
}

/// R10: a range is read twice when another member takes the partition over before its end was committed.
fn changed_hands(m: &Move) -> bool {
    match (&m.before.by, &m.this.by) {
        (Committer::Member { client_id: a, host: x }, Committer::Member { client_id: b, host: y }) => {
            a != b || x != y
        }
        _ => false,
    }
}
