//! Each codec, as its clients write it, and agreement with `kafka-protocol`'s decoder.

use std::io::Write;

use bytes::Bytes;
use kafka_protocol::records::{Compression, Record, RecordBatchDecoder};
use whither_kafka::batch::{Batches, Scratch};

use crate::batches::only;
use crate::build::{RawBatch, RawRecord, encoded, record};

pub(crate) const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// Walks every batch and compares it, field by field, with what `kafka-protocol` decodes.
pub(crate) fn agrees(bytes: &[u8], scratch: &mut Scratch) {
    let sets = RecordBatchDecoder::decode_all(&mut Bytes::copy_from_slice(bytes)).unwrap();
    let theirs: Vec<Record> = sets.into_iter().flat_map(|set| set.records).collect();
    let mut index = 0;
    for batch in Batches::new(bytes) {
        let batch = batch.unwrap();
        let header = *batch.header();
        let offsets: Vec<i64> = batch.offsets(scratch).unwrap().map(Result::unwrap).collect();
        let mut payload_bytes = 0;
        for (ours, offset) in batch.records(scratch).unwrap().zip(&offsets) {
            let (ours, theirs) = (ours.unwrap(), &theirs[index]);
            assert_eq!((ours.offset, ours.offset), (theirs.offset, *offset));
            assert_eq!(ours.timestamp_ms, theirs.timestamp);
            assert_eq!(ours.key, theirs.key.as_deref());
            assert_eq!(ours.value, theirs.value.as_deref());
            assert_eq!(ours.headers.count(), theirs.headers.len());
            for (header, (name, value)) in ours.headers.zip(&theirs.headers) {
                let header = header.unwrap();
                assert_eq!((header.name, header.value), (name.as_bytes(), value.as_deref()));
            }
            assert_eq!(header.partition_leader_epoch, theirs.partition_leader_epoch);
            assert_eq!(
                (header.producer_id, header.producer_epoch),
                (theirs.producer_id, theirs.producer_epoch)
            );
            assert_eq!(header.attributes.is_transactional(), theirs.transactional);
            payload_bytes += ours.size_bytes as usize;
            index += 1;
        }
        assert_eq!(offsets.len(), header.record_count as usize);
        assert!(
            header.attributes.compression() != whither_kafka::batch::Compression::None
                || payload_bytes == batch.payload().len()
        );
    }
    assert_eq!(index, theirs.len());
}

#[test]
fn every_codec_reads_back_in_one_scratch() {
    let mut scratch = Scratch::default();
    for count in [1, 2, 700, 20_000, 3] {
        for codec in CODECS {
            let records: Vec<Record> = (1_000..1_000 + count).map(|offset| record(1_000, offset)).collect();
            agrees(&encoded(&records, codec), &mut scratch);
        }
    }
}

#[test]
fn batches_of_different_codecs_follow_each_other() {
    let mut bytes = Vec::new();
    for (base, codec) in (0..).step_by(100).zip(CODECS) {
        let records: Vec<Record> = (base..base + 100).map(|offset| record(base, offset)).collect();
        bytes.extend(encoded(&records, codec));
    }
    agrees(&bytes, &mut Scratch::default());
}

/// Records whose payload is large enough for several blocks of every codec, and compresses.
pub(crate) fn payload() -> (Vec<u8>, i32) {
    let count = 6_000;
    (payload_of(count), count)
}

pub(crate) fn payload_of(count: i32) -> Vec<u8> {
    (0..count)
        .flat_map(|delta| RawRecord::with_headers(delta, &[(b"traceparent", Some(b"00-0af7"))]).bytes())
        .collect()
}

fn opens(codec: u16, compressed: Vec<u8>) {
    let (plain, count) = payload();
    let bytes = RawBatch::new(0, codec, count, compressed).bytes();
    let mut scratch = Scratch::default();
    let batch = only(&bytes);
    let values: Vec<Vec<u8>> =
        batch.records(&mut scratch).unwrap().map(|record| record.unwrap().value.unwrap().to_vec()).collect();
    assert_eq!(i32::try_from(values.len()), Ok(count));
    assert!(values.iter().enumerate().all(|(index, value)| *value == format!("value {index}").into_bytes()));
    let size: u32 = batch.records(&mut scratch).unwrap().map(|record| record.unwrap().size_bytes).sum();
    assert_eq!(size as usize, plain.len());
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new()
        .filename("name")
        .comment("comment")
        .extra(*b"extra")
        .write(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn lz4(plain: &[u8], mode: lz4_flex::frame::BlockMode, checksums: bool) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_mode(mode)
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .block_checksums(checksums)
        .content_checksum(checksums)
        .content_size(checksums.then_some(plain.len() as u64));
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// An LZ4 frame whose blocks are not compressed, as for data that would only grow.
fn lz4_stored(plain: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0];
    for block in plain.chunks(64 << 10) {
        frame.extend((u32::try_from(block.len()).unwrap() | 1 << 31).to_le_bytes());
        frame.extend(block);
    }
    frame.extend([0; 4]);
    frame
}

/// The stream of snappy-java: magic, versions, blocks behind their lengths.
pub(crate) fn snappy_java(plain: &[u8]) -> Vec<u8> {
    let mut stream = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in plain.chunks(32 << 10) {
        let block = snap::raw::Encoder::new().compress_vec(block).unwrap();
        stream.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
        stream.extend(block);
    }
    stream
}

fn halves(plain: &[u8], compress: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (first, second) = plain.split_at(plain.len() / 3);
    [compress(first), compress(second)].concat()
}

#[test]
fn gzip_members() {
    let (plain, _) = payload();
    opens(1, gzip(&plain));
    opens(1, halves(&plain, gzip));
    opens(1, [gzip(&plain), vec![0; 5]].concat());
}

#[test]
fn snappy_raw_and_framed_as_java_does() {
    let (plain, _) = payload();
    let raw = |plain: &[u8]| snap::raw::Encoder::new().compress_vec(plain).unwrap();
    opens(2, raw(&plain));
    opens(2, snappy_java(&plain));
    opens(2, halves(&plain, snappy_java));
}

#[test]
fn lz4_frames_of_every_kind() {
    use lz4_flex::frame::BlockMode::{Independent, Linked};
    let (plain, _) = payload();
    assert!(plain.len() > 3 * (64 << 10), "several blocks, and further back than the window");
    for mode in [Independent, Linked] {
        for checksums in [false, true] {
            opens(3, lz4(&plain, mode, checksums));
            opens(3, halves(&plain, |half| lz4(half, mode, checksums)));
        }
    }
    let skippable = [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9];
    opens(3, [&skippable[..], &lz4(&plain, Independent, false), &skippable].concat());
    opens(3, lz4_stored(&plain));
}

#[test]
fn zstd_frames_with_and_without_their_size() {
    let (plain, _) = payload();
    let announced = |plain: &[u8]| zstd::bulk::compress(plain, 3).unwrap();
    let silent = |plain: &[u8]| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    opens(4, announced(&plain));
    opens(4, silent(&plain));
    opens(4, halves(&plain, announced));
    opens(4, halves(&plain, silent));
}
