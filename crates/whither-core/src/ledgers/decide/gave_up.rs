//! Producers that gave up on a send and began again (R16): what they sent before is uncertain.

use crate::ledgers::log::LogView;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

pub(super) fn notes(log: &LogView, out: &mut Vec<Claim>) {
    for g in &log.gave_up {
        let evidence = Vec::from([Evidence::GaveUp {
            producer_id: g.producer_id,
            producer_epoch: g.producer_epoch,
            offset: g.offset,
            at: g.at,
        }]);
        let mut finding =
            Finding::new(Cause::DeliveryTimeout, Certainty::Indicative, ShownAs::Note, g.at, evidence);
        finding.duplicate = true;
        out.push(Claim {
            from: g.offset,
            to: g.offset,
            outcome: Outcome::NotProduced,
            certainty: Certainty::Indicative,
            finding: Some(finding),
            over_unread: true,
        });
    }
}
