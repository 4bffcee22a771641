//! Where spans go.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::traces::{NotTaken, SpanLog, Taken};

/// What keeps spans.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Keeps the spans of an `ExportTraceServiceRequest`. Once it says so, they survive a crash.
    fn take(&self, request: Bytes) -> BoxFuture<'_, Result<Taken, NotTaken>>;

    /// Spans that were refused since it was opened, by why.
    fn refused(&self) -> BTreeMap<&'static str, u64>;
}

impl Sink for SpanLog {
    fn take(&self, request: Bytes) -> BoxFuture<'_, Result<Taken, NotTaken>> {
        SpanLog::take(self, request).boxed()
    }

    fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.counts().refused
    }
}
