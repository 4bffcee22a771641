//! Why spans are not taken.

use crate::wire::Malformed;

/// Why a span is not taken, or why a walk ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Refused {
    /// Its trace id is not 16 bytes, or all zeros (specification: "Spans with an invalid trace id").
    #[error("the trace id is not 16 bytes, or all zeros")]
    TraceId,
    /// Its span id is not 8 bytes, or all zeros.
    #[error("the span id is not 8 bytes, or all zeros")]
    SpanId,
    /// It is no protobuf message of its type.
    #[error("a span is no protobuf message: {0}")]
    Span(Malformed),
    /// What is around spans is no protobuf message: the rest of the request can't be found.
    #[error("the request is no protobuf message: {0}")]
    Request(Malformed),
}

impl Refused {
    /// A word for it, for counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Refused::TraceId => "trace_id",
            Refused::SpanId => "span_id",
            Refused::Span(_) => "malformed_span",
            Refused::Request(_) => "malformed_request",
        }
    }
}
