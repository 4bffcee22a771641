//! A position beyond the end of the log (R11), or beyond what readers of committed data can see (R15).

use super::judge::{Judge, all, commit};
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let (Some(latest), Some(bounds)) = (&j.positions.latest, j.log.bounds) else { return };
    // Ends are read after commits, so our own timing can't make a commit look too high.
    if latest.seen > bounds.at {
        return;
    }
    if latest.offset > j.log_end() {
        let evidence = all([Some(commit(WhichCommit::Latest, latest)), j.log_end_seen()]);
        out.push(Claim {
            from: j.log_end(),
            to: latest.offset,
            outcome: Outcome::Skipped,
            certainty: Certainty::Strong,
            finding: Some(Finding::new(
                Cause::CommittedPastEnd,
                Certainty::Strong,
                ShownAs::Risk,
                latest.at,
                evidence,
            )),
            over_unread: true,
        });
    } else if latest.offset > bounds.last_stable {
        reads_uncommitted(j, out);
    }
}

/// R15: only a reader of uncommitted data gets past the last stable offset.
fn reads_uncommitted(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let (Some(latest), Some(bounds)) = (&j.positions.latest, j.log.bounds) else { return };
    let exposed = j.index.sums(j.log_start(), latest.offset).aborted;
    let evidence = all([
        Some(commit(WhichCommit::Latest, latest)),
        Some(Evidence::LastStable { offset: bounds.last_stable, at: bounds.at }),
        Some(Evidence::Read { from: j.log_start(), to: latest.offset, records: exposed }),
    ]);
    out.push(Claim {
        from: bounds.last_stable,
        to: latest.offset,
        outcome: Outcome::InFlight,
        certainty: Certainty::Strong,
        finding: Some(Finding::new(
            Cause::ReadsUncommitted,
            Certainty::Strong,
            ShownAs::Note,
            latest.at,
            evidence,
        )),
        over_unread: true,
    });
}
