//! Checkpoint files: the state at a mark, a blob for each key. Drawn in `docs/formats/store.md`.

use crate::disk::{Appender, Disk, DiskFile};
use crate::error::{OpenError, StoreError};
use crate::limits::MAX_BLOB_BYTES;
use crate::log::frame::{self, FILE_HEADER_BYTES};
use crate::names;
use std::io::Write;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"whthrchk";
const VERSION: u32 = 1;
/// Kind, flags, two reserved bytes, length, stored length, checksum.
const FRAME_HEADER_BYTES: usize = 16;
const COMPRESSED: u8 = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The mark that the state stands at; there is none if nothing was ever marked.
    Mark = 1,
    /// A key's state.
    Blob = 2,
    /// The end: its payload is the number of frames before it.
    End = 3,
}

/// A checkpoint that is being written.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    out: Appender,
    name: String,
    frames: u64,
}

impl FrameWriter {
    pub(crate) fn create(
        disk: &dyn Disk,
        generation: u64,
        mark: Option<&[u8]>,
    ) -> Result<FrameWriter, StoreError> {
        let name = names::checkpoint(generation);
        let out = Appender::create(disk, &name).map_err(|error| StoreError::io(&name, error))?;
        let mut writer = FrameWriter { out, name, frames: 0 };
        writer.write(&frame::file_header(MAGIC, VERSION, generation))?;
        if let Some(mark) = mark {
            writer.frame(Kind::Mark, mark)?;
        }
        Ok(writer)
    }

    pub(crate) fn blob(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let (bytes, limit, blob) = (bytes.len(), MAX_BLOB_BYTES, bytes);
        if bytes > limit {
            return Err(StoreError::TooLarge { bytes, limit });
        }
        self.frame(Kind::Blob, blob)
    }

    /// Its length in bytes, durable.
    pub(crate) fn finish(mut self) -> Result<u64, StoreError> {
        let frames = self.frames.to_le_bytes();
        self.frame(Kind::End, &frames)?;
        let written = self.out.finish().map_err(|error| StoreError::io(&self.name, error))?;
        Ok(written.bytes)
    }

    fn frame(&mut self, kind: Kind, raw: &[u8]) -> Result<(), StoreError> {
        let packed = lz4_flex::block::compress(raw);
        let (flags, body) = if packed.len() < raw.len() { (COMPRESSED, packed.as_slice()) } else { (0, raw) };
        let mut head = [0; FRAME_HEADER_BYTES];
        head[0] = kind as u8;
        head[1] = flags;
        head[4..8].copy_from_slice(&frame::length(raw.len()));
        head[8..12].copy_from_slice(&frame::length(body.len()));
        let crc = checksum(self.out.at(), &head, body);
        head[12..].copy_from_slice(&crc.to_le_bytes());
        self.write(&head)?;
        self.write(body)?;
        self.frames += 1;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.out.write_all(bytes).map_err(|error| StoreError::io(&self.name, error))
    }
}

/// crc32c of the frame's position, its header before the checksum, and its stored bytes.
fn checksum(at: u64, head: &[u8; FRAME_HEADER_BYTES], body: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&at.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc, &head[..12]), body)
}

/// The last checkpoint: an iterator over its blobs, in the order they were written.
#[derive(Debug)]
pub struct Checkpoint {
    /// The mark that its state stands at; `None` if nothing had been marked.
    pub mark: Option<Vec<u8>>,
    /// When it was made, by the caller's clock, in milliseconds since the epoch.
    pub at_ms: i64,
    file: Arc<dyn DiskFile>,
    name: String,
    at: u64,
    end: u64,
    frames: u64,
    /// A blob that was read to see whether it is the mark.
    first: Option<Vec<u8>>,
    done: bool,
}

impl Checkpoint {
    /// Opens the checkpoint of `generation`, which has `bytes` and was made at `at_ms`.
    pub(crate) fn open(
        disk: &dyn Disk,
        generation: u64,
        bytes: u64,
        at_ms: i64,
    ) -> Result<Checkpoint, OpenError> {
        let name = names::checkpoint(generation);
        let io = |error| OpenError::io(&name, error);
        let file = disk.open(&name).map_err(io)?;
        let end = file.len().map_err(io)?;
        if end != bytes {
            return Err(OpenError::corrupt(
                &name,
                end.min(bytes),
                format!("it had {bytes} bytes and has {end}"),
            ));
        }
        let mut header = [0; FILE_HEADER_BYTES];
        file.read_at(0, &mut header).map_err(io)?;
        if header != frame::file_header(MAGIC, VERSION, generation) {
            return Err(OpenError::corrupt(&name, 0, "this is not the header of a checkpoint"));
        }
        let (at, mark, first) = (FILE_HEADER_BYTES as u64, None, None);
        let mut checkpoint = Checkpoint { mark, at_ms, file, name, at, end, frames: 0, first, done: false };
        match checkpoint.frame()? {
            (Kind::Mark, mark) => checkpoint.mark = Some(mark),
            (Kind::Blob, blob) => checkpoint.first = Some(blob),
            (Kind::End, _) => checkpoint.done = true,
        }
        Ok(checkpoint)
    }

    fn frame(&mut self) -> Result<(Kind, Vec<u8>), OpenError> {
        let (at, name) = (self.at, self.name.clone());
        let corrupt = |what: &str| OpenError::corrupt(&name, at, what);
        let mut head = [0; FRAME_HEADER_BYTES];
        self.read(&mut head)?;
        let kind = match head[0] {
            1 => Kind::Mark,
            2 => Kind::Blob,
            3 => Kind::End,
            _ => return Err(corrupt("a frame of no known kind")),
        };
        let (raw_len, stored) = (frame::u32_at(&head, 4) as usize, frame::u32_at(&head, 8) as usize);
        if raw_len > MAX_BLOB_BYTES || stored > raw_len {
            return Err(corrupt("a frame of an impossible length"));
        }
        let mut body = vec![0; stored];
        self.read(&mut body)?;
        if checksum(at, &head, &body) != frame::u32_at(&head, 12) {
            return Err(corrupt("the checksum does not match"));
        }
        if head[1] & COMPRESSED != 0 {
            body = lz4_flex::block::decompress(&body, raw_len)
                .map_err(|_| corrupt("the bytes do not unpack"))?;
        }
        if kind == Kind::End && body != self.frames.to_le_bytes() {
            return Err(corrupt("frames are missing"));
        }
        self.frames += 1;
        Ok((kind, body))
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), OpenError> {
        if self.at + into.len() as u64 > self.end {
            return Err(OpenError::corrupt(&self.name, self.at, "the file ends too early"));
        }
        self.file.read_at(self.at, into).map_err(|error| OpenError::io(&self.name, error))?;
        self.at += into.len() as u64;
        Ok(())
    }
}

impl Iterator for Checkpoint {
    type Item = Result<Vec<u8>, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.done {
            return None;
        }
        match self.frame() {
            Ok((Kind::End, _)) => {
                self.done = true;
                None
            }
            Ok((_, blob)) => Some(Ok(blob)),
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Checkpoint, FrameWriter};
    use crate::disk::SimulatedDisk;
    use crate::names;

    fn written(mark: Option<&[u8]>, blobs: &[Vec<u8>]) -> (SimulatedDisk, u64) {
        let disk = SimulatedDisk::new(1);
        let mut writer = FrameWriter::create(&disk, 5, mark).unwrap();
        for blob in blobs {
            writer.blob(blob).unwrap();
        }
        let bytes = writer.finish().unwrap();
        (disk, bytes)
    }

    #[test]
    fn gives_back_mark_and_blobs() {
        let blobs = vec![vec![1; 100_000], Vec::new(), b"small".to_vec()];
        for mark in [None, Some(&b"mark"[..])] {
            let (disk, bytes) = written(mark, &blobs);
            let checkpoint = Checkpoint::open(&disk, 5, bytes, 9).unwrap();
            assert_eq!(checkpoint.mark.as_deref(), mark);
            assert_eq!(checkpoint.map(Result::unwrap).collect::<Vec<_>>(), blobs);
        }
    }

    #[test]
    fn any_flipped_bit_is_told() {
        let (disk, bytes) = written(Some(b"mark"), &[b"first blob".to_vec(), vec![7; 90]]);
        for byte in 0..bytes {
            disk.flip_bit(&names::checkpoint(5), byte, 5);
            let read: Result<Vec<_>, _> = Checkpoint::open(&disk, 5, bytes, 9).and_then(Iterator::collect);
            assert!(read.is_err(), "bit of byte {byte}");
            disk.flip_bit(&names::checkpoint(5), byte, 5);
        }
    }
}
