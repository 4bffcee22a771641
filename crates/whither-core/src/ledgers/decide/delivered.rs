//! What the group's position has passed, and what it has not.

use super::judge::{Judge, commit};
use crate::ledgers::row::Claim;
use crate::verdict::{Certainty, Evidence, Outcome, WhichCommit};
use alloc::vec::Vec;

/// By commits alone *delivered* is strong; below the first commit that complete history shows it is
/// indicative, for where the group began was compacted away.
pub(super) fn claims(j: &Judge<'_>, row_from: i64, row_to: i64, out: &mut Vec<Claim>) {
    let p = j.positions;
    let highest = p.highest().or_else(|| p.removed.as_ref().map(|r| &r.before));
    let Some(highest) = highest.map(|c| c.offset) else {
        return out.push(plain(row_from, row_to, Outcome::Unknown, Certainty::Unknown));
    };
    let sure_from = p.first_in_tail().map_or(highest, |c| c.offset).min(highest);
    out.push(plain(row_from, sure_from, Outcome::Delivered, Certainty::Indicative));
    out.push(plain(sure_from, highest, Outcome::Delivered, Certainty::Strong));
    if p.latest.is_some() {
        out.push(plain(highest, row_to, Outcome::InFlight, Certainty::Proof));
    } else {
        out.push(plain(highest, row_to, Outcome::Unknown, Certainty::Unknown));
    }
}

/// What shows where a group stands, for a record asked about.
pub(super) fn evidence(j: &Judge<'_>) -> Vec<Evidence> {
    let p = j.positions;
    let mut evidence = Vec::new();
    if let Some(latest) = &p.latest {
        evidence.push(commit(WhichCommit::Latest, latest));
    }
    if let Some(highest) = &p.highest {
        evidence.push(commit(WhichCommit::Highest, highest));
    }
    if let Some(first) = &p.first {
        evidence.push(commit(WhichCommit::First, first));
    }
    evidence.push(j.history());
    evidence
}

fn plain(from: i64, to: i64, outcome: Outcome, certainty: Certainty) -> Claim {
    Claim { from, to: to.max(from), outcome, certainty, finding: None, over_unread: false }
}
