//! Record batches (format v2) as a Fetch response carries them, walked without copying.
//!
//! Two depths of reading: the *ledger* depth is [`Batches`], which reads and checks the 61-byte headers and
//! decompresses nothing; the *headers* depth is [`Batch::records`], which opens a batch and walks its records
//! in place.
//!
//! ```
//! use whither_kafka::batch::{Batches, Scratch};
//!
//! fn walk(fetched: &[u8]) {
//!     let mut scratch = Scratch::default();
//!     let mut batches = Batches::new(fetched);
//!     for batch in &mut batches {
//!         let Ok(batch) = batch else { continue }; // what is broken, and whether the walk goes on behind it
//!         if batch.header().attributes.is_control() {
//!             continue;
//!         }
//!         for record in batch.records(&mut scratch).into_iter().flatten() {
//!             let Ok(record) = record else { break };
//!             let _ = (record.offset, record.headers.first(b"traceparent"));
//!         }
//!     }
//!     let _ = batches.cut_off(); // Some: the last batch did not fit into the response
//! }
//! ```
//!
//! Layout: <https://kafka.apache.org/documentation/#recordbatch>.

mod walk;
mod header;
mod records;
mod headers;
mod offsets;
mod control;
mod inflate;
mod key_hash;
mod error;
mod limits;
pub(crate) mod cursor;

pub use control::{Control, ControlKind, NotAControlRecord};
pub use error::{BatchError, BatchFault, HeaderError, InflateError, RecordError, RecordFault, RecordField};
pub use header::{Attributes, BatchHeader, Compression, TimestampType};
pub use headers::{Header, Headers};
pub use inflate::Scratch;
pub use key_hash::key_hash;
pub use limits::Limits;
pub use offsets::Offsets;
pub use records::{Record, Records};
pub use walk::{Batch, Batches, CutOff};
