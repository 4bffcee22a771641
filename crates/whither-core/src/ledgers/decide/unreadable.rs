//! Batches that can't be read: every reader stops there.

use crate::ledgers::ledger::Ledger;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

pub(super) fn notes(ledger: &Ledger, out: &mut Vec<Claim>) {
    for c in &ledger.log.corrupt {
        let evidence = Vec::from([Evidence::Broken { at: c.at }]);
        out.push(Claim {
            from: c.from,
            to: c.to,
            outcome: Outcome::Unknown,
            certainty: Certainty::Proof,
            finding: Some(Finding::new(
                Cause::CorruptBatch,
                Certainty::Proof,
                ShownAs::Stuck,
                c.at,
                evidence,
            )),
            over_unread: true,
        });
    }
}
