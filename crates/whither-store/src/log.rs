//! The write-ahead log: what happened since the last checkpoint, in blocks that are whole or not there.

pub(crate) mod frame;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::{Entries, Entry};
pub(crate) use reader::{Tail, find_tail};
pub(crate) use writer::LogWriter;
