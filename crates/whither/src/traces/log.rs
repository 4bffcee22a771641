//! The owner of the store of spans, as the rest of the program sees it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use whither_store::disk::{Disk, RealDisk};
use whither_store::{OpenError, Options, Retention};

use super::answers::Traces;
use super::counts::{Counting, Counts};
use super::limits::{BUFFERED_BYTES, QUEUE_BYTES, QUEUE_REQUESTS, RETRY_AFTER};
use super::writer::{Order, What, Writer};

/// How spans are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanOptions {
    /// What is kept, and for how long.
    pub retention: Retention,
    /// Bytes of rows that wait for a checkpoint.
    pub buffered_bytes: usize,
    /// Bytes of requests that may wait to be written.
    pub queue_bytes: usize,
}

impl Default for SpanOptions {
    fn default() -> SpanOptions {
        SpanOptions {
            retention: Retention::default(),
            buffered_bytes: BUFFERED_BYTES,
            queue_bytes: QUEUE_BYTES,
        }
    }
}

/// What of a request is in the log, whatever happens now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Spans that are.
    pub accepted: u64,
    /// Spans that can't be true, or can't be read.
    pub refused: u64,
    /// Why the first of those.
    pub why: Option<String>,
}

/// Why nothing of a request was taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTaken {
    /// Too much waits already. Nothing is wrong with the request.
    #[error("other requests wait to be written: send it again in {} s", .retry_after.as_secs())]
    Busy {
        /// When to send it again.
        retry_after: Duration,
    },
    /// There is no room on the disk.
    #[error("{0}")]
    Full(String),
    /// It is no request.
    #[error("{0}")]
    Malformed(String),
    /// The log was stopped, or its disk failed.
    #[error("spans are not taken any more: whither is stopping, or its disk failed")]
    Stopped,
}

/// The span log. Spans that it has taken survive any crash.
#[derive(Debug)]
pub struct SpanLog {
    orders: SyncSender<Order>,
    waiting: Arc<AtomicUsize>,
    queue_bytes: usize,
    traces: Traces,
    counting: Counting,
    writer: JoinHandle<()>,
}

impl SpanLog {
    /// Opens the log of a directory, created if it is missing, and takes in what was acknowledged last.
    ///
    /// # Errors
    /// See [`OpenError`]; each says what to do.
    pub fn open(dir: &Path, options: SpanOptions) -> Result<SpanLog, OpenError> {
        let disk =
            RealDisk::new(dir).map_err(|source| OpenError::Io { file: dir.display().to_string(), source })?;
        SpanLog::open_on(Arc::new(disk), options)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_on(disk: Arc<dyn Disk>, options: SpanOptions) -> Result<SpanLog, OpenError> {
        let SpanOptions { retention, buffered_bytes, queue_bytes } = options;
        let counting = Counting::default();
        let writer = Writer::open(
            disk,
            Options { retention, buffered_bytes, ..Options::default() },
            counting.clone(),
        )?;
        let traces = writer.traces();
        let (orders, waits) = sync_channel(QUEUE_REQUESTS);
        let writer = std::thread::Builder::new()
            .name("spans".to_owned())
            .spawn(move || writer.run(&waits))
            .map_err(|source| OpenError::Io { file: "a thread for spans".to_owned(), source })?;
        Ok(SpanLog { orders, waiting: Arc::default(), queue_bytes, traces, counting, writer })
    }

    /// Takes the body of a request: an `ExportTraceServiceRequest`, unpacked. Returns when its spans are durable.
    ///
    /// # Errors
    /// See [`NotTaken`]. After `Full` a part of the spans may be there, as after any answer that was lost.
    pub async fn take(&self, body: Bytes) -> Result<Taken, NotTaken> {
        self.order(body.len(), What::Body(body)).await
    }

    /// Keeps a trace longer than others: its record was lost, dead-lettered, late or failed.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn keep_trace(&self, trace_id: [u8; 16]) -> Result<(), NotTaken> {
        self.order(trace_id.len(), What::Keep(trace_id)).await.map(drop)
    }

    async fn order(&self, bytes: usize, what: What) -> Result<Taken, NotTaken> {
        let Some(room) = Room::of(&self.waiting, bytes, self.queue_bytes) else { return Err(self.busy()) };
        let (answer, answered) = oneshot::channel();
        match self.orders.try_send(Order { what, answer, room }) {
            Ok(()) => answered.await.unwrap_or(Err(NotTaken::Stopped)),
            Err(TrySendError::Full(_)) => Err(self.busy()),
            Err(TrySendError::Disconnected(_)) => Err(NotTaken::Stopped),
        }
    }

    fn busy(&self) -> NotTaken {
        self.counting.lock().turned_away += 1;
        NotTaken::Busy { retry_after: RETRY_AFTER }
    }

    /// A handle that answers on any thread.
    #[must_use]
    pub fn reader(&self) -> Traces {
        self.traces.clone()
    }

    /// What was taken and refused since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counting.lock().clone()
    }

    /// Writes what waits, and closes the store.
    pub fn stop(self) {
        let SpanLog { orders, writer, .. } = self;
        drop(orders);
        if let Err(panic) = writer.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Room in the queue, given back when the request is done with.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
    waiting: Arc<AtomicUsize>,
}

impl Room {
    /// None if there is not enough. One request has room always, however large it is.
    fn of(waiting: &Arc<AtomicUsize>, bytes: usize, limit: usize) -> Option<Room> {
        let more = |before: usize| (before == 0 || before + bytes <= limit).then_some(before + bytes);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Room { bytes, waiting: Arc::clone(waiting) })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use whither_store::disk::SimulatedDisk;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let options = SpanOptions { queue_bytes: 100, ..SpanOptions::default() };
        let log = SpanLog::open_on(Arc::new(SimulatedDisk::new(1)), options).unwrap();
        let large = Room::of(&log.waiting, 1_000, log.queue_bytes).expect("one has room always");
        let busy = Err(NotTaken::Busy { retry_after: RETRY_AFTER });
        assert_eq!(log.take(Bytes::from_static(b"1")).await, busy);
        drop(large);
        let half = Room::of(&log.waiting, 99, log.queue_bytes);
        assert_eq!(log.take(Bytes::new()).await, Ok(Taken::default()));
        assert_eq!(log.take(Bytes::from_static(b"12")).await, busy);
        drop(half);
        assert!(matches!(log.take(Bytes::from_static(b"12")).await, Err(NotTaken::Malformed(_))));
        assert_eq!(log.counts().turned_away, 2);
        assert_eq!(log.waiting.load(Ordering::Relaxed), 0);
        log.stop();
    }
}
