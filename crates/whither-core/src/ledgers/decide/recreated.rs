//! Topics that were deleted, or deleted and created again (R5).

use super::judge::{Judge, all, commit};
use crate::fact::TopicState;
use crate::ledgers::row::{Claim, Finding};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    match j.topic.map(|t| t.state) {
        Some(TopicState::Absent) => deleted(j, out),
        _ => recreated(j, out),
    }
}

fn deleted(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let p = j.positions;
    let removed = p.removed.as_ref();
    let Some(last) = p.latest.as_ref().or_else(|| removed.map(|r| &r.before)) else { return };
    let Some(topic) = j.topic else { return };
    let mut evidence = all([
        Some(Evidence::Absent { at: topic.at }),
        Some(commit(WhichCommit::Before, last)),
        removed.map(|r| Evidence::Tombstone { at: r.at, source: r.source }),
    ]);
    let end = j.log.highest_end.map_or(last.offset, |(_, end)| end);
    let unread = end > last.offset;
    if unread {
        evidence.extend(j.log_end_seen());
    }
    out.push(gone(last.offset, end, unread, Cause::TopicDeleted, topic.at, evidence));
}

fn recreated(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some((old_id, last)) = j.positions.other.as_deref() else { return };
    let Some(at) = j.topic.map(|t| t.at).or_else(|| j.log.bounds.map(|b| b.at)) else { return };
    let seen_end = j.before.filter(|b| b.topic_id == *old_id).and_then(|b| b.highest_end).map(|(_, end)| end);
    let end = seen_end.map_or(last.offset, |end| end.max(last.offset));
    let evidence = all([
        Some(Evidence::Incarnation { topic_id: *old_id, at: last.at }),
        Some(Evidence::Incarnation { topic_id: j.log.topic_id, at }),
        Some(commit(WhichCommit::Before, last)),
        seen_end.map(|offset| Evidence::LogEnd { offset, at }),
    ]);
    out.push(gone(last.offset, end, end > last.offset, Cause::TopicRecreated, at, evidence));
}

/// How much was unread is known only if the end was seen; without that it is worth knowing, no more.
fn gone(
    from: i64,
    to: i64,
    unread: bool,
    cause: Cause,
    at: crate::time::Time,
    evidence: Vec<Evidence>,
) -> Claim {
    let shown_as = if unread { ShownAs::Loss } else { ShownAs::Note };
    let certainty = if unread { Certainty::Proof } else { Certainty::Strong };
    Claim {
        from,
        to,
        outcome: Outcome::Deleted,
        certainty,
        finding: Some(Finding::new(cause, certainty, shown_as, at, evidence)),
        over_unread: true,
    }
}
