//! Records that left the log before the group's position passed them (R1), and why they left (R2).

use super::judge::{Judge, all, commit};
use crate::key::Offset;
use crate::ledgers::positions::{Commit, MoveKind};
use crate::ledgers::row::{Claim, Finding};
use crate::time::{Span, Time};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for m in &j.positions.moves {
        if let MoveKind::Overtaken(start, at) = m.kind {
            lost(j, &m.before, start.min(m.this.offset), at, out);
        }
    }
    if let Some(latest) = &j.positions.latest {
        let at = j.log.bounds.map_or(j.now, |b| b.at);
        lost(j, latest, j.log_start(), at, out);
    }
}

/// `[position, start)` went while the group's position stood before it.
fn lost(j: &Judge<'_>, position: &Commit, start: Offset, at: Time, out: &mut Vec<Claim>) {
    let from = position.offset;
    if from >= start {
        return;
    }
    let origin = j.log.origin().unwrap_or(start);
    // What was read is exact and proved; what went before whither looked is neither.
    let split = origin.clamp(from, start);
    if from < split {
        part(j, position, (from, split), start, at, out);
    }
    if split < start {
        part(j, position, (split, start), start, at, out);
    }
}

fn part(
    j: &Judge<'_>,
    position: &Commit,
    (from, to): (Offset, Offset),
    start: Offset,
    at: Time,
    out: &mut Vec<Claim>,
) {
    let read = j.was_read(from, to);
    if !read && to - from == 1 {
        // One offset may as well have been a transaction marker.
        return out.push(Claim {
            from,
            to,
            outcome: Outcome::Unknown,
            certainty: Certainty::Unknown,
            finding: None,
            over_unread: true,
        });
    }
    let why = why(j, from, start, at, position.at);
    let mut evidence = all([
        Some(Evidence::LogStart { offset: start, at }),
        Some(commit(WhichCommit::Latest, position)),
        read.then(|| j.read(from, to)),
    ]);
    evidence.extend(why.evidence);
    out.push(Claim {
        from,
        to,
        outcome: if why.cause == Cause::DeleteRecords { Outcome::Deleted } else { Outcome::Expired },
        certainty: if read { Certainty::Proof } else { Certainty::Strong },
        finding: Some(Finding::new(why.cause, why.certainty, ShownAs::Loss, at, evidence)),
        over_unread: true,
    });
}

/// Why a range left the log.
pub(super) struct Why {
    pub(super) cause: Cause,
    pub(super) certainty: Certainty,
    pub(super) evidence: Vec<Evidence>,
}

impl Why {
    fn new(cause: Cause, certainty: Certainty, evidence: Vec<Evidence>) -> Why {
        Why { cause, certainty, evidence }
    }
}

/// R2. A log start inside a batch was put there by DeleteRecords; else the configuration and the times of
/// records decide, and a DeleteRecords that ends between batches looks the same.
pub(super) fn why(j: &Judge<'_>, from: Offset, start: Offset, at: Time, position_at: Time) -> Why {
    if let Some(cut) = j.log.cut.filter(|c| c.log_start == start) {
        let evidence = Evidence::MidBatch { base: cut.base, last: cut.last };
        return Why::new(Cause::DeleteRecords, Certainty::Proof, all([Some(evidence)]));
    }
    let Some(config) = j.config else {
        let unknown = Evidence::SettingUnknown { name: SettingName::RetentionMs };
        return Why::new(Cause::RetentionTime, Certainty::Indicative, all([Some(unknown)]));
    };
    let (ms, bytes) = (config.retention_ms, config.retention_bytes);
    let by_time = ms.map(|value| Evidence::Setting { name: SettingName::RetentionMs, value });
    let by_size = bytes.map(|value| Evidence::Setting { name: SettingName::RetentionBytes, value });
    let (ms, bytes) = (ms.unwrap_or(-1), bytes.unwrap_or(-1));
    let kept = config.deletes == Some(false) || (ms < 0 && bytes < 0);
    if kept {
        return Why::new(Cause::DeleteRecords, Certainty::Strong, all([by_time, by_size]));
    }
    let newest_gone = j.was_read(from, start).then(|| j.log.time_of(start - 1)).flatten();
    let oldest_kept = j.log.samples.iter().find(|(o, _)| *o >= start).copied();
    let told = newest_gone.or(oldest_kept).map(|(offset, at)| Evidence::RecordTime { offset, at });
    let due = |t: Time| ms >= 0 && at.since(t) >= Span(ms);
    let was_due = match (newest_gone, oldest_kept) {
        (Some((_, gone)), _) => due(gone),
        (None, Some((_, kept))) => due(kept) || due(position_at),
        (None, None) => ms >= 0,
    };
    if was_due {
        return Why::new(Cause::RetentionTime, Certainty::Strong, all([by_time, told]));
    }
    if bytes >= 0 && j.size.is_none_or(|s| s.bytes >= bytes.unsigned_abs()) {
        let certainty = if j.size.is_some() { Certainty::Strong } else { Certainty::Indicative };
        return Why::new(Cause::RetentionSize, certainty, all([by_size, by_time, told]));
    }
    let certainty = if newest_gone.is_some() { Certainty::Strong } else { Certainty::Indicative };
    Why::new(Cause::DeleteRecords, certainty, all([by_time, by_size, told]))
}
