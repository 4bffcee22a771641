//! What is counted of what comes in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Refusal, Taken};

/// How spans come in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Transport {
    /// OTLP/HTTP.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

impl Transport {
    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Transport::Http => "http",
            Transport::Grpc => "grpc",
        }
    }

    /// As OTLP calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Transport::Http => "OTLP/HTTP",
            Transport::Grpc => "OTLP/gRPC",
        }
    }
}

/// Counts since the process started.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counted {
    /// Requests by what became of them.
    pub requests: BTreeMap<(Transport, &'static str), u64>,
    /// Spans that were kept.
    pub accepted: u64,
    /// Spans that were refused beside others.
    pub refused: u64,
    /// Spans that were refused, by why.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Whether spans are waited for.
    pub listening: BTreeMap<Transport, bool>,
    /// Bytes that are held for requests.
    pub bytes_under_way: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Counted>);

impl Counts {
    /// A request was answered.
    pub(super) fn answered(&self, transport: Transport, answer: &Result<Taken, Refusal>) {
        let word = match answer {
            Ok(taken) if taken.refused == 0 => "ok",
            Ok(_) => "partial",
            Err(refusal) => refusal.word(),
        };
        self.change(|counted| {
            *counted.requests.entry((transport, word)).or_default() += 1;
            let Ok(taken) = answer else { return };
            counted.accepted += taken.accepted;
            counted.refused += taken.refused;
        });
    }

    /// It is waited for spans from now on.
    pub(super) fn listens(&self, transport: Transport, does: bool) {
        self.change(|counted| {
            counted.listening.insert(transport, does);
        });
    }

    pub(super) fn so_far(&self) -> Counted {
        self.change(|counted| counted.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
