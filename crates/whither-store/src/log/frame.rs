//! Blocks of the log and their bytes. Drawn in `docs/formats/store.md`.

use crate::limits::{BLOCK_BYTES, MAX_ENTRY_BYTES};

/// Begins a log file.
pub(crate) const FILE_MAGIC: [u8; 8] = *b"whthrlog";
/// The version in a log file's header.
pub(crate) const VERSION: u32 = 1;
/// Magic, version, generation, checksum.
pub(crate) const FILE_HEADER_BYTES: usize = 24;
/// Begins a block.
pub(crate) const BLOCK_MAGIC: [u8; 4] = *b"wblk";
pub(crate) const BLOCK_HEADER_BYTES: usize = 28;
/// Kind and length before an entry's payload.
pub(crate) const ENTRY_HEADER_BYTES: usize = 5;
/// The kind of entry that is a mark.
pub(crate) const MARK: u8 = 0;
/// The most that a block's entries take: a block is written before an entry would take it past `BLOCK_BYTES`, unless it
/// is empty, and a mark may follow.
pub(crate) const MAX_BLOCK_BYTES: usize = BLOCK_BYTES + 2 * (MAX_ENTRY_BYTES + ENTRY_HEADER_BYTES);

const COMPRESSED: u8 = 1;
const MARKED: u8 = 2;

/// What stands before a block's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockHeader {
    /// Whether the bytes are lz4.
    pub(crate) compressed: bool,
    /// Whether its last entry is a mark.
    pub(crate) marked: bool,
    /// Length of the entries.
    pub(crate) raw_len: usize,
    /// Length of the bytes that follow.
    pub(crate) stored_len: usize,
    /// Up to where the file was durable when this block was written. Damage before it is not a torn write.
    pub(crate) durable_to: u64,
    /// Checksum of the block, see [`checksum`].
    pub(crate) crc: u32,
}

impl BlockHeader {
    /// Reads the header; `None` if this is not one.
    pub(crate) fn read(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Option<BlockHeader> {
        let flags = bytes[4];
        let header = BlockHeader {
            compressed: flags & COMPRESSED != 0,
            marked: flags & MARKED != 0,
            raw_len: u32_at(bytes, 8) as usize,
            stored_len: u32_at(bytes, 12) as usize,
            durable_to: u64_at(bytes, 16),
            crc: u32_at(bytes, 24),
        };
        let known = bytes[..4] == BLOCK_MAGIC && flags & !(COMPRESSED | MARKED) == 0;
        let bounded = header.raw_len <= MAX_BLOCK_BYTES && header.stored_len <= header.raw_len;
        (known && bounded).then_some(header)
    }
}

/// Appends a block of `raw` entries, as it stands at byte `at` of the log of `generation`.
pub(crate) fn write_block(out: &mut Vec<u8>, raw: &[u8], place: Place, marked: bool, durable_to: u64) {
    let start = out.len();
    out.resize(start + BLOCK_HEADER_BYTES, 0);
    out.extend_from_slice(&lz4_flex::block::compress(raw));
    let compressed = out.len() - start - BLOCK_HEADER_BYTES < raw.len();
    if !compressed {
        out.truncate(start + BLOCK_HEADER_BYTES);
        out.extend_from_slice(raw);
    }
    let (head, body) = out[start..].split_at_mut(BLOCK_HEADER_BYTES);
    head[..4].copy_from_slice(&BLOCK_MAGIC);
    head[4] = if compressed { COMPRESSED } else { 0 } | if marked { MARKED } else { 0 };
    head[8..12].copy_from_slice(&length(raw.len()));
    head[12..16].copy_from_slice(&length(body.len()));
    head[16..24].copy_from_slice(&durable_to.to_le_bytes());
    let crc = checksum(place, &head[..24], body);
    head[24..28].copy_from_slice(&crc.to_le_bytes());
}

/// Where a block stands. It goes into the checksum, so that a block which stands elsewhere is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) generation: u64,
    pub(crate) at: u64,
}

/// crc32c of generation, position, the header before its checksum, and the stored bytes.
pub(crate) fn checksum(place: Place, head: &[u8], body: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&place.generation.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &place.at.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc, head), body)
}

/// Appends an entry.
pub(crate) fn write_entry(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&length(payload.len()));
    out.extend_from_slice(payload);
}

/// Takes the next entry off the entries of a block; `None` at their end, or where they make no sense.
pub(crate) fn read_entry<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, after) = rest.split_at_checked(ENTRY_HEADER_BYTES)?;
    let (payload, after) = after.split_at_checked(u32_at(head, 1) as usize)?;
    *rest = after;
    Some((head[0], payload))
}

/// The first bytes of a log file.
pub(crate) fn file_header(magic: [u8; 8], version: u32, generation: u64) -> [u8; FILE_HEADER_BYTES] {
    let mut header = [0; FILE_HEADER_BYTES];
    header[..8].copy_from_slice(&magic);
    header[8..12].copy_from_slice(&version.to_le_bytes());
    header[12..20].copy_from_slice(&generation.to_le_bytes());
    let crc = crc32c::crc32c(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// A length below 4 GiB: every caller bounds it by a limit.
pub(crate) fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).expect("limits are below 4 GiB").to_le_bytes()
}

/// The number at a place that the caller knows to be there.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}
