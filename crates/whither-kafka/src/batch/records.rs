//! The records of an opened batch: the *headers* depth.

use super::cursor::Cursor;
use super::error::{RecordError, RecordFault, RecordField};
use super::header::{BatchHeader, TimestampType};
use super::headers::Headers;

/// Bytes of the smallest record: length, attributes, two deltas, no key, no value, no headers.
pub(super) const MIN_RECORD_BYTES: u64 = 7;

/// One record, borrowed from the batch.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    pub offset: i64,
    /// Milliseconds since 1970 by the clock that the batch's [`TimestampType`] names, -1 if none. A sum beyond
    /// 64 bits is held at the bound.
    pub timestamp_ms: i64,
    /// `None` is no key, which is not the empty key.
    pub key: Option<&'r [u8]>,
    /// `None` is a tombstone in a compacted topic.
    pub value: Option<&'r [u8]>,
    /// Not looked at until asked.
    pub headers: Headers<'r>,
    /// Bytes of the record in the inflated batch, its length field included.
    pub size_bytes: u32,
}

/// The records of one batch, in offset order. Ends behind the first item that is an error.
#[derive(Debug, Clone)]
pub struct Records<'r> {
    walk: RecordWalk<'r>,
    base_timestamp_ms: i64,
    /// What every record's timestamp is, where the broker set it.
    append_time_ms: Option<i64>,
}

impl<'r> Records<'r> {
    pub(super) fn new(header: &BatchHeader, inflated: &'r [u8]) -> Self {
        let append_time_ms = match header.attributes.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(header.max_timestamp_ms),
        };
        let walk = RecordWalk::new(header, inflated);
        Self { walk, base_timestamp_ms: header.base_timestamp_ms, append_time_ms }
    }

    #[inline(always)]
    fn finish(&mut self, frame: RecordFrame<'r>) -> Result<Record<'r>, RecordError> {
        let RecordFrame { offset, timestamp_delta, mut body, size_bytes } = frame;
        let Some(key) = nullable(&mut body) else { return Err(self.walk.broken_inside(RecordField::Key)) };
        let Some(value) = nullable(&mut body) else {
            return Err(self.walk.broken_inside(RecordField::Value));
        };
        let timestamp_ms = match self.append_time_ms {
            None => self.base_timestamp_ms.saturating_add(timestamp_delta),
            Some(append_time_ms) => append_time_ms,
        };
        Ok(Record { offset, timestamp_ms, key, value, headers: Headers::new(body.rest()), size_bytes })
    }
}

impl<'r> Iterator for Records<'r> {
    type Item = Result<Record<'r>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.walk.next()? {
            Ok(frame) => Some(self.finish(frame)),
            Err(error) => Some(Err(error)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.walk.left as usize + 1))
    }
}

impl std::iter::FusedIterator for Records<'_> {}

/// A record up to its offset; key, value and headers are still in `body`.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordFrame<'r> {
    pub(super) offset: i64,
    timestamp_delta: i64,
    body: Cursor<'r>,
    size_bytes: u32,
}

/// Steps from record to record and checks their offsets and their number; knows nothing of their content.
#[derive(Debug, Clone)]
pub(super) struct RecordWalk<'r> {
    bytes: Cursor<'r>,
    left: u32,
    record_count: u32,
    base_offset: i64,
    last_offset_delta: u32,
    /// -1 before the first record.
    previous_delta: i64,
    failed: bool,
}

impl<'r> RecordWalk<'r> {
    pub(super) fn new(header: &BatchHeader, inflated: &'r [u8]) -> Self {
        Self {
            bytes: Cursor::new(inflated),
            left: header.record_count,
            record_count: header.record_count,
            base_offset: header.base_offset,
            last_offset_delta: header.last_offset_delta,
            previous_delta: -1,
            failed: false,
        }
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<Result<RecordFrame<'r>, RecordError>> {
        if self.left == 0 {
            return self.end();
        }
        Some(self.step())
    }

    #[inline(always)]
    fn step(&mut self) -> Result<RecordFrame<'r>, RecordError> {
        let before = self.bytes.remaining();
        if before == 0 {
            return Err(self.fail(RecordFault::Missing { record_count: self.record_count }));
        }
        let Some(length) = self.bytes.varint() else { return Err(self.broken(RecordField::Length)) };
        let body = usize::try_from(length).ok().and_then(|length| self.bytes.take(length));
        let Some(body) = body else { return Err(self.broken(RecordField::Length)) };
        let mut body = Cursor::new(body);
        // No attribute bit is in use; a later Kafka may set some, and they would not change the layout.
        if body.i8().is_none() {
            return Err(self.broken(RecordField::Attributes));
        }
        let Some(timestamp_delta) = body.varlong() else {
            return Err(self.broken(RecordField::TimestampDelta));
        };
        let Some(delta) = body.varint() else { return Err(self.broken(RecordField::OffsetDelta)) };
        if i64::from(delta) <= self.previous_delta || i64::from(delta) > i64::from(self.last_offset_delta) {
            let (previous, last) = (self.previous_delta, self.last_offset_delta);
            return Err(self.fail(RecordFault::OffsetDelta { delta, previous, last }));
        }
        self.previous_delta = i64::from(delta);
        self.left -= 1;
        // In range: the header's end offset was checked to fit.
        let offset = self.base_offset.wrapping_add(i64::from(delta));
        let size_bytes = u32::try_from(before - self.bytes.remaining()).unwrap_or(u32::MAX);
        Ok(RecordFrame { offset, timestamp_delta, body, size_bytes })
    }

    /// Bytes behind the last record: the count lies, and records would go uncounted.
    fn end(&mut self) -> Option<Result<RecordFrame<'r>, RecordError>> {
        let bytes = self.bytes.remaining();
        if self.failed || bytes == 0 {
            return None;
        }
        Some(Err(self.fail(RecordFault::Trailing { record_count: self.record_count, bytes })))
    }

    /// A field of the record that was stepped over already.
    #[cold]
    fn broken_inside(&mut self, field: RecordField) -> RecordError {
        self.left += 1;
        self.broken(field)
    }

    #[cold]
    fn broken(&mut self, field: RecordField) -> RecordError {
        self.fail(RecordFault::Field { field })
    }

    #[cold]
    fn fail(&mut self, fault: RecordFault) -> RecordError {
        let index = self.record_count - self.left;
        self.left = 0;
        self.failed = true;
        RecordError { base_offset: self.base_offset, index, fault }
    }
}

/// A key or value: -1 is null, other negative lengths are none.
#[inline(always)]
#[expect(clippy::option_option, reason = "outer: could be read; inner: Kafka's null")]
fn nullable<'r>(cursor: &mut Cursor<'r>) -> Option<Option<&'r [u8]>> {
    match cursor.varint()? {
        -1 => Some(None),
        length => cursor.take(usize::try_from(length).ok()?).map(Some),
    }
}
