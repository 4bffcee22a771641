//! What both ways in share: bounds, the sink, and what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::budget::{Budget, Held};
use super::counts::Counts;
use super::receive::{Received, receive};
use super::unpack::{Encoding, Format, unpack};
use super::{Counted, Refusal, Sink, Taken};

/// What a sink has not kept by then it did not keep in time: exporters do not wait for longer.
const KEPT: Duration = Duration::from_secs(10);
/// When whither stops, what is under way may end within this time.
const DRAINED: Duration = Duration::from_secs(5);

/// What may be under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a request, as it was sent and as it is inflated.
    pub request_bytes: usize,
    /// Bytes of all requests together, as they were sent and as they are inflated.
    pub bytes: usize,
    /// Requests that came whole and are not kept yet.
    pub requests: u32,
}

impl Limits {
    /// Four of the largest requests are under way at a time, or many small ones.
    #[must_use]
    pub fn of(request_bytes: usize) -> Limits {
        Limits { request_bytes, bytes: request_bytes.saturating_mul(4), requests: 256 }
    }
}

/// Takes requests, however they come in.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sink: Arc<dyn Sink>,
    limits: Limits,
    budget: Budget,
    places: Arc<Semaphore>,
    counts: Counts,
    stopping: AtomicBool,
}

impl Intake {
    /// Gives what comes to a sink.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, limits: Limits) -> Intake {
        Intake(Arc::new(Inner {
            sink,
            limits,
            budget: Budget::of(limits.bytes),
            places: Arc::new(Semaphore::new(limits.requests as usize)),
            counts: Counts::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    /// What has been counted.
    #[must_use]
    pub fn counted(&self) -> Counted {
        Counted {
            reasons: self.0.sink.refused(),
            bytes_under_way: u64::try_from(self.0.budget.under_way()).unwrap_or(u64::MAX),
            ..self.0.counts.so_far()
        }
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(super) fn most(&self) -> usize {
        self.0.limits.request_bytes
    }

    pub(super) fn hold(&self, bytes: usize) -> Result<Held, Refusal> {
        let mut held = Held::default();
        self.0.budget.hold(&mut held, bytes).map(|()| held)
    }

    /// Reads what is sent: a request, and some bytes around it.
    pub(super) async fn receive(&self, body: Body, around: usize) -> Result<Received, Refusal> {
        if self.0.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        receive(body, self.most(), around, &self.0.budget).await
    }

    /// Unpacks what was sent, and keeps it.
    pub(super) async fn take(
        &self,
        received: Received,
        encoding: Encoding,
        format: Format,
    ) -> Result<Taken, Refusal> {
        let _place = self.place()?;
        let request = unpack(received, encoding, format, self.most(), &self.0.budget).await?;
        let Received { bytes, held: _held } = request;
        match timeout(KEPT, self.0.sink.take(bytes)).await {
            Ok(taken) => Ok(taken?),
            Err(_) => Err(Refusal::BUSY),
        }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.0.places.clone().try_acquire_owned().map_err(|_| Refusal::BUSY)
    }

    /// Takes nothing more. What is under way is waited for.
    pub(super) async fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        // What has not ended by then is not acknowledged: its sender sends it again.
        let _ = timeout(DRAINED, self.0.places.acquire_many(self.0.limits.requests)).await;
    }
}
