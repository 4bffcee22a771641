//! Writing a file from its beginning to its end.

use super::{Disk, DiskFile};
use std::io::{self, Write};
use std::sync::Arc;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// A new file that is written once, front to back, with the checksum of all its bytes.
#[derive(Debug)]
pub(crate) struct Appender {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    written: u64,
    crc: u32,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    /// crc32c of all of them.
    pub(crate) crc: u32,
}

impl Appender {
    pub(crate) fn create(disk: &dyn Disk, name: &str) -> io::Result<Appender> {
        let file = disk.create(name)?;
        Ok(Appender { file, buffer: Vec::with_capacity(BUFFER_BYTES), written: 0, crc: 0 })
    }

    /// Bytes so far.
    pub(crate) fn at(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes what is left and makes the file durable.
    pub(crate) fn finish(mut self) -> io::Result<Written> {
        self.flush()?;
        self.file.sync()?;
        Ok(Written { bytes: self.written, crc: self.crc })
    }
}

impl Write for Appender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
