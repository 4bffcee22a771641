//! From what is on disk to a run that goes on: the last checkpoint, and the log since.

use thiserror::Error;
use whither_core::journal::{self, Entry as Step};
use whither_core::{Fact, NotASnapshot, Policy, Time};
use whither_store::{Entry, OpenError, Opened};

use super::history::{Sampled, SampledFinding};
use super::journal::{
    COUNTS, COVERED, EDGES, FINDING, HOUR, INDEX, Journal, KEY, LATER, ROW, STEP, Shared, TAIL, WAITS,
};
use crate::index;
use crate::run::{Run, Turn};

/// Why a server can't go on from what is on disk.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The store can't be opened or read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It holds state of another version of the program.
    #[error(
        "what is stored was written by another version: run that version, or give this one a directory of its own"
    )]
    Version(#[from] NotASnapshot),
    /// It holds something that no version has written.
    #[error("what is stored holds an entry of an unknown kind ({0}): run the version that wrote it")]
    Kind(u8),
}

/// A run with all that was marked, and the journal that it goes on in.
pub(super) struct Recovered {
    pub(super) run: Run,
    pub(super) journal: Shared,
    /// When that was; none on the first start.
    pub(super) at: Option<Time>,
}

/// Takes in what a store remembers.
pub(super) fn replay(opened: Opened, policy: Policy) -> Result<Recovered, RecoverError> {
    let Opened { store, checkpoint, log, .. } = opened;
    let journal = Shared::new(Journal::new(store));
    let mut run = Run::new(policy);
    let mut at = None;
    if let Some(checkpoint) = checkpoint {
        at = checkpoint.mark.as_deref().map(marked_at);
        for blob in checkpoint {
            take_back(&mut run, &journal, &blob?)?;
        }
    }
    run.record(Box::new(journal.clone()));
    for entry in log {
        match entry? {
            Entry::Fact { kind: STEP, payload } => step(&mut run, &payload)?,
            Entry::Fact { kind: INDEX, payload } => run.index(&index::entry(&payload)?),
            Entry::Fact { kind, .. } => return Err(RecoverError::Kind(kind)),
            Entry::Mark(payload) => {
                let now = marked_at(&payload);
                at = Some(now);
                journal.lock().put_rows(&run, now);
            }
        }
    }
    journal.lock().go_live();
    Ok(Recovered { run, journal, at })
}

fn marked_at(mark: &[u8]) -> Time {
    Time(mark.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes)))
}

/// The cluster that a run is about; empty where it knows nothing.
pub(super) fn cluster(run: &Run) -> String {
    run.keys().next().map(|key| key.cluster.to_string()).unwrap_or_default()
}

fn take_back(run: &mut Run, to: &Shared, blob: &[u8]) -> Result<(), RecoverError> {
    match blob.split_first() {
        Some((&KEY, bytes)) => run.restore(bytes)?,
        Some((&ROW, bytes)) => take_back_row(run, to, bytes)?,
        Some((&FINDING, bytes)) => take_back_finding(run, to, bytes)?,
        Some((&COUNTS, bytes)) => {
            to.lock().records_read = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
        Some((&EDGES, bytes)) => {
            if let Step::Facts { key, facts, .. } = journal::entry(bytes)? {
                to.lock().history.facts(&key, &facts);
            }
        }
        Some((&HOUR, bytes)) => to.lock().history.restore_hour(marked_at(bytes)),
        Some((&TAIL, bytes)) => {
            if let Fact::Tail(tail) = journal::fact(bytes)? {
                run.said_mut().tails.insert(tail.offsets_partition, tail);
            }
        }
        Some((&COVERED, bytes)) => {
            let (partition, covered) = index::covered(bytes)?;
            run.restore_indexed(partition, covered);
        }
        Some((&kind @ (WAITS | LATER), bytes)) => {
            if let Step::Facts { key, clock, .. } = journal::entry(bytes)? {
                run.restore_turn(Turn { key, at: (kind == LATER).then_some(clock.now) });
            }
        }
        other => return Err(RecoverError::Kind(other.map_or(0, |(kind, _)| *kind))),
    }
    Ok(())
}

fn take_back_row(run: &mut Run, to: &Shared, bytes: &[u8]) -> Result<(), RecoverError> {
    let Some((sampled, row)) = bytes.split_first_chunk::<{ Sampled::LEN }>() else {
        return Err(RecoverError::Kind(ROW));
    };
    let row = journal::balance(row)?;
    to.lock().history.restore(&(row.group.clone(), row.partition.clone()), Sampled::of_bytes(sampled));
    run.restore_row(row);
    Ok(())
}

fn take_back_finding(run: &mut Run, to: &Shared, bytes: &[u8]) -> Result<(), RecoverError> {
    let Some((sampled, finding)) = bytes.split_first_chunk::<{ SampledFinding::LEN }>() else {
        return Err(RecoverError::Kind(FINDING));
    };
    let finding = journal::verdict(finding)?;
    to.lock().history.restore_finding(finding.id, SampledFinding::of_bytes(sampled));
    run.restore_finding(finding);
    Ok(())
}

fn step(run: &mut Run, payload: &[u8]) -> Result<(), NotASnapshot> {
    match journal::entry(payload)? {
        Step::Facts { key, clock, facts } => run.apply(&key, clock, &facts),
        Step::Settle { clock, most } => run.settle_due(clock, most),
    }
    Ok(())
}
