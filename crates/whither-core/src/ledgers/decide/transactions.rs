//! Records of transactions: rolled back (R12), or open (R13).

use crate::fact::{Coordinator, RunKind, Transaction};
use crate::key::Offset;
use crate::ledgers::log::LogView;
use crate::ledgers::row::{Claim, Finding};
use crate::ledgers::runs::Piece;
use crate::limits::ABORT_SCAN;
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What holds for every reader of the partition.
pub(super) fn notes(log: &LogView, now: Time, out: &mut Vec<Claim>) {
    aborted(log, out);
    open(log, now, out);
}

/// All that was rolled back, as one note: which records exactly, the balance tells.
fn aborted(log: &LogView, out: &mut Vec<Claim>) {
    let Some((first, last)) = log.rolled_back else { return };
    let (from, to) = (first.from.min(last.from), last.to.max(first.to));
    let records = log.runs.index().sums(from, to).aborted;
    let mut evidence = Vec::from([Evidence::Read { from, to, records }]);
    for t in [Some(first), Some(last).filter(|l| *l != first)].into_iter().flatten() {
        evidence.push(Evidence::AbortMarker { offset: t.marker, producer_id: t.producer_id, at: t.at });
    }
    let mut finding =
        Finding::new(Cause::TransactionAborted, Certainty::Proof, ShownAs::Note, first.at, evidence);
    finding.last = last.at;
    out.push(claim((from, to), Outcome::Aborted, finding));
}

fn open(log: &LogView, now: Time, out: &mut Vec<Claim>) {
    let mut producers: BTreeMap<i64, (Offset, Offset)> = BTreeMap::new();
    for run in &log.runs.runs {
        if let RunKind::Open { producer_id } = run.kind {
            producers.entry(producer_id).and_modify(|(_, to)| *to = run.to).or_insert((run.from, run.to));
        }
    }
    for t in log.transactions.values().filter(|t| !producers.contains_key(&t.producer_id)) {
        // Described, but none of its data was read: it starts above what was.
        if log.progress.is_none_or(|p| t.start >= p.to) && log.bounds.is_none_or(|b| b.last_stable <= t.start)
        {
            out.push(one(log, t.producer_id, (t.start, t.start), Some(t), now));
        }
    }
    for (producer_id, range) in producers {
        let described = described(log, producer_id, range.0);
        out.push(one(log, producer_id, range, described, now));
    }
}

/// What is told of the transaction that a producer began at an offset: a description of an earlier one of this
/// producer says nothing of it.
fn described(log: &LogView, producer_id: i64, from: Offset) -> Option<&Transaction> {
    let same = |t: &&Transaction| t.start == from || log.origin().is_some_and(|o| t.start < o);
    log.transactions.get(&producer_id).filter(same)
}

/// Why the first open record of a range waits.
pub(super) fn waits_for(log: &LogView, now: Time, (from, to): (Offset, Offset)) -> Cause {
    let open = |r: &&Piece| matches!(r.kind, RunKind::Open { .. });
    let Some(first) = log.runs.runs.iter().filter(open).find(|r| from < r.to && r.from < to) else {
        return Cause::TransactionOpen;
    };
    let of_it = log.runs.runs.iter().find(|r| r.kind == first.kind).map_or(first.from, |r| r.from);
    let RunKind::Open { producer_id } = first.kind else { return Cause::TransactionOpen };
    let claim = one(log, producer_id, (of_it, first.to), described(log, producer_id, of_it), now);
    claim.finding.map_or(Cause::TransactionOpen, |finding| finding.cause)
}

fn one(
    log: &LogView,
    producer_id: i64,
    (from, to): (Offset, Offset),
    described: Option<&Transaction>,
    now: Time,
) -> Claim {
    let seen = log.bounds.map_or(now, |b| b.at);
    let (id, began, timeout) = match described.and_then(|t| t.coordinator.as_ref()) {
        Some(Coordinator::Knows { transactional_id, began, timeout }) => {
            (Some(transactional_id.clone()), Some(*began), Some(*timeout))
        }
        Some(Coordinator::Unknown) | None => (None, None, None),
    };
    let written = described.map(|t| t.last_write).or_else(|| log.time_of(from).map(|(_, at)| at));
    let began = began.or(written).unwrap_or(seen);
    let ends_by = timeout.map(|t| began.after(t).after(ABORT_SCAN));
    let hangs = described.is_some_and(|t| is_forgotten(log, t)) || ends_by.is_some_and(|by| by < seen);
    let coordinator_knows =
        described.and_then(|t| t.coordinator.as_ref()).map(|c| *c != Coordinator::Unknown);
    let mut evidence = Vec::from([Evidence::OpenTransaction {
        producer_id,
        start: from,
        transactional_id: id,
        began,
        timeout,
        coordinator_knows,
    }]);
    if let Some(b) = log.bounds {
        evidence.push(Evidence::LastStable { offset: b.last_stable, at: b.at });
        evidence.push(Evidence::LogEnd { offset: b.end, at: b.at });
    }
    let (cause, shown_as) = if hangs {
        (Cause::TransactionHanging, ShownAs::Stuck)
    } else {
        (Cause::TransactionOpen, ShownAs::Note)
    };
    let mut finding = Finding::new(cause, Certainty::Proof, shown_as, began, evidence);
    finding.until = ends_by.filter(|_| !hangs);
    claim((from, log.end().unwrap_or(to).max(to)), Outcome::InFlight, finding)
}

/// R13: open is not hanging, unless nothing will end it. A coordinator forgets a transaction when it has
/// written the markers; that these are not just on their way shows in the producer's silence, or in a later
/// look at the partition.
fn is_forgotten(log: &LogView, t: &Transaction) -> bool {
    let silent = t.at.since(t.last_write) >= ABORT_SCAN;
    let still_open = log.bounds.is_some_and(|b| b.at > t.at && b.last_stable <= t.start);
    t.coordinator == Some(Coordinator::Unknown) && (silent || still_open)
}

fn claim((from, to): (Offset, Offset), outcome: Outcome, finding: Finding) -> Claim {
    Claim { from, to, outcome, certainty: Certainty::Proof, finding: Some(finding), over_unread: true }
}
