//! Records that left the log before the group's position passed them (R1), and why they left (R2).

use super::judge::{Judge, all};
use crate::key::Offset;
use crate::ledgers::life::{Commit, MoveKind};
use crate::ledgers::row::{Claim, Finding};
use crate::time::{Span, Time};
use crate::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use alloc::vec::Vec;

/// A position that the log start was seen above.
pub(super) struct Overtaken {
    pub(super) position: Offset,
    /// When the group was there.
    pub(super) position_at: Time,
    /// What shows that it was.
    pub(super) told_by: Evidence,
    /// The log start, and when it was first seen there.
    pub(super) start: Offset,
    pub(super) at: Time,
    /// When a log start was first seen above the position: retention that goes on moves it further.
    pub(super) since: Time,
    /// The position is a count of what was settled in any order: some of what went may have been among it.
    pub(super) by_count: bool,
}

impl Overtaken {
    fn of(j: &Judge<'_>, position: &Commit, start: Offset, at: Time) -> Overtaken {
        Overtaken {
            position: position.offset,
            position_at: position.at,
            told_by: j.commit(WhichCommit::Latest, position),
            start,
            at,
            since: at,
            by_count: false,
        }
    }
}

pub(super) fn claims(j: &Judge<'_>, out: &mut Vec<Claim>) {
    for m in j.life.moves() {
        let (start, at, end) = match m.kind {
            MoveKind::Overtaken(start, at) => (start, at, start.min(m.this.offset)),
            MoveKind::Removed(start, at) => (start, at, start),
            _ => continue,
        };
        lost(j, &Overtaken::of(j, &m.before, start, at), end, out);
    }
    if let Some(latest) = &j.life.latest
        && let Some((since, at)) = j.log.rose_above(latest.offset)
    {
        let start = j.log_start();
        lost(j, &Overtaken { since, ..Overtaken::of(j, latest, start, at) }, start, out);
    }
}

/// `[position, end)` went while the group's position stood before it.
pub(super) fn lost(j: &Judge<'_>, o: &Overtaken, end: Offset, out: &mut Vec<Claim>) {
    let from = o.position;
    if from >= end {
        return;
    }
    // What was read is exact; what went before whither looked is not. Members may hold what went since they came.
    let read_from = j.log.origin().unwrap_or(end).clamp(from, end);
    let free_to = j.held_by_nobody_below().clamp(read_from, end);
    part(j, o, (from, read_from), out);
    part(j, o, (read_from, free_to), out);
    part(j, o, (free_to, end), out);
}

fn part(j: &Judge<'_>, o: &Overtaken, (from, to): (Offset, Offset), out: &mut Vec<Claim>) {
    if from >= to {
        return;
    }
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
    let may_be_held = to > j.held_by_nobody_below();
    let why = why(j, o, from);
    let mut evidence = all([
        Some(Evidence::LogStart { offset: o.start, at: o.at }),
        Some(o.told_by.clone()),
        read.then(|| j.read(from, to)),
        j.index.why_unread(from, to).map(|why| Evidence::NotRead { why }),
        j.positions
            .described
            .filter(|_| may_be_held)
            .map(|d| Evidence::GroupState { state: d.state, at: d.at }),
    ]);
    evidence.extend(why.evidence);
    let mut finding = Finding::new(why.cause, why.certainty, ShownAs::Loss, o.since, evidence);
    finding.at_most = o.by_count;
    finding.last = o.at;
    let exact = read && !o.by_count && !may_be_held;
    out.push(Claim {
        from,
        to,
        outcome: if why.cause == Cause::DeleteRecords { Outcome::Deleted } else { Outcome::Expired },
        certainty: if exact { Certainty::Proof } else { Certainty::Strong },
        finding: Some(finding),
        over_unread: true,
    });
}

/// Why a range left the log.
struct Why {
    cause: Cause,
    certainty: Certainty,
    evidence: Vec<Evidence>,
}

impl Why {
    fn new(cause: Cause, certainty: Certainty, evidence: Vec<Evidence>) -> Why {
        Why { cause, certainty, evidence }
    }
}

/// R2. A log start inside a batch was put there by DeleteRecords; else the configuration and the times of
/// records decide, and a DeleteRecords that ends between batches looks the same.
fn why(j: &Judge<'_>, o: &Overtaken, from: Offset) -> Why {
    if let Some(cut) = j.log.cut.filter(|c| c.log_start == o.start) {
        let evidence = Evidence::MidBatch { base: cut.base, last: cut.last };
        return Why::new(Cause::DeleteRecords, Certainty::Proof, all([Some(evidence)]));
    }
    let Some(config) = j.config.filter(|c| c.retention_ms.is_some() || c.deletes.is_some()) else {
        let unknown = Evidence::SettingUnknown { name: SettingName::RetentionMs };
        return Why::new(Cause::RetentionTime, Certainty::Indicative, all([Some(unknown)]));
    };
    let (ms, bytes) = (config.retention_ms, config.retention_bytes);
    let by_time = ms.map(|value| Evidence::Setting { name: SettingName::RetentionMs, value });
    let by_size = bytes.map(|value| Evidence::Setting { name: SettingName::RetentionBytes, value });
    let (ms, bytes) = (ms.unwrap_or(-1), bytes.unwrap_or(-1));
    if config.deletes == Some(false) || (ms < 0 && bytes < 0) {
        return Why::new(Cause::DeleteRecords, Certainty::Strong, all([by_time, by_size]));
    }
    let newest_gone = j.log.newest_below(o.start).filter(|(offset, _)| from <= *offset);
    let oldest_kept = j.log.oldest_from(o.start);
    let due = |t: Time| ms >= 0 && o.at.since(t) >= Span(ms);
    let oldest_read = j.log.progress.map(|p| p.first).filter(|(offset, _)| *offset < o.start);
    let told =
        newest_gone.or(oldest_read).or(oldest_kept).map(|(offset, at)| Evidence::RecordTime { offset, at });
    // Without the time of any record, that retention is on is no more than a hint.
    let was_due = match (newest_gone.or(oldest_read), oldest_kept) {
        (Some((_, gone)), _) => due(gone).then_some(Certainty::Strong),
        (None, Some((_, kept))) => (due(kept) || due(o.position_at)).then_some(Certainty::Strong),
        (None, None) => (ms >= 0).then_some(Certainty::Indicative),
    };
    if let Some(certainty) = was_due {
        return Why::new(Cause::RetentionTime, certainty, all([by_time, told]));
    }
    if bytes >= 0 && j.size.is_none_or(|s| s.bytes >= bytes.unsigned_abs()) {
        let certainty = if j.size.is_some() { Certainty::Strong } else { Certainty::Indicative };
        return Why::new(Cause::RetentionSize, certainty, all([by_size, by_time, told]));
    }
    let too_young = newest_gone.or(oldest_read).is_some();
    let certainty = if too_young { Certainty::Strong } else { Certainty::Indicative };
    Why::new(Cause::DeleteRecords, certainty, all([by_time, by_size, told]))
}
