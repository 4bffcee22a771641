//! Appending to the log.

use super::frame::{self, MARK, Place, write_block, write_entry};
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::limits::{BLOCK_BYTES, MAX_ENTRY_BYTES};
use crate::names;
use std::io;
use std::sync::Arc;

/// The end of a log file. Entries gather in memory and are written as blocks; a mark writes and syncs.
#[derive(Debug)]
pub(crate) struct LogWriter {
    file: Arc<dyn DiskFile>,
    name: String,
    generation: u64,
    /// The end of the last whole block.
    end: u64,
    durable_to: u64,
    /// Entries that are in no block yet.
    raw: Vec<u8>,
    block: Vec<u8>,
    /// Whether an entry came after the last mark.
    unmarked: bool,
    /// Whether a mark stands in this file.
    has_mark: bool,
    broken: Option<String>,
}

impl LogWriter {
    /// A new log with nothing in it, durable once its directory's names are.
    pub(crate) fn create(disk: &dyn Disk, generation: u64) -> Result<LogWriter, StoreError> {
        let name = names::log(generation);
        let create = || -> io::Result<Arc<dyn DiskFile>> {
            let file = disk.create(&name)?;
            file.write_at(0, &frame::file_header(frame::FILE_MAGIC, frame::VERSION, generation))?;
            file.sync()?;
            Ok(file)
        };
        let file = create().map_err(|error| StoreError::io(&name, error))?;
        Ok(LogWriter::at(file, generation, frame::FILE_HEADER_BYTES as u64))
    }

    /// Goes on at `end`, where everything before is durable and nothing follows.
    pub(crate) fn at(file: Arc<dyn DiskFile>, generation: u64, end: u64) -> LogWriter {
        LogWriter {
            file,
            name: names::log(generation),
            generation,
            end,
            durable_to: end,
            raw: Vec::new(),
            block: Vec::new(),
            unmarked: false,
            has_mark: end > frame::FILE_HEADER_BYTES as u64,
            broken: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file and of what waits to be written to it.
    pub(crate) fn bytes(&self) -> u64 {
        self.end + self.raw.len() as u64
    }

    pub(crate) fn is_unmarked(&self) -> bool {
        self.unmarked
    }

    pub(crate) fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// Refuses all further work if what is on disk is not known.
    pub(crate) fn usable(&self) -> Result<(), StoreError> {
        self.broken.as_ref().map_or(Ok(()), |why| Err(StoreError::Broken { why: why.clone() }))
    }

    pub(crate) fn append(&mut self, kind: u8, payload: &[u8]) -> Result<(), StoreError> {
        self.usable()?;
        bounded(payload)?;
        if self.raw.len() + payload.len() > BLOCK_BYTES && !self.raw.is_empty() {
            self.write(false)?;
        }
        write_entry(&mut self.raw, kind, payload);
        self.unmarked = true;
        Ok(())
    }

    pub(crate) fn mark(&mut self, payload: &[u8]) -> Result<(), StoreError> {
        self.usable()?;
        bounded(payload)?;
        let before = self.raw.len();
        write_entry(&mut self.raw, MARK, payload);
        if let Err(error) = self.write(true) {
            self.raw.truncate(before);
            return Err(error);
        }
        if let Err(error) = self.file.sync() {
            return Err(self.break_down(format!("{} could not be made durable: {error}", self.name)));
        }
        self.durable_to = self.end;
        self.unmarked = false;
        self.has_mark = true;
        Ok(())
    }

    pub(crate) fn break_down(&mut self, why: String) -> StoreError {
        self.broken = Some(why.clone());
        StoreError::Broken { why }
    }

    /// Writes what has gathered as a block; where there is no room, takes back the part of it that was written.
    fn write(&mut self, marked: bool) -> Result<(), StoreError> {
        let place = Place { generation: self.generation, at: self.end };
        self.block.clear();
        write_block(&mut self.block, &self.raw, place, marked, self.durable_to);
        let Err(error) = self.file.write_at(self.end, &self.block) else {
            self.end += self.block.len() as u64;
            self.raw.clear();
            return Ok(());
        };
        let error = StoreError::io(&self.name, error);
        if !error.is_full() {
            return Err(self.break_down(error.to_string()));
        }
        match self.file.set_len(self.end) {
            Ok(()) => Err(error),
            Err(cut) => Err(self.break_down(format!("{} could not be cut back: {cut}", self.name))),
        }
    }
}

fn bounded(payload: &[u8]) -> Result<(), StoreError> {
    let (bytes, limit) = (payload.len(), MAX_ENTRY_BYTES);
    if bytes > limit { Err(StoreError::TooLarge { bytes, limit }) } else { Ok(()) }
}
