//! Decoders of record batches and of coordinator records, against real encoders and against hostile bytes.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod build;
mod batches;
mod codecs;
mod hostile;
mod bombs;
mod coordinator;
mod properties;
mod fuzz;
