//! OTLP trace data (opentelemetry-proto 1.x), read where they lie.
//!
//! A request is walked once, field by field; a [`Span`] borrows from it and nothing is decoded before it is asked for.
//! Lengths that a message tells are checked against the bytes there are, and never reserved.
//!
//! A span that can't be true (no trace id, no span id) or can't be read is [`Refused`] by itself with the reason; those
//! beside it are taken. What is broken further out ends the walk: the rest can't be found any more.
//!
//! ```
//! # fn count(body: &[u8]) -> (usize, usize) {
//! let (mut taken, mut refused) = (0, 0);
//! for span in whither_otlp::spans(body) {
//!     match span {
//!         Ok(span) => taken += usize::from(!span.name.as_bytes().is_empty()),
//!         Err(_) => refused += 1,
//!     }
//! }
//! # (taken, refused)
//! # }
//! # assert_eq!(count(&[]), (0, 0));
//! ```
#![forbid(unsafe_code)]

mod attributes;
mod json;
mod refused;
mod response;
mod span;
mod head;
mod walk;
mod wire;

pub use attributes::{Attribute, Attributes, Text, Value, Values};
pub use head::Head;
pub use json::{NotASpan, NotOtlp, from_json, to_json};
pub use refused::Refused;
pub use response::Response;
pub use span::{Event, Kind, Link, Resource, Scope, Span, SpanId, Status, StatusCode, TraceId};
pub use walk::{Spans, spans};
pub use wire::Malformed;
