//! Compressed data that is broken, or that inflates without end: refused, and no memory spent on it.

use std::io::Write;

use lz4_flex::frame::BlockMode;
use whither_kafka::batch::{Batches, InflateError, Limits, RecordFault, Scratch};

use crate::build::RawBatch;
use crate::codecs::{gzip, lz4, payload_of, snappy_java};

fn open(codec: u16, compressed: &[u8], limits: Limits, scratch: &mut Scratch) -> Result<usize, InflateError> {
    let bytes =
        RawBatch { last_offset_delta: i32::MAX, ..RawBatch::new(0, codec, 1, compressed.to_vec()) }.bytes();
    let batch = Batches::new(&bytes).with_limits(limits).next().unwrap().unwrap();
    match batch.records(scratch) {
        Ok(records) => Ok(records.size_hint().1.unwrap()),
        Err(error) => match error.fault {
            RecordFault::Inflate(error) => Err(error),
            other => panic!("{other}"),
        },
    }
}

fn zstd_streamed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Zeros in each codec, as each client would send them.
fn zeros(bytes: usize) -> Vec<(u16, Vec<u8>)> {
    let plain = vec![0; bytes];
    vec![
        (1, gzip(&plain)),
        (2, snap::raw::Encoder::new().compress_vec(&plain).unwrap()),
        (2, snappy_java(&plain)),
        (3, lz4(&plain, BlockMode::Independent, false)),
        (3, lz4(&plain, BlockMode::Linked, true)),
        (4, zstd::bulk::compress(&plain, 19).unwrap()),
        (4, zstd_streamed(&plain)),
    ]
}

#[test]
fn the_absolute_limit_holds_for_every_codec() {
    let limits = Limits { inflated_bytes: 1 << 20, ..Limits::default() };
    for (codec, compressed) in zeros((1 << 20) + 1) {
        let mut scratch = Scratch::default();
        let bomb = InflateError::Bomb { compressed_bytes: compressed.len(), limit_bytes: 1 << 20 };
        assert_eq!(open(codec, &compressed, limits, &mut scratch), Err(bomb));
        assert!(scratch.capacity_bytes() <= 1 << 20, "codec {codec}: {}", scratch.capacity_bytes());
    }
    for (codec, compressed) in zeros(1 << 20) {
        assert!(open(codec, &compressed, limits, &mut Scratch::default()).is_ok(), "codec {codec}");
    }
}

#[test]
fn the_ratio_limit_holds_beyond_what_is_free() {
    let compressed = zstd_streamed(&vec![0; 32 << 20]);
    assert!(compressed.len() * 1_100 < 32 << 20, "only zstd gets there: {}", compressed.len());
    let mut scratch = Scratch::default();
    let refused = open(4, &compressed, Limits::default(), &mut scratch);
    assert!(matches!(refused, Err(InflateError::Bomb { .. })));
    assert!(scratch.capacity_bytes() <= 4 << 20);
    let small = zstd_streamed(&vec![0; 4 << 20]);
    assert!(open(4, &small, Limits::default(), &mut scratch).is_ok());
}

#[test]
fn a_buffer_left_by_a_large_batch_does_not_raise_the_next_one_s_limit() {
    let mut scratch = Scratch::default();
    for (codec, compressed) in zeros(2 << 20) {
        assert!(open(codec, &compressed, Limits::default(), &mut scratch).is_ok());
        let limits = Limits { inflated_bytes: 1 << 20, ..Limits::default() };
        let refused = open(codec, &compressed, limits, &mut scratch);
        assert!(matches!(refused, Err(InflateError::Bomb { .. })), "codec {codec}");
    }
}

#[test]
fn memory_of_a_huge_batch_is_given_back() {
    let mut scratch = Scratch::default();
    let huge = lz4(&vec![0; 40 << 20], BlockMode::Independent, false);
    open(3, &huge, Limits::default(), &mut scratch).unwrap();
    assert!(scratch.capacity_bytes() >= 40 << 20);
    let small = lz4(&[0; 100], BlockMode::Independent, false);
    open(3, &small, Limits::default(), &mut scratch).unwrap();
    assert!(scratch.capacity_bytes() <= 8 << 20);
}

#[test]
fn announced_sizes_that_lie_allocate_nothing() {
    let huge_snappy = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    let huge_zstd = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0];
    for (codec, compressed) in [(2, &huge_snappy[..]), (4, &huge_zstd)] {
        let mut scratch = Scratch::default();
        let refused = open(codec, compressed, Limits::default(), &mut scratch);
        assert!(matches!(refused, Err(InflateError::Bomb { .. })), "{refused:?}");
        assert!(scratch.capacity_bytes() <= Limits::default().ratio_free_bytes);
    }
}

#[test]
fn data_cut_anywhere_is_broken_or_short_but_never_more() {
    let plain = payload_of(40);
    let whole: [(u16, Vec<u8>); 6] = [
        (1, gzip(&plain)),
        (2, snap::raw::Encoder::new().compress_vec(&plain).unwrap()),
        (2, snappy_java(&plain)),
        (3, lz4(&plain, BlockMode::Independent, true)),
        (4, zstd::bulk::compress(&plain, 3).unwrap()),
        (4, zstd_streamed(&plain)),
    ];
    let mut scratch = Scratch::default();
    for (codec, compressed) in &whole {
        for length in 0..compressed.len() {
            let opened = open(*codec, &compressed[..length], Limits::default(), &mut scratch);
            let java_header_only = *codec == 2 && length == 16;
            assert!(
                matches!(opened, Err(InflateError::Broken { .. })) || java_header_only,
                "{codec} {length}"
            );
        }
    }
}

#[test]
fn a_codec_that_is_not_known_is_named() {
    for codec in 5..=7 {
        let opened = open(codec, &[0; 30], Limits::default(), &mut Scratch::default());
        assert_eq!(opened, Err(InflateError::UnknownCodec(u8::try_from(codec).unwrap())));
    }
}

#[test]
fn frames_that_ask_for_what_is_not_there() {
    let good = lz4(&payload_of(40), BlockMode::Independent, false);
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    for bytes in [with(0, 5), with(4, 0x20), with(4, 0x61), with(5, 0x30)] {
        let opened = open(3, &bytes, Limits::default(), &mut Scratch::default());
        assert!(matches!(opened, Err(InflateError::Broken { .. })));
    }
    let deflated = gzip(&payload_of(40));
    let not_deflate = [&[0x1f, 0x8b, 7], &deflated[3..]].concat();
    assert!(open(1, &not_deflate, Limits::default(), &mut Scratch::default()).is_err());
}
