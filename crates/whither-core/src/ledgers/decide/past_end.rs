//! A position beyond the end of the log (R11), or beyond what readers of committed data can see (R15).

use super::judge::{Judge, all};
use crate::fact::{Bounds, Committer};
use crate::ledgers::life::Commit;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let (Some(latest), Some(bounds)) = (&j.life.latest, &j.log.bounds) else { return };
    // Ends are read after commits, so our own timing can't make a commit look too high.
    if latest.seen > bounds.at {
        return;
    }
    if latest.offset > j.log_end() {
        out.push(beyond(j, latest));
    } else if latest.offset > bounds.last_stable && consumed(j, latest) {
        out.push(reads_uncommitted(j, latest, bounds));
    }
}

fn beyond(j: &Judge<'_>, latest: &Commit) -> Claim {
    let evidence = all([Some(j.commit(WhichCommit::Latest, latest)), j.log_end_seen()]);
    let finding =
        Finding::new(Cause::CommittedPastEnd, Certainty::Strong, ShownAs::Risk, latest.at, evidence);
    Claim {
        from: j.log_end(),
        to: latest.offset,
        outcome: Outcome::Skipped,
        certainty: Certainty::Strong,
        finding: Some(finding),
        over_unread: true,
    }
}

/// Whether a member came to this position by reading. A reset to the end, by an operator or by policy, leads
/// past the last stable offset too.
fn consumed(j: &Judge<'_>, latest: &Commit) -> bool {
    let member = matches!(j.by(latest), Committer::Member { .. } | Committer::SomeMember);
    let set = latest.leader_epoch < 0 && !latest.transactional && j.tells_epochs(latest.who);
    let first = j.life.first().is_some_and(|f| f == latest);
    member && !set && !first
}

/// R15: only a reader of uncommitted data gets past the last stable offset.
fn reads_uncommitted(j: &Judge<'_>, latest: &Commit, bounds: &Bounds) -> Claim {
    let exposed = j.index.sums(j.log_start(), latest.offset).aborted;
    let evidence = all([
        Some(j.commit(WhichCommit::Latest, latest)),
        Some(Evidence::LastStable { offset: bounds.last_stable, at: bounds.at }),
        Some(Evidence::Read { from: j.log_start(), to: latest.offset, records: exposed }),
    ]);
    let finding =
        Finding::new(Cause::ReadsUncommitted, Certainty::Strong, ShownAs::Note, latest.at, evidence);
    Claim {
        from: bounds.last_stable,
        to: latest.offset,
        outcome: Outcome::InFlight,
        certainty: Certainty::Strong,
        finding: Some(finding),
        over_unread: true,
    }
}
