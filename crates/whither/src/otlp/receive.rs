//! A request's body: all of it, in time, and no more than is taken.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::Refusal;
use super::budget::{Budget, Held};

/// A body comes within this time. Exporters give up after ten seconds themselves.
const TIME: Duration = Duration::from_secs(15);

/// What came, and the memory that it takes.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Bytes,
    pub(super) held: Held,
}

/// Reads a body of `most` bytes at most, and some around them. Memory is taken as bytes come, never as they are announced.
pub(super) async fn receive(
    body: Body,
    most: usize,
    around: usize,
    budget: &Budget,
) -> Result<Received, Refusal> {
    let mut frames = body.into_data_stream();
    let deadline = Instant::now() + TIME;
    let refused = match timeout_at(deadline, collect(&mut frames, most, around, budget)).await {
        Ok(Ok(received)) => return Ok(received),
        Ok(Err(refused)) => refused,
        Err(_) => return Err(Refusal::TooSlow),
    };
    // Who is still writing does not read why. A body that goes on and on is broken off.
    let _ = timeout_at(deadline, discard(&mut frames, most)).await;
    Err(refused)
}

async fn collect(
    frames: &mut BodyDataStream,
    most: usize,
    around: usize,
    budget: &Budget,
) -> Result<Received, Refusal> {
    let bound = most.saturating_add(around);
    let mut held = Held::default();
    let mut next = async |so_far: usize| -> Result<Option<Bytes>, Refusal> {
        let Some(frame) = frames.next().await else { return Ok(None) };
        let frame = frame.map_err(|error| Refusal::Malformed(format!("the body broke off: {error}")))?;
        if frame.len() > bound.saturating_sub(so_far) {
            return Err(Refusal::TooLarge { most });
        }
        budget.hold(&mut held, frame.len())?;
        Ok(Some(frame))
    };
    let first = next(0).await?.unwrap_or_default();
    let bytes = match next(first.len()).await? {
        // Most come in one piece.
        None => first,
        Some(second) => {
            let mut bytes = BytesMut::from(&*first);
            bytes.extend_from_slice(&second);
            while let Some(frame) = next(bytes.len()).await? {
                bytes.extend_from_slice(&frame);
            }
            bytes.freeze()
        }
    };
    Ok(Received { bytes, held })
}

async fn discard(frames: &mut BodyDataStream, most: usize) {
    let mut left = most;
    while let Some(Ok(frame)) = frames.next().await {
        match left.checked_sub(frame.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
