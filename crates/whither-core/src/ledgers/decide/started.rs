//! Where a group began (R8): its first commit bounds that from above and no more, unless it shows that the
//! position was set by policy.

use super::judge::Judge;
use crate::key::Offset;
use crate::ledgers::life::Commit;
use crate::ledgers::row::{Claim, Finding};
use crate::limits::PARTITION_FOUND;
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, row_from: Offset, out: &mut Vec<Claim>) {
    let Some(first) = j.first_in_tail().filter(|_| j.life.first_ever) else { return };
    let by_policy = first.leader_epoch < 0 && !first.transactional && j.tells_epochs(first.who);
    let from = j.log.origin().unwrap_or(row_from).max(row_from);
    if !by_policy || first.offset <= from {
        return;
    }
    let mut evidence = Vec::from([j.commit(WhichCommit::First, first), j.habit(), j.history()]);
    let (outcome, cause, certainty, shown_as) = match added(j, first) {
        Some((offset, at)) => {
            evidence.push(Evidence::RecordTime { offset, at });
            (Outcome::Skipped, Cause::PartitionAddedLatest, Certainty::Indicative, ShownAs::Loss)
        }
        None => (Outcome::BeforeStart, Cause::StartedAtLatest, Certainty::Strong, ShownAs::Note),
    };
    let mut finding = Finding::new(cause, certainty, shown_as, first.at, evidence);
    finding.recoverable = j.log_start() <= from;
    out.push(Claim {
        from,
        to: first.offset,
        outcome,
        certainty,
        finding: Some(finding),
        over_unread: false,
    });
}

/// The partition's first record, if the group was there before it and found the partition as soon as
/// consumers do: then it can't have chosen to begin behind it. A first record later than the first commit is
/// dated by a clock that is wrong, and the first partition of a topic was never added.
fn added(j: &Judge<'_>, first: &Commit) -> Option<(Offset, Time)> {
    let (offset, at) = j.log.first_record()?;
    let since = j.positions.group_since?;
    let in_order = since < at && at <= first.at && first.at.since(at) <= PARTITION_FOUND;
    (in_order && j.partition > 0).then_some((offset, at))
}
