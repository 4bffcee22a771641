//! Offsets that were removed: expired, or deleted with their group (R9); and those that will expire.

use super::judge::{Judge, all};
use crate::fact::{GroupState, TopicState};
use crate::ledgers::life::Removed;
use crate::ledgers::row::{Claim, Finding};
use crate::time::Span;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// Expiry and group deletion write the same records: the age since the group was Empty tells them apart where
/// the broker's setting is known. A group with members can't be deleted: it has dropped a subscription.
pub(super) fn why(j: &Judge<'_>, removed: &Removed) -> (Cause, Certainty) {
    let retention = j.config.and_then(|c| c.offsets_retention);
    match (retention, removed.empty_since) {
        (Some(keep), Some(empty)) if removed.at.since(empty) < keep => {
            (Cause::GroupDeleted, Certainty::Strong)
        }
        (Some(_), Some(_)) => (Cause::OffsetsExpired, Certainty::Strong),
        (Some(keep), None) if !removed.had_members && removed.at.since(removed.before.at) < keep => {
            (Cause::GroupDeleted, Certainty::Indicative)
        }
        _ => (Cause::OffsetsExpired, Certainty::Indicative),
    }
}

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    match (j.life.removed(), &j.life.latest) {
        (Some(removed), None) => gone(j, removed, out),
        (_, Some(_)) => will_expire(j, out),
        (None, None) => {}
    }
}

fn gone(j: &Judge<'_>, removed: &Removed, out: &mut Vec<Claim>) {
    // Deleting a topic removes the offsets committed for it: that is told of the topic.
    if j.topic.is_some_and(|t| t.state == TopicState::Absent) {
        return;
    }
    let (cause, certainty) = why(j, removed);
    let evidence = all([
        Some(Evidence::Tombstone {
            at: removed.at,
            source: (removed.offsets_partition, removed.source_offset),
        }),
        Some(j.commit(WhichCommit::Before, &removed.before)),
        removed.empty_since.map(|at| Evidence::EmptySince { at }),
        setting(j),
    ]);
    let to = j.log_end();
    out.push(Claim {
        from: removed.before.offset.min(to),
        to,
        outcome: Outcome::Unknown,
        certainty: Certainty::Unknown,
        finding: Some(Finding::new(cause, certainty, ShownAs::Note, removed.at, evidence)),
        over_unread: true,
    });
}

/// Offsets of an Empty group expire a while after its last member left and its last commit. A group that
/// commits without members goes on doing so: only one that has been silent for most of that while is told of.
fn will_expire(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let (Some(described), Some(latest)) = (&j.positions.described, &j.life.latest) else { return };
    let Some(keep) = j.config.and_then(|c| c.offsets_retention) else { return };
    let until = latest.at.after(keep);
    let soon = j.policy.risk_horizon.min(Span(keep.0 / 4));
    if described.state != GroupState::Empty || until > j.now.after(soon) {
        return;
    }
    let evidence = all([
        Some(Evidence::GroupState { state: described.state, at: described.at }),
        Some(j.commit(WhichCommit::Latest, latest)),
        setting(j),
    ]);
    let waits = latest.offset < j.log_end();
    let shown_as = if waits { ShownAs::Risk } else { ShownAs::Note };
    let mut finding = Finding::new(Cause::OffsetsExpired, Certainty::Strong, shown_as, latest.at, evidence);
    finding.until = Some(until.max(j.now));
    out.push(Claim {
        from: latest.offset,
        to: j.log_end().max(latest.offset),
        outcome: Outcome::InFlight,
        certainty: Certainty::Proof,
        finding: Some(finding),
        over_unread: true,
    });
}

fn setting(j: &Judge<'_>) -> Option<Evidence> {
    let Span(ms) = j.config.and_then(|c| c.offsets_retention)?;
    Some(Evidence::Setting { name: SettingName::OffsetsRetentionMinutes, value: ms / 60_000 })
}
