//! Records that were routed to a dead-letter topic (R17), for which group (R18), and whether they were lost there.

use crate::fact::{DeadLetter, Purged, Record, Role, RoutedAway};
use crate::key::{Name, Offset};
use crate::ledgers::ledger::Ledger;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

/// A routed record and how surely it is this one.
pub(crate) struct Routed<'a> {
    pub(crate) offset: Offset,
    pub(crate) end: &'a DeadLetter,
    /// The dead letter went before anybody had read it: the record is lost for good.
    pub(crate) purged: Option<&'a Purged>,
    /// The group it was routed away for; none where several may have.
    pub(crate) group: Option<Name>,
    pub(crate) certainty: Certainty,
    pub(crate) agreement: Agreement,
}

/// What of the origin record is as its dead letter says; none where nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Agreement {
    timestamp: Option<bool>,
    key: Option<bool>,
}

/// The records of this partition that ended in a dead-letter topic. A retry topic is a stage, not an end.
pub(super) fn routed(ledger: &Ledger) -> Vec<Routed<'_>> {
    ledger.away.values().filter_map(|away| one(ledger, away)).collect()
}

fn one<'a>(ledger: &'a Ledger, away: &'a RoutedAway) -> Option<Routed<'a>> {
    let end = away.stations.last().filter(|s| s.role == Role::DeadLetter)?;
    let told = away.stations.iter().find_map(|s| s.group.clone());
    let record = ledger.looked_at.get(&away.offset);
    // Foreign offsets, of a mirrored topic, name a record that is not there or is another one.
    let absent = record.is_some_and(|r| !r.exists && away.offset >= ledger.log.start().unwrap_or(0));
    if absent || ledger.log.end().is_some_and(|log_end| away.offset >= log_end) {
        return None;
    }
    let agreement = record.filter(|r| r.exists).map(|r| agreement(r, end)).unwrap_or_default();
    let said = [agreement.timestamp, agreement.key];
    let (agrees, differs) = (said.contains(&Some(true)), said.contains(&Some(false)));
    if differs && !agrees {
        return None;
    }
    let (group, by_group) = whose(ledger, away.offset, told.as_ref(), end);
    let certainty = if agrees && !differs { by_group } else { by_group.min(Certainty::Indicative) };
    let purged = away.purged.iter().find(|p| p.partition == end.partition && p.offset == end.offset);
    // A member that commits later than it reads may have read it all the same.
    let seen_gone = if purged.is_some_and(|p| p.watched) { Certainty::Strong } else { Certainty::Proof };
    Some(Routed { offset: away.offset, end, purged, group, certainty: certainty.min(seen_gone), agreement })
}

impl Routed<'_> {
    pub(super) fn outcome(&self) -> (Outcome, Cause, ShownAs) {
        match self.purged {
            Some(_) => (Outcome::LostAtDeadLetter, Cause::DeadLetterPurged, ShownAs::Loss),
            None => (Outcome::DeadLettered, Cause::RoutedToDeadLetter, ShownAs::Dead),
        }
    }
}

/// One finding for those that wait, one for those that are lost.
pub(super) fn findings(routed: &[&Routed<'_>]) -> Vec<(Claim, Finding, u64)> {
    let (lost, waiting): (Vec<&Routed<'_>>, Vec<&Routed<'_>>) =
        routed.iter().partition(|r| r.purged.is_some());
    [waiting, lost].iter().filter_map(|some| finding(some)).collect()
}

fn finding(routed: &[&Routed<'_>]) -> Option<(Claim, Finding, u64)> {
    let (outcome, cause, shown_as) = routed.first()?.outcome();
    let from = routed.iter().map(|r| r.offset).min()?;
    let to = routed.iter().map(|r| r.offset + 1).max()?;
    let certainty = routed.iter().map(|r| r.certainty).min()?;
    let times = || routed.iter().map(|r| r.purged.map_or(r.end.at, |p| p.at));
    let mut finding = Finding::new(cause, certainty, shown_as, times().min()?, evidence(routed));
    finding.last = times().max()?;
    let claim = Claim { from, to, outcome, certainty, finding: None, over_unread: true };
    Some((claim, finding, routed.len() as u64))
}

/// Connect and share groups keep the record's own timestamp, Spring tells it; all keep its key. A timestamp
/// that is not told and differs is the dead letter's own.
fn agreement(origin: &Record, letter: &DeadLetter) -> Agreement {
    let told = letter.origin_at.map(|at| at == origin.at);
    let kept = (letter.at == origin.at).then_some(true);
    let keyless = origin.key_hash.is_none() && letter.key_hash.is_none();
    let key = (!keyless).then_some(origin.key_hash == letter.key_hash);
    Agreement { timestamp: told.or(kept), key }
}

/// R18: Spring says it; Connect's group is `connect-<connector>` if it committed past the record; else the only
/// group that did; several: nobody can tell.
fn whose(
    ledger: &Ledger,
    offset: Offset,
    told: Option<&Name>,
    end: &DeadLetter,
) -> (Option<Name>, Certainty) {
    if let Some(group) = told {
        return (Some(group.clone()), Certainty::Proof);
    }
    let passed = |name: &Name| {
        let life = ledger.groups.get(name).map(|p| p.life_in(ledger.log.topic_id));
        life.and_then(|l| l.highest()).is_some_and(|c| c.offset > offset)
    };
    if let Some(connector) = &end.connector {
        let group = Name::from(alloc::format!("connect-{connector}"));
        if passed(&group) {
            return (Some(group), Certainty::Strong);
        }
    }
    let mut those = ledger.groups.keys().filter(|g| passed(g));
    match (those.next(), those.next()) {
        (Some(only), None) => (Some(only.clone()), Certainty::Strong),
        _ => (None, Certainty::Indicative),
    }
}

/// Evidence: a dead letter.
fn letter(l: &DeadLetter) -> Evidence {
    Evidence::DeadLetter {
        partition: l.partition.clone(),
        offset: l.offset,
        at: l.at,
        convention: l.convention,
        stage: l.stage.clone(),
        exception: l.exception.clone(),
        connector: l.connector.clone(),
    }
}

/// What shows that these records were routed away: the first few, and whether they match.
fn evidence(routed: &[&Routed<'_>]) -> Vec<Evidence> {
    const SHOWN: usize = 16;
    let mut evidence: Vec<Evidence> = routed.iter().take(SHOWN).map(|r| letter(r.end)).collect();
    let seen = routed.iter().filter_map(|r| r.purged).max_by_key(|p| p.at);
    evidence.extend(seen.map(|p| Evidence::LogStart { offset: p.log_start, at: p.at }));
    let every = |of: fn(&Agreement) -> Option<bool>| routed.iter().all(|r| of(&r.agreement) == Some(true));
    let (timestamp, key) = (every(|a| a.timestamp), every(|a| a.key));
    if timestamp || key {
        evidence.push(Evidence::OriginMatches { timestamp, key });
    }
    evidence
}
