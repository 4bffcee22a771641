//! What holds for any batch, not only for those that someone thought of.

use bytes::Bytes;
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{Compression, Record, TimestampType};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use whither_kafka::batch::{BatchFault, Batches, Scratch};

use crate::batches::only;
use crate::build::{CRC_COVERS_FROM, RawBatch, RawRecord, encoded};
use crate::codecs::{CODECS, agrees, gzip, lz4, snappy_java};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..300)]
}

/// Records with ascending offset deltas, and any bytes anywhere.
fn raw_records() -> impl Strategy<Value = Vec<RawRecord>> {
    let headers = vec((bytes(), option::of(bytes())), 0..4);
    let record = (1..2_000_i32, any::<i32>(), option::of(bytes()), option::of(bytes()), headers);
    vec(record, 0..40).prop_map(|records| {
        let mut next = -1;
        let place = |(step, timestamp_delta, key, value, headers)| {
            next += step;
            let timestamp_delta = i64::from(timestamp_delta);
            RawRecord { offset_delta: next, timestamp_delta, key, value, headers }
        };
        records.into_iter().map(place).collect()
    })
}

fn compressed(codec: u16, plain: &[u8]) -> Vec<u8> {
    use lz4_flex::frame::BlockMode::{Independent, Linked};
    match codec {
        1 => gzip(plain),
        2 if plain.len().is_multiple_of(2) => snappy_java(plain),
        2 => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
        3 => lz4(plain, if plain.len().is_multiple_of(2) { Independent } else { Linked }, false),
        4 => zstd::bulk::compress(plain, 1).unwrap(),
        _ => plain.to_vec(),
    }
}

/// Timestamp, key, value and headers.
type AnyRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

/// Records as `kafka-protocol` has them: header names are unique and text.
fn protocol_records() -> impl Strategy<Value = Vec<Record>> {
    let headers = vec(("[a-zé]{0,9}", option::of(bytes())), 0..4);
    let record = (0..1_000_000_i64, option::of(bytes()), option::of(bytes()), headers);
    (0..1_i64 << 40, vec(record, 1..30)).prop_map(|(base, records)| {
        let place = |(index, (timestamp, key, value, headers)): (usize, AnyRecord)| {
            let headers = headers
                .into_iter()
                .map(|(name, value)| (StrBytes::from_string(name), value.map(Bytes::from)));
            let index = i32::try_from(index).unwrap();
            Record {
                transactional: false,
                control: false,
                delete_horizon: false,
                partition_leader_epoch: 1,
                producer_id: 9,
                producer_epoch: 0,
                timestamp_type: TimestampType::Creation,
                offset: base + i64::from(index) * 2,
                sequence: index * 2,
                timestamp: 1_700_000_000_000 + timestamp,
                key: key.map(Bytes::from),
                value: value.map(Bytes::from),
                headers: headers.collect::<IndexMap<_, _>>(),
            }
        };
        records.into_iter().enumerate().map(place).collect()
    })
}

fn a_codec() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(CODECS[0]), Just(CODECS[1]), Just(CODECS[2]), Just(CODECS[3]), Just(CODECS[4])]
}

proptest! {
    #[test]
    fn what_was_written_is_read(records in raw_records(), codec in 0..5_u16, base_offset in 0..i64::MAX / 2) {
        let mut raw = RawBatch::of(base_offset, &records);
        raw.payload = compressed(codec, &raw.payload);
        raw.attributes = codec;
        let bytes = raw.bytes();
        let batch = only(&bytes);
        let mut scratch = Scratch::default();
        let offsets: Vec<i64> = batch.offsets(&mut scratch).unwrap().map(Result::unwrap).collect();
        let walked: Vec<_> = batch.records(&mut scratch).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(walked.len(), records.len());
        for ((ours, wrote), offset) in walked.iter().zip(&records).zip(offsets) {
            prop_assert_eq!(ours.offset, base_offset + i64::from(wrote.offset_delta));
            prop_assert_eq!(ours.offset, offset);
            prop_assert_eq!(ours.timestamp_ms, raw.base_timestamp + wrote.timestamp_delta);
            prop_assert_eq!(ours.key, wrote.key.as_deref());
            prop_assert_eq!(ours.value, wrote.value.as_deref());
            let headers: Vec<_> = ours.headers.map(Result::unwrap).collect();
            let headers: Vec<_> = headers.iter().map(|header| (header.name.to_vec(), header.value.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(&headers, &wrote.headers);
            for (name, _) in &headers {
                let first = headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_deref());
                let last = headers.iter().rfind(|(other, _)| other == name).map(|(_, value)| value.as_deref());
                prop_assert_eq!(ours.headers.first(name).unwrap().map(|header| header.value), first);
                prop_assert_eq!(ours.headers.last(name).unwrap().map(|header| header.value), last);
            }
            prop_assert_eq!(ours.size_bytes as usize, wrote.bytes().len());
        }
    }

    #[test]
    fn agrees_with_another_decoder(records in protocol_records(), codec in a_codec()) {
        agrees(&encoded(&records, codec), &mut Scratch::default());
    }

    #[test]
    fn a_cut_loses_no_whole_batch(batches in vec(raw_records(), 1..6), at in 0.0..1.0_f64) {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        let mut base_offset = 0;
        for records in &batches {
            let raw = RawBatch::of(base_offset, records);
            base_offset += i64::from(raw.last_offset_delta) + 1;
            bytes.extend(raw.bytes());
            ends.push(bytes.len());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small length")]
        let length = (bytes.len() as f64 * at) as usize;
        let mut walk = Batches::new(&bytes[..length]);
        let whole = walk.by_ref().inspect(|batch| assert!(batch.is_ok())).count();
        prop_assert_eq!(whole, ends.iter().filter(|end| **end <= length).count());
        let begun = ends[..whole].last().copied().unwrap_or(0);
        prop_assert_eq!(walk.position(), begun);
        prop_assert_eq!(walk.cut_off().is_some(), begun < length);
        if let Some(cut) = walk.cut_off() {
            prop_assert_eq!(cut.position, begun);
            prop_assert!(begun + cut.needed_bytes <= ends[whole]);
        }
    }

    #[test]
    fn one_damaged_bit_is_found(records in raw_records(), at in any::<proptest::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = RawBatch::of(7, &records).bytes();
        let covered = &mut bytes[CRC_COVERS_FROM..];
        let at = at.index(covered.len());
        covered[at] ^= 1 << bit;
        let error = Batches::new(&bytes).next().unwrap().unwrap_err();
        let is_crc = matches!(error.fault, BatchFault::Crc { .. });
        prop_assert!(is_crc);
        prop_assert_eq!((error.base_offset, error.continues), (7, true));
    }
}
