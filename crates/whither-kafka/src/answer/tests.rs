mod samples;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use samples::{Sample, samples};

#[test]
fn shapes_are_those_that_the_encoder_writes() {
    for Sample { name, key, version, frame, decode } in samples() {
        assert_eq!(decode(key, version, frame.clone()), Ok(()), "{name} v{version}");
        let cut = frame.slice(..frame.len() - 1);
        assert!(decode(key, version, cut).is_err(), "{name} v{version} cut off");
        let longer = Bytes::from([&frame[..], &[0]].concat());
        assert!(decode(key, version, longer).is_err(), "{name} v{version} with a byte too many");
    }
}

/// A count of 2^32 - 2 stands where the first list does: the decoder alone would reserve hundreds of gigabytes.
#[test]
fn a_count_that_lies_is_refused_before_anything_is_reserved() {
    let lie = [0xff, 0xff, 0xff, 0xff, 0x0f];
    // Correlation id, tags of the header, throttle time, then the count.
    let metadata = [&[0, 0, 0, 1, 0, 0, 0, 0, 0][..], &lie, &[0; 64]].concat();
    let groups = [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..], &lie, &[0; 64]].concat();
    let handshake = [&[0, 0, 0, 1, 0, 0][..], &i32::MAX.to_be_bytes(), &[0; 64]].concat();
    let told = [
        super::decode::<kafka_protocol::messages::MetadataResponse>(3, 12, metadata.into()).map(drop),
        super::decode::<kafka_protocol::messages::ListGroupsResponse>(16, 5, groups.into()).map(drop),
        super::decode::<kafka_protocol::messages::SaslHandshakeResponse>(17, 1, handshake.into()).map(drop),
    ];
    for told in told {
        let error = told.unwrap_err();
        assert!(error.contains("more than there is") || error.contains("too early"), "{error}");
    }
}

/// Elements of a byte each would take a hundred times their size once decoded.
#[test]
fn what_is_small_on_the_wire_and_large_in_memory_is_refused() {
    let count: u32 = 20_000_000;
    // Of ListTransactions: correlation id, tags of the header, throttle time, error; then a list of strings.
    let mut frame = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let mut left = count + 1;
    while left >= 0x80 {
        frame.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    frame.push(u8::try_from(left).unwrap());
    frame.resize(frame.len() + count as usize, 1);
    let told = super::decode::<kafka_protocol::messages::ListTransactionsResponse>(66, 0, frame.into());
    assert!(told.unwrap_err().contains("more than can be taken in"));
}

/// Explores with seeded mutations of valid answers. `WHITHER_FUZZ_CASES` asks for more of them.
#[test]
fn no_mutation_makes_a_decoder_panic() {
    let cases = std::env::var("WHITHER_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400_u64);
    for Sample { name, key, version, frame, decode } in samples() {
        for case in 0..cases {
            let mutated = mutate(&frame, case.wrapping_mul(31).wrapping_add(u64::try_from(key).unwrap()));
            let survived = catch_unwind(AssertUnwindSafe(|| drop(decode(key, version, mutated.clone()))));
            assert!(survived.is_ok(), "{name} v{version} case {case}: {mutated:02x?}");
        }
    }
}

fn mutate(frame: &Bytes, seed: u64) -> Bytes {
    let mut random = seed;
    let mut next = move |below: usize| {
        // SplitMix64.
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below.max(1) as u64).unwrap()
    };
    let mut bytes = frame.to_vec();
    for _ in 0..=next(4) {
        let at = next(bytes.len());
        match next(5) {
            0 => bytes[at] ^= 1 << next(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][next(5)],
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, u8::try_from(next(256)).unwrap()),
            _ => {
                let end = (at + 5).min(bytes.len());
                bytes.splice(at..end, [0xff, 0xff, 0xff, 0xff, 0x0f]);
            }
        }
    }
    bytes.into()
}
