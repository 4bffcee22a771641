//! The span log: what comes in by OTLP is in the write-ahead log before it is acknowledged, and in segments by trace.
//!
//! [`SpanLog`] owns the store of spans and the thread that writes to it; [`Traces`] answers on any thread.

mod limits;
mod shared;
mod row;
mod seen;
mod counts;
mod writer;
mod log;
mod answers;

pub use answers::Traces;
pub use counts::Counts;
pub use log::{NotTaken, SpanLog, SpanOptions, Taken};
pub use row::encoded;
pub use seen::Operation;

#[cfg(test)]
mod tests;
