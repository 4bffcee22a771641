//! Who may be connected: when all places are taken, the one that has kept us waiting for longest gives way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::task::AbortHandle;

/// The places.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    most: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Counts what happens: the lower, the longer ago.
    clock: u64,
    next: u64,
    connections: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    task: Option<AbortHandle>,
    /// How many of its requests have come whole and are being answered.
    answered: usize,
    /// Since when it lets us wait, while none of them are.
    waiting: u64,
}

impl Slots {
    pub(super) fn of(most: usize) -> Slots {
        Slots { most, taken: Arc::default() }
    }

    /// Begins a connection, if there is a place for it.
    pub(super) fn begin<F>(&self, connection: impl FnOnce(Slot) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(id) = self.take() else { return };
        let slot = Slot { id, taken: self.taken.clone() };
        let task = tokio::spawn(connection(slot)).abort_handle();
        // It may have ended already.
        if let Some(c) = lock(&self.taken).connections.get_mut(&id) {
            c.task = Some(task);
        }
    }

    /// None if everybody is being answered.
    fn take(&self) -> Option<u64> {
        let mut taken = lock(&self.taken);
        if taken.connections.len() >= self.most {
            let waits = taken.connections.iter().filter(|(_, c)| c.answered == 0);
            let (_, longest) = waits.map(|(id, c)| (c.waiting, *id)).min()?;
            if let Some(task) = taken.connections.remove(&longest).and_then(|c| c.task) {
                task.abort();
            }
        }
        taken.next += 1;
        taken.clock += 1;
        let (id, now) = (taken.next, taken.clock);
        taken.connections.insert(id, Connection { task: None, answered: 0, waiting: now });
        Some(id)
    }

    /// Ends them all.
    pub(super) fn close(&self) {
        let connections = std::mem::take(&mut lock(&self.taken).connections);
        connections.into_values().filter_map(|c| c.task).for_each(|task| task.abort());
    }
}

/// A connection's place; free when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    taken: Arc<Mutex<Taken>>,
}

impl Slot {
    /// A request begins to come.
    pub(super) fn turn(&self) -> Arc<Turn> {
        Arc::new(Turn { id: self.id, taken: self.taken.clone(), is_ours: AtomicBool::new(false) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.taken).connections.remove(&self.id);
    }
}

/// Whose turn it is in one exchange: until its request has come whole the client lets us wait, from then on we let it
/// wait.
#[derive(Debug)]
pub(super) struct Turn {
    id: u64,
    taken: Arc<Mutex<Taken>>,
    is_ours: AtomicBool,
}

impl Turn {
    /// A request's body; when it is over, the turn is ours.
    pub(super) fn at_the_end_of(self: Arc<Self>, body: Incoming) -> Request {
        if body.is_end_stream() {
            self.take();
        }
        Request { body, turn: self }
    }

    /// An answer's body; the turn is ours until it was sent.
    pub(super) fn until_the_end_of(self: Arc<Self>, body: Body) -> Answer {
        self.take();
        Answer { body, _turn: self }
    }

    fn take(&self) {
        if !self.is_ours.swap(true, Ordering::Relaxed)
            && let Some(c) = lock(&self.taken).connections.get_mut(&self.id)
        {
            c.answered += 1;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !*self.is_ours.get_mut() {
            return;
        }
        let mut taken = lock(&self.taken);
        taken.clock += 1;
        let now = taken.clock;
        if let Some(c) = taken.connections.get_mut(&self.id) {
            c.answered = c.answered.saturating_sub(1);
            c.waiting = now;
        }
    }
}

/// A request's body.
#[derive(Debug)]
pub(super) struct Request {
    body: Incoming,
    turn: Arc<Turn>,
}

impl HttpBody for Request {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.turn.take();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _turn: Arc<Turn>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
