//! A group's row: which end each offset met, and how many records that is.

use super::log::{LogView, width};
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
    /// Some of the range may have met another end: what it holds is the most it can be.
    pub(crate) at_most: bool,
    pub(crate) since: Time,
    /// When the latest of it happened.
    pub(crate) last: Time,
    pub(crate) until: Option<Time>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding as most are: not recoverable, no duplicate, all at once, no deadline.
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
            at_most: false,
            since,
            last: since,
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

/// Splits `[from, to)` among the claims, and where what could be read begins.
pub(crate) fn divide(
    claims: &[Claim],
    (from, to): (Offset, Offset),
    log: &LogView,
    index: &Index<'_>,
) -> Vec<Held> {
    let mut edges: Vec<Offset> = Vec::with_capacity(3 + 2 * claims.len());
    let within = |e: &Offset| from < *e && *e < to;
    edges.extend([from, to]);
    edges.extend(log.origin().filter(within));
    edges.extend(claims.iter().flat_map(|c| [c.from, c.to]).filter(within));
    edges.sort_unstable();
    edges.dedup();
    let mut held: Vec<Held> = Vec::with_capacity(edges.len());
    for pair in edges.windows(2) {
        let &[a, b] = pair else { continue };
        let Some(claim) = claims.iter().position(|c| c.from <= a && b <= c.to) else { continue };
        match held.last_mut() {
            Some(last)
                if last.to == a && log.origin() != Some(a) && says_the_same(claims, last.claim, claim) =>
            {
                last.to = b;
            }
            _ => held.push(Held { claim, from: a, to: b, sums: Sums::default(), bare: 0 }),
        }
    }
    for h in &mut held {
        h.sums = index.sums(h.from, h.to);
        h.bare = width(h.from, h.to).saturating_sub(h.sums.width);
    }
    held
}

/// Whether two claims are one, or say the same with nothing to tell.
fn says_the_same(claims: &[Claim], a: usize, b: usize) -> bool {
    let pair = claims.get(a).zip(claims.get(b));
    a == b || pair.is_some_and(|(a, b)| a.finding.is_none() && b.finding.is_none() && a.says() == b.says())
}

impl Claim {
    fn says(&self) -> (Outcome, Certainty, bool) {
        (self.outcome, self.certainty, self.over_unread)
    }
}

impl Held {
    /// Offsets whose records nobody saw and that the claim holds for all the same: gone before they were read,
    /// or of an end that needs no reading.
    pub(crate) fn unseen(&self, claim: &Claim, log: &LogView) -> u64 {
        let gone = log.origin().is_some_and(|origin| self.to <= origin);
        if gone || claim.over_unread { self.sums.unread.saturating_add(self.bare) } else { 0 }
    }
}

/// The stretches a held range makes, for the balance. Records of aborted and open transactions have their own
/// end wherever the group stands; `waits_for` is why open ones wait.
pub(crate) fn stretches(
    claim: &Claim,
    held: &Held,
    log: &LogView,
    waits_for: Option<Cause>,
    out: &mut Vec<Stretch>,
) {
    let cause = claim.finding.as_ref().map(|f| f.cause);
    let mut push = |records: u64, outcome: Outcome, certainty: Certainty, cause, at_most: bool| {
        if records > 0 {
            out.push(Stretch { from: held.from, to: held.to, records, at_most, outcome, certainty, cause });
        }
    };
    let s = &held.sums;
    let unseen = held.unseen(claim, log);
    let unread = s.unread.saturating_add(held.bare).saturating_sub(unseen);
    push(s.data, claim.outcome, claim.certainty, cause, false);
    push(unseen, claim.outcome, claim.certainty, cause, true);
    push(s.aborted, Outcome::Aborted, Certainty::Proof, Some(Cause::TransactionAborted), false);
    push(s.open, Outcome::InFlight, Certainty::Proof, waits_for, false);
    push(s.corrupt, Outcome::Unknown, Certainty::Proof, Some(Cause::CorruptBatch), true);
    push(s.undecided, Outcome::Unknown, Certainty::Unknown, None, false);
    push(unread, Outcome::Unread, Certainty::Unknown, None, true);
}
