//! Groups that retention will overtake if nothing changes.

use super::judge::{Judge, all, commit};
use crate::ledgers::row::{Claim, Finding};
use crate::time::{Span, Time};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A pace told from less than this says nothing.
const PACE_SPAN: Span = Span::seconds(10);

pub(super) fn notes(j: &Judge<'_>, out: &mut Vec<Claim>) {
    let Some(latest) = &j.positions.latest else { return };
    let waiting = j.index.sums(latest.offset, j.log_end());
    if waiting.data == 0 || latest.offset < j.log_start() {
        return;
    }
    let Some(ms) = j.config.filter(|c| c.deletes != Some(false)).and_then(|c| c.retention_ms) else { return };
    let Some((offset, position_at)) = j.log.time_of(latest.offset).filter(|_| ms >= 0) else { return };
    let pace = pace(j, position_at);
    let Some(until) = overtaken_at(j.now, position_at, Span(ms), pace) else { return };
    if until > j.now.after(j.policy.risk_horizon) {
        return;
    }
    let evidence = all([
        Some(commit(WhichCommit::Latest, latest)),
        Some(Evidence::RecordTime { offset, at: position_at }),
        Some(Evidence::Setting { name: SettingName::RetentionMs, value: ms }),
        pace.map(|per_mille| Evidence::Pace { per_mille }),
        j.log_end_seen(),
    ]);
    let mut finding = Finding::new(Cause::Lagging, Certainty::Proof, ShownAs::Risk, latest.at, evidence);
    finding.until = Some(until);
    finding.recoverable = true;
    out.push(Claim {
        from: latest.offset,
        to: j.log_end(),
        outcome: Outcome::InFlight,
        certainty: Certainty::Proof,
        finding: Some(finding),
        over_unread: true,
    });
}

/// Event time the group covers per 1,000 units of real time, from an older commit to the latest.
fn pace(j: &Judge<'_>, position_at: Time) -> Option<i64> {
    let latest = j.positions.latest.as_ref()?;
    let (then, offset) = j.positions.earlier?;
    let real = j.now.max(latest.at).since(then);
    if real < PACE_SPAN {
        return None;
    }
    let (_, earlier_at) = j.log.time_of(offset)?;
    Some(position_at.since(earlier_at).0.saturating_mul(1_000) / real.0)
}

/// When the position will be as old as retention allows. A group as fast as its producers is never overtaken;
/// one whose pace is not known is taken to stand still.
fn overtaken_at(now: Time, position_at: Time, keep: Span, pace: Option<i64>) -> Option<Time> {
    let left = keep.0.saturating_sub(now.since(position_at).0).max(0);
    let closing = 1_000_i64.saturating_sub(pace.unwrap_or(0).max(0));
    if closing <= 0 {
        return None;
    }
    Some(now.after(Span(left.saturating_mul(1_000) / closing)))
}
