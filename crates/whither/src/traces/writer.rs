//! The one thread that writes spans: log, mark, answer, checkpoint.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use bytes::Bytes;
use tokio::sync::oneshot;
use whither_core::Time;
use whither_store::disk::Disk;
use whither_store::{Checkpoint, Entry, OpenError, Opened, Options, Store, StoreError};

use super::answers::Traces;
use super::counts::Counting;
use super::limits::{GROUP_BYTES, SHARED_BYTES, UPKEEP_AGAIN, UPKEEP_EVERY};
use super::log::{NotTaken, Room, Taken};
use super::row::{Walked, walk};
use super::seen::{Noted, Seen, SharedSeen};
use super::shared::Shared;
use crate::clock;
use crate::serve::upkeep::Upkeep;

/// An entry of the log: when it came (i64, milliseconds since the epoch, little-endian), then a request's body.
const BODY: u8 = 1;
/// An entry of the log: when, as above, then the id of a trace to keep.
const KEEP: u8 = 2;
/// The time before an entry's content.
const TIME_BYTES: usize = 8;

/// Something to be written, and whom to tell.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) what: What,
    pub(super) answer: oneshot::Sender<Result<Taken, NotTaken>>,
    pub(super) room: Room,
}

impl Order {
    /// Whoever hears of it finds its room free.
    fn done(self, result: Result<Taken, NotTaken>) {
        let Order { what, answer, room } = self;
        drop((what, room));
        drop(answer.send(result));
    }
}

#[derive(Debug)]
pub(super) enum What {
    Body(Bytes),
    Keep([u8; 16]),
}

#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    shared: Shared,
    noted: Noted,
    seen: SharedSeen,
    counting: Counting,
    upkeep: Upkeep,
    keep_ms: i64,
    /// An entry that is being put together.
    entry: Vec<u8>,
    /// Why rows could not become segments: nothing is taken until they can.
    stuck: Option<String>,
    /// When merges and retention may be tried again, after they failed.
    upkeep_from: Time,
    /// There was no room for a mark: what it would have covered is still held.
    unmarked: bool,
}

impl Writer {
    /// Opens the store and walks again what was acknowledged after the last checkpoint.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        counting: Counting,
    ) -> Result<Writer, OpenError> {
        let Opened { store, checkpoint, log, .. } = Store::open_on(disk, options)?;
        let mut writer = Writer {
            store,
            shared: Shared::default(),
            noted: Noted::default(),
            seen: SharedSeen::default(),
            counting,
            upkeep: Upkeep::default(),
            keep_ms: options.retention.keep_spans_ms,
            entry: Vec::new(),
            stuck: None,
            upkeep_from: Time(i64::MIN),
            unmarked: false,
        };
        if let Some(checkpoint) = checkpoint {
            *writer.seen.lock() = seen(checkpoint)?;
        }
        for entry in log {
            if let Entry::Fact { kind, payload } = entry? {
                writer.replay(kind, &payload);
            }
        }
        writer.store.publish();
        Ok(writer)
    }

    fn replay(&mut self, kind: u8, payload: &[u8]) {
        let Some((time, content)) = payload.split_first_chunk::<TIME_BYTES>() else { return };
        let came_ms = i64::from_le_bytes(*time);
        match kind {
            BODY => {
                let walked = walk(content, came_ms, &mut self.shared);
                self.put(walked);
            }
            KEEP => {
                if let Ok(trace_id) = content.try_into() {
                    self.store.keep_trace(trace_id, came_ms);
                }
            }
            _ => {}
        }
    }

    pub(super) fn traces(&self) -> Traces {
        Traces::new(self.store.reader(), self.seen.clone())
    }

    /// Until nobody can order anything any more, or the disk has failed.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            match orders.recv_timeout(UPKEEP_EVERY) {
                Ok(first) => {
                    let group = group(first, orders);
                    if let Err(error) = self.write(group) {
                        self.trouble(&error);
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.look_after(clock::now()).is_err() {
                break;
            }
        }
        self.upkeep.finish();
    }

    /// Takes what orders hold, makes all of it durable at once, and answers each.
    fn write(&mut self, group: Vec<Order>) -> Result<(), StoreError> {
        if let Some(why) = self.closed() {
            for order in group {
                order.done(Err(NotTaken::Full(why.clone())));
            }
            return Ok(());
        }
        let mut taken = Vec::new();
        for order in group {
            match self.take(&order.what) {
                Ok(done) => taken.push((order, done)),
                Err(Refusal::NotTaken(not)) => order.done(Err(not)),
                // Those who wait are told when the sender of their answer is dropped.
                Err(Refusal::Broken(error)) => return Err(error),
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let marked = self.mark();
        if let Err(error) = &marked
            && !error.is_full()
        {
            return marked;
        }
        if marked.is_ok() {
            self.count(&taken);
        }
        for (order, taken) in taken {
            order.done(if marked.is_ok() { Ok(taken) } else { Err(NotTaken::Full(NO_ROOM.to_owned())) });
        }
        Ok(())
    }

    /// Why nothing can be taken now.
    fn closed(&mut self) -> Option<String> {
        let full = if self.store.accepting() { None } else { Some(NO_ROOM.to_owned()) };
        self.stuck.clone().or(full)
    }

    fn mark(&mut self) -> Result<(), StoreError> {
        let marked = self.store.mark(&[]);
        self.unmarked = marked.is_err();
        marked
    }

    fn count(&self, taken: &[(Order, Taken)]) {
        let mut counts = self.counting.lock();
        for (order, taken) in taken {
            if let What::Body(body) = &order.what {
                counts.requests += 1;
                counts.accepted += taken.accepted;
                counts.bytes += body.len() as u64;
            }
        }
    }

    /// Appends to the log, then puts the rows.
    fn take(&mut self, what: &What) -> Result<Taken, Refusal> {
        let came_ms = clock::now().0;
        match what {
            What::Keep(trace_id) => {
                self.append(KEEP, came_ms, trace_id)?;
                self.store.keep_trace(*trace_id, came_ms);
                Ok(Taken::default())
            }
            What::Body(body) => {
                let mut walked = walk(body, came_ms, &mut self.shared);
                let why = walked.why.take();
                self.count_refused(&walked);
                if walked.broken && walked.rows.is_empty() {
                    return Err(Refusal::NotTaken(NotTaken::Malformed(why.unwrap_or_default())));
                }
                let accepted = walked.rows.len() as u64;
                if accepted > 0 {
                    self.append(BODY, came_ms, body)?;
                }
                let refused = walked.refused.values().sum();
                self.put(walked);
                Ok(Taken { accepted, refused, why })
            }
        }
    }

    fn count_refused(&self, walked: &Walked) {
        if walked.refused.is_empty() {
            return;
        }
        let mut counts = self.counting.lock();
        for (word, n) in &walked.refused {
            *counts.refused.entry(word).or_default() += n;
        }
    }

    fn append(&mut self, kind: u8, came_ms: i64, content: &[u8]) -> Result<(), Refusal> {
        self.entry.clear();
        self.entry.extend_from_slice(&came_ms.to_le_bytes());
        self.entry.extend_from_slice(content);
        self.store.append(kind, &self.entry).map_err(|error| match error {
            StoreError::Full { .. } => Refusal::NotTaken(NotTaken::Full(NO_ROOM.to_owned())),
            StoreError::TooLarge { .. } => Refusal::NotTaken(NotTaken::Malformed(error.to_string())),
            error => Refusal::Broken(error),
        })
    }

    fn put(&mut self, walked: Walked) {
        self.seen.note(&walked.rows, &mut self.noted);
        for row in walked.rows {
            self.store.put_span(row);
        }
    }

    /// Checkpoint, merges, retention. An error is the end; what may pass is told as trouble.
    fn look_after(&mut self, now: Time) -> Result<(), StoreError> {
        let due = self.store.checkpoint_due(now.0) || self.shared.bytes() >= SHARED_BYTES;
        if due || (self.stuck.is_some() && self.store.accepting()) {
            let made = self.checkpoint(now);
            self.stuck = made.as_ref().err().map(ToString::to_string);
            self.may_pass(made)?;
        }
        if now >= self.upkeep_from {
            let kept = self.upkeep.turn(&mut self.store, now);
            if kept.is_err() {
                self.upkeep_from = now.after(UPKEEP_AGAIN);
            }
            self.may_pass(kept)?;
        }
        Ok(())
    }

    fn may_pass(&self, done: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &done {
            self.trouble(error);
        }
        if matches!(done, Err(StoreError::Broken { .. })) { done } else { Ok(()) }
    }

    fn trouble(&self, error: &StoreError) {
        self.counting.lock().trouble = Some(error.to_string());
    }

    fn checkpoint(&mut self, now: Time) -> Result<(), StoreError> {
        if self.unmarked {
            self.mark()?;
        }
        let blob = {
            let mut seen = self.seen.lock();
            seen.forget(now.0.saturating_sub(self.keep_ms));
            seen.to_blob()
        };
        let mut writer = self.store.begin_checkpoint()?;
        writer.blob(&blob)?;
        writer.finish(now.0)?;
        self.shared = Shared::default();
        self.noted = Noted::default();
        self.counting.lock().trouble = None;
        Ok(())
    }
}

/// Why an order was not taken.
enum Refusal {
    NotTaken(NotTaken),
    /// The store is of no use any more.
    Broken(StoreError),
}

/// The orders that wait, up to what one mark should cover.
fn group(first: Order, orders: &Receiver<Order>) -> Vec<Order> {
    let bytes = |order: &Order| if let What::Body(body) = &order.what { body.len() } else { 0 };
    let mut room = GROUP_BYTES.saturating_sub(bytes(&first));
    let mut group = vec![first];
    while room > 0
        && let Ok(next) = orders.try_recv()
    {
        room = room.saturating_sub(bytes(&next));
        group.push(next);
    }
    group
}

/// The services and operations of a checkpoint.
fn seen(checkpoint: Checkpoint) -> Result<Seen, OpenError> {
    let mut seen = Seen::default();
    for blob in checkpoint {
        seen = Seen::of_blob(&blob?).map_err(|error| OpenError::Corrupt {
            file: "the checkpoint".to_owned(),
            byte: 0,
            what: error.to_string(),
        })?;
    }
    Ok(seen)
}

const NO_ROOM: &str = "no room on the disk of the data directory: free some, or keep less";
