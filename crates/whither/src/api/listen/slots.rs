//! Who may be connected: when all places are taken, the one that has kept us waiting for longest gives way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
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
    /// Since when it has not asked for anything; none while it is answered.
    waiting: Option<u64>,
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
            let waits = |(id, c): (&u64, &Connection)| Some((c.waiting?, *id));
            let (_, longest) = taken.connections.iter().filter_map(waits).min()?;
            if let Some(task) = taken.connections.remove(&longest).and_then(|c| c.task) {
                task.abort();
            }
        }
        taken.next += 1;
        taken.clock += 1;
        let (id, now) = (taken.next, taken.clock);
        taken.connections.insert(id, Connection { task: None, waiting: Some(now) });
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
    /// It has asked for something.
    pub(super) fn busy(&self) -> Busy {
        if let Some(c) = lock(&self.taken).connections.get_mut(&self.id) {
            c.waiting = None;
        }
        Busy { id: self.id, taken: self.taken.clone() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.taken).connections.remove(&self.id);
    }
}

/// A connection is being answered.
#[derive(Debug)]
pub(super) struct Busy {
    id: u64,
    taken: Arc<Mutex<Taken>>,
}

impl Busy {
    /// Until this was sent.
    pub(super) fn until_the_end_of(self, body: Body) -> Answer {
        Answer { body, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.clock += 1;
        let now = taken.clock;
        if let Some(c) = taken.connections.get_mut(&self.id) {
            c.waiting = Some(now);
        }
    }
}

/// A body that knows when it is over.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _busy: Busy,
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
