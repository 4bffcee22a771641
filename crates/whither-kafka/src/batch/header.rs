//! The 61 bytes in front of every batch.

use super::cursor::Cursor;

/// Bytes of base offset and length, which the length itself does not count.
pub(super) const LENGTH_PREFIX_BYTES: usize = 12;
/// Bytes of a v2 header, prefix included.
pub(super) const HEADER_BYTES: usize = 61;
/// Where the magic byte stands, in every format version.
pub(super) const MAGIC_AT: usize = 16;
/// Where the bytes that the CRC covers begin: everything behind it.
pub(super) const CRC_COVERS_FROM: usize = 21;

/// Producer id, epoch or sequence of a batch whose producer is not idempotent; also an unknown leader epoch.
const NONE: i64 = -1;

/// How a batch's records are compressed (attributes bits 0 to 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
    /// A codec id (5 to 7) that no Kafka writes up to 4.3; such a batch can be counted but not opened.
    Unknown(u8),
}

/// Whose clock a batch's timestamps come from (attributes bit 3, `message.timestamp.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's clock, or what the application set.
    CreateTime,
    /// The broker's clock: every record carries the batch's max timestamp.
    LogAppendTime,
}

/// The attribute bits of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes(pub u16);

impl Attributes {
    #[must_use]
    pub const fn compression(self) -> Compression {
        match self.0 & 0b111 {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            5 => Compression::Unknown(5),
            6 => Compression::Unknown(6),
            _ => Compression::Unknown(7),
        }
    }

    #[must_use]
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & 0x08 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Part of a transaction: whether it counts is decided by a later control batch of the same producer id.
    #[must_use]
    pub const fn is_transactional(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Holds a marker of the broker, not records of an application.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// The cleaner has set when this batch's tombstones may go (KIP-534); see
    /// [`BatchHeader::delete_horizon_ms`].
    #[must_use]
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & 0x40 != 0
    }
}

/// The header of a record batch, format v2. That counts and offsets agree was checked when it was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the batch's first record as it was produced; compaction may have removed that record since.
    pub base_offset: i64,
    /// Last offset minus base offset, also as produced.
    pub last_offset_delta: u32,
    /// Records in the batch; fewer than its offsets after compaction, and 0 in an empty batch that the cleaner
    /// keeps for the producer's state.
    pub record_count: u32,
    /// Epoch of the leader that appended the batch, -1 if unknown. Not covered by the CRC.
    pub partition_leader_epoch: i32,
    pub attributes: Attributes,
    /// Milliseconds since 1970 that the records' deltas count from; the delete horizon where
    /// [`Attributes::has_delete_horizon`] says so.
    pub base_timestamp_ms: i64,
    /// Latest timestamp in the batch, milliseconds since 1970, -1 if none.
    pub max_timestamp_ms: i64,
    /// -1 if the producer is not idempotent.
    pub producer_id: i64,
    /// -1 if the producer is not idempotent.
    pub producer_epoch: i16,
    /// Sequence of the first record, wrapping to 0 behind `i32::MAX`; -1 if the producer is not idempotent, and
    /// in control batches.
    pub base_sequence: i32,
    /// Bytes of the whole batch in the log and on the wire, header included.
    pub size_bytes: u32,
    /// CRC-32C as stored.
    pub crc: u32,
}

impl BatchHeader {
    /// Offset of the last record as produced.
    #[must_use]
    pub const fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(self.last_offset_delta as i64)
    }

    /// The offset that the next batch begins at or after.
    #[must_use]
    pub const fn end_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// Offsets that the batch spans; its records are at most as many.
    #[must_use]
    pub const fn offset_count(&self) -> u64 {
        self.last_offset_delta as u64 + 1
    }

    /// Whether records are missing from the span, so that only the opened batch tells which offsets exist.
    #[must_use]
    pub const fn is_sparse(&self) -> bool {
        (self.record_count as u64) < self.offset_count()
    }

    /// When the cleaner may remove this batch's tombstones and markers, milliseconds since 1970 (KIP-534).
    #[must_use]
    pub const fn delete_horizon_ms(&self) -> Option<i64> {
        if self.attributes.has_delete_horizon() { Some(self.base_timestamp_ms) } else { None }
    }

    /// Producer id and epoch of an idempotent or transactional producer.
    #[must_use]
    pub const fn producer(&self) -> Option<(i64, i16)> {
        if self.producer_id > NONE { Some((self.producer_id, self.producer_epoch)) } else { None }
    }
}

/// A header as it stands, before its counts are checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawHeader {
    pub(super) base_offset: i64,
    pub(super) partition_leader_epoch: i32,
    pub(super) crc: u32,
    pub(super) attributes: Attributes,
    pub(super) last_offset_delta: i32,
    pub(super) base_timestamp_ms: i64,
    pub(super) max_timestamp_ms: i64,
    pub(super) producer_id: i64,
    pub(super) producer_epoch: i16,
    pub(super) base_sequence: i32,
    pub(super) record_count: i32,
}

impl RawHeader {
    /// `None` if there are fewer than [`HEADER_BYTES`].
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER_BYTES>()?;
        let mut cursor = Cursor::new(header);
        let base_offset = cursor.i64()?;
        let _length = cursor.i32()?;
        let partition_leader_epoch = cursor.i32()?;
        let _magic = cursor.i8()?;
        Some(Self {
            base_offset,
            partition_leader_epoch,
            crc: cursor.u32()?,
            attributes: Attributes(cursor.i16()?.cast_unsigned()),
            last_offset_delta: cursor.i32()?,
            base_timestamp_ms: cursor.i64()?,
            max_timestamp_ms: cursor.i64()?,
            producer_id: cursor.i64()?,
            producer_epoch: cursor.i16()?,
            base_sequence: cursor.i32()?,
            record_count: cursor.i32()?,
        })
    }
}
