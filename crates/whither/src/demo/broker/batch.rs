//! Record batches, magic 2: reading a header, stamping what the leader assigns, writing small batches.
//!
//! A batch is kept as the bytes that were sent. Base offset and partition leader epoch lie outside the CRC, so
//! they are written in place; nothing is ever decompressed.
//! <https://kafka.apache.org/documentation/#recordbatch>
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes before the first record.
pub(crate) const HEADER_BYTES: usize = 61;
/// Base offset and length: what the length field does not count.
const PREFIX_BYTES: usize = 12;
const EPOCH_AT: usize = 12;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const COMPRESSION: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
/// Code of zstd in the attributes.
pub(crate) const ZSTD: i16 = 4;

/// The fixed part of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    /// Length of the whole batch in bytes, prefix included.
    pub(crate) size: usize,
    pub(crate) magic: i8,
    pub(crate) crc: u32,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

impl Header {
    /// `None` when the bytes end early or the length field can't be true.
    pub(crate) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let base_offset = bytes.try_get_i64().ok()?;
        let length = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
        let _leader_epoch = bytes.try_get_i32().ok()?;
        let magic = bytes.try_get_i8().ok()?;
        let size = length.checked_add(PREFIX_BYTES).filter(|size| *size >= HEADER_BYTES)?;
        Some(Self {
            base_offset,
            size,
            magic,
            crc: bytes.try_get_u32().ok()?,
            attributes: bytes.try_get_i16().ok()?,
            last_offset_delta: bytes.try_get_i32().ok()?,
            base_timestamp: bytes.try_get_i64().ok()?,
            max_timestamp: bytes.try_get_i64().ok()?,
            producer_id: bytes.try_get_i64().ok()?,
            producer_epoch: bytes.try_get_i16().ok()?,
            base_sequence: bytes.try_get_i32().ok()?,
            count: bytes.try_get_i32().ok()?,
        })
    }

    pub(crate) fn compression(&self) -> i16 {
        self.attributes & COMPRESSION
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }

    /// Sequence of the last record, wrapping from `i32::MAX` to 0 as producers do.
    pub(crate) fn last_sequence(&self) -> i32 {
        advance_sequence(self.base_sequence, self.last_offset_delta)
    }
}

/// `from + by` on the ring 0..=`i32::MAX`.
pub(crate) fn advance_sequence(from: i32, by: i32) -> i32 {
    let sum = i64::from(from) + i64::from(by);
    i32::try_from(sum % (i64::from(i32::MAX) + 1)).unwrap_or(0)
}

/// Whether the checksum over everything behind it is right.
pub(crate) fn crc_holds(bytes: &[u8], header: &Header) -> bool {
    bytes.get(ATTRIBUTES_AT..header.size).is_some_and(|covered| crc32c::crc32c(covered) == header.crc)
}

/// Writes what the leader assigns. The caller has parsed `bytes`, so they hold a header.
pub(crate) fn stamp(bytes: &mut [u8], base_offset: i64, leader_epoch: i32) {
    put(bytes, 0, &base_offset.to_be_bytes());
    put(bytes, EPOCH_AT, &leader_epoch.to_be_bytes());
}

/// Marks every record as appended at `now_ms` (`message.timestamp.type=LogAppendTime`) and mends the checksum.
pub(crate) fn stamp_append_time(bytes: &mut [u8], header: &Header, now_ms: i64) {
    put(bytes, ATTRIBUTES_AT, &(header.attributes | LOG_APPEND_TIME).to_be_bytes());
    put(bytes, MAX_TIMESTAMP_AT, &now_ms.to_be_bytes());
    let crc = bytes.get(ATTRIBUTES_AT..).map_or(0, crc32c::crc32c);
    put(bytes, CRC_AT, &crc.to_be_bytes());
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// When a record in a stored batch was made and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
}

/// Offset and time of each record of an uncompressed batch; nothing for a compressed one.
pub(crate) fn stamps(bytes: &[u8]) -> Vec<Stamped> {
    each_record(bytes, |stamped, _| Some(stamped))
}

/// Each record of an uncompressed batch; nothing for a compressed one.
pub(crate) fn records(bytes: &[u8]) -> Vec<(Stamped, NewRecord)> {
    each_record(bytes, |stamped, rest| {
        let timestamp_ms = Some(stamped.timestamp_ms);
        let (key, value) = (take_bytes(rest)?, take_bytes(rest)?);
        let mut headers = Vec::new();
        for _ in 0..varint(rest)? {
            let name = String::from_utf8_lossy(&take_bytes(rest)??).into_owned();
            headers.push((name, take_bytes(rest)?));
        }
        Some((stamped, NewRecord { key, value, headers, timestamp_ms }))
    })
}

/// Reads records until one makes no sense. `read` gets what follows a record's offset.
fn each_record<T>(bytes: &[u8], read: impl Fn(Stamped, &mut &[u8]) -> Option<T>) -> Vec<T> {
    let Some(header) = Header::parse(bytes).filter(|header| header.compression() == 0) else {
        return Vec::new();
    };
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let mut found = Vec::new();
    while let Some(record) = next_record(&mut rest, &header, &read) {
        found.push(record);
    }
    found
}

fn next_record<T>(
    rest: &mut &[u8],
    header: &Header,
    read: impl Fn(Stamped, &mut &[u8]) -> Option<T>,
) -> Option<T> {
    let length = usize::try_from(varint(rest)?).ok()?;
    let (mut record, after) = rest.split_at_checked(length)?;
    *rest = after;
    record.try_get_i8().ok()?;
    let timestamp_delta = varint(&mut record)?;
    let offset = header.base_offset.checked_add(varint(&mut record)?)?;
    let appended = header.attributes & LOG_APPEND_TIME != 0;
    let created_ms = header.base_timestamp.checked_add(timestamp_delta)?;
    read(
        Stamped { offset, timestamp_ms: if appended { header.max_timestamp } else { created_ms } },
        &mut record,
    )
}

/// Outer `None`: makes no sense; inner: null.
#[expect(clippy::option_option, reason = "null is a value here, and the end of the bytes is not")]
fn take_bytes(from: &mut &[u8]) -> Option<Option<Bytes>> {
    let length = varint(from)?;
    if length < 0 {
        return Some(None);
    }
    let (taken, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    Some(Some(Bytes::copy_from_slice(taken)))
}

/// A zig-zag varint of up to 64 bits.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8().ok()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

/// A record to write: what a producer hands over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Decides the partition where the producer chooses it.
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    /// In order, duplicates allowed.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Create time in milliseconds since the Unix epoch; `None`: when it is sent.
    pub timestamp_ms: Option<i64>,
}

/// Who writes a batch, and as what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) transactional: bool,
    pub(crate) control: bool,
}

impl Writer {
    /// No producer id. Coordinators write base sequence 0 here, plain clients -1.
    pub(crate) fn plain(base_sequence: i32) -> Self {
        Self { producer_id: -1, producer_epoch: -1, base_sequence, transactional: false, control: false }
    }
}

/// One uncompressed batch, base offset 0. `records` is not empty and shorter than `i32::MAX`.
pub(crate) fn encode(records: &[NewRecord], writer: Writer, now_ms: i64) -> Bytes {
    let time = |record: &NewRecord| record.timestamp_ms.unwrap_or(now_ms);
    let base_timestamp = records.first().map_or(now_ms, time);
    let max_timestamp = records.iter().map(time).max().unwrap_or(now_ms);
    let mut body = BytesMut::new();
    for (delta, record) in (0i64..).zip(records) {
        put_record(&mut body, record, delta, time(record).saturating_sub(base_timestamp));
    }
    let count = i32::try_from(records.len()).unwrap_or(i32::MAX);
    let mut attributes = 0i16;
    attributes |= if writer.transactional { TRANSACTIONAL } else { 0 };
    attributes |= if writer.control { CONTROL } else { 0 };

    let mut covered = BytesMut::with_capacity(HEADER_BYTES + body.len());
    covered.put_i16(attributes);
    covered.put_i32(count - 1);
    covered.put_i64(base_timestamp);
    covered.put_i64(max_timestamp);
    covered.put_i64(writer.producer_id);
    covered.put_i16(writer.producer_epoch);
    covered.put_i32(writer.base_sequence);
    covered.put_i32(count);
    covered.put_slice(&body);

    let mut batch = BytesMut::with_capacity(ATTRIBUTES_AT + covered.len());
    batch.put_i64(0);
    batch.put_i32(i32::try_from(covered.len() + ATTRIBUTES_AT - PREFIX_BYTES).unwrap_or(i32::MAX));
    batch.put_i32(-1);
    batch.put_i8(2);
    batch.put_u32(crc32c::crc32c(&covered));
    batch.put_slice(&covered);
    batch.freeze()
}

/// The marker that ends a transaction in one partition.
pub(crate) fn encode_marker(producer_id: i64, producer_epoch: i16, commit: bool, now_ms: i64) -> Bytes {
    let mut key = BytesMut::new();
    key.put_i16(0);
    key.put_i16(i16::from(commit));
    let mut value = BytesMut::new();
    value.put_i16(0);
    value.put_i32(0);
    let marker = NewRecord { key: Some(key.freeze()), value: Some(value.freeze()), ..NewRecord::default() };
    let writer =
        Writer { producer_id, producer_epoch, base_sequence: -1, transactional: true, control: true };
    encode(&[marker], writer, now_ms)
}

fn put_record(out: &mut BytesMut, record: &NewRecord, offset_delta: i64, timestamp_delta: i64) {
    let mut body = BytesMut::new();
    body.put_i8(0);
    put_varint(&mut body, timestamp_delta);
    put_varint(&mut body, offset_delta);
    put_bytes(&mut body, record.key.as_deref());
    put_bytes(&mut body, record.value.as_deref());
    put_varint(&mut body, length(record.headers.len()));
    for (name, value) in &record.headers {
        put_bytes(&mut body, Some(name.as_bytes()));
        put_bytes(&mut body, value.as_deref());
    }
    put_varint(out, length(body.len()));
    out.put_slice(&body);
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |bytes| length(bytes.len())));
    out.put_slice(bytes.unwrap_or_default());
}

fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn put_varint(out: &mut BytesMut, value: i64) {
    let mut bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while bits >= 0x80 {
        out.put_u8((bits & 0x7f) as u8 | 0x80);
        bits >>= 7;
    }
    out.put_u8((bits & 0x7f) as u8);
}
