//! A group's row: which end each offset met, and how many records that is.

use super::log::LogView;
use super::runs::{Index, Sums};
use crate::key::Offset;
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, Stretch};
use alloc::vec::Vec;

/// What one verdict family says of a range. Where claims overlap, the one that was made first holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    pub(crate) outcome: Outcome,
    pub(crate) certainty: Certainty,
    /// What is told beside the balance; none for what is as it should be.
    pub(crate) finding: Option<Finding>,
    /// Whether the claim also holds for offsets that nobody could read any more.
    pub(crate) over_unread: bool,
}

/// What a claim has to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    pub(crate) cause_certainty: Certainty,
    pub(crate) shown_as: ShownAs,
    pub(crate) recoverable: bool,
    pub(crate) duplicate: bool,
    pub(crate) since: Time,
    pub(crate) until: Option<Time>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding as most are: not recoverable, no duplicate, no deadline.
    pub(crate) fn new(
        cause: Cause,
        cause_certainty: Certainty,
        shown_as: ShownAs,
        since: Time,
        evidence: Vec<Evidence>,
    ) -> Finding {
        debug_assert!(!evidence.is_empty(), "no verdict without evidence");
        Finding {
            cause,
            cause_certainty,
            shown_as,
            recoverable: false,
            duplicate: false,
            since,
            until: None,
            evidence,
        }
    }
}

/// What is left of a claim after those before it took their part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    /// Which claim.
    pub(crate) claim: usize,
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    pub(crate) sums: Sums,
    /// Offsets no run covers: gone before they were read, or never read.
    pub(crate) bare: u64,
}

/// Splits `[from, to)` among the claims.
pub(crate) fn divide(claims: &[Claim], from: Offset, to: Offset, index: &Index<'_>) -> Vec<Held> {
    let mut edges: Vec<Offset> = Vec::with_capacity(2 + 2 * claims.len());
    edges.extend([from, to]);
    edges.extend(claims.iter().flat_map(|c| [c.from, c.to]).filter(|e| from < *e && *e < to));
    edges.sort_unstable();
    edges.dedup();
    let mut held: Vec<Held> = Vec::new();
    for pair in edges.windows(2) {
        let &[a, b] = pair else { continue };
        let Some(claim) = claims.iter().position(|c| c.from <= a && b <= c.to) else { continue };
        let sums = index.sums(a, b);
        let bare = (b - a).unsigned_abs().saturating_sub(sums.width);
        held.push(Held { claim, from: a, to: b, sums, bare });
    }
    held
}

/// The stretches a held range makes, for the balance. Records of aborted and open transactions have their own
/// end wherever the group stands.
pub(crate) fn stretches(claim: &Claim, held: &Held, log: &LogView, out: &mut Vec<Stretch>) {
    let cause = claim.finding.as_ref().map(|f| f.cause);
    let mut push = |records: u64, outcome: Outcome, certainty: Certainty, cause, at_most: bool| {
        if records > 0 {
            out.push(Stretch { from: held.from, to: held.to, records, at_most, outcome, certainty, cause });
        }
    };
    let s = &held.sums;
    let gone = log.origin().is_some_and(|origin| held.to <= origin);
    let unseen = s.unread + held.bare;
    push(s.data, claim.outcome, claim.certainty, cause, false);
    push(s.aborted, Outcome::Aborted, Certainty::Proof, Some(Cause::TransactionAborted), false);
    push(s.open, Outcome::InFlight, Certainty::Proof, None, false);
    push(s.corrupt, Outcome::Unknown, Certainty::Proof, Some(Cause::CorruptBatch), true);
    push(s.undecided, Outcome::Unknown, Certainty::Unknown, None, false);
    if gone || claim.over_unread {
        push(unseen, claim.outcome, claim.certainty, cause, true);
    } else {
        push(unseen, Outcome::Unread, Certainty::Proof, None, true);
    }
}
