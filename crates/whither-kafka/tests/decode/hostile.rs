//! Every lie that a batch can tell gets its own name, and none gets further than the batch.

use whither_kafka::batch::{BatchError, BatchFault, Batches, HeaderError, RecordFault, RecordField, Scratch};

use crate::batches::only;
use crate::build::{HEADER_BYTES, RawBatch, RawRecord, framed, varint};

fn good(base_offset: i64) -> RawBatch {
    RawBatch::of(base_offset, &[RawRecord::at(0), RawRecord::at(1), RawRecord::at(2)])
}

/// Walks a good batch, the one given, and another good one; returns the error and whether the last was reached.
fn between(bad: Vec<u8>) -> (BatchError, bool) {
    let bytes = [good(100).bytes(), bad, good(200).bytes()].concat();
    let items: Vec<_> = Batches::new(&bytes).collect();
    assert_eq!(items[0].as_ref().unwrap().header().base_offset, 100);
    let error = items[1].as_ref().unwrap_err().clone();
    assert_eq!(error.position, good(100).bytes().len());
    let reached = items.last().unwrap().as_ref().is_ok_and(|batch| batch.header().base_offset == 200);
    assert_eq!(reached, error.continues);
    (error, reached)
}

#[test]
fn damaged_bytes_are_passed_over_when_the_next_batch_stands_where_the_length_says() {
    let mut bad = good(150).bytes();
    bad[HEADER_BYTES + 3] ^= 0x40;
    let (error, reached) = between(bad);
    assert!(matches!(error.fault, BatchFault::Crc { .. }));
    assert_eq!((error.base_offset, error.end_offset, reached), (150, Some(200), true));
}

#[test]
fn a_damaged_length_ends_the_walk() {
    for lie in [-5, 5] {
        let (error, reached) = between(RawBatch { length_lie: lie, ..good(150) }.bytes());
        assert!(matches!(error.fault, BatchFault::Crc { .. }), "{error}");
        assert_eq!((error.base_offset, error.end_offset, reached), (150, None, false));
    }
    for (length, bytes) in [(-1, [0xff; 4]), (0, [0; 4]), (48, [0, 0, 0, 48])] {
        let mut bad = good(150).bytes();
        bad[8..12].copy_from_slice(&bytes);
        let (error, reached) = between(bad);
        assert_eq!(error.fault, BatchFault::LengthTooSmall { length });
        assert!(!reached);
    }
}

#[test]
fn a_damaged_batch_at_the_end_leaves_its_end_open() {
    let mut bytes = good(150).bytes();
    bytes[HEADER_BYTES] ^= 1;
    let error = Batches::new(&bytes).next().unwrap().unwrap_err();
    assert_eq!((error.end_offset, error.continues), (None, true));
}

#[test]
fn old_and_unknown_formats_are_named_and_passed_over() {
    let (error, reached) = between(RawBatch { magic: 1, ..good(150) }.bytes());
    assert_eq!((error.fault, reached), (BatchFault::OldFormat { magic: 1 }, true));
    assert_eq!((error.base_offset, error.end_offset), (150, Some(200)));
    let (error, reached) = between(RawBatch { magic: 0x7f, ..good(150) }.bytes());
    assert_eq!((error.fault, reached), (BatchFault::UnknownMagic { magic: 0x7f }, true));
    // However long it claims to be, more bytes would not make it known.
    let endless = RawBatch { magic: 9, length_lie: 1 << 20, ..good(150) }.bytes();
    let mut batches = Batches::new(&endless);
    assert_eq!(batches.next().unwrap().unwrap_err().fault, BatchFault::UnknownMagic { magic: 9 });
    assert_eq!(batches.cut_off(), None);
    // The smallest old message is smaller than a v2 header.
    let mut old = vec![0; 34];
    old[..8].copy_from_slice(&5_i64.to_be_bytes());
    old[8..12].copy_from_slice(&22_i32.to_be_bytes());
    let error = Batches::new(&old).next().unwrap().unwrap_err();
    assert_eq!(error.fault, BatchFault::OldFormat { magic: 0 });
}

#[test]
fn offset_ranges_that_are_none() {
    for (base_offset, last_offset_delta) in [(150, -1), (150, i32::MIN), (-1, 2), (i64::MAX - 1, 5)] {
        let bytes = RawBatch { last_offset_delta, ..good(base_offset) }.bytes();
        let error = Batches::new(&bytes).next().unwrap().unwrap_err();
        assert_eq!(error.fault, BatchFault::OffsetRange { last_offset_delta });
    }
}

#[test]
fn counts_that_can_not_be() {
    for record_count in [4, -1, i32::MAX, i32::MIN] {
        let (error, reached) = between(RawBatch { record_count, ..good(150) }.bytes());
        assert_eq!(error.fault, BatchFault::CountBeyondOffsets { record_count, offset_count: 3 });
        assert_eq!((error.end_offset, reached), (Some(153), true), "the CRC vouches for the range");
    }
    let liar = RawBatch { record_count: 40, last_offset_delta: 49, ..good(150) };
    let (error, _) = between(liar.bytes());
    let payload_bytes = liar.payload.len();
    assert_eq!(error.fault, BatchFault::CountBeyondBytes { record_count: 40, payload_bytes });
}

#[test]
fn a_batch_that_begins_inside_the_one_before_is_not_counted_twice() {
    for base_offset in [100, 102] {
        let (error, reached) = between(good(base_offset).bytes());
        assert_eq!(error.fault, BatchFault::OffsetRegress { expected: 103 });
        assert_eq!((error.end_offset, reached), (Some(base_offset + 3), true));
    }
    let bytes = [good(100).bytes(), good(103).bytes()].concat();
    assert!(Batches::new(&bytes).all(|batch| batch.is_ok()));
}

/// The fault of the only record that is broken, and the records before it.
fn walk(raw: &RawBatch) -> (usize, RecordFault) {
    let bytes = raw.bytes();
    let mut scratch = Scratch::default();
    let items: Vec<_> = only(&bytes).records(&mut scratch).unwrap().collect();
    let walked = items.iter().filter(|item| item.is_ok()).count();
    assert_eq!(walked + 1, items.len(), "an error is the last item");
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert_eq!((error.base_offset, error.index as usize), (raw.base_offset, walked));
    (walked, error.fault.clone())
}

#[test]
fn a_count_that_hides_or_invents_records() {
    let hides = RawBatch { record_count: 2, ..good(0) };
    let bytes = RawRecord::at(2).bytes().len();
    assert_eq!(walk(&hides), (2, RecordFault::Trailing { record_count: 2, bytes }));
    let mut invents = good(0);
    (invents.record_count, invents.last_offset_delta) = (4, 3);
    assert_eq!(walk(&invents), (3, RecordFault::Missing { record_count: 4 }));
    let empty = RawBatch { record_count: 0, ..good(0) };
    assert!(matches!(walk(&empty), (0, RecordFault::Trailing { record_count: 0, .. })));
}

#[test]
fn offsets_that_repeat_descend_or_leave_the_batch() {
    for (second, previous) in [(0, 0), (-3, 0), (8, 0)] {
        let mut raw = RawBatch::of(0, &[RawRecord::at(0), RawRecord::at(second)]);
        raw.last_offset_delta = 7;
        let fault = RecordFault::OffsetDelta { delta: second, previous, last: 7 };
        assert_eq!(walk(&raw), (1, fault));
        let bytes = raw.bytes();
        let mut scratch = Scratch::default();
        assert!(only(&bytes).offsets(&mut scratch).unwrap().any(|offset| offset.is_err()));
    }
}

/// A record's body, from its timestamp delta on, behind the attributes.
fn body(fields: &[i64]) -> RawBatch {
    let mut body = vec![0];
    for field in fields {
        varint(&mut body, *field);
    }
    let mut payload = framed(&body);
    payload.extend([0; 8]);
    RawBatch::new(0, 0, 1, payload)
}

#[test]
fn record_fields_that_do_not_fit() {
    use RecordField::{Key, Length, OffsetDelta, TimestampDelta, Value};
    for (raw, field) in [
        (RawBatch::new(0, 0, 1, vec![0x80; 12]), Length),
        (RawBatch::new(0, 0, 1, [framed(&[]), vec![0; 9]].concat()), RecordField::Attributes),
        (RawBatch::new(0, 0, 1, vec![0x01; 9]), Length),
        (RawBatch::new(0, 0, 1, vec![0xff, 0xff, 0xff, 0xff, 0x0e, 0, 0, 0]), Length),
        (body(&[]), TimestampDelta),
        (body(&[1]), OffsetDelta),
        (body(&[1, 1 << 32]), OffsetDelta),
        (body(&[1, 0]), Key),
        (body(&[1, 0, 1]), Key),
        (body(&[1, 0, -2]), Key),
        (body(&[1, 0, i64::from(i32::MIN)]), Key),
        (body(&[1, 0, -1]), Value),
        (body(&[1, 0, -1, i64::from(i32::MAX)]), Value),
        (body(&[1, 0, -1, -2]), Value),
    ] {
        assert_eq!(walk(&raw), (0, RecordFault::Field { field }));
    }
}

/// The headers' error, found although the record itself is good.
fn headers(fields: &[i64]) -> HeaderError {
    let mut raw = body(&[&[1 << 20, 0, -1, -1], fields].concat());
    raw.payload.truncate(raw.payload.len() - 8);
    let bytes = raw.bytes();
    let mut scratch = Scratch::default();
    let record = only(&bytes).records(&mut scratch).unwrap().next().unwrap().unwrap();
    let error = record.headers.first(b"absent").unwrap_err();
    assert_eq!(record.headers.last(b"absent"), Err(error));
    let items: Vec<_> = record.headers.take(100).collect();
    assert_eq!(items.last().unwrap(), &Err(error), "an error is the last item");
    error
}

#[test]
fn header_fields_that_do_not_fit() {
    use RecordField::{HeaderCount, HeaderName, HeaderValue};
    for (fields, field) in [
        (&[][..], HeaderCount),
        (&[-1], HeaderCount),
        (&[i64::from(i32::MAX)], HeaderCount),
        (&[2, 0, 0], HeaderCount),
        (&[0, 0], HeaderCount),
        (&[1, 9, 0], HeaderName),
        (&[1, -1, 0], HeaderName),
        (&[1, 1, 0], HeaderValue),
        (&[1, 0, 5], HeaderValue),
        (&[1, 0, -2], HeaderValue),
        (&[1, 0, -1, 0], HeaderCount),
    ] {
        assert_eq!(headers(fields), HeaderError { field }, "{fields:?}");
    }
}
