//! Spans come in by OTLP: from real SDKs, from senders that do what no SDK does, and from more of them than can be served.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

mod scene;
mod sdks;
mod sending;
mod refusing;
mod pressing;
mod abusing;
mod guarding;
mod serving;
mod jaeger;
