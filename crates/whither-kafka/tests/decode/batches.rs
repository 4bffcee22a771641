//! The *ledger* depth on valid input, and what lies in records and headers.

use whither_kafka::batch::{
    BatchFault, Batches, Compression, Control, ControlKind, Header, HeaderError, Limits, NotAControlRecord,
    Scratch, TimestampType,
};

use crate::build::{RawBatch, RawRecord};

/// The only batch, which must be good.
pub(crate) fn only(bytes: &[u8]) -> whither_kafka::batch::Batch<'_> {
    let mut batches = Batches::new(bytes);
    let batch = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none());
    assert_eq!(batches.cut_off(), None);
    batch
}

#[test]
fn every_header_field_is_read_from_its_place() {
    let raw = RawBatch {
        leader_epoch: 0x0102_0304,
        attributes: 0x10 | 0x08 | 4,
        last_offset_delta: 9,
        base_timestamp: 11,
        max_timestamp: 22,
        producer_id: 33,
        producer_epoch: 44,
        base_sequence: 55,
        ..RawBatch::new(1_000, 4, 3, vec![0; 40])
    };
    let bytes = raw.bytes();
    let batch = only(&bytes);
    let header = batch.header();
    assert_eq!((header.base_offset, header.last_offset(), header.end_offset()), (1_000, 1_009, 1_010));
    assert_eq!((header.record_count, header.offset_count()), (3, 10));
    assert!(header.is_sparse());
    assert_eq!(header.partition_leader_epoch, 0x0102_0304);
    assert_eq!(header.attributes.compression(), Compression::Zstd);
    assert_eq!(header.attributes.timestamp_type(), TimestampType::LogAppendTime);
    assert!(header.attributes.is_transactional());
    assert!(!header.attributes.is_control());
    assert_eq!(header.delete_horizon_ms(), None);
    assert_eq!((header.base_timestamp_ms, header.max_timestamp_ms), (11, 22));
    assert_eq!(header.producer(), Some((33, 44)));
    assert_eq!(header.base_sequence, 55);
    assert_eq!(header.size_bytes as usize, bytes.len());
    assert_eq!(batch.bytes(), bytes);
    assert_eq!(batch.payload(), [0; 40]);
}

#[test]
fn an_empty_batch_kept_for_its_producer_has_offsets_but_no_records() {
    let raw = RawBatch { last_offset_delta: 4, producer_id: 9, ..RawBatch::new(100, 0, 0, vec![]) };
    let bytes = raw.bytes();
    let batch = only(&bytes);
    let mut scratch = Scratch::default();
    assert_eq!(batch.header().end_offset(), 105);
    assert_eq!(batch.records(&mut scratch).unwrap().count(), 0);
    assert_eq!(batch.offsets(&mut scratch).unwrap().count(), 0);
}

#[test]
fn a_delete_horizon_stands_in_the_base_timestamp() {
    let raw = RawBatch { attributes: 0x40, ..RawBatch::of(0, &[RawRecord::at(0)]) };
    assert_eq!(only(&raw.bytes()).header().delete_horizon_ms(), Some(1_000));
}

#[test]
fn the_broker_s_clock_stands_over_the_deltas() {
    let late = RawRecord { timestamp_delta: -400, ..RawRecord::at(0) };
    let created = RawBatch::of(0, &[late]);
    let appended = RawBatch { attributes: 0x08, ..created.clone() };
    let mut scratch = Scratch::default();
    for (raw, expected) in [(created, 600), (appended, 2_000)] {
        let bytes = raw.bytes();
        let record = only(&bytes).records(&mut scratch).unwrap().next().unwrap().unwrap();
        assert_eq!(record.timestamp_ms, expected);
    }
}

#[test]
fn a_response_cut_inside_its_last_batch_ends_there_and_says_what_it_needs() {
    let first = RawBatch::of(10, &[RawRecord::at(0), RawRecord::at(1)]).bytes();
    let second = RawBatch::of(12, &[RawRecord::at(0)]).bytes();
    let both = [first.clone(), second.clone()].concat();
    for length in first.len() + 1..both.len() {
        let mut batches = Batches::new(&both[..length]);
        assert_eq!(
            batches.by_ref().map(|batch| batch.unwrap().header().base_offset).collect::<Vec<_>>(),
            [10]
        );
        let cut = batches.cut_off().unwrap();
        let there = length - first.len();
        assert_eq!(cut.position, first.len());
        assert_eq!(cut.base_offset, (there >= 8).then_some(12));
        // Before the magic byte the format is not known, so the size is only bounded from below.
        assert_eq!(cut.needed_bytes, if there < 17 { 61 } else { second.len() });
    }
    assert_eq!(Batches::new(&both).count(), 2);
    assert_eq!(Batches::new(&[]).count(), 0);
}

#[test]
fn headers_keep_order_duplicates_and_bytes_that_are_no_text() {
    let headers: [(&[u8], Option<&[u8]>); 5] = [
        (b"traceparent", Some(b"first")),
        (b"\xff\xfe", Some(b"\x00")),
        (b"", Some(b"")),
        (b"null", None),
        (b"traceparent", Some(b"last")),
    ];
    let bytes = RawBatch::of(0, &[RawRecord::with_headers(0, &headers)]).bytes();
    let mut scratch = Scratch::default();
    let record = only(&bytes).records(&mut scratch).unwrap().next().unwrap().unwrap();
    let walked: Vec<_> =
        record.headers.map(Result::unwrap).map(|header| (header.name, header.value)).collect();
    assert_eq!(walked, headers);
    let value =
        |header: Result<Option<Header<'_>>, HeaderError>| header.unwrap().unwrap().value.unwrap().to_vec();
    assert_eq!(value(record.headers.first(b"traceparent")), b"first");
    assert_eq!(value(record.headers.last(b"traceparent")), b"last");
    assert_eq!(record.headers.first(b"trace").unwrap(), None);
}

#[test]
fn a_null_key_is_not_an_empty_one() {
    let empty = RawRecord { key: Some(vec![]), value: Some(vec![]), ..RawRecord::at(0) };
    let null = RawRecord { key: None, value: None, ..RawRecord::at(1) };
    let bytes = RawBatch::of(0, &[empty, null]).bytes();
    let mut scratch = Scratch::default();
    let records: Vec<_> = only(&bytes).records(&mut scratch).unwrap().map(Result::unwrap).collect();
    assert_eq!((records[0].key, records[0].value), (Some(&b""[..]), Some(&b""[..])));
    assert_eq!((records[1].key, records[1].value), (None, None));
}

#[test]
fn a_compacted_batch_lists_the_offsets_that_are_left() {
    let mut scratch = Scratch::default();
    let mut raw = RawBatch::of(500, &[RawRecord::at(2), RawRecord::at(3), RawRecord::at(70)]);
    raw.last_offset_delta = 99;
    let bytes = raw.bytes();
    let offsets: Result<Vec<i64>, _> = only(&bytes).offsets(&mut scratch).unwrap().collect();
    assert_eq!(offsets.unwrap(), [502, 503, 570]);
    let bytes = RawBatch::of(500, &[RawRecord::at(0), RawRecord::at(1)]).bytes();
    let offsets: Result<Vec<i64>, _> = only(&bytes).offsets(&mut scratch).unwrap().collect();
    assert_eq!(offsets.unwrap(), [500, 501]);
}

fn marker(key: &[u8], value: Option<&[u8]>) -> Vec<u8> {
    let (key, value) = (Some(key.to_vec()), value.map(<[u8]>::to_vec));
    let record = RawRecord { key, value, ..RawRecord::at(0) };
    RawBatch { attributes: 0x30, producer_id: 4011, producer_epoch: 3, ..RawBatch::of(88, &[record]) }.bytes()
}

#[test]
fn transaction_markers_tell_their_end_and_coordinator() {
    let mut scratch = Scratch::default();
    let mut read = |bytes: &[u8]| only(bytes).control(&mut scratch);
    let expected = |kind, coordinator_epoch| {
        Ok(Some(Control { offset: 88, timestamp_ms: 1_000, kind, coordinator_epoch }))
    };
    let epoch: &[u8] = &[0, 0, 0, 0, 0, 9];
    assert_eq!(read(&marker(&[0, 0, 0, 0], Some(epoch))), expected(ControlKind::Abort, Some(9)));
    assert_eq!(read(&marker(&[0, 0, 0, 1], Some(epoch))), expected(ControlKind::Commit, Some(9)));
    assert_eq!(
        read(&marker(&[0, 1, 0, 1, 7], Some(&[0, 1, 0, 0, 0, 9, 1, 2]))),
        expected(ControlKind::Commit, Some(9))
    );
    assert_eq!(read(&marker(&[0, 0, 0, 2], Some(b"raft"))), expected(ControlKind::LeaderChange, None));
    assert_eq!(read(&marker(&[0, 0, 0, 42], None)), expected(ControlKind::Unknown(42), None));
    assert_eq!(read(&marker(&[0, 0, 0], Some(epoch))), Err(NotAControlRecord::Key { offset: 88 }));
    assert_eq!(read(&marker(&[0xff, 0xff, 0, 0], Some(epoch))), Err(NotAControlRecord::Key { offset: 88 }));
    assert_eq!(read(&marker(&[0, 0, 0, 0], Some(&[0, 0, 0]))), Err(NotAControlRecord::Value { offset: 88 }));
    assert_eq!(read(&marker(&[0, 0, 0, 1], None)), Err(NotAControlRecord::Value { offset: 88 }));
    assert_eq!(read(&RawBatch::of(88, &[RawRecord::at(0)]).bytes()), Ok(None));
}

#[test]
fn the_crc_is_checked_unless_told_not_to() {
    let mut bytes = RawBatch::of(0, &[RawRecord::at(0)]).bytes();
    *bytes.last_mut().unwrap() ^= 1;
    let error = Batches::new(&bytes).next().unwrap().unwrap_err();
    assert!(matches!(error.fault, BatchFault::Crc { .. }));
    assert!(Batches::new(&bytes).without_crc_check().next().unwrap().is_ok());
}

#[test]
fn a_batch_larger_than_the_limit_is_refused_before_it_is_fetched_again() {
    let bytes = RawBatch { length_lie: 1_000_000, ..RawBatch::of(0, &[RawRecord::at(0)]) }.bytes();
    let limits = Limits { batch_bytes: 100_000, ..Limits::default() };
    let mut batches = Batches::new(&bytes).with_limits(limits);
    let error = batches.next().unwrap().unwrap_err();
    assert!(matches!(error.fault, BatchFault::TooLarge { limit_bytes: 100_000, .. }));
    assert!(!error.continues);
    assert_eq!((batches.next().is_none(), batches.cut_off()), (true, None));
}
