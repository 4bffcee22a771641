//! Records that were routed to a dead-letter topic (R17), and for which group (R18).

use super::judge::Judge;
use crate::fact::{DeadLetter, Record, Role, RoutedAway};
use crate::key::{Name, Offset};
use crate::ledgers::ledger::Ledger;
use crate::verdict::{Certainty, Evidence};
use alloc::vec::Vec;

/// A routed record and how surely it is this one.
pub(crate) struct Routed<'a> {
    pub(crate) offset: Offset,
    pub(crate) end: &'a DeadLetter,
    /// The group it was routed away for; none where several may have.
    pub(crate) group: Option<Name>,
    pub(crate) certainty: Certainty,
    pub(crate) matches: Option<(bool, bool)>,
}

/// The records of this partition that ended in a dead-letter topic. A retry topic is a stage, not an end.
pub(super) fn routed(ledger: &Ledger) -> Vec<Routed<'_>> {
    ledger.away.values().filter_map(|away| one(ledger, away)).collect()
}

fn one<'a>(ledger: &'a Ledger, away: &'a RoutedAway) -> Option<Routed<'a>> {
    let end = away.stations.iter().rfind(|s| s.role == Role::DeadLetter)?;
    let told = away.stations.iter().find_map(|s| s.group.clone());
    let record = ledger.looked_at.get(&away.offset);
    let matches = record.filter(|r| r.exists).map(|r| agreement(r, end));
    // Foreign offsets, of a mirrored topic, name a record that is not there or is another one.
    if record.is_some_and(|r| !r.exists && away.offset >= ledger.log.start().unwrap_or(0)) {
        return None;
    }
    if matches == Some((false, false)) {
        return None;
    }
    let (group, by_group) = whose(ledger, away.offset, told.as_ref(), end);
    let certainty = match matches {
        Some(_) => by_group,
        None => by_group.min(Certainty::Indicative),
    };
    Some(Routed { offset: away.offset, end, group, certainty, matches })
}

/// Connect, Spring and share groups keep the record's own timestamp, or tell it; all keep its key.
fn agreement(origin: &Record, letter: &DeadLetter) -> (bool, bool) {
    let at = letter.origin_at.unwrap_or(letter.at);
    let keyed = origin.key_hash.is_some() && origin.key_hash == letter.key_hash;
    (origin.at == at, keyed)
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
    let passed =
        |name: &Name| ledger.groups.get(name).and_then(|p| p.highest()).is_some_and(|c| c.offset > offset);
    if let Some(connector) = &end.connector {
        let group = Name::from(alloc::format!("connect-{connector}"));
        if passed(&group) {
            return (Some(group), Certainty::Proof);
        }
    }
    let mut those = ledger.groups.keys().filter(|g| passed(g));
    match (those.next(), those.next()) {
        (Some(only), None) => (Some(only.clone()), Certainty::Strong),
        _ => (None, Certainty::Indicative),
    }
}

/// What shows that these records were routed away: the first few, and whether they match.
pub(super) fn evidence(routed: &[&Routed<'_>]) -> Vec<Evidence> {
    const SHOWN: usize = 16;
    let mut evidence = Vec::new();
    for r in routed.iter().take(SHOWN) {
        evidence.push(Evidence::DeadLetter {
            partition: r.end.partition.clone(),
            offset: r.end.offset,
            at: r.end.at,
            convention: r.end.convention,
            stage: r.end.stage.clone(),
            exception: r.end.exception.clone(),
            connector: r.end.connector.clone(),
        });
    }
    let matched = routed.iter().filter_map(|r| r.matches);
    if let Some((timestamp, key)) = matched.reduce(|a, b| (a.0 && b.0, a.1 && b.1)) {
        evidence.push(Evidence::OriginMatches { timestamp, key });
    }
    evidence
}

/// Whether a group's row counts this record as dead-lettered: only if it had passed it.
pub(super) fn counts(j: &Judge<'_>, r: &Routed<'_>) -> bool {
    r.group.as_ref() == Some(j.group)
}
