//! Reading a log: where its last whole mark ends, and what it holds up to there.

use super::frame::{self, BLOCK_HEADER_BYTES, BLOCK_MAGIC, BlockHeader, FILE_HEADER_BYTES, MARK, Place};
use crate::disk::DiskFile;
use crate::error::OpenError;
use crate::names;
use std::sync::Arc;

/// An entry of the log, as it was appended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// What [`Store::append`](crate::Store::append) was given.
    Fact {
        /// The caller's kind, never 0.
        kind: u8,
        /// The caller's bytes.
        payload: Vec<u8>,
    },
    /// What [`Store::mark`](crate::Store::mark) was given.
    Mark(Vec<u8>),
}

/// The entries after the checkpoint, in order. If there are any, the last one is a mark.
#[derive(Debug)]
pub struct Entries {
    blocks: Blocks,
    /// Entries of the current block that were not returned yet.
    raw: Vec<u8>,
    read: usize,
}

/// How a log file ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tail {
    /// The end of the last whole mark.
    pub(crate) end: u64,
    /// Bytes after it.
    pub(crate) dropped_bytes: u64,
    /// Entries in whole blocks after it.
    pub(crate) dropped_entries: u64,
    /// The first byte that can't be read although it was durable once.
    pub(crate) corrupt_at: Option<u64>,
    /// The payload of the last whole mark.
    pub(crate) last_mark: Option<Vec<u8>>,
}

/// Walks the whole file: where its last mark ends, what follows it, and whether that can be a torn write.
pub(crate) fn find_tail(file: &Arc<dyn DiskFile>, generation: u64) -> Result<Tail, OpenError> {
    let mut blocks = Blocks::open(file, generation)?;
    let mut end = blocks.at;
    let mut dropped_entries = 0;
    let mut last_mark = None;
    while let Some(block) = blocks.next()? {
        if block.marked {
            end = blocks.at;
            dropped_entries = 0;
            last_mark = entries(&block.raw).last().map(|(_, payload)| payload.to_vec());
        } else {
            dropped_entries += entries(&block.raw).count() as u64;
        }
    }
    let corrupt_at = blocks.damage_is_no_tear()?.then_some(blocks.at);
    Ok(Tail { end, dropped_bytes: blocks.end - end, dropped_entries, corrupt_at, last_mark })
}

fn entries(mut raw: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || frame::read_entry(&mut raw))
}

impl Entries {
    /// The entries up to `end`, where a mark ends.
    pub(crate) fn open(file: &Arc<dyn DiskFile>, generation: u64, end: u64) -> Result<Entries, OpenError> {
        let mut blocks = Blocks::open(file, generation)?;
        blocks.end = end;
        Ok(Entries { blocks, raw: Vec::new(), read: 0 })
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut rest = self.raw.get(self.read..).unwrap_or_default();
            if let Some((kind, payload)) = frame::read_entry(&mut rest) {
                let payload = payload.to_vec();
                self.read = self.raw.len() - rest.len();
                return Some(Ok(if kind == MARK {
                    Entry::Mark(payload)
                } else {
                    Entry::Fact { kind, payload }
                }));
            }
            if self.blocks.at >= self.blocks.end {
                return None;
            }
            match self.blocks.next() {
                Ok(Some(block)) => (self.raw, self.read) = (block.raw, 0),
                Ok(None) => return Some(Err(self.blocks.changed())),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[derive(Debug)]
struct Block {
    marked: bool,
    raw: Vec<u8>,
}

/// The blocks of a file, up to the first that is not whole.
#[derive(Debug)]
struct Blocks {
    file: Arc<dyn DiskFile>,
    name: String,
    generation: u64,
    at: u64,
    end: u64,
}

impl Blocks {
    fn open(file: &Arc<dyn DiskFile>, generation: u64) -> Result<Blocks, OpenError> {
        let name = names::log(generation);
        let end = file.len().map_err(|error| OpenError::io(&name, error))?;
        let at = FILE_HEADER_BYTES as u64;
        let mut header = [0; FILE_HEADER_BYTES];
        let read = if end < at { Ok(()) } else { file.read_at(0, &mut header) };
        read.map_err(|error| OpenError::io(&name, error))?;
        if header != frame::file_header(frame::FILE_MAGIC, frame::VERSION, generation) {
            return Err(OpenError::corrupt(&name, 0, "this is not the header of a log"));
        }
        Ok(Blocks { file: Arc::clone(file), name, generation, at, end })
    }

    /// The next whole block; `None` at the end, or where something else stands.
    fn next(&mut self) -> Result<Option<Block>, OpenError> {
        let Some((header, body)) = self.whole_block(self.at)? else { return Ok(None) };
        let raw = if header.compressed {
            match lz4_flex::block::decompress(&body, header.raw_len) {
                Ok(raw) if raw.len() == header.raw_len => raw,
                _ => return Ok(None),
            }
        } else {
            body
        };
        self.at += (BLOCK_HEADER_BYTES + header.stored_len) as u64;
        Ok(Some(Block { marked: header.marked, raw }))
    }

    /// The block at a byte, if a whole one stands there.
    fn whole_block(&self, at: u64) -> Result<Option<(BlockHeader, Vec<u8>)>, OpenError> {
        let mut head = [0; BLOCK_HEADER_BYTES];
        if !self.read(at, &mut head)? {
            return Ok(None);
        }
        let Some(header) = BlockHeader::read(&head) else { return Ok(None) };
        if at + (BLOCK_HEADER_BYTES + header.stored_len) as u64 > self.end {
            return Ok(None);
        }
        let mut body = vec![0; header.stored_len];
        if !self.read(at + BLOCK_HEADER_BYTES as u64, &mut body)? {
            return Ok(None);
        }
        let place = Place { generation: self.generation, at };
        Ok((frame::checksum(place, &head[..24], &body) == header.crc).then_some((header, body)))
    }

    /// Whether a later block says that this place was durable when it was written: then the disk has lost what it had,
    /// while a torn write only loses what nobody was told is there.
    fn damage_is_no_tear(&self) -> Result<bool, OpenError> {
        const WINDOW: usize = 1 << 20;
        let mut window = Vec::new();
        let mut from = self.at;
        while from < self.end {
            let len = usize::try_from(self.end - from).map_or(WINDOW, |left| left.min(WINDOW));
            window.resize(len, 0);
            self.read(from, &mut window)?;
            for (i, four) in window.windows(BLOCK_MAGIC.len()).enumerate() {
                if *four == BLOCK_MAGIC
                    && let Some((header, _)) = self.whole_block(from + i as u64)?
                    && header.durable_to > self.at
                {
                    return Ok(true);
                }
            }
            // The next window begins where a magic could have been cut.
            from += if len < WINDOW { len } else { len - (BLOCK_MAGIC.len() - 1) } as u64;
        }
        Ok(false)
    }

    /// Fills the buffer; false if the file ends before.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<bool, OpenError> {
        if at + into.len() as u64 > self.end {
            return Ok(false);
        }
        self.file.read_at(at, into).map_err(|error| OpenError::io(&self.name, error))?;
        Ok(true)
    }

    fn changed(&self) -> OpenError {
        OpenError::corrupt(&self.name, self.at, "what was whole a moment ago is not any more")
    }
}
