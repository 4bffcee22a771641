//! Records that compaction took before the group came to them (R3): told on request only, for compaction is a
//! promise of the topic.

use super::judge::Judge;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for s in j.life.odd.iter().flat_map(|odd| &odd.superseded) {
        let evidence = Vec::from([j.read(s.from, s.to), j.commit(WhichCommit::Before, &s.position)]);
        let finding = Finding::new(Cause::Compaction, Certainty::Strong, ShownAs::Note, s.at, evidence);
        out.push(Claim {
            from: s.from,
            to: s.to,
            outcome: Outcome::Superseded,
            certainty: Certainty::Strong,
            finding: Some(finding),
            over_unread: false,
        });
    }
}
