//! Share groups (R19): what is settled was acknowledged or archived. Archived is what a member rejected, what was
//! handed out too often, and what left the log: so nothing here is proof of a delivery.

use super::delivered::plain;
use super::gone::{self, Overtaken};
use super::judge::Judge;
use crate::key::Offset;
use crate::ledgers::row::Claim;
use crate::ledgers::share::Share;
use crate::time::Time;
use crate::verdict::{Certainty, Evidence, Outcome};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, share: &Share, (from, to): (Offset, Offset), out: &mut Vec<Claim>) {
    for o in &share.overtaken {
        gone::lost(j, &overtaken(share, o.from, (o.to, o.at), o.at), o.to, out);
    }
    let position = share.position();
    if let Some((since, at)) = j.log.rose_above(position) {
        gone::lost(j, &overtaken(share, position, (j.log_start(), at), since), j.log_start(), out);
    }
    out.push(plain((from, position.max(from)), Outcome::Delivered, Certainty::Indicative));
    // Members settle in any order: once some of it is settled, which ones still wait is not known.
    let waiting = if share.latest.settled == 0 { Certainty::Strong } else { Certainty::Indicative };
    out.push(plain((position, to.max(position)), Outcome::InFlight, waiting));
}

fn overtaken(share: &Share, position: Offset, (start, at): (Offset, Time), since: Time) -> Overtaken {
    let told = &share.latest;
    Overtaken {
        position,
        position_at: told.at,
        told_by: Evidence::SharePosition { start: told.start, settled: told.settled, at: told.at },
        start,
        at,
        since,
        by_count: true,
    }
}
