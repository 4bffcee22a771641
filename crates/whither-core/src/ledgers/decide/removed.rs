//! Offsets that were removed: expired, or deleted with their group (R9); and those that will expire.

use super::judge::{Judge, all, commit};
use crate::fact::GroupState;
use crate::ledgers::positions::Removed;
use crate::ledgers::row::{Claim, Finding};
use crate::time::{Span, Time};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// Expiry and group deletion write the same records: the age since the group was Empty tells them apart where
/// the broker's setting is known.
pub(super) fn why(j: &Judge<'_>, removed: &Removed) -> (Cause, Certainty) {
    let retention = j.config.and_then(|c| c.offsets_retention);
    match (retention, removed.empty_since) {
        (Some(keep), Some(empty)) => {
            let idle = removed.at.since(empty.max(removed.before.at));
            if idle >= keep {
                (Cause::OffsetsExpired, Certainty::Strong)
            } else {
                (Cause::GroupDeleted, Certainty::Strong)
            }
        }
        (Some(keep), None) if removed.at.since(removed.before.at) < keep => {
            (Cause::GroupDeleted, Certainty::Indicative)
        }
        _ => (Cause::OffsetsExpired, Certainty::Indicative),
    }
}

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    match (&j.positions.removed, &j.positions.latest) {
        (Some(removed), None) => gone(j, removed, out),
        (_, Some(_)) => will_expire(j, out),
        (None, None) => {}
    }
}

fn gone(j: &Judge<'_>, removed: &Removed, out: &mut Vec<Claim>) {
    // Deleting a topic removes the offsets committed for it: that is told of the topic.
    if j.topic.is_some_and(|t| t.state == crate::fact::TopicState::Absent) {
        return;
    }
    let (cause, certainty) = why(j, removed);
    let evidence = all([
        Some(Evidence::Tombstone { at: removed.at, source: removed.source }),
        Some(commit(WhichCommit::Before, &removed.before)),
        removed.empty_since.map(|at| Evidence::EmptySince { at }),
        setting(j),
    ]);
    let from = removed.before.offset;
    let to = j.log_end();
    let finding = Finding::new(cause, certainty, ShownAs::Note, removed.at, evidence);
    out.push(Claim {
        from: from.min(to),
        to,
        outcome: Outcome::Unknown,
        certainty: Certainty::Unknown,
        finding: Some(finding),
        over_unread: true,
    });
}

/// Offsets of an Empty group expire a while after its last member left and its last commit.
fn will_expire(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let (Some(described), Some(latest)) = (&j.positions.described, &j.positions.latest) else { return };
    let Some(keep) = j.config.and_then(|c| c.offsets_retention) else { return };
    if described.state != GroupState::Empty {
        return;
    }
    let until = latest.at.after(keep);
    if until > j.now.after(j.policy.risk_horizon) {
        return;
    }
    let evidence = all([
        Some(Evidence::GroupState { state: described.state, at: described.at }),
        Some(commit(WhichCommit::Latest, latest)),
        setting(j),
    ]);
    let waits = latest.offset < j.log_end();
    let shown_as = if waits { ShownAs::Risk } else { ShownAs::Note };
    let mut finding = Finding::new(Cause::OffsetsExpired, Certainty::Strong, shown_as, latest.at, evidence);
    finding.until = Some(until.max(Time(j.now.0)));
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
