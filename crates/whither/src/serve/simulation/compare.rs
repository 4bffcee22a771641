//! Two servers that have seen the same tell the same.

use std::collections::BTreeMap;

use whither_core::Balance;
use whither_core::verdict::ShownAs;

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

/// How many records were lost, by group, partition, cause and end. How much of a loss is proved, and so into how many
/// findings it is divided, follows from when a group was looked at.
fn findings(findings: &Findings, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let losses = findings.values().filter(|v| v.shown_as == ShownAs::Loss && wanted(&v.partition.topic));
    let mut all: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    for v in losses {
        let group = v.group.as_deref().unwrap_or("-");
        let of = format!("{group} {} of {:?} {:?} {:?}", v.partition, v.topic_id, v.cause, v.outcome);
        let (records, at_most) = all.entry(of).or_default();
        *records += v.records;
        *at_most |= v.at_most;
    }
    all.into_iter().map(|(of, (records, at_most))| (of, format!("{records} at most: {at_most}"))).collect()
}
