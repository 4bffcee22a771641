//! LZ4 frames, one or several, with blocks inflated straight into the output.
//!
//! Format: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>. Java and librdkafka write independent
//! blocks of 64 KiB; blocks linked to the ones before are read too.

use lz4_flex::block::{decompress_into, decompress_into_with_dict};

use super::{InflateError, Output};
use crate::batch::cursor::Cursor;
use crate::batch::header::Compression;

const MAGIC: u32 = 0x184d_2204;
/// Frames that carry something else: 16 magics, then a length.
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50;
const SKIPPABLE_MASK: u32 = 0xffff_fff0;
/// How far back a match may reach.
const WINDOW_BYTES: usize = 64 << 10;
/// The top bit of a block's length: it is stored as it is.
const STORED: u32 = 1 << 31;

pub(super) fn inflate(compressed: &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
    let mut cursor = Cursor::new(compressed);
    match magic(&mut cursor) {
        Some(MAGIC) => frame(&mut cursor, output)?,
        Some(other) if is_skippable(other) => skip(&mut cursor)?,
        _ => return Err(broken("no LZ4 frame")),
    }
    // Java's reader ignores what is no further frame, so do we.
    loop {
        match magic(&mut cursor) {
            Some(MAGIC) => frame(&mut cursor, output)?,
            Some(other) if is_skippable(other) => skip(&mut cursor)?,
            _ => return Ok(()),
        }
    }
}

fn magic(cursor: &mut Cursor<'_>) -> Option<u32> {
    cursor.array().map(u32::from_le_bytes)
}

const fn is_skippable(magic: u32) -> bool {
    magic & SKIPPABLE_MASK == SKIPPABLE_MAGIC
}

fn skip(cursor: &mut Cursor<'_>) -> Result<(), InflateError> {
    let length = cursor.array().map(u32::from_le_bytes).and_then(|length| usize::try_from(length).ok());
    length.and_then(|length| cursor.take(length)).ok_or(broken("ends inside a skippable frame"))?;
    Ok(())
}

/// A frame's descriptor.
struct Descriptor {
    block_bytes: usize,
    linked: bool,
    block_checksum: bool,
    content_checksum: bool,
    content_bytes: Option<u64>,
}

impl Descriptor {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, InflateError> {
        let ends = broken("ends inside the frame header");
        let [flags, block] = cursor.array().ok_or(ends.clone())?;
        if flags >> 6 != 1 {
            return Err(broken("unknown frame version"));
        }
        if flags & 1 != 0 {
            return Err(broken("needs a dictionary"));
        }
        let block_bytes = match block >> 4 & 0b111 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err(broken("unknown block size")),
        };
        let content_bytes = match flags & 0x08 {
            0 => None,
            _ => Some(u64::from_le_bytes(cursor.array().ok_or(ends.clone())?)),
        };
        // The header's checksum: wrong in frames of old clients, and covered by the batch's CRC.
        cursor.take(1).ok_or(ends)?;
        Ok(Self {
            block_bytes,
            linked: flags & 0x20 == 0,
            block_checksum: flags & 0x10 != 0,
            content_checksum: flags & 0x04 != 0,
            content_bytes,
        })
    }
}

fn frame(cursor: &mut Cursor<'_>, output: &mut Output<'_>) -> Result<(), InflateError> {
    let descriptor = Descriptor::read(cursor)?;
    let start = output.filled;
    loop {
        let length = cursor.array().map(u32::from_le_bytes).ok_or(broken("ends inside a frame"))?;
        if length == 0 {
            break;
        }
        let bytes = usize::try_from(length & !STORED).ok().and_then(|length| cursor.take(length));
        let bytes = bytes.ok_or(broken("ends inside a block"))?;
        if length & STORED == 0 {
            block(bytes, start, &descriptor, output)?;
        } else {
            output.exactly(bytes.len())?.copy_from_slice(bytes);
            output.filled += bytes.len();
        }
        if descriptor.block_checksum {
            cursor.take(4).ok_or(broken("ends inside a block checksum"))?;
        }
    }
    if descriptor.content_checksum {
        cursor.take(4).ok_or(broken("ends inside the content checksum"))?;
    }
    match descriptor.content_bytes {
        Some(announced) if announced != (output.filled - start) as u64 => {
            Err(broken("content size is wrong"))
        }
        _ => Ok(()),
    }
}

fn block(
    bytes: &[u8],
    frame_start: usize,
    descriptor: &Descriptor,
    output: &mut Output<'_>,
) -> Result<(), InflateError> {
    let (before, room) = output.split(descriptor.block_bytes);
    let length = room.len().min(descriptor.block_bytes);
    let at_limit = length < descriptor.block_bytes;
    let room = room.get_mut(..length).unwrap_or_default();
    let window = before.get(frame_start.max(before.len().saturating_sub(WINDOW_BYTES))..).unwrap_or_default();
    let written = if descriptor.linked && !window.is_empty() {
        decompress_into_with_dict(bytes, room, window)
    } else {
        decompress_into(bytes, room)
    };
    match written {
        Ok(written) => {
            output.filled += written;
            Ok(())
        }
        Err(_) if at_limit => Err(output.bomb()),
        Err(_) => Err(broken("a block is no valid LZ4 data")),
    }
}

const fn broken(reason: &'static str) -> InflateError {
    InflateError::broken(Compression::Lz4, reason)
}
