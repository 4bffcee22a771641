//! From fetched bytes to batches: the *ledger* depth, which decompresses nothing.

use super::cursor::Cursor;
use super::error::{BatchError, BatchFault, RecordError, RecordFault};
use super::header::{
    BatchHeader, CRC_COVERS_FROM, Compression, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_AT, RawHeader,
};
use super::inflate::Scratch;
use super::limits::Limits;
use super::offsets::Offsets;
use super::records::{MIN_RECORD_BYTES, Records};

/// Bytes up to and including the magic byte: with fewer, nothing can be said of a batch.
const FRAME_BYTES: usize = MAGIC_AT + 1;
/// Bytes of the smallest message of formats v0 and v1, prefix included.
const MIN_OLD_BYTES: usize = 26;

/// The batches of one partition in a Fetch response, in order.
///
/// A response is cut at `max_bytes`, mostly inside its last batch. That is the end and no error; see
/// [`cut_off`](Self::cut_off). An item that is an error says whether the walk goes on behind it.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
    /// End of the last good batch; the next must not begin below it.
    expected_offset: i64,
    limits: Limits,
    checks_crc: bool,
    cut_off: Option<CutOff>,
    ended: bool,
}

/// A last batch that the response holds only in part.
///
/// Brokers return the first batch of a response whole, whatever `max_bytes` says (KIP-74): if it is the first
/// that is cut off (`position` 0) although the fetch asked for `needed_bytes`, its length is a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff {
    /// Byte of the fetched bytes at which the batch begins.
    pub position: usize,
    /// Where to fetch from again, if that much of the batch is there.
    pub base_offset: Option<i64>,
    /// Bytes that the partition's `max_bytes` must allow for this batch, at least.
    pub needed_bytes: usize,
}

/// What stands in front of every batch in every format.
#[derive(Debug, Clone, Copy)]
struct Frame {
    base_offset: i64,
    length: i32,
    size_bytes: usize,
    magic: i8,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let base_offset = cursor.i64()?;
        let length = cursor.i32()?;
        cursor.take(MAGIC_AT - LENGTH_PREFIX_BYTES)?;
        let magic = cursor.i8()?;
        let size_bytes = usize::try_from(length).unwrap_or(0) + LENGTH_PREFIX_BYTES;
        Some(Self { base_offset, length, size_bytes, magic })
    }

    const fn is_too_small(&self) -> bool {
        let least = match self.magic {
            2 => HEADER_BYTES,
            0 | 1 => MIN_OLD_BYTES,
            _ => FRAME_BYTES,
        };
        self.size_bytes < least
    }

    /// Formats only ever rise along a log; and a zero byte, which old formats begin with, proves nothing.
    const fn may_follow(&self, before: &Self) -> bool {
        let in_format = self.magic == 2 || (self.magic == before.magic && matches!(self.magic, 0 | 1));
        in_format && self.base_offset > before.base_offset && !self.is_too_small()
    }
}

/// Whether what stands behind a damaged batch looks like the batch after it.
enum Behind {
    Nothing,
    Batch { base_offset: i64 },
    Garbage,
}

impl<'a> Batches<'a> {
    /// The CRC is checked, also where nothing is decompressed: a count from damaged bytes is no evidence.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            expected_offset: i64::MIN,
            limits: Limits::default(),
            checks_crc: true,
            cut_off: None,
            ended: false,
        }
    }

    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// For bytes whose CRC was checked before, such as a response that is walked a second time.
    #[must_use]
    pub fn without_crc_check(mut self) -> Self {
        self.checks_crc = false;
        self
    }

    /// The batch that the response was cut in, once the iterator has ended.
    #[must_use]
    pub const fn cut_off(&self) -> Option<CutOff> {
        self.cut_off
    }

    /// Byte at which the next batch begins, or at which the walk ended.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    fn read(&mut self, rest: &'a [u8]) -> Option<Result<Batch<'a>, BatchError>> {
        let Some(frame) = Frame::read(rest) else {
            return self.end_in_a_cut(rest, HEADER_BYTES);
        };
        if frame.is_too_small() {
            return Some(Err(self.broken_frame(
                rest,
                frame,
                BatchFault::LengthTooSmall { length: frame.length },
            )));
        }
        if frame.size_bytes > self.limits.batch_bytes {
            let fault =
                BatchFault::TooLarge { size_bytes: frame.size_bytes, limit_bytes: self.limits.batch_bytes };
            return Some(Err(self.broken_frame(rest, frame, fault)));
        }
        if !matches!(frame.magic, 0..=2) {
            // Not a cut, however long it claims to be: more bytes would not make it known.
            let fault = BatchFault::UnknownMagic { magic: frame.magic };
            return Some(Err(self.broken_frame(rest, frame, fault)));
        }
        let Some(bytes) = rest.get(..frame.size_bytes) else {
            return self.end_in_a_cut(rest, frame.size_bytes);
        };
        let header = match frame.magic {
            2 => self.header(frame, bytes),
            magic => Err((BatchFault::OldFormat { magic }, None)),
        };
        Some(match header {
            Ok(header) => {
                self.position += frame.size_bytes;
                self.expected_offset = header.end_offset();
                Ok(Batch { header, bytes, limits: self.limits })
            }
            Err((fault, Some(end_offset))) => {
                let position = self.position;
                self.position += frame.size_bytes;
                let base_offset = frame.base_offset;
                Err(BatchError {
                    position,
                    base_offset,
                    end_offset: Some(end_offset),
                    fault,
                    continues: true,
                })
            }
            Err((fault, None)) => Err(self.broken_frame(rest, frame, fault)),
        })
    }

    /// The checked header; or the fault, with the end offset where the CRC vouches for it.
    #[inline]
    fn header(&self, frame: Frame, bytes: &[u8]) -> Result<BatchHeader, (BatchFault, Option<i64>)> {
        let short = (BatchFault::LengthTooSmall { length: frame.length }, None);
        let raw = RawHeader::read(bytes).ok_or(short)?;
        if self.checks_crc {
            let computed = crc32c::crc32c(bytes.get(CRC_COVERS_FROM..).unwrap_or_default());
            if computed != raw.crc {
                return Err((BatchFault::Crc { stored: raw.crc, computed }, None));
            }
        }
        let header = checked(&raw, bytes.len())?;
        if header.base_offset < self.expected_offset {
            let fault = BatchFault::OffsetRegress { expected: self.expected_offset };
            return Err((fault, Some(header.end_offset())));
        }
        Ok(header)
    }

    #[cold]
    fn end_in_a_cut(&mut self, rest: &[u8], needed_bytes: usize) -> Option<Result<Batch<'a>, BatchError>> {
        let base_offset = Cursor::new(rest).i64();
        self.cut_off = Some(CutOff { position: self.position, base_offset, needed_bytes });
        self.ended = true;
        None
    }

    /// An error of a batch whose header can't be trusted. Its length is believed if a batch, or the end, follows.
    #[cold]
    fn broken_frame(&mut self, rest: &[u8], frame: Frame, fault: BatchFault) -> BatchError {
        let position = self.position;
        let behind = match rest.get(frame.size_bytes..) {
            Some(behind) if !frame.is_too_small() => what_follows(behind, &frame),
            _ => Behind::Garbage,
        };
        let (end_offset, continues) = match behind {
            Behind::Nothing => (None, true),
            Behind::Batch { base_offset } => (Some(base_offset), true),
            Behind::Garbage => (None, false),
        };
        if continues {
            self.position += frame.size_bytes;
        } else {
            self.ended = true;
        }
        BatchError { position, base_offset: frame.base_offset, end_offset, fault, continues }
    }
}

fn what_follows(behind: &[u8], before: &Frame) -> Behind {
    if behind.is_empty() {
        return Behind::Nothing;
    }
    match (Frame::read(behind), Cursor::new(behind).i64()) {
        (Some(next), _) if next.may_follow(before) => Behind::Batch { base_offset: next.base_offset },
        (None, Some(next)) if next > before.base_offset => Behind::Batch { base_offset: next },
        (None, None) => Behind::Nothing,
        _ => Behind::Garbage,
    }
}

/// The rules between a header's fields.
#[inline]
fn checked(raw: &RawHeader, size_bytes: usize) -> Result<BatchHeader, (BatchFault, Option<i64>)> {
    let no_range = (BatchFault::OffsetRange { last_offset_delta: raw.last_offset_delta }, None);
    let Ok(last_offset_delta) = u32::try_from(raw.last_offset_delta) else { return Err(no_range) };
    let end_offset = raw.base_offset.checked_add(i64::from(last_offset_delta) + 1);
    let (0.., Some(end_offset)) = (raw.base_offset, end_offset) else { return Err(no_range) };
    let offset_count = u64::from(last_offset_delta) + 1;
    let record_count = match u32::try_from(raw.record_count) {
        Ok(count) if u64::from(count) <= offset_count => count,
        _ => {
            let fault = BatchFault::CountBeyondOffsets { record_count: raw.record_count, offset_count };
            return Err((fault, Some(end_offset)));
        }
    };
    let payload_bytes = size_bytes - HEADER_BYTES;
    let is_plain = matches!(raw.attributes.compression(), Compression::None);
    if is_plain && u64::from(record_count) * MIN_RECORD_BYTES > payload_bytes as u64 {
        let fault = BatchFault::CountBeyondBytes { record_count: raw.record_count, payload_bytes };
        return Err((fault, Some(end_offset)));
    }
    Ok(BatchHeader {
        base_offset: raw.base_offset,
        last_offset_delta,
        record_count,
        partition_leader_epoch: raw.partition_leader_epoch,
        attributes: raw.attributes,
        base_timestamp_ms: raw.base_timestamp_ms,
        max_timestamp_ms: raw.max_timestamp_ms,
        producer_id: raw.producer_id,
        producer_epoch: raw.producer_epoch,
        base_sequence: raw.base_sequence,
        size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX),
        crc: raw.crc,
    })
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.bytes.get(self.position..) {
            None | Some([]) => {
                self.ended = true;
                None
            }
            Some(rest) => self.read(rest),
        }
    }
}

impl std::iter::FusedIterator for Batches<'_> {}

/// One batch whose header is checked. Its records stay closed until asked for.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    header: BatchHeader,
    bytes: &'a [u8],
    limits: Limits,
}

impl<'a> Batch<'a> {
    #[must_use]
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The whole batch as it was fetched.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records as they were fetched, compressed or not.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    /// Opens the batch: the *headers* depth. Uncompressed records are read in place, others from `scratch`.
    ///
    /// # Errors
    /// If the records can't be decompressed within the limits. A record that is broken is an item.
    pub fn records<'r>(&self, scratch: &'r mut Scratch) -> Result<Records<'r>, RecordError>
    where
        'a: 'r,
    {
        Ok(Records::new(&self.header, self.inflated(scratch)?))
    }

    /// The offsets that exist in the batch. Opens it only if it is [sparse](BatchHeader::is_sparse).
    ///
    /// # Errors
    /// If the records can't be decompressed within the limits. A record that is broken is an item.
    pub fn offsets<'r>(&self, scratch: &'r mut Scratch) -> Result<Offsets<'r>, RecordError>
    where
        'a: 'r,
    {
        if !self.header.is_sparse() {
            return Ok(Offsets::dense(&self.header));
        }
        Ok(Offsets::sparse(&self.header, self.inflated(scratch)?))
    }

    fn inflated<'r>(&self, scratch: &'r mut Scratch) -> Result<&'r [u8], RecordError>
    where
        'a: 'r,
    {
        match self.header.attributes.compression() {
            Compression::None => Ok(self.payload()),
            codec => scratch.inflate(codec, self.payload(), &self.limits).map_err(|error| RecordError {
                base_offset: self.header.base_offset,
                index: 0,
                fault: RecordFault::Inflate(error),
            }),
        }
    }
}
