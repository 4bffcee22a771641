//! One function for each decoder that takes any bytes: it must end, without a panic, within its memory.
//!
//! `cargo test` replays the corpus in `fuzz-corpus/` and explores from it by seeded mutation. More of it:
//! `WHITHER_FUZZ_CASES=1000000 cargo test --release -p whither-kafka --test decode fuzz`. A failure prints the
//! input's bytes: put them into a file of the corpus, and the case stays covered.

use std::path::PathBuf;

use whither_kafka::batch::{Batch, Batches, Control, Limits, Scratch, key_hash};
use whither_kafka::coordinator::{Assigned, Assignment, CoordinatorRecord, Subscription};

use crate::build::{RawBatch, RawRecord, encoded, record, seal};
use crate::codecs::{CODECS, gzip, lz4, payload_of, snappy_java};
use crate::coordinator::{assignment, classic, key, offset_key, subscription, tasks, topics, version};

const SMALL: Limits =
    Limits { batch_bytes: 1 << 20, inflated_bytes: 1 << 20, inflate_ratio: 100, ratio_free_bytes: 1 << 18 };
/// Enough to reach every decoder's errors; a long run takes its number from the environment.
const CASES: u64 = 3_000;

/// Any bytes as a partition's records, with and without the CRC check.
pub(crate) fn batches(input: &[u8]) {
    let mut scratch = Scratch::default();
    for checks_crc in [true, false] {
        let walk = Batches::new(input).with_limits(SMALL);
        let mut walk = if checks_crc { walk } else { walk.without_crc_check() };
        let mut before = 0;
        let mut end_offset = i64::MIN;
        while let Some(item) = walk.next() {
            assert!(walk.position() <= input.len());
            match item {
                Ok(batch) => {
                    assert!(walk.position() > before);
                    assert!(batch.header().base_offset >= end_offset, "an offset was counted twice");
                    end_offset = batch.header().end_offset();
                    open(&batch, &mut scratch);
                }
                Err(error) => assert!(!error.continues || walk.position() > before, "{error}"),
            }
            before = walk.position();
        }
        assert!(walk.next().is_none());
    }
}

/// Any bytes as the payload of a batch that is true otherwise: the first byte chooses codec and count.
pub(crate) fn payload(input: &[u8]) {
    let Some((first, payload)) = input.split_first() else { return };
    let count = i32::from(first >> 3);
    let mut raw = RawBatch::new(1_000, u16::from(first & 7), count, payload.to_vec());
    raw.last_offset_delta = i32::MAX;
    let bytes = raw.bytes();
    if let Some(Ok(batch)) = Batches::new(&bytes).with_limits(SMALL).next() {
        open(&batch, &mut Scratch::default());
    }
}

fn open(batch: &Batch<'_>, scratch: &mut Scratch) {
    let header = *batch.header();
    let range = header.base_offset..header.end_offset();
    if let Ok(records) = batch.records(scratch) {
        let (mut walked, mut size_bytes, mut last) = (0, 0, i64::MIN);
        for record in records.flatten() {
            assert!(range.contains(&record.offset) && record.offset > last);
            last = record.offset;
            walked += 1;
            size_bytes += record.size_bytes as usize;
            let headers = record.headers.filter(Result::is_ok).count();
            assert!(headers * 2 <= record.size_bytes as usize);
            let _ =
                (record.headers.first(b"traceparent"), record.headers.last(b""), record.key.map(key_hash));
            let _ = Control::decode(record.offset, record.timestamp_ms, record.key, record.value);
        }
        assert!(walked <= header.record_count && size_bytes <= SMALL.batch_bytes);
    }
    if header.is_sparse()
        && let Ok(offsets) = batch.offsets(scratch)
    {
        assert!(offsets.flatten().all(|offset| range.contains(&offset)));
    }
    let _ = batch.control(scratch);
    assert!(scratch.capacity_bytes() <= SMALL.inflated_bytes);
}

/// Any bytes as key and value: the first byte is the key's length.
pub(crate) fn coordinator(input: &[u8]) {
    let Some((length, rest)) = input.split_first() else { return };
    let (key, value) = rest.split_at(usize::from(*length).min(rest.len()));
    let _ = CoordinatorRecord::decode(key, None);
    let Ok(record) = CoordinatorRecord::decode(key, Some(value)) else { return };
    assert!(elements(&record) <= value.len(), "more was made than there are bytes");
}

fn elements(record: &CoordinatorRecord<'_>) -> usize {
    let of = |assignment: &Assignment<'_>| match assignment {
        Assignment::Partitions(topics) => topics.iter().map(|topic| 1 + topic.partitions.len()).sum(),
        Assignment::Tasks(tasks) => tasks.iter().map(|tasks| 1 + tasks.partitions.len()).sum::<usize>(),
    };
    match record {
        CoordinatorRecord::ClassicGroup { state: Some(group), .. } => group
            .members
            .iter()
            .map(|member| {
                let asked =
                    if let Subscription::Topics(topics) = &member.subscription { topics.len() } else { 0 };
                let Assigned::Partitions(given) = &member.assignment else { return 1 + asked };
                1 + asked + given.iter().map(|topic| 1 + topic.partitions.len()).sum::<usize>()
            })
            .sum(),
        CoordinatorRecord::Member { member: Some(member), .. } => member.subscribed_topics.len(),
        CoordinatorRecord::TargetMember { assignment: Some(assignment), .. } => of(assignment),
        CoordinatorRecord::Current { current: Some(current), .. } => {
            of(&current.assigned) + current.pending_revocation.as_ref().map_or(0, of)
        }
        CoordinatorRecord::ResolvedRegex { topics: Some(topics), .. } => topics.len(),
        _ => 0,
    }
}

fn folder(decoder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus").join(decoder)
}

/// The corpus, in the order of its names.
fn corpus(decoder: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder(decoder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "the corpus of {decoder} is missing");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// xorshift64*: the same cases on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll()).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[0]
    }
}

/// Numbers that lengths, counts and deltas go wrong at.
const EDGES: [&[u8]; 9] = [
    &[0xff; 4],
    &[0; 4],
    &[0x7f, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0],
    &[0xfe, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80; 10],
    &[0x01],
    &[0x7f, 0xff],
];

fn mutate(dice: &mut Dice, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(input.len() + 1);
        match dice.below(7) {
            0 => input.truncate(at),
            1 => input.insert(at, dice.byte()),
            2 if at < input.len() => drop(input.remove(at)),
            3 if at < input.len() => input[at] ^= 1 << dice.below(8),
            4 if at < input.len() => input[at] = dice.byte(),
            5 => {
                let edge = EDGES[dice.below(EDGES.len())];
                let end = (at + edge.len()).min(input.len());
                input.splice(at..end, edge.iter().copied());
            }
            _ => {
                let from = dice.below(other.len());
                let to = from + dice.below(other.len() - from + 1);
                let end = (at + to - from).min(input.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
}

fn explore(decoder: &str, run: fn(&[u8]), reseal: bool) {
    let corpus = corpus(decoder);
    for input in &corpus {
        guarded(run, input);
    }
    let cases = std::env::var("WHITHER_FUZZ_CASES").ok().map_or(CASES, |cases| cases.parse().unwrap());
    let mut dice = Dice(0x7768_6974_6865_7221);
    for _ in 0..cases {
        let mut input = corpus[dice.below(corpus.len())].clone();
        let other = dice.below(corpus.len());
        mutate(&mut dice, &mut input, &corpus[other]);
        // With a true CRC the mutation gets past the first check.
        if reseal && dice.below(2) == 0 {
            seal_first(&mut input);
        }
        guarded(run, &input);
    }
}

fn seal_first(input: &mut [u8]) {
    let Some(length) = input.get(8..12).and_then(|length| length.try_into().ok()) else { return };
    let size = usize::try_from(i32::from_be_bytes(length)).unwrap_or(0).saturating_add(12);
    if let Some(batch) = input.get_mut(..size) {
        seal(batch);
    }
}

fn guarded(run: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(|| run(input)) {
        eprintln!("input: {input:02x?}");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn fuzz_batches() {
    explore("batches", batches, true);
}

#[test]
fn fuzz_payload() {
    explore("payload", payload, false);
}

#[test]
fn fuzz_coordinator() {
    explore("coordinator", coordinator, false);
}

/// Writes the part of the corpus that encoders can make; cases found by fuzzing are added by hand.
#[test]
#[ignore = "writes files into the source tree"]
fn seed_corpus() {
    let write = |decoder: &str, name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(folder(decoder)).unwrap();
        std::fs::write(folder(decoder).join(name), bytes).unwrap();
    };
    for (codec, name) in CODECS.into_iter().zip(["none", "gzip", "snappy", "lz4", "zstd"]) {
        let records: Vec<_> = (0..12).map(|offset| record(0, offset)).collect();
        let more: Vec<_> = (12..15).map(|offset| record(12, offset)).collect();
        write("batches", name, &[encoded(&records, codec), encoded(&more, codec)].concat());
    }
    let marker =
        RawRecord { key: Some(vec![0, 0, 0, 1]), value: Some(vec![0, 0, 0, 0, 0, 9]), ..RawRecord::at(0) };
    write("batches", "marker", &RawBatch { attributes: 0x30, ..RawBatch::of(5, &[marker]) }.bytes());
    let mut sparse = RawBatch::of(5, &[RawRecord::at(3), RawRecord::at(8)]);
    sparse.last_offset_delta = 20;
    write("batches", "sparse", &sparse.bytes());
    write("batches", "empty", &RawBatch { last_offset_delta: 3, ..RawBatch::new(9, 0, 0, vec![]) }.bytes());
    write("batches", "old-format", &RawBatch { magic: 1, ..sparse }.bytes());

    let plain = payload_of(9);
    let linked = lz4(&payload_of(1_500), lz4_flex::frame::BlockMode::Linked, true);
    for (first, name, bytes) in [
        (0, "plain", plain.clone()),
        (1, "gzip", gzip(&plain)),
        (2, "snappy-raw", snap::raw::Encoder::new().compress_vec(&plain).unwrap()),
        (2, "snappy-java", snappy_java(&plain)),
        (3, "lz4", lz4(&plain, lz4_flex::frame::BlockMode::Independent, false)),
        (3, "lz4-linked", linked),
        (4, "zstd", zstd::bulk::compress(&plain, 3).unwrap()),
    ] {
        write("payload", name, &[vec![first | 9 << 3], bytes].concat());
    }

    let seed = |name: &str, key: &[u8], value: &[u8]| {
        write("coordinator", name, &[&[u8::try_from(key.len()).unwrap()], key, value].concat());
    };
    let member = &["billing", "m1"];
    let head = version(0).i32(3).i32(2).i8(1);
    seed("commit-v3", &offset_key(1), &version(3).i64(7).i32(6).string("note").i64(9).done());
    seed(
        "commit-v4",
        &offset_key(1),
        &version(4).i64(7).i32(6).compact("note").i64(9).tag(0, &[7; 16]).done(),
    );
    seed("classic-v3", &key(2, &["billing"]), &classic(3, "consumer", &subscription(), &assignment()));
    seed("classic-v0", &key(2, &["billing"]), &classic(0, "connect", &subscription(), &assignment()));
    seed("group", &key(3, &["billing"]), &version(0).i32(9).tag(0, &[1; 8]).done());
    seed("target", &key(6, &["billing"]), &version(0).i32(9).tag(0, &[1; 8]).done());
    seed("target-member", &key(7, member), &version(0).raw(&topics(false).done()).no_tags().done());
    seed("current", &key(8, member), &head.clone().raw(&topics(true).done()).count(0).no_tags().done());
    seed(
        "regex",
        &key(16, &["billing", "^o"]),
        &version(0).count(1).compact("orders").i64(7).i64(9).no_tags().done(),
    );
    seed("streams-tasks", &key(21, member), &version(0).raw(&tasks().done()).no_tags().done());
    let streams = head.raw(&tasks().done()).raw(&tasks().done()).no_tags();
    seed("streams-current", &key(22, member), &streams.done());
    let consumer =
        version(0).null().null().compact("c").compact("/10.0.0.7").count(1).compact("orders").null();
    seed("member", &key(5, member), &consumer.i32(9).null().tag(0, &[0]).done());
}
