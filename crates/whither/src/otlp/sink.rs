//! Where spans go.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// What keeps spans.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Keeps the spans of an `ExportTraceServiceRequest`. Once it says so, they survive a crash.
    fn take(&self, request: Bytes) -> BoxFuture<'_, Result<Taken, NotTaken>>;

    /// Spans that were refused since it was opened, by why.
    fn refused(&self) -> BTreeMap<&'static str, u64>;
}

/// What became of the spans of a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Spans that are kept.
    pub accepted: u64,
    /// Spans that were refused.
    pub refused: u64,
    /// Why the first of them was.
    pub why: Option<String>,
}

/// Why no span of a request was kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotTaken {
    /// More comes than can be kept.
    Busy {
        /// When there may be room again.
        retry_after: Duration,
    },
    /// The disk is full.
    Full(String),
    /// It is no request.
    Malformed(String),
    /// Nothing is kept any more.
    Stopped,
}
