//! The durable bytes and tables of a whither server.
//!
//! A [`Store`] is one directory: a write-ahead log of what its owner appends, checkpoints of its owner's state, and
//! tables as Parquet segments. It judges nothing and knows no clock: bytes and plain rows go in and come out.
//!
//! After [`Store::mark`] returns, what came before it survives any crash; what came after the last mark is dropped as a
//! whole. [`CheckpointWriter::finish`] makes state, tables and an empty log true in one transaction of the catalogue, so
//! rows are never doubled: until then they come back by replaying the log.
//!
//! File formats: `docs/formats/store.md`.

pub mod disk;
pub mod limits;
mod error;
mod names;
mod log;
mod checkpoint;
mod catalogue;
mod tables;
mod live;
mod store;
mod queries;

pub use checkpoint::Checkpoint;
pub use error::{OpenError, StoreError};
pub use log::{Entries, Entry};
pub use queries::{BalanceFilter, Reader, ServicePairs, SpanSearch, TracesFound};
pub use store::{CheckpointWriter, Opened, Options, Recovered, Repair, Retained, Retention, Sizes, Store};
pub use tables::merge::{Merge, Merged};
pub use tables::{
    BalanceRow, CommitRow, FindingRow, IndexKind, IndexRow, LagRow, MarkRow, SpanKind, SpanRow, SpanStatus,
    Table, trace_hash,
};
