//! The half of a connection that takes answers in and hands each to whoever waits for it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, ReadHalf};
use tokio::sync::oneshot;

use super::Stream;
use crate::error::Error;
use crate::tls;

/// Reserved for an answer before any of it has come; larger ones grow as their bytes arrive.
const RESERVED_AT_ONCE: usize = 1 << 20;

/// What the reading task and the callers share.
pub(super) struct Shared {
    pub(super) address: String,
    pub(super) has_certificate: bool,
    state: Mutex<State>,
    closed: AtomicBool,
    answered: AtomicU32,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Why the connection ended, once it has.
    failure: Option<Error>,
}

/// A request that was sent. If its caller gave up, its answer is read and dropped.
pub(super) struct Waiting {
    pub(super) correlation_id: i32,
    pub(super) limit: usize,
    pub(super) answer: oneshot::Sender<Bytes>,
}

impl Shared {
    pub(super) fn new(address: &str, has_certificate: bool) -> Shared {
        Shared {
            address: address.into(),
            has_certificate,
            state: Mutex::default(),
            closed: AtomicBool::new(false),
            answered: AtomicU32::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Answers so far.
    pub(super) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Acquire)
    }

    /// Adds to those who wait; false if the connection has ended and nobody would answer.
    pub(super) fn wait(&self, waiting: Waiting) -> bool {
        let mut state = self.state();
        // Under the lock that `end` takes: a request is either seen there or refused here.
        if self.is_closed() {
            return false;
        }
        state.waiting.push_back(waiting);
        true
    }

    /// Ends the connection: all who wait are let go. The first reason stays.
    pub(super) fn end(&self, failure: Option<Error>) {
        let mut state = self.state();
        self.closed.store(true, Ordering::Release);
        state.failure = state.failure.take().or(failure);
        state.waiting.clear();
    }

    /// Why the connection ended.
    pub(super) fn gone(&self) -> Error {
        let early = self.answered() == 0;
        let failure = self.state().failure.clone();
        failure.unwrap_or_else(|| Error::Closed { address: self.address.clone(), early })
    }
}

/// Takes answers in until the connection ends.
pub(super) async fn read_answers(mut read: ReadHalf<Box<dyn Stream>>, shared: Arc<Shared>) {
    loop {
        match read_answer(&mut read, &shared).await {
            Ok(Some(frame)) => {
                if !hand_over(&shared, frame) {
                    return shared.end(Some(Error::NotKafka {
                        address: shared.address.clone(),
                        like: "a broker that mixes its answers up",
                    }));
                }
            }
            Ok(None) => return shared.end(None),
            Err(error) => return shared.end(Some(error)),
        }
    }
}

/// Answers come in the order of requests: anything else is not the answer to what was asked.
fn hand_over(shared: &Shared, frame: Bytes) -> bool {
    let told = frame.get(..4).and_then(|b| b.try_into().ok()).map(i32::from_be_bytes);
    let next = shared.state().waiting.pop_front();
    match next {
        Some(waiting) if told == Some(waiting.correlation_id) => {
            shared.answered.fetch_add(1, Ordering::AcqRel);
            // A caller that gave up is no reason to stop.
            let _ = waiting.answer.send(frame);
            true
        }
        _ => false,
    }
}

/// One frame; none at the end of the stream.
async fn read_answer(read: &mut ReadHalf<Box<dyn Stream>>, shared: &Shared) -> Result<Option<Bytes>, Error> {
    let mut prefix = [0_u8; 4];
    if let Err(error) = read.read_exact(&mut prefix).await {
        return ended(&error, shared);
    }
    let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    let limit = shared.state().waiting.front().map_or(0, |w| w.limit);
    if length > limit || length < 4 {
        return Err(stranger(prefix, length, limit, shared));
    }
    let mut frame = BytesMut::with_capacity(length.min(RESERVED_AT_ONCE));
    while frame.len() < length {
        let mut rest = (&mut *read).take((length - frame.len()) as u64);
        match rest.read_buf(&mut frame).await {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => return ended(&error, shared),
        }
    }
    Ok(Some(frame.freeze()))
}

/// Ends of a stream are all alike, but for what TLS has to say: with TLS 1.3 a refused client certificate shows
/// after the handshake.
fn ended(error: &io::Error, shared: &Shared) -> Result<Option<Bytes>, Error> {
    match tls::problem(error, shared.has_certificate) {
        Some(problem) => Err(Error::Tls { address: shared.address.clone(), problem }),
        None => Ok(None),
    }
}

/// What sends such a length is no Kafka listener, or not one for plain clients, or sends more than it should.
fn stranger(prefix: [u8; 4], length: usize, limit: usize, shared: &Shared) -> Error {
    let address = shared.address.clone();
    match prefix {
        // A TLS record: alert or handshake, version 3.x.
        [0x15 | 0x16, 0x03, ..] => Error::ExpectsTls { address },
        [b'H', b'T', b'T', b'P'] => Error::NotKafka { address, like: "an HTTP server" },
        [b'S', b'S', b'H', b'-'] => Error::NotKafka { address, like: "an SSH server" },
        _ if shared.answered() > 0 && limit > 0 && length > limit && length != usize::MAX => {
            Error::TooLarge { address, bytes: length, limit }
        }
        _ => Error::NotKafka { address, like: "nothing that Kafka would send" },
    }
}
