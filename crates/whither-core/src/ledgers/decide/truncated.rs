//! Records that the log lost again (R4), which a commit or an earlier look at the log proves.

use super::judge::{Judge, all, commit};
use crate::key::Offset;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    by_epoch(j, out);
    by_sight(j, out);
}

/// A commit names the epoch of the last record consumed: an end of that epoch below it is proof.
fn by_epoch(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(c) = j.positions.highest().filter(|c| c.leader_epoch >= 0) else { return };
    let Some(end) = j.log.epoch_ends.get(&c.leader_epoch) else { return };
    let same = !end.topic_id.is_known() || end.topic_id == j.log.topic_id;
    if !same || end.end >= c.offset || end.end < 0 {
        return;
    }
    let evidence = all([
        Some(commit(WhichCommit::Highest, c)),
        Some(Evidence::EpochEnd { epoch: end.epoch, end: end.end, at: end.at }),
        j.log_end_seen(),
    ]);
    out.push(claim(end.end, c.offset, Cause::LogRegressed, Certainty::Strong, end.at, evidence));
}

/// The end of the log was seen to go back.
fn by_sight(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for (from, to, at) in &j.log.went_back {
        let unclean = j.config.is_some_and(|c| c.unclean_elections == Some(true));
        let cause = if unclean { Cause::UncleanElection } else { Cause::LogRegressed };
        let evidence = all([
            j.log.highest_end.map(|(at, offset)| Evidence::LogEnd { offset, at }),
            Some(Evidence::LogEnd { offset: *from, at: *at }),
            Some(Evidence::Read { from: *from, to: *to, records: (to - from).max(0).unsigned_abs() }),
        ]);
        out.push(claim(*from, *to, cause, Certainty::Strong, *at, evidence));
    }
}

fn claim(
    from: Offset,
    to: Offset,
    cause: Cause,
    cause_certainty: Certainty,
    at: crate::time::Time,
    evidence: Vec<Evidence>,
) -> Claim {
    Claim {
        from,
        to,
        outcome: Outcome::Truncated,
        certainty: Certainty::Proof,
        finding: Some(Finding::new(cause, cause_certainty, ShownAs::Loss, at, evidence)),
        over_unread: true,
    }
}
