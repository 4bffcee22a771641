use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const MOST: usize = 1 << 20;

fn budget() -> Budget {
    Budget::of(4 * MOST)
}

fn received(bytes: Vec<u8>) -> Received {
    Received { bytes: bytes.into(), held: Held::default() }
}

async fn unpacked(bytes: Vec<u8>, encoding: Encoding, format: Format) -> Result<Bytes, Refusal> {
    let budget = budget();
    let unpacked = unpack(received(bytes), encoding, format, MOST, &budget).await;
    let held = budget.under_way();
    let bytes = unpacked.map(|unpacked| {
        assert!(held >= unpacked.bytes.len(), "what is kept is held: {held}");
        unpacked.bytes
    });
    assert_eq!(budget.under_way(), 0, "nothing is held any more");
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 19).unwrap()
}

#[tokio::test]
async fn what_was_packed_comes_out_as_it_was() {
    for size in [0, 1, STEP - 1, STEP, STEP + 1, MOST] {
        let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n * n % 251).unwrap()).collect();
        for (packed, encoding) in [(gzip(&bytes), Encoding::Gzip), (zstd(&bytes), Encoding::Zstd)] {
            let unpacked = unpacked(packed, encoding, Format::Protobuf).await.unwrap();
            assert!(unpacked == bytes, "{size} bytes by {encoding:?}");
        }
    }
    let members = [gzip(b"one"), gzip(b" and two")].concat();
    assert_eq!(unpacked(members, Encoding::Gzip, Format::Protobuf).await.unwrap(), "one and two");
}

#[tokio::test]
async fn bombs_are_refused_before_they_are_inflated() {
    let zeros = vec![0; 64 << 20];
    for (packed, encoding) in [(gzip(&zeros), Encoding::Gzip), (zstd(&zeros), Encoding::Zstd)] {
        assert!(packed.len() < MOST, "it is a bomb");
        let refused = unpacked(packed, encoding, Format::Protobuf).await;
        assert_eq!(refused, Err(Refusal::TooLarge { most: MOST }), "{encoding:?}");
    }
}

#[tokio::test]
async fn what_is_broken_is_told() {
    let (gzipped, zstded) = (gzip(&[7; 1_000]), zstd(&[7; 1_000]));
    // A frame that wants to look back at 2 GiB.
    let far = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    for (bytes, encoding) in [
        (gzipped[..gzipped.len() - 1].to_vec(), Encoding::Gzip),
        (gzipped[..5].to_vec(), Encoding::Gzip),
        ([gzipped, b"more".to_vec()].concat(), Encoding::Gzip),
        (b"no gzip at all".to_vec(), Encoding::Gzip),
        (zstded[..zstded.len() - 1].to_vec(), Encoding::Zstd),
        (b"no zstd at all".to_vec(), Encoding::Zstd),
        (far, Encoding::Zstd),
    ] {
        let refused = unpacked(bytes, encoding, Format::Protobuf).await;
        assert!(matches!(refused, Err(Refusal::Malformed(_))), "{encoding:?}: {refused:?}");
    }
}

#[tokio::test]
async fn json_that_would_take_far_more_memory_than_its_text_is_refused() {
    let spans = |n: usize| {
        let spans = vec!["{}"; n].join(",");
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#).into_bytes()
    };
    let few = unpacked(spans(3), Encoding::Identity, Format::Json).await.unwrap();
    assert_eq!(whither_otlp::spans(&few).count(), 3);
    let refused = unpacked(spans(300_000), Encoding::Identity, Format::Json).await;
    assert_eq!(refused, Err(Refusal::TooManyObjects { objects: 300_003 }));
    let refused = unpacked(gzip(&spans(300_000)), Encoding::Gzip, Format::Json).await;
    assert_eq!(refused, Err(Refusal::TooManyObjects { objects: 300_003 }));
    let refused = unpacked(b"{\"resourceSpans\":[{]}".to_vec(), Encoding::Identity, Format::Json).await;
    assert!(matches!(refused, Err(Refusal::Malformed(_))), "{refused:?}");
}

#[tokio::test]
async fn what_there_is_no_memory_for_is_to_be_sent_again() {
    let budget = Budget::of(STEP);
    let packed = received(gzip(&vec![7; 2 * STEP]));
    let refused = unpack(packed, Encoding::Gzip, Format::Protobuf, MOST, &budget).await;
    assert_eq!(refused.map(|unpacked| unpacked.bytes), Err(Refusal::BUSY));
}
