//! Where a group began (R8): its first commit bounds that from above and no more, unless it shows that the
//! position was set by policy.

use super::judge::{Judge, commit};
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, row_from: i64, out: &mut Vec<Claim>) {
    let p = j.positions;
    let Some(first) = p.first_in_tail() else { return };
    let set_by_policy =
        first.leader_epoch < 0 && !first.transactional && p.commits_epochs() && p.removed.is_none();
    let from = j.log.origin().unwrap_or(row_from).max(row_from);
    if !set_by_policy || first.offset <= from {
        return;
    }
    // A group that was there before the partition's first record can't have chosen to begin behind it.
    let first_record = j.log.samples.first().filter(|_| j.log.origin() == Some(0));
    let added =
        first_record.filter(|(_, at)| p.group_since.is_some_and(|since| since < *at && since < first.at));
    let mut evidence = Vec::from([commit(WhichCommit::First, first), j.habit(), j.history()]);
    let (outcome, cause, certainty, shown_as) = match added {
        Some((offset, at)) => {
            evidence.push(Evidence::RecordTime { offset: *offset, at: *at });
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
