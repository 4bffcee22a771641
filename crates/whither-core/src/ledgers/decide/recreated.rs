//! Topics that were deleted, or deleted and created again (R5).

use super::judge::{Judge, all};
use crate::fact::TopicState;
use crate::key::Offset;
use crate::ledgers::life::{Commit, Life};
use crate::ledgers::log::LogView;
use crate::ledgers::row::{Claim, Finding};
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A topic that is gone: what the group had not passed went with it.
pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(topic) = j.topic.filter(|t| t.state == TopicState::Absent) else { return };
    let Some(last) = last(j.life) else { return };
    let mut evidence = Vec::from([Evidence::Absent { at: topic.at }]);
    evidence.extend(tombstone(j.life));
    out.push(gone(j, (j.log, j.life), last, Cause::TopicDeleted, topic.at, evidence));
}

/// A topic that is another one now: its rows are of the new one, this tells of the old one.
pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(life) = j.positions.life_before(j.topic_id()) else { return };
    let Some(last) = last(life) else { return };
    let Some(at) = j.log.bounds.map(|b| b.at).or_else(|| j.topic.map(|t| t.at)) else { return };
    let mut evidence = all([
        Some(Evidence::Incarnation { topic_id: life.topic_id, at: last.at }),
        Some(Evidence::Incarnation { topic_id: j.topic_id(), at }),
    ]);
    evidence.extend(tombstone(life));
    let unseen = LogView::default();
    let log = j.before.filter(|b| b.topic_id == life.topic_id).unwrap_or(&unseen);
    out.push(gone(j, (log, life), last, Cause::TopicRecreated, at, evidence));
}

fn last(life: &Life) -> Option<&Commit> {
    life.latest.as_ref().or_else(|| life.removed().map(|r| &r.before))
}

fn tombstone(life: &Life) -> Option<Evidence> {
    life.removed().map(|r| Evidence::Tombstone { at: r.at, source: (r.offsets_partition, r.source_offset) })
}

/// How much was unread is known only if the end was seen; without that it is worth knowing, no more.
fn gone(
    j: &Judge<'_>,
    (log, life): (&LogView, &Life),
    last: &Commit,
    cause: Cause,
    at: Time,
    mut evidence: Vec<Evidence>,
) -> Claim {
    let from: Offset = last.offset;
    let to = log.end().map_or(from, |end| end.max(from));
    let unread = log.runs.index().sums(from, to).data > 0 || log.progress.is_none() && from < to;
    evidence.push(j.commit(WhichCommit::Before, last));
    evidence.extend(log.bounds.map(|b| Evidence::LogEnd { offset: b.end, at: b.at }));
    let stood_until = log.bounds.map_or(last.seen, |b| b.at);
    // Positions of a group that has no members are removed once nobody has come for long.
    let was_removed = life.latest.is_none() && life.removed().is_some_and(|r| !r.had_members);
    let (shown_as, certainty) = match (unread, was_removed || j.was_held_by_nobody(stood_until)) {
        (true, true) => (ShownAs::Loss, Certainty::Proof),
        (true, false) => (ShownAs::Loss, Certainty::Strong),
        (false, _) => (ShownAs::Note, Certainty::Strong),
    };
    Claim {
        from,
        to,
        outcome: Outcome::Deleted,
        certainty,
        finding: Some(Finding::new(cause, certainty, shown_as, at, evidence)),
        over_unread: true,
    }
}
