//! Groups that retention will overtake if nothing changes.

use super::judge::{Judge, all};
use crate::fact::GroupState;
use crate::key::Offset;
use crate::ledgers::life::Commit;
use crate::ledgers::row::{Claim, Finding};
use crate::limits::POLL_INTERVAL;
use crate::time::{Span, Time};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A pace told from less than this says nothing.
const PACE_SPAN: Span = Span::seconds(10);

/// Event time per 1,000 units of real time from which on a group is steady: paces vary by a twentieth, and a lag
/// that does not grow is never overtaken.
const STEADY: i64 = 950;

/// A group less than this share of the retention time behind has time to catch up: paces vary.
const NEAR: i64 = 10;

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(latest) = &j.life.latest else { return };
    let end = j.log_end();
    if latest.offset < j.log_start() || latest.offset >= end || j.index.sums(latest.offset, end).data == 0 {
        return;
    }
    let Some(ms) = j.config.filter(|c| c.deletes != Some(false)).and_then(|c| c.retention_ms) else { return };
    let Some((offset, position_at)) = j.log.time_of(latest.offset).filter(|_| ms >= 0) else { return };
    let pace = pace(j, latest);
    let Some(until) = overtaken_at(j, latest, position_at, Span(ms), pace) else { return };
    out.push(risk(j, latest, (offset, position_at), ms, pace.map(|p| p.per_mille), until));
}

fn risk(
    j: &Judge<'_>,
    latest: &Commit,
    (offset, position_at): (Offset, Time),
    ms: i64,
    pace: Option<i64>,
    until: Time,
) -> Claim {
    let evidence = all([
        Some(j.commit(WhichCommit::Latest, latest)),
        Some(Evidence::RecordTime { offset, at: position_at }),
        Some(Evidence::Setting { name: SettingName::RetentionMs, value: ms }),
        pace.map(|per_mille| Evidence::Pace { per_mille }),
        j.log_end_seen(),
    ]);
    let mut finding = Finding::new(Cause::Lagging, Certainty::Proof, ShownAs::Risk, latest.at, evidence);
    finding.until = Some(until);
    finding.recoverable = true;
    Claim {
        from: latest.offset,
        to: j.log_end(),
        outcome: Outcome::InFlight,
        certainty: Certainty::Proof,
        finding: Some(finding),
        over_unread: true,
    }
}

/// How a group moves, from an older commit to the latest.
#[derive(Clone, Copy)]
struct Pace {
    /// Event time it covers per 1,000 units of real time.
    per_mille: i64,
    /// How long what waits now takes it, milliseconds.
    clears_in: i64,
}

/// Between two commits: what passed since the latest one counts only where the group has fallen silent.
fn pace(j: &Judge<'_>, latest: &Commit) -> Option<Pace> {
    let (then, offset) = j.life.earlier.or(j.life.later)?;
    let moved_for = latest.at.since(then);
    let silent_for = j.now.since(latest.at);
    let real = if silent_for > moved_for { j.now.since(then) } else { moved_for };
    if real < PACE_SPAN {
        return None;
    }
    let (position_at, earlier_at) = (j.log.time_about(latest.offset)?, j.log.time_about(offset)?);
    let per_mille = position_at.since(earlier_at).0.saturating_mul(1_000) / real.0;
    let advanced = latest.offset.saturating_sub(offset);
    let waiting = j.log_end().saturating_sub(latest.offset);
    let clears_in = if advanced > 0 { waiting.saturating_mul(real.0) / advanced } else { i64::MAX };
    Some(Pace { per_mille, clears_in })
}

/// When the position will be as old as retention allows, if that is near enough to tell. A group as fast as
/// its producers is never overtaken. Where the pace is not known, a group that has lost its members stands
/// still, and one that lets records wait without a commit for long; of another one nothing can be told yet.
fn overtaken_at(
    j: &Judge<'_>,
    latest: &Commit,
    position_at: Time,
    keep: Span,
    pace: Option<Pace>,
) -> Option<Time> {
    let behind = j.now.since(position_at).0;
    let idle = j.now.since(latest.at) >= POLL_INTERVAL && behind >= POLL_INTERVAL.0;
    let state = j.positions.described.map(|d| d.state);
    let left_alone = matches!(state, Some(GroupState::Empty | GroupState::Dead));
    let stands = idle || (left_alone && !j.positions.habit.is_memberless());
    let pace = pace.or(stands.then_some(Pace { per_mille: 0, clears_in: i64::MAX }))?;
    let closing = 1_000_i64.saturating_sub(pace.per_mille.max(0));
    if pace.per_mille >= STEADY || (!stands && behind.min(pace.clears_in) < keep.0 / NEAR) {
        return None;
    }
    let left = keep.0.saturating_sub(behind).max(0);
    let until = j.now.after(Span(left.saturating_mul(1_000) / closing));
    (until <= j.now.after(j.policy.risk_horizon)).then_some(until)
}
