//! Spans: what they are found by, in columns, and the rest of each as it was sent.

use super::columns::{
    Blob, Column, Fixed, MaybeFixed, MaybeInt, MaybeSmall, MaybeText, MaybeTime, Nanos, SharedBlob, Span,
    Spelled, Text, Word,
};
use super::row::row;
use super::segment::Test;
use bytes::Bytes;
use std::sync::Arc;

/// The role of a span in its trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[expect(missing_docs, reason = "the words of the specification")]
pub enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl Spelled for SpanKind {
    const WORDS: &'static [(SpanKind, &'static str)] = &[
        (SpanKind::Unspecified, "unspecified"),
        (SpanKind::Internal, "internal"),
        (SpanKind::Server, "server"),
        (SpanKind::Client, "client"),
        (SpanKind::Producer, "producer"),
        (SpanKind::Consumer, "consumer"),
    ];
}

/// How a span ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[expect(missing_docs, reason = "the words of the specification")]
pub enum SpanStatus {
    #[default]
    Unset,
    Ok,
    Error,
}

impl Spelled for SpanStatus {
    const WORDS: &'static [(SpanStatus, &'static str)] =
        &[(SpanStatus::Unset, "unset"), (SpanStatus::Ok, "ok"), (SpanStatus::Error, "error")];
}

type TraceId = Fixed<16>;
type SpanId = Fixed<8>;
type MaybeSpanId = MaybeFixed<8>;
type Kind = Word<SpanKind>;
type Status = Word<SpanStatus>;

row! {
    /// A span.
    pub SpanRow in Spans
    key {
        /// Its trace.
        trace_id: [u8; 16] as TraceId("trace_id"),
        /// When it began, in nanoseconds since the epoch, as it was told.
        start_nanos: i64 as Nanos("started_at"),
    }
    rest {
        /// Its id.
        span_id: [u8; 8] as SpanId("span_id"),
        /// Its parent; `None` for a root.
        parent_id: Option<[u8; 8]> as MaybeSpanId("parent_span_id"),
        /// How long it took, in nanoseconds, as it was told: less than nothing where it ended before it began.
        duration_nanos: i64 as Span("duration_nanos"),
        /// When it came, in milliseconds since the epoch, where its own time can't be true.
        received_ms: Option<i64> as MaybeTime("received_at"),
        /// The service that sent it.
        service: Arc<str> as Text("service"),
        /// Its name.
        name: Arc<str> as Text("operation"),
        /// Its role.
        kind: SpanKind as Kind("kind"),
        /// How it ended.
        status: SpanStatus as Status("status"),
        /// What it did with records: send, receive, process and so on.
        did: Option<Arc<str>> as MaybeText("messaging_operation"),
        /// The topic of the record that it is about.
        topic: Option<Arc<str>> as MaybeText("topic"),
        /// The partition of that record.
        partition: Option<i32> as MaybeSmall("partition"),
        /// The offset of that record.
        offset: Option<i64> as MaybeInt("record_offset"),
        /// The consumer group that it worked for.
        group: Option<Arc<str>> as MaybeText("consumer_group"),
        /// The process that sent it, as its message.
        resource: Arc<[u8]> as SharedBlob("resource"),
        /// The instrumentation that made it, as its message.
        scope: Arc<[u8]> as SharedBlob("scope"),
        /// Its message without what the columns hold.
        rest: Bytes as Blob("rest"),
    }
    at |row| happened(row.start_nanos, row.received_ms)
}

row! {
    /// What a search without attributes needs of a span.
    pub(crate) Glance in Spans
    key {
        /// Its trace.
        trace_id: [u8; 16] as TraceId("trace_id"),
        /// When it began.
        start_nanos: i64 as Nanos("started_at"),
    }
    rest {
        /// When it came.
        received_ms: Option<i64> as MaybeTime("received_at"),
    }
    at |row| happened(row.start_nanos, row.received_ms)
}

row! {
    /// A span's place among the spans of its trace.
    pub(crate) Edge in Spans
    key {
        /// Its trace.
        trace_id: [u8; 16] as TraceId("trace_id"),
        /// When it began.
        start_nanos: i64 as Nanos("started_at"),
    }
    rest {
        /// Its id.
        span_id: [u8; 8] as SpanId("span_id"),
        /// Its parent.
        parent_id: Option<[u8; 8]> as MaybeSpanId("parent_span_id"),
        /// When it came.
        received_ms: Option<i64> as MaybeTime("received_at"),
        /// The service that sent it.
        service: Arc<str> as Text("service"),
    }
    at |row| happened(row.start_nanos, row.received_ms)
}

impl Edge {
    pub(crate) fn of(row: &SpanRow) -> Edge {
        Edge {
            trace_id: row.trace_id,
            start_nanos: row.start_nanos,
            span_id: row.span_id,
            parent_id: row.parent_id,
            received_ms: row.received_ms,
            service: Arc::clone(&row.service),
        }
    }
}

/// In milliseconds since the epoch.
pub(crate) fn happened(start_nanos: i64, received_ms: Option<i64>) -> i64 {
    received_ms.unwrap_or(start_nanos.div_euclid(1_000_000))
}

impl SpanRow {
    /// When it began, in milliseconds since the epoch; where that can't be true, when it came.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        super::row::Row::at_ms(self)
    }
}

/// Spans of these traces; the ids are in order.
pub(crate) fn of_traces(ids: Arc<[[u8; 16]]>) -> Test {
    Test {
        columns: &["trace_id"],
        passes: Box::new(move |batch| {
            let of = TraceId::read(batch.column(0))?;
            Ok(of.map(|id| Some(ids.binary_search(&id).is_ok())).collect())
        }),
    }
}
