//! What the store needs of a disk: one directory of flat names, and files that are read and written at positions.
//!
//! [`RealDisk`] is the file system. [`SimulatedDisk`] is memory with seeded faults, for tests that have to see every
//! crash: nothing else in this crate touches a file.

mod appender;
mod real;
mod simulated;

pub(crate) use appender::Appender;
pub use real::RealDisk;
pub use simulated::SimulatedDisk;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A directory.
pub trait Disk: Debug + Send + Sync {
    /// Where it is, for messages.
    fn path(&self) -> PathBuf;
    /// An empty file of this name, in place of one that may be there.
    ///
    /// # Errors
    /// Those of the file system.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// A file that is there, for reading and writing.
    ///
    /// # Errors
    /// `NotFound` where there is none, and those of the file system.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// The names of its files, in order.
    ///
    /// # Errors
    /// Those of the file system.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Gives a file another name, in place of one that may be there. Whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a name. Open files stay readable.
    ///
    /// # Errors
    /// `NotFound` where there is none, and those of the file system.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes names durable: what was created, renamed and removed so far stays so.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync_names(&self) -> io::Result<()>;
    /// The file of this name, created if need be, locked for as long as it is kept open; `None` if another one holds it.
    ///
    /// # Errors
    /// Those of the file system.
    fn lock(&self, name: &str) -> io::Result<Option<Arc<dyn DiskFile>>>;
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// Those of the file system.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    ///
    /// # Errors
    /// Those of the file system.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills the buffer from position `at`.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file ends before the buffer is full, and those of the file system.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
    /// Writes all bytes at position `at`. After an error any part of them may have been written.
    ///
    /// # Errors
    /// `StorageFull` and the others of the file system.
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts it, or lengthens it with zeros.
    ///
    /// # Errors
    /// Those of the file system.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes its content durable. After an error nobody knows what is.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync(&self) -> io::Result<()>;
}
