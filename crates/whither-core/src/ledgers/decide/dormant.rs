//! Groups that nobody uses any more: counted, no finding.

use super::judge::Judge;
use crate::fact::GroupState;

/// Empty, and without a commit for long, or of a name made for one run: unless the settings expect it to live.
pub(super) fn is_dormant(j: &Judge<'_>) -> bool {
    let Some(described) = &j.positions.described else { return false };
    if described.expected || !matches!(described.state, GroupState::Empty | GroupState::Dead) {
        return false;
    }
    let removed = j.life.removed().map(|r| r.at);
    // When a share group settled something last nobody tells.
    let idle_since = j.life.latest.map(|c| c.at).or(removed);
    let had = idle_since.is_some() || j.share.is_some();
    let is_idle = idle_since.is_some_and(|at| at.after(j.policy.dormant_after) <= j.now);
    had && (is_idle || is_made_for_one_run(j.group))
}

/// Names that tools and frameworks make up for one process: nobody takes such a group up again once it is
/// Empty. Console consumers, anonymous groups with a UUID, groups named after a pod of a ReplicaSet.
fn is_made_for_one_run(group: &str) -> bool {
    let console = group.strip_prefix("console-consumer-");
    console.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        || has_uuid(group)
        || is_pod(group)
}

/// 8-4-4-4-12 hexadecimal digits.
fn has_uuid(group: &str) -> bool {
    const LENGTH: usize = 36;
    group.as_bytes().windows(LENGTH).any(|w| {
        w.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
    })
}

/// `<name>-<template hash>-<five>`, in the alphabet that Kubernetes makes names from: no vowels, and no
/// 0, 1, 3, which look like letters.
fn is_pod(group: &str) -> bool {
    let made = |part: &str| part.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b));
    let mut parts = group.rsplit('-');
    let (Some(own), Some(template), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let hashed = template.bytes().any(|b| b.is_ascii_digit());
    own.len() == 5
        && (8..=10).contains(&template.len())
        && hashed
        && made(own)
        && made(template)
        && !name.is_empty()
}
