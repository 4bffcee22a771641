//! Records that the log lost again (R4), which a commit or an earlier look at the log proves. Other records may
//! stand at their offsets now: both are counted.

use super::delivered;
use super::judge::{Judge, all};
use crate::fact::EpochEnd;
use crate::key::Offset;
use crate::ledgers::life::Commit;
use crate::ledgers::log::{Truncation, width};
use crate::ledgers::row::{Claim, Finding, Held};
use crate::ledgers::runs::Sums;
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// Records that are in the log no more, beside what is.
pub(super) struct Beside {
    pub(super) claim: Claim,
    /// What was read of them is in the reader's counters; the rest counts by width.
    pub(super) held: Held,
}

/// What the log lost of what was read, and of what the group had passed and nobody else read.
pub(super) fn beside(j: &Judge<'_>) -> Vec<Beside> {
    let mut lost: Vec<Beside> = j.log.truncated.iter().map(|t| read(j, t)).collect();
    for end in j.log.epoch_ends.values() {
        by_epoch(j, end, &mut lost);
    }
    lost
}

fn read(j: &Judge<'_>, t: &Truncation) -> Beside {
    let evidence = Vec::from([
        Evidence::Read { from: t.from, to: t.to, records: t.held.data },
        Evidence::EpochEnd { epoch: t.epoch, end: t.from, at: t.at },
    ]);
    let mut claim = claim((t.from, t.to), Certainty::Proof, cause(j), Certainty::Strong, t.at, evidence);
    if came_after(j, t) {
        (claim.outcome, claim.finding) = (Outcome::BeforeStart, None);
    }
    Beside { claim, held: Held { claim: 0, from: t.from, to: t.to, sums: t.held, bare: 0 } }
}

/// A group that began when these records were gone misses nothing.
fn came_after(j: &Judge<'_>, t: &Truncation) -> bool {
    j.life.first_ever && j.first_in_tail().is_some_and(|first| t.at < first.seen)
}

/// A commit names the epoch of the last record consumed: an end of that epoch below it is proof.
fn by_epoch(j: &Judge<'_>, end: &EpochEnd, out: &mut Vec<Beside>) {
    let proving = commits(j).filter(|c| c.leader_epoch == end.epoch && shows_loss(j, end, c));
    let Some(c) = proving.max_by_key(|c| c.offset) else { return };
    // A commit that tells no topic id may be of a log that was deleted since.
    let same_life = j.life.topic_id.is_known() && j.life.topic_id == j.topic_id();
    let certainty = if same_life { Certainty::Proof } else { Certainty::Strong };
    for (from, to) in unread(j, (end.end, c.offset)) {
        let evidence = all([
            Some(j.commit(WhichCommit::Highest, c)),
            Some(Evidence::EpochEnd { epoch: end.epoch, end: end.end, at: end.at }),
            j.log_end_seen(),
        ]);
        // How it came to that was not seen (R4).
        let claim = claim((from, to), certainty, cause(j), Certainty::Indicative, end.at, evidence);
        let held = Held { claim: 0, from, to, sums: Sums::default(), bare: width(from, to) };
        out.push(Beside { claim, held });
    }
}

fn shows_loss(j: &Judge<'_>, end: &EpochEnd, c: &Commit) -> bool {
    let same_log = !end.topic_id.is_known() || end.topic_id == j.topic_id();
    same_log && c.leader_epoch >= 0 && end.end < c.offset && c.seen <= end.at
}

/// Every commit of this life that is still known.
fn commits<'a>(j: &'a Judge<'_>) -> impl Iterator<Item = &'a Commit> {
    let held =
        [j.life.latest.as_ref(), j.life.highest(), j.life.first(), j.life.removed().map(|r| &r.before)];
    held.into_iter().flatten().chain(j.life.moves().iter().flat_map(|m| [&m.before, &m.this]))
}

/// The parts of a range that are not told as truncated already.
fn unread(j: &Judge<'_>, (from, to): (Offset, Offset)) -> Vec<(Offset, Offset)> {
    let read = j.log.truncated.iter().map(|t| (t.from, t.to));
    let mut told: Vec<(Offset, Offset)> =
        read.chain(j.log.went_back.iter().map(|w| (w.from, w.to))).collect();
    told.sort_unstable();
    let mut left = Vec::new();
    let mut at = from;
    for (a, b) in told {
        if at < a.min(to) {
            left.push((at, a.min(to)));
        }
        at = at.max(b);
    }
    if at < to {
        left.push((at, to));
    }
    left
}

/// From where on a commit speaks of records that the log lost: what stands there now it did not pass.
pub(super) fn passed_other_records(j: &Judge<'_>, c: &Commit) -> Option<Offset> {
    let by_epoch = j.log.epoch_ends.get(&c.leader_epoch).filter(|end| shows_loss(j, end, c)).map(|e| e.end);
    let made_before = |t: &&Truncation| t.from < c.offset && c.leader_epoch <= t.epoch && c.seen <= t.at;
    let by_sight = j.log.truncated.iter().filter(made_before).map(|t| t.from);
    by_sight.chain(by_epoch).min()
}

/// What stands now where the group's latest commit speaks of other records: a client that looks at epochs goes
/// back for it.
pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    if let Some(latest) = &j.life.latest
        && let Some(from) = passed_other_records(j, latest)
    {
        out.push(delivered::perhaps_in_flight(from, latest.offset));
    }
}

/// The end of the log was seen to go back, and nothing tells yet which records that took.
pub(super) fn by_sight(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for w in &j.log.went_back {
        let evidence = Vec::from([
            Evidence::LogEnd { offset: w.to, at: w.seen },
            Evidence::LogEnd { offset: w.from, at: w.at },
            j.read(w.from, w.to),
        ]);
        out.push(claim((w.from, w.to), Certainty::Strong, cause(j), Certainty::Strong, w.at, evidence));
    }
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
