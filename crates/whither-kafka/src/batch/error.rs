//! What can be wrong with a batch, and how much of the log around it is still known.

use thiserror::Error;

use super::header::Compression;

/// A batch that can't be counted. Nothing was decompressed yet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("batch at byte {position} with base offset {base_offset}: {fault}")]
pub struct BatchError {
    /// Byte of the fetched bytes at which the batch begins.
    pub position: usize,
    /// Base offset as it stands there. The CRC does not cover it.
    pub base_offset: i64,
    /// One past the last offset that the damage can reach: from the batch's own header where that could be
    /// trusted, else the next batch's base offset; `None` if neither can be read.
    pub end_offset: Option<i64>,
    pub fault: BatchFault,
    /// Whether the batch's length could be trusted, so that the walk goes on behind it.
    pub continues: bool,
}

/// Why a batch can't be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchFault {
    #[error("its length of {length} bytes is too small for a header")]
    LengthTooSmall { length: i32 },
    #[error("its {size_bytes} bytes are more than the limit of {limit_bytes}")]
    TooLarge { size_bytes: usize, limit_bytes: usize },
    #[error("CRC-32C is {computed:#010x}, the header says {stored:#010x}: the bytes are damaged")]
    Crc { stored: u32, computed: u32 },
    #[error("message format v{magic} is older than Kafka 0.11 and not supported (KIP-724)")]
    OldFormat { magic: i8 },
    #[error("magic byte {magic} is no known format")]
    UnknownMagic { magic: i8 },
    #[error("its last offset is {last_offset_delta} from its base offset, which is no offset range")]
    OffsetRange { last_offset_delta: i32 },
    #[error("it claims {record_count} records for {offset_count} offsets")]
    CountBeyondOffsets { record_count: i32, offset_count: u64 },
    #[error("it claims {record_count} records in {payload_bytes} bytes")]
    CountBeyondBytes { record_count: i32, payload_bytes: usize },
    #[error("it begins below {expected}, the end of the batch before it")]
    OffsetRegress { expected: i64 },
}

/// A batch that can be counted but not walked, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("record {index} of the batch with base offset {base_offset}: {fault}")]
pub struct RecordError {
    pub base_offset: i64,
    /// Records walked before the one that is broken.
    pub index: u32,
    #[source]
    pub fault: RecordFault,
}

/// Why a batch can't be walked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordFault {
    #[error(transparent)]
    Inflate(InflateError),
    #[error("{field} does not fit into the record, or is no valid number")]
    Field { field: RecordField },
    #[error("offset delta {delta} is not above {previous} and at most {last}")]
    OffsetDelta { delta: i32, previous: i64, last: u32 },
    #[error("the bytes end here; the header claims {record_count} records")]
    Missing { record_count: u32 },
    #[error("{bytes} bytes are left behind the last of {record_count} records")]
    Trailing { record_count: u32, bytes: usize },
}

/// A record's header that can't be read. Only found when the headers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{field} does not fit into the record, or is no valid number")]
pub struct HeaderError {
    pub field: RecordField,
}

/// The part of a record that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordField {
    Length,
    Attributes,
    TimestampDelta,
    OffsetDelta,
    Key,
    Value,
    HeaderCount,
    HeaderName,
    HeaderValue,
}

impl std::fmt::Display for RecordField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Length => "the record's length",
            Self::Attributes => "the attributes byte",
            Self::TimestampDelta => "the timestamp delta",
            Self::OffsetDelta => "the offset delta",
            Self::Key => "the key",
            Self::Value => "the value",
            Self::HeaderCount => "the header count",
            Self::HeaderName => "a header's name",
            Self::HeaderValue => "a header's value",
        })
    }
}

/// Why a batch's records can't be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InflateError {
    #[error("compression codec {0} is unknown")]
    UnknownCodec(u8),
    #[error("{compressed_bytes} bytes inflate beyond {limit_bytes} bytes: refused as a decompression bomb")]
    Bomb { compressed_bytes: usize, limit_bytes: usize },
    #[error("{codec:?} data is broken: {reason}")]
    Broken { codec: Compression, reason: &'static str },
}

impl InflateError {
    pub(super) const fn broken(codec: Compression, reason: &'static str) -> Self {
        Self::Broken { codec, reason }
    }
}
