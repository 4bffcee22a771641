//! Records of transactions: rolled back (R12), or open (R13).

use crate::fact::{Coordinator, Run, RunKind, Transaction};
use crate::key::Offset;
use crate::ledgers::ledger::Ledger;
use crate::ledgers::row::{Claim, Finding};
use crate::limits::ABORT_SCAN;
use crate::time::Time;
use crate::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use alloc::vec::Vec;

/// What holds for every reader of the partition.
pub(super) fn notes(ledger: &Ledger, now: Time, out: &mut Vec<Claim>) {
    aborted(ledger, out);
    open(ledger, now, out);
}

fn aborted(ledger: &Ledger, out: &mut Vec<Claim>) {
    let mut runs = ledger.log.runs.runs.iter().filter(|r| r.kind == RunKind::Aborted);
    let Some(first) = runs.next() else { return };
    let (mut to, mut records) = (first.to, first.records);
    for run in runs {
        to = run.to;
        records += run.records;
    }
    let at = ledger.log.time_of(to).map_or_else(Time::default, |(_, at)| at);
    let evidence = Vec::from([
        Evidence::Read { from: first.from, to, records },
        Evidence::AbortMarker { offset: to, producer_id: -1, at },
    ]);
    out.push(claim(
        (first.from, to),
        Outcome::Aborted,
        Certainty::Proof,
        Finding::new(Cause::TransactionAborted, Certainty::Proof, ShownAs::Note, at, evidence),
    ));
}

fn open(ledger: &Ledger, now: Time, out: &mut Vec<Claim>) {
    let mut producers: Vec<(i64, Run)> = Vec::new();
    for run in &ledger.log.runs.runs {
        if let RunKind::Open { producer_id } = run.kind {
            match producers.iter_mut().find(|(id, _)| *id == producer_id) {
                Some((_, all)) => *all = Run { to: run.to, records: all.records + run.records, ..*all },
                None => producers.push((producer_id, *run)),
            }
        }
    }
    let described = ledger.log.transactions.values();
    for t in described.filter(|t| !producers.iter().any(|(id, _)| *id == t.producer_id)) {
        // Described, but none of its data was read: it starts above what was.
        if ledger.log.progress.is_none_or(|p| t.start >= p.to) {
            out.push(one(ledger, t.producer_id, (t.start, t.start), Some(t), now));
        }
    }
    for (producer_id, run) in producers {
        let described = ledger.log.transactions.get(&producer_id);
        out.push(one(ledger, producer_id, (run.from, run.to), described, now));
    }
}

fn one(
    ledger: &Ledger,
    producer_id: i64,
    (from, to): (Offset, Offset),
    described: Option<&Transaction>,
    now: Time,
) -> Claim {
    let seen = ledger.log.bounds.map_or(now, |b| b.at);
    let began = match described.and_then(|t| t.coordinator.as_ref()) {
        Some(Coordinator::Knows { began, .. }) => *began,
        _ => described.map_or_else(|| ledger.log.time_of(from).map_or(seen, |(_, at)| at), |t| t.last_write),
    };
    let (id, timeout, knows) = match described.and_then(|t| t.coordinator.as_ref()) {
        Some(Coordinator::Knows { transactional_id, timeout, .. }) => {
            (Some(transactional_id.clone()), Some(*timeout), Some(true))
        }
        Some(Coordinator::Unknown) => (None, None, Some(false)),
        None => (None, None, None),
    };
    // R13: open is not hanging, unless nothing will end it or its own timeout has not.
    let overdue = timeout.is_some_and(|t| began.after(t).after(ABORT_SCAN) < now);
    let hangs = knows == Some(false) || overdue;
    let mut evidence = Vec::from([Evidence::OpenTransaction {
        producer_id,
        start: from,
        transactional_id: id,
        began,
        timeout,
        coordinator_knows: knows,
    }]);
    if let Some(b) = ledger.log.bounds {
        evidence.push(Evidence::LastStable { offset: b.last_stable, at: b.at });
        evidence.push(Evidence::LogEnd { offset: b.end, at: b.at });
    }
    let (cause, shown_as) = if hangs {
        (Cause::TransactionHanging, ShownAs::Stuck)
    } else {
        (Cause::TransactionOpen, ShownAs::Note)
    };
    let mut finding = Finding::new(cause, Certainty::Proof, shown_as, began, evidence);
    finding.until = timeout.filter(|_| !hangs).map(|t| began.after(t).after(ABORT_SCAN));
    let end = ledger.log.end().unwrap_or(to).max(to);
    claim((from, end), Outcome::InFlight, Certainty::Proof, finding)
}

fn claim((from, to): (Offset, Offset), outcome: Outcome, certainty: Certainty, finding: Finding) -> Claim {
    Claim { from, to, outcome, certainty, finding: Some(finding), over_unread: true }
}
