//! Makes every group's row and tells the findings that are new or changed.

use super::dead_lettered::{self, Routed};
use super::judge::Judge;
use super::{gave_up, group, news, transactions, unreadable};
use crate::engine::{Context, Output};
use crate::key::Name;
use crate::ledgers::identity;
use crate::ledgers::ledger::{Ledger, ToldFinding};
use crate::ledgers::positions::Positions;
use crate::ledgers::row::{Claim, Finding};
use crate::ledgers::runs::Index;
use crate::verdict::{Outcome, ShownAs, Verdict};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Tells what changed since it was told last.
pub(crate) fn tell(ledger: &mut Ledger, cx: &Context<'_>, out: &mut Vec<Output>) {
    for positions in ledger.groups.values_mut() {
        positions.note_gone(&ledger.log.starts);
    }
    let said = said_of(ledger, cx, ledger.groups.iter().map(|(group, p)| (group, &**p)), true);
    news::tell(ledger, cx, said, |_| true, out);
}

/// The same of the groups alone that did something.
pub(crate) fn tell_groups(ledger: &mut Ledger, cx: &Context<'_>, out: &mut Vec<Output>) {
    if ledger.changed.groups.is_empty() {
        return;
    }
    let those = core::mem::take(&mut ledger.changed.groups);
    for group in &those {
        if let Some(positions) = ledger.groups.get_mut(group) {
            positions.note_gone(&ledger.log.starts);
        }
    }
    let judged = those.iter().filter_map(|group| Some((group, &**ledger.groups.get(group)?)));
    let said = said_of(ledger, cx, judged, false);
    let of_those = |told: &ToldFinding| told.group.as_ref().is_some_and(|group| those.contains(group));
    news::tell(ledger, cx, said, of_those, out);
    ledger.changed.groups = those;
}

/// What there is to say of these groups, and of what holds for everyone.
fn said_of<'a>(
    ledger: &'a Ledger,
    cx: &Context<'_>,
    groups: impl Iterator<Item = (&'a Name, &'a Positions)>,
    and_everyone: bool,
) -> Vec<Output> {
    let mut said = Vec::new();
    let index = ledger.log.runs.index();
    let routed = dead_lettered::routed(ledger);
    for (group, positions) in groups {
        let j = judge(ledger, cx, &index, group, positions);
        group::tell(ledger, cx, &j, &routed, &mut said);
    }
    if and_everyone {
        for_everyone(ledger, cx, &index, &routed, &mut said);
    }
    said
}

fn judge<'a>(
    ledger: &'a Ledger,
    cx: &'a Context<'_>,
    index: &'a Index<'a>,
    group: &'a Name,
    positions: &'a Positions,
) -> Judge<'a> {
    Judge {
        now: cx.clock.now,
        policy: cx.policy,
        log: &ledger.log,
        before: ledger.before.as_deref(),
        config: ledger.config.as_ref(),
        size: ledger.size.as_ref(),
        topic: ledger.topic.as_ref(),
        index,
        group,
        partition: cx.key.partition().index,
        positions,
        life: positions.life_in(ledger.log.topic_id),
        share: ledger.shares.get(group).filter(|s| s.is_of(ledger.log.topic_id)),
        people: &ledger.people,
        tail: positions.offsets_partition().and_then(|p| ledger.tails.get(&p)),
    }
}

fn for_everyone(
    ledger: &Ledger,
    cx: &Context<'_>,
    index: &Index<'_>,
    routed: &[Routed<'_>],
    out: &mut Vec<Output>,
) {
    let mut notes = Vec::new();
    transactions::notes(&ledger.log, cx.clock.now, &mut notes);
    unreadable::notes(&ledger.log, &mut notes);
    gave_up::notes(&ledger.log, &mut notes);
    for claim in &notes {
        if let Some(finding) = &claim.finding {
            let sums = index.sums(claim.from, claim.to);
            let (records, at_most) = match claim.outcome {
                Outcome::Aborted => (sums.aborted, false),
                Outcome::InFlight => (sums.data.saturating_add(sums.open), false),
                _ => (sums.corrupt, sums.corrupt > 0),
            };
            let mut v = verdict(ledger, cx, None, claim, finding);
            (v.records, v.at_most) = (records, at_most);
            out.push(Output::Verdict(v));
        }
    }
    // Groups whose offsets are kept elsewhere have no row here; the letter names them all the same.
    let mut others: BTreeMap<Option<&Name>, Vec<&Routed<'_>>> = BTreeMap::new();
    for r in routed.iter().filter(|r| r.group.as_ref().is_none_or(|g| !ledger.groups.contains_key(g))) {
        others.entry(r.group.as_ref()).or_default().push(r);
    }
    for (group, some) in others {
        dead_letters(ledger, cx, group, &some, out);
    }
}

/// The findings for records that were routed away.
pub(super) fn dead_letters(
    ledger: &Ledger,
    cx: &Context<'_>,
    group: Option<&Name>,
    routed: &[&Routed<'_>],
    out: &mut Vec<Output>,
) {
    for (claim, finding, records) in dead_lettered::findings(routed) {
        let v = verdict(ledger, cx, group, &claim, &finding);
        out.push(Output::Verdict(Verdict { records, ..v }));
    }
}

/// A finding as it is told, of no records yet.
pub(super) fn verdict(
    ledger: &Ledger,
    cx: &Context<'_>,
    group: Option<&Name>,
    claim: &Claim,
    finding: &Finding,
) -> Verdict {
    let partition = cx.key.partition().clone();
    // What goes on was last seen when the partition was.
    let ended = !matches!(claim.outcome, Outcome::InFlight | Outcome::Unread | Outcome::Unknown)
        && finding.shown_as != ShownAs::Risk;
    let looked_at = ledger.log.bounds.filter(|_| !ended).map(|b| b.at);
    let id = identity::of(&cx.key.cluster, ledger.log.topic_id, &partition, group, finding.cause, claim.from);
    Verdict {
        id,
        group: group.cloned(),
        partition,
        topic_id: ledger.log.topic_id,
        from: claim.from,
        to: claim.to,
        records: 0,
        at_most: false,
        outcome: claim.outcome,
        certainty: claim.certainty,
        cause: finding.cause,
        cause_certainty: finding.cause_certainty,
        shown_as: finding.shown_as,
        recoverable: finding.recoverable,
        duplicate: finding.duplicate,
        first_seen: finding.since,
        last_seen: looked_at.map_or(finding.last, |at| at.max(finding.last)),
        evidence: finding.evidence.clone(),
        until: finding.until,
    }
}
