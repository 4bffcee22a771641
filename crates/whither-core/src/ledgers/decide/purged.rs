//! Dead letters that left their topic before any group had passed them: lost for good.

use crate::fact::{DeadLetter, Role};
use crate::key::Offset;
use crate::ledgers::ledger::Ledger;
use crate::ledgers::row::{Claim, Finding};
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

/// How many letters a finding shows.
const SHOWN: usize = 16;

/// One finding for each stretch of letters that is not broken by one that somebody read. Who reads without
/// committing can't be seen: strong, not proof.
pub(super) fn notes(ledger: &Ledger, out: &mut Vec<Claim>) {
    let Some(bounds) = ledger.log.bounds else { return };
    let positions = ledger.groups.values().map(|p| p.life_in(ledger.log.topic_id));
    let passed = positions.flat_map(|l| [l.highest().copied(), l.removed().map(|r| r.before)]).flatten();
    let read_to = passed.map(|c| c.offset).max().unwrap_or(0);
    let lost = ledger.log.letters.range(read_to..).take_while(|(offset, _)| **offset < bounds.log_start);
    let lost: Vec<&DeadLetter> = lost.map(|(_, l)| l).filter(|l| l.role == Role::DeadLetter).collect();
    let (Some(first), Some(last)) = (lost.first(), lost.last()) else { return };
    let moved = ledger.log.starts.iter().find(|(_, start)| *start > first.offset);
    let at = moved.map_or(bounds.at, |(at, _)| *at);
    out.push(claim((first.offset, last.offset + 1), at, evidence(&lost, bounds.log_start, at)));
}

fn evidence(lost: &[&DeadLetter], offset: Offset, at: Time) -> Vec<Evidence> {
    let mut evidence = Vec::from([Evidence::LogStart { offset, at }]);
    evidence.extend(lost.iter().take(SHOWN).map(|l| super::dead_lettered::letter(l)));
    evidence
}

fn claim((from, to): (Offset, Offset), at: Time, evidence: Vec<Evidence>) -> Claim {
    let finding = Finding::new(Cause::DeadLetterPurged, Certainty::Strong, ShownAs::Loss, at, evidence);
    Claim {
        from,
        to,
        outcome: Outcome::LostAtDeadLetter,
        certainty: Certainty::Strong,
        finding: Some(finding),
        over_unread: true,
    }
}
