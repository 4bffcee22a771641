use bytes::Bytes;
use whither_core::fact::{Convention, MarkerKind, Role};
use whither_core::{Fact, Offset, Partition, Time};
use whither_kafka::batch::Scratch;

use super::{Conventions, Depth, TopicNames, Walked, Walker};
use crate::demo::broker::NewRecord;
use crate::demo::broker::batch::{Writer, encode, encode_marker, stamp};

fn record(headers: &[(&str, &[u8])]) -> NewRecord {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), Some(Bytes::copy_from_slice(v))));
    NewRecord {
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::from_static(b"v")),
        headers: headers.collect(),
        timestamp_ms: None,
    }
}

/// A batch of so many records at an offset, as a broker stores it.
fn batch(base: Offset, count: usize) -> Vec<u8> {
    at(base, &encode(&vec![record(&[]); count], Writer::plain(-1), 1_000))
}

fn at(base: Offset, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    stamp(&mut bytes, base, 7);
    bytes
}

fn walk(bytes: &[u8], depth: Depth, boundaries: &[Offset], end: Offset) -> (Walked, Vec<Fact>) {
    let mut facts = Vec::new();
    let mut walker = Walker {
        partition: &Partition::new("orders", 0),
        depth,
        boundaries,
        conventions: &Conventions::default(),
        names: &TopicNames::default(),
        scratch: &mut Scratch::default(),
        gatherer: None,
        now: Time(2_000),
    };
    let walked = walker.walk(bytes, end, &mut facts);
    (walked, facts)
}

#[test]
fn each_batch_is_a_fact_of_its_header() {
    let bytes = [batch(10, 3), batch(13, 2)].concat();
    let (walked, facts) = walk(&bytes, Depth::Ledger, &[], Offset::MAX);
    assert_eq!(walked, Walked { next: Some(15), records: 5, undecoded: 0, others: 0 });
    let [Fact::Batch(first), Fact::Batch(second)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((first.base, first.last, first.count, first.leader_epoch), (10, 12, 3, 7));
    assert_eq!((second.base, second.last, second.max_at), (13, 14, Time(1_000)));
}

#[test]
fn a_walk_ends_before_its_end_and_with_what_is_whole() {
    let bytes = [batch(10, 3), batch(13, 2)].concat();
    assert_eq!(walk(&bytes, Depth::Ledger, &[], 13).0.next, Some(13));
    let cut = bytes.get(..bytes.len() - 1).unwrap();
    assert_eq!(walk(cut, Depth::Ledger, &[], Offset::MAX).0.next, Some(13));
    assert_eq!(walk(&[], Depth::Ledger, &[], Offset::MAX), (Walked::default(), Vec::new()));
}

#[test]
fn a_batch_whose_checksum_fails_is_told_and_passed() {
    let mut broken = batch(10, 3);
    *broken.last_mut().unwrap() ^= 1;
    let bytes = [broken, batch(13, 2)].concat();
    let (walked, facts) = walk(&bytes, Depth::Ledger, &[], Offset::MAX);
    assert_eq!(walked, Walked { next: Some(15), records: 2, undecoded: 0, others: 0 });
    let [Fact::Corrupt(corrupt), Fact::Batch(_)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((corrupt.from, corrupt.to, corrupt.at), (10, 13, Time(2_000)));
}

#[test]
fn markers_are_no_records() {
    for (commit, kind) in [(true, MarkerKind::Commit), (false, MarkerKind::Abort)] {
        let bytes = at(20, &encode_marker(4, 1, commit, 1_500));
        let (walked, facts) = walk(&bytes, Depth::Ledger, &[], Offset::MAX);
        assert_eq!(walked, Walked { next: Some(21), records: 0, undecoded: 0, others: 0 });
        let [Fact::Marker(marker)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((marker.offset, marker.producer_id, marker.producer_epoch), (20, 4, 1));
        assert_eq!((marker.kind, marker.at), (kind, Time(1_500)));
    }
}

#[test]
fn dead_letters_are_told_with_their_origin_where_headers_are_read() {
    let letter = record(&[
        ("__connect.errors.topic", b"orders"),
        ("__connect.errors.partition", b"3"),
        ("__connect.errors.offset", b"7"),
    ]);
    let bytes = at(30, &encode(&[record(&[]), letter], Writer::plain(-1), 1_000));
    let (_, facts) = walk(&bytes, Depth::Headers(Role::DeadLetter), &[], Offset::MAX);
    let [Fact::Batch(_), Fact::DeadLetter(letter)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((letter.offset, letter.role, letter.convention), (31, Role::DeadLetter, Convention::Connect));
    assert_eq!((&letter.origin, letter.origin_offset), (&Partition::new("orders", 3), 7));
    assert!(letter.key_hash.is_some());
    let (_, facts) = walk(&bytes, Depth::Ledger, &[], Offset::MAX);
    assert!(matches!(facts.as_slice(), [Fact::Batch(_)]), "headers cost: only where they are asked for");
}

#[test]
fn a_coordinator_record_that_can_not_be_read_is_counted() {
    let (walked, facts) = walk(&batch(0, 2), Depth::Coordinator, &[], Offset::MAX);
    assert_eq!(walked, Walked { next: Some(2), records: 2, undecoded: 2, others: 2 });
    assert!(matches!(facts.as_slice(), [Fact::Batch(_)]));
}

/// Compaction leaves a batch without a record at every offset: whoever stands inside needs to know which.
#[test]
fn a_sparse_batch_is_opened_where_a_row_is_cut_inside_it() {
    // Three records whose batch spans five offsets, as after compaction of its last two.
    let mut sparse = batch(40, 3);
    let (last_offset_delta, crc, covered) = (23..27, 17..21, 21..);
    sparse.get_mut(last_offset_delta).unwrap().copy_from_slice(&4_i32.to_be_bytes());
    let sum = crc32c::crc32c(sparse.get(covered).unwrap());
    sparse.get_mut(crc).unwrap().copy_from_slice(&sum.to_be_bytes());
    for (boundary, opens) in [(40, false), (41, true), (44, true), (45, false)] {
        let (walked, facts) = walk(&sparse, Depth::Ledger, &[boundary], Offset::MAX);
        assert_eq!(walked, Walked { next: Some(45), records: 3, undecoded: 0, others: 0 });
        match facts.as_slice() {
            [Fact::Batch(_)] => assert!(!opens, "{boundary}"),
            [Fact::Batch(_), Fact::Opened(opened)] => {
                assert!(opens, "{boundary}");
                assert_eq!((opened.from, opened.to), (40, 45));
                assert_eq!(opened.present, [(40, 43)]);
            }
            _ => panic!("{facts:?}"),
        }
    }
}
