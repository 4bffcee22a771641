//! Batches that can't be read: every reader stops there.

use crate::ledgers::log::LogView;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

pub(super) fn notes(log: &LogView, out: &mut Vec<Claim>) {
    // What has left the log stops nobody any more.
    let start = log.start().unwrap_or(0);
    for c in log.corrupt.iter().filter(|c| start < c.to) {
        let evidence = Vec::from([Evidence::Broken { at: c.at }]);
        let finding = Finding::new(Cause::CorruptBatch, Certainty::Proof, ShownAs::Stuck, c.at, evidence);
        out.push(Claim {
            from: c.from,
            to: c.to,
            outcome: Outcome::Unknown,
            certainty: Certainty::Proof,
            finding: Some(finding),
            over_unread: true,
        });
    }
}
