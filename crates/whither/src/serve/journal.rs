//! Facts go to the log before they are applied; rows follow from what the core says of them, now and on replay.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use whither_core::journal::{put_balance, put_fact, put_facts, put_settle, put_verdict};
use whither_core::{Clock, Fact, Key, Name, Output, Time};
use whither_store::{Store, StoreError};

use super::changes::Changes;
use super::delays::Unpublished;
use super::history::{self, History};
use super::recover::cluster;
use crate::index::{self, Entry};
use crate::live::Counted;
use crate::run::{Recorder, Run, Turn};

/// The kinds of the log's entries: a step of the run, and what the message index was told.
pub(super) const STEP: u8 = 1;
pub(super) const INDEX: u8 = 2;
/// The kinds of a checkpoint's blobs: their first byte.
pub(super) const KEY: u8 = 1;
pub(super) const COUNTS: u8 = 4;
pub(super) const TAIL: u8 = 5;
/// A key that waits to be settled, and one that is settled later: as an entry without facts, at that time.
pub(super) const WAITS: u8 = 6;
pub(super) const LATER: u8 = 7;
/// A row, after what its history has sampled of it.
pub(super) const ROW: u8 = 8;
/// A partition's edges, as an entry with them as its fact.
pub(super) const EDGES: u8 = 9;
/// The hour that is summed up next.
pub(super) const HOUR: u8 = 10;
/// What the message index holds of a partition.
pub(super) const COVERED: u8 = 11;
/// A finding, after what its history has sampled of it.
pub(super) const FINDING: u8 = 12;

/// The first read of a large cluster is long: what was logged is made durable at least this often, in bytes.
const MARK_BYTES: usize = 8 << 20;

/// The store, and what the round under way has brought so far.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) store: Store,
    pub(super) changes: Changes,
    pub(super) history: History,
    pub(super) unpublished: Unpublished,
    /// Data records that the readers counted, over all starts.
    pub(super) records_read: u64,
    /// What was counted since the last round was published.
    pub(super) counted: Counted,
    /// The log is being replayed: what comes from it does not go there again.
    replaying: bool,
    unmarked: usize,
    scratch: Vec<u8>,
}

impl Journal {
    /// A journal whose log is to be replayed.
    pub(super) fn new(store: Store) -> Journal {
        Journal {
            store,
            changes: Changes::default(),
            history: History::default(),
            unpublished: Unpublished::default(),
            records_read: 0,
            counted: Counted::default(),
            replaying: true,
            unmarked: 0,
            scratch: Vec::new(),
        }
    }

    /// The log was replayed: from here on it is written.
    pub(super) fn go_live(&mut self) {
        self.replaying = false;
        self.store.publish();
    }

    /// Puts the rows that follow from what the core said since the last time.
    pub(super) fn put_rows(&mut self, run: &Run, now: Time) {
        let changes = self.changes.rows_to_put();
        self.history.put(&mut self.store, run.said(), &changes, (&cluster(run), now));
    }

    /// Makes durable what was logged. Until then nobody is told of it.
    ///
    /// # Errors
    /// As of the store. Where room is all that is missing, it may be called again.
    pub(super) fn mark(&mut self, now: Time) -> Result<(), StoreError> {
        self.store.mark(&now.0.to_le_bytes())?;
        self.unmarked = 0;
        Ok(())
    }

    /// Whether so much was logged since the last mark that the end of the round is too far.
    pub(super) fn is_long(&self) -> bool {
        self.unmarked >= MARK_BYTES
    }

    /// Writes the state of everything, if it is time to. What the core still wants to look at would be forgotten.
    ///
    /// # Errors
    /// As of the store.
    pub(super) fn checkpoint_if_due(&mut self, run: &Run, now: Time) -> Result<(), StoreError> {
        if self.store.checkpoint_due(now.0) && run.said().wanted.is_empty() {
            self.checkpoint(run, now)?;
        }
        Ok(())
    }

    /// Writes the state of everything.
    ///
    /// # Errors
    /// As of the store.
    pub(super) fn checkpoint(&mut self, run: &Run, now: Time) -> Result<(), StoreError> {
        let mut bytes = std::mem::take(&mut self.scratch);
        let mut writer = self.store.begin_checkpoint()?;
        let mut blob = |kind: u8, put: &mut dyn FnMut(&mut Vec<u8>)| {
            bytes.clear();
            bytes.push(kind);
            put(&mut bytes);
            writer.blob(&bytes)
        };
        for key in run.keys() {
            blob(KEY, &mut |out| run.snapshot(key, out))?;
        }
        for (of, row) in &run.said().balance {
            blob(ROW, &mut |out| {
                out.extend(self.history.sampled(of).to_bytes());
                put_balance(row, out);
            })?;
        }
        let (cluster, clock) = (Name::from(cluster(run)), Clock { now: Time(0), complete_to: Time(0) });
        for (partition, edges) in self.history.edges() {
            let key = Key::log(&cluster, partition);
            blob(EDGES, &mut |out| put_facts(&key, clock, &[Fact::Bounds(*edges)], out))?;
        }
        if let Some(hour) = self.history.hour() {
            blob(HOUR, &mut |out| out.extend(hour.0.to_le_bytes()))?;
        }
        for finding in run.said().findings.values() {
            blob(FINDING, &mut |out| {
                out.extend(self.history.sampled_finding(finding.id).to_bytes());
                put_verdict(finding, out);
            })?;
        }
        for tail in run.said().tails.values() {
            blob(TAIL, &mut |out| put_fact(&Fact::Tail(*tail), out))?;
        }
        for Turn { key, at } in run.turns() {
            let kind = if at.is_some() { LATER } else { WAITS };
            let now = at.unwrap_or_default();
            blob(kind, &mut |out| put_facts(&key, Clock { now, complete_to: now }, &[], out))?;
        }
        for (partition, covered) in run.indexed() {
            blob(COVERED, &mut |out| index::put_covered(partition, covered, out))?;
        }
        let records = self.records_read;
        blob(COUNTS, &mut |out| out.extend(records.to_le_bytes()))?;
        writer.finish(now.0)?;
        self.scratch = bytes;
        Ok(())
    }

    fn log(&mut self, kind: u8, put: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if self.replaying {
            return Ok(());
        }
        self.scratch.clear();
        put(&mut self.scratch);
        self.unmarked += self.scratch.len();
        self.store.append(kind, &self.scratch).map_err(io::Error::other)
    }
}

/// A journal that the run writes and the follower takes from.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Journal>>);

impl Shared {
    pub(super) fn new(journal: Journal) -> Shared {
        Shared(Arc::new(Mutex::new(journal)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Shared {
    fn facts(&mut self, key: &Key, clock: Clock, facts: &[Fact]) -> io::Result<()> {
        let mut journal = self.lock();
        let records = journal.changes.facts(key, facts);
        journal.records_read = journal.records_read.saturating_add(records);
        if !journal.replaying {
            journal.counted.read(key, facts.len(), records);
        }
        journal.history.facts(key, facts);
        journal.log(STEP, |out| put_facts(key, clock, facts, out))
    }

    fn settle(&mut self, clock: Clock) -> io::Result<()> {
        self.settle_due(clock, u32::MAX)
    }

    fn settle_due(&mut self, clock: Clock, most: u32) -> io::Result<()> {
        self.lock().log(STEP, |out| put_settle(clock, most, out))
    }

    fn indexed(&mut self, entry: &Entry) -> io::Result<()> {
        let mut journal = self.lock();
        journal.changes.indexed(entry.partition());
        journal.log(INDEX, |out| index::put_entry(entry, out))?;
        history::places(entry).for_each(|row| journal.store.put_index(row));
        Ok(())
    }

    fn said(&mut self, output: &Output) {
        let journal = &mut *self.lock();
        journal.changes.said(output);
        journal.unpublished.said(output);
        if let Output::Refused(refused) = output
            && !journal.replaying
        {
            journal.counted.refuse(&refused.key, refused.why);
        }
        journal.history.said(&mut journal.store, output);
    }
}
