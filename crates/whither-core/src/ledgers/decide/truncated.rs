//! Records that the log lost again (R4), which a commit or an earlier look at the log proves.

use super::judge::{Judge, all};
use crate::key::Offset;
use crate::ledgers::row::{Claim, Finding};
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A commit names the epoch of the last record consumed: an end of that epoch below it is proof.
pub(super) fn by_epoch(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(c) = j.life.highest().filter(|c| c.leader_epoch >= 0) else { return };
    let Some(end) = j.log.epoch_ends.get(&c.leader_epoch) else { return };
    let asked = end.topic_id;
    let same_log = !asked.is_known() || asked == j.topic_id();
    if !same_log || end.end >= c.offset || end.at < c.seen {
        return;
    }
    // A commit that tells no topic id may be of a log that was deleted since.
    let same_life = j.life.topic_id.is_known() && j.life.topic_id == j.topic_id();
    let certainty = if same_life { Certainty::Proof } else { Certainty::Strong };
    let evidence = all([
        Some(j.commit(WhichCommit::Highest, c)),
        Some(Evidence::EpochEnd { epoch: end.epoch, end: end.end, at: end.at }),
        j.log_end_seen(),
    ]);
    let range = (end.end, c.offset);
    // How it came to that was not seen (R4).
    let mut lost = claim(range, certainty, cause(j), Certainty::Indicative, end.at, evidence);
    // What stands at these offsets now is something else.
    if let Some(finding) = &mut lost.finding {
        finding.by_width = true;
    }
    out.push(lost);
}

/// Records that were read are others now, or the end of the log was seen to go back over them.
pub(super) fn by_sight(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for r in &j.log.replaced {
        let evidence = Vec::from([
            j.read(r.from, r.to),
            Evidence::EpochEnd { epoch: r.epoch_before, end: r.from, at: r.at },
            Evidence::RecordTime { offset: r.from, at: r.at },
        ]);
        out.push(seen(j, (r.from, r.to), Certainty::Proof, r.at, evidence));
    }
    for w in &j.log.went_back {
        let evidence = Vec::from([
            Evidence::LogEnd { offset: w.to, at: w.seen },
            Evidence::LogEnd { offset: w.from, at: w.at },
            j.read(w.from, w.to),
        ]);
        out.push(seen(j, (w.from, w.to), Certainty::Strong, w.at, evidence));
    }
}

fn seen(
    j: &Judge<'_>,
    range: (Offset, Offset),
    certainty: Certainty,
    at: Time,
    evidence: Vec<Evidence>,
) -> Claim {
    claim(range, certainty, cause(j), Certainty::Strong, at, evidence)
}

/// Where unclean elections are allowed, one is what takes the end of a log back.
fn cause(j: &Judge<'_>) -> Cause {
    let unclean = j.config.is_some_and(|c| c.unclean_elections == Some(true));
    if unclean { Cause::UncleanElection } else { Cause::LogRegressed }
}

fn claim(
    (from, to): (Offset, Offset),
    certainty: Certainty,
    cause: Cause,
    cause_certainty: Certainty,
    at: Time,
    evidence: Vec<Evidence>,
) -> Claim {
    Claim {
        from,
        to,
        outcome: Outcome::Truncated,
        certainty,
        finding: Some(Finding::new(cause, cause_certainty, ShownAs::Loss, at, evidence)),
        over_unread: true,
    }
}
