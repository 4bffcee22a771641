//! Two servers that have seen the same tell the same.

use std::collections::BTreeMap;

use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Balance, Offset};

use super::server::{Findings, Rows, Server};
use super::world::World;

/// What keeps the two from being well and the same. Of topics that lost what one of them may not have read, only edges are
/// compared; and notes and certainties are not: they follow from what was seen of a group meanwhile.
pub(super) fn differences(world: &World, calm: &Server, tried: &Server) -> Vec<String> {
    let mut all = Vec::new();
    for server in [calm, tried] {
        if !server.is_well() {
            all.push(format!("{} is not well: {}", server.name(), server.trouble()));
        }
    }
    let is_seen = |topic: &str| !world.unseen.contains(topic);
    differing(&rows(&calm.rows(), is_seen), &rows(&tried.rows(), is_seen), &mut all);
    differing(&findings(&calm.findings(), is_seen), &findings(&tried.findings(), is_seen), &mut all);
    all.extend(world.partitions().filter_map(|p| {
        let ends = (world.edges_of(&p), calm.edges_of(&p), tried.edges_of(&p));
        (ends.0 != ends.1 || ends.0 != ends.2)
            .then(|| format!("{p} reaches over {ends:?}: broker, calm, tried"))
    }));
    all
}

fn differing(calm: &BTreeMap<String, String>, tried: &BTreeMap<String, String>, all: &mut Vec<String>) {
    for (of, told) in calm {
        match tried.get(of) {
            Some(other) if other == told => {}
            other => all.push(format!("{of}: {told}, and tried says {other:?}")),
        }
    }
    all.extend(
        tried
            .iter()
            .filter(|(of, _)| !calm.contains_key(*of))
            .map(|(of, told)| format!("{of}: only tried says {told}")),
    );
}

fn rows(rows: &Rows, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let wanted = rows.iter().filter(|((_, p), _)| wanted(&p.topic));
    wanted.map(|((group, p), row)| (format!("{group} {p}"), line(row))).collect()
}

fn line(row: &Balance) -> String {
    let mut by: BTreeMap<&str, u64> = BTreeMap::new();
    for s in &row.stretches {
        *by.entry(s.outcome.word()).or_default() += s.records;
    }
    let at_most = if row.at_most { " at most" } else { "" };
    format!("{}..{} {}{at_most} {by:?} {:?}", row.from, row.to, row.records, row.committed)
}

/// Losses by group, partition and cause. What two findings tell of neighbouring ranges, one may tell of both: how much of
/// a loss is proved, and so where it is divided, follows from when a group was looked at.
fn findings(findings: &Findings, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut losses: Vec<_> =
        findings.values().filter(|v| v.shown_as == ShownAs::Loss && wanted(&v.partition.topic)).collect();
    losses.sort_by_key(|v| v.from);
    let mut all: BTreeMap<String, Vec<Loss>> = BTreeMap::new();
    for v in losses {
        let group = v.group.as_deref().unwrap_or("-");
        let of = format!("{group} {} of {:?} {:?}", v.partition, v.topic_id, v.cause);
        let loss =
            Loss { outcome: v.outcome, from: v.from, to: v.to, records: v.records, at_most: v.at_most };
        let told = all.entry(of).or_default();
        match told.last_mut() {
            Some(last) if last.to == loss.from && last.outcome == loss.outcome => {
                last.to = loss.to;
                last.records += loss.records;
                last.at_most |= loss.at_most;
            }
            _ => told.push(loss),
        }
    }
    all.into_iter().map(|(of, told)| (of, format!("{told:?}"))).collect()
}

/// A loss, wherever it was divided.
#[derive(Debug)]
struct Loss {
    outcome: Outcome,
    from: Offset,
    to: Offset,
    records: u64,
    at_most: bool,
}
