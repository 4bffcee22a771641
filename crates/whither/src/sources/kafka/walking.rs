//! Records on their way from a fetch to the core. What is read deep is walked on threads of its own: there
//! decompressing takes more time than all the rest.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use whither_core::{Fact, Offset, Partition, Time};
use whither_kafka::batch::Scratch;

use super::batches::{Depth, Walked, Walker};
use super::commits::TopicNames;
use super::indexing::{Gathered, Gatherer};
use super::origins::Conventions;

/// More threads than this wait for the one that judges.
const THREADS: usize = 8;
/// Pieces that wait for a thread, for each of them.
const QUEUE: usize = 2;
/// Below this many bytes, and where only batch headers are read, handing over takes longer than walking.
const WORTH_BYTES: usize = 16 << 10;

/// Bytes of one partition, and how to read them.
pub(super) struct Piece {
    pub(super) partition: Partition,
    pub(super) depth: Depth,
    pub(super) boundaries: Vec<Offset>,
    pub(super) records: Bytes,
    /// Stops before this.
    pub(super) end: Offset,
    pub(super) now: Time,
    pub(super) conventions: Arc<Conventions>,
    pub(super) names: Arc<TopicNames>,
    pub(super) gatherer: Option<Gatherer>,
}

/// What a piece holds.
#[derive(Default)]
pub(super) struct Held {
    pub(super) facts: Vec<Fact>,
    pub(super) walked: Walked,
    pub(super) gathered: Gathered,
}

/// A piece that is being walked, or was.
pub(super) enum Walking {
    Done(Held),
    UnderWay(oneshot::Receiver<Held>),
}

type Job = (Piece, oneshot::Sender<Held>);

/// The threads. They are started when first needed, and end with this.
#[derive(Debug, Default)]
pub(super) struct Walkers {
    jobs: Option<mpsc::Sender<Job>>,
}

impl Piece {
    pub(super) fn walk(self, scratch: &mut Scratch) -> Held {
        let mut held = Held::default();
        let mut walker = Walker {
            partition: &self.partition,
            depth: self.depth,
            boundaries: &self.boundaries,
            conventions: &self.conventions,
            names: &self.names,
            scratch,
            gatherer: self.gatherer,
            now: self.now,
        };
        held.walked = walker.walk(&self.records, self.end, &mut held.facts);
        if let Some((gatherer, next)) = walker.gatherer.zip(held.walked.next) {
            held.gathered = gatherer.finish(&self.partition, next);
        }
        held
    }

    fn is_worth_a_thread(&self) -> bool {
        (self.depth != Depth::Ledger || self.gatherer.is_some()) && self.records.len() >= WORTH_BYTES
    }
}

impl Walking {
    /// What came of it.
    pub(super) async fn held(self) -> Held {
        match self {
            Walking::Done(held) => held,
            Walking::UnderWay(held) => held.await.expect("a walker answers unless it panicked"),
        }
    }
}

impl Walkers {
    /// Begins to walk a piece; waits while the threads have enough to do.
    pub(super) async fn walk(&mut self, piece: Piece, scratch: &mut Scratch) -> Walking {
        if !piece.is_worth_a_thread() {
            return Walking::Done(piece.walk(scratch));
        }
        let (answer, held) = oneshot::channel();
        match self.jobs.get_or_insert_with(start).send((piece, answer)).await {
            Ok(()) => Walking::UnderWay(held),
            // No thread could be started.
            Err(mpsc::error::SendError((piece, _))) => Walking::Done(piece.walk(scratch)),
        }
    }
}

fn start() -> mpsc::Sender<Job> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let (sender, jobs) = mpsc::channel(threads * QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..threads {
        let jobs = jobs.clone();
        // The others go on if one can't be started.
        let _ = thread::Builder::new().name("walker".into()).spawn(move || work(&jobs));
    }
    sender
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut scratch = Scratch::default();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some((piece, answer)) = next else { return };
        // Whoever asked may have stopped.
        let _ = answer.send(piece.walk(&mut scratch));
    }
}

#[cfg(test)]
mod tests {
    use whither_core::fact::Role;

    use super::*;
    use crate::demo::broker::NewRecord;
    use crate::demo::broker::batch::{Writer, encode, stamp};

    /// Batches from an offset on, as many as are worth a thread.
    fn piece(base: Offset, depth: Depth) -> Piece {
        let record = NewRecord {
            key: Some(Bytes::from_static(b"order-1")),
            value: Some(Bytes::from(vec![7; 100])),
            headers: Vec::new(),
            timestamp_ms: None,
        };
        let batch = encode(&vec![record; 50], Writer::plain(-1), 1_000);
        let bytes: Vec<u8> = (0..10)
            .flat_map(|n| {
                let mut batch = batch.to_vec();
                stamp(&mut batch, base + n * 50, 7);
                batch
            })
            .collect();
        Piece {
            partition: Partition::new("orders", 0),
            depth,
            boundaries: Vec::new(),
            records: bytes.into(),
            end: Offset::MAX,
            now: Time(2_000),
            conventions: Arc::default(),
            names: Arc::default(),
            gatherer: None,
        }
    }

    #[tokio::test]
    async fn pieces_come_back_as_if_they_were_walked_in_place() {
        let mut walkers = Walkers::default();
        let mut scratch = Scratch::default();
        let deep = Depth::Headers(Role::DeadLetter);
        let mut walking = Vec::new();
        for n in 0..40 {
            walking.push(walkers.walk(piece(n * 1_000, deep), &mut scratch).await);
        }
        assert!(walking.iter().all(|w| matches!(w, Walking::UnderWay(_))), "they are worth a thread");
        for (n, walking) in (0..).zip(walking) {
            let (held, here) = (walking.held().await, piece(n * 1_000, deep).walk(&mut scratch));
            assert_eq!((held.walked, &held.facts), (here.walked, &here.facts));
            assert_eq!((held.walked.records, held.walked.next), (500, Some(n * 1_000 + 500)));
        }
    }

    #[tokio::test]
    async fn batch_headers_are_walked_in_place() {
        let mut walkers = Walkers::default();
        let walking = walkers.walk(piece(0, Depth::Ledger), &mut Scratch::default()).await;
        assert!(matches!(walking, Walking::Done(_)));
        assert!(walkers.jobs.is_none(), "no thread is started for them");
    }
}
