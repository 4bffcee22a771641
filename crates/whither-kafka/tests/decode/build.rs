//! Batches made byte by byte, so that each field can lie, and batches made by `kafka-protocol`'s encoder.

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

/// Where the CRC stands, and the first byte that it covers.
pub(crate) const CRC_AT: usize = 17;
pub(crate) const CRC_COVERS_FROM: usize = 21;
pub(crate) const HEADER_BYTES: usize = 61;

/// A v2 batch, field by field. What is not set says the truth of an empty batch.
#[derive(Debug, Clone)]
pub(crate) struct RawBatch {
    pub(crate) base_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) magic: u8,
    pub(crate) attributes: u16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
    pub(crate) payload: Vec<u8>,
    /// Added to the length that is written.
    pub(crate) length_lie: i32,
}

impl RawBatch {
    /// Records with offset deltas 0, 1, 2, …, in a payload of this codec (attributes bits 0 to 2).
    pub(crate) fn new(base_offset: i64, codec: u16, count: i32, payload: Vec<u8>) -> Self {
        Self {
            base_offset,
            leader_epoch: 7,
            magic: 2,
            attributes: codec,
            last_offset_delta: (count - 1).max(0),
            base_timestamp: 1_000,
            max_timestamp: 2_000,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: count,
            payload,
            length_lie: 0,
        }
    }

    /// A batch of plain records, each `(offset delta, key, value, headers)`.
    pub(crate) fn of(base_offset: i64, records: &[RawRecord]) -> Self {
        let payload = records.iter().flat_map(RawRecord::bytes).collect();
        let mut batch = Self::new(base_offset, 0, i32::try_from(records.len()).unwrap(), payload);
        batch.last_offset_delta = records.last().map_or(0, |record| record.offset_delta);
        batch
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.base_offset.to_be_bytes());
        let length = i32::try_from(HEADER_BYTES - 12 + self.payload.len()).unwrap();
        bytes.extend((length + self.length_lie).to_be_bytes());
        bytes.extend(self.leader_epoch.to_be_bytes());
        bytes.push(self.magic);
        bytes.extend([0; 4]);
        bytes.extend(self.attributes.to_be_bytes());
        bytes.extend(self.last_offset_delta.to_be_bytes());
        bytes.extend(self.base_timestamp.to_be_bytes());
        bytes.extend(self.max_timestamp.to_be_bytes());
        bytes.extend(self.producer_id.to_be_bytes());
        bytes.extend(self.producer_epoch.to_be_bytes());
        bytes.extend(self.base_sequence.to_be_bytes());
        bytes.extend(self.record_count.to_be_bytes());
        bytes.extend(&self.payload);
        seal(&mut bytes);
        bytes
    }
}

/// Writes the CRC that the bytes of one batch should have.
pub(crate) fn seal(batch: &mut [u8]) {
    let Some(covered) = batch.get(CRC_COVERS_FROM..) else { return };
    let crc = crc32c::crc32c(covered);
    batch[CRC_AT..CRC_COVERS_FROM].copy_from_slice(&crc.to_be_bytes());
}

#[derive(Debug, Clone, Default)]
pub(crate) struct RawRecord {
    pub(crate) offset_delta: i32,
    pub(crate) timestamp_delta: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl RawRecord {
    pub(crate) fn at(offset_delta: i32) -> Self {
        let value = Some(format!("value {offset_delta}").into_bytes());
        Self { offset_delta, key: Some(b"key".to_vec()), value, ..Self::default() }
    }

    pub(crate) fn with_headers(offset_delta: i32, headers: &[(&[u8], Option<&[u8]>)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)));
        Self { headers: headers.collect(), ..Self::at(offset_delta) }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = vec![0];
        varint(&mut body, self.timestamp_delta);
        varint(&mut body, i64::from(self.offset_delta));
        counted(&mut body, self.key.as_deref());
        counted(&mut body, self.value.as_deref());
        varint(&mut body, i64::try_from(self.headers.len()).unwrap());
        for (name, value) in &self.headers {
            counted(&mut body, Some(name));
            counted(&mut body, value.as_deref());
        }
        framed(&body)
    }
}

/// A record's body behind its length.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    varint(&mut record, i64::try_from(body.len()).unwrap());
    record.extend(body);
    record
}

pub(crate) fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn counted(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint(out, -1),
        Some(bytes) => {
            varint(out, i64::try_from(bytes.len()).unwrap());
            out.extend(bytes);
        }
    }
}

/// A record as `kafka-protocol` encodes it; offsets of one batch count from `base`.
pub(crate) fn record(base: i64, offset: i64) -> Record {
    let mut headers = IndexMap::new();
    let trace = format!("00-{offset:032x}-{offset:016x}-01");
    headers.insert(StrBytes::from_static_str("traceparent"), Some(Bytes::from(trace)));
    headers.insert(StrBytes::from_static_str("empty"), None);
    Record {
        transactional: true,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 5,
        producer_id: 4011,
        producer_epoch: 2,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: i32::try_from(offset - base).unwrap(),
        timestamp: 1_795_230_790_887 + offset * 3,
        key: (offset % 3 != 0).then(|| Bytes::from(format!("order-{offset}"))),
        value: (offset % 5 != 0).then(|| Bytes::from(format!("{{\"order\":{offset},\"state\":\"paid\"}}"))),
        headers,
    }
}

pub(crate) fn encoded(records: &[Record], compression: Compression) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, records, &RecordEncodeOptions { version: 2, compression })
        .unwrap();
    bytes.to_vec()
}
