//! One partition: a row of batches, where it starts, how far it goes and how far readers may see.
//!
//! There are no segments: retention drops whole batches from the front. The only replica is always in sync, so
//! the high watermark is the end.
use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;

use super::batch::{self, HEADER_BYTES, Header, Stamped, ZSTD};
use super::sequences::{Aborted, Sequenced, Sequences};

/// A batch at its place.
#[derive(Clone, Debug)]
struct Stored {
    base_offset: i64,
    last_offset: i64,
    max_timestamp: i64,
    bytes: Bytes,
}

/// What an append led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// When it was appended, if the topic keeps that time; else -1.
    pub(crate) append_time_ms: i64,
}

/// The topic's rules for an append.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AppendRules {
    pub(crate) max_batch_bytes: usize,
    pub(crate) log_append_time: bool,
    /// Produce requests below version 7 must not carry zstd (KIP-110).
    pub(crate) allow_zstd: bool,
}

/// How long a topic keeps data; `None` is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) max_age_ms: Option<i64>,
    pub(crate) max_bytes: Option<usize>,
}

/// What a fetch found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) aborted: Vec<Aborted>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    batches: VecDeque<Stored>,
    start: i64,
    end: i64,
    bytes: usize,
    /// (epoch, first offset of it), as in the leader epoch checkpoint.
    epochs: Vec<(i32, i64)>,
    pub(crate) sequences: Sequences,
}

impl Log {
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The log end offset, which is the high watermark too.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Last stable offset: where read-committed consumers stop.
    pub(crate) fn stable_end(&self) -> i64 {
        self.sequences.first_unstable().map_or(self.end, |first| first.clamp(self.start, self.end))
    }

    pub(crate) fn leader_epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// Appends what a client sent: exactly one batch.
    ///
    /// # Errors
    /// The code that Kafka answers for this batch.
    pub(crate) fn append(
        &mut self,
        sent: &Bytes,
        rules: AppendRules,
        now_ms: i64,
    ) -> Result<Appended, ResponseError> {
        let header = validate(sent, rules)?;
        if header.has_producer()
            && let Sequenced::Duplicate { base_offset, appended_ms } = self.sequences.check(&header)?
        {
            let append_time_ms = if rules.log_append_time { appended_ms } else { -1 };
            return Ok(Appended { base_offset, append_time_ms });
        }
        let mut bytes = BytesMut::from(sent.as_ref());
        if rules.log_append_time {
            batch::stamp_append_time(&mut bytes, &header, now_ms);
        }
        let base_offset =
            self.push(bytes, &header, if rules.log_append_time { now_ms } else { header.max_timestamp });
        if header.has_producer() {
            self.sequences.appended(&header, base_offset, now_ms);
        }
        Ok(Appended { base_offset, append_time_ms: if rules.log_append_time { now_ms } else { -1 } })
    }

    /// Appends a batch that a coordinator wrote (offset commits, group metadata): no sequence is checked.
    pub(crate) fn append_own(&mut self, written: &Bytes, now_ms: i64) {
        let Some(header) = Header::parse(written) else { return };
        let base_offset = self.push(BytesMut::from(written.as_ref()), &header, header.max_timestamp);
        if header.has_producer() {
            self.sequences.appended(&header, base_offset, now_ms);
        }
    }

    /// Ends a transaction with its control record.
    pub(crate) fn append_marker(&mut self, producer_id: i64, epoch: i16, commit: bool, now_ms: i64) {
        let marker = batch::encode_marker(producer_id, epoch, commit, now_ms);
        let Some(header) = Header::parse(&marker) else { return };
        let offset = self.push(BytesMut::from(marker.as_ref()), &header, now_ms);
        self.sequences.ended(producer_id, epoch, commit, offset, now_ms);
    }

    fn push(&mut self, mut bytes: BytesMut, header: &Header, max_timestamp: i64) -> i64 {
        if self.epochs.is_empty() {
            self.epochs.push((0, 0));
        }
        let base_offset = self.end;
        batch::stamp(&mut bytes, base_offset, self.leader_epoch());
        let last_offset = base_offset + i64::from(header.last_offset_delta);
        self.bytes += bytes.len();
        self.end = last_offset + 1;
        self.batches.push_back(Stored { base_offset, last_offset, max_timestamp, bytes: bytes.freeze() });
        base_offset
    }

    /// Whole batches from the one that holds `from`, up to `until`, at most `max_bytes`, but one batch at least if
    /// `at_least_one`. A batch cut by the log start or by `from` comes whole, as from a real broker.
    pub(crate) fn read(&self, from: i64, until: i64, max_bytes: usize, at_least_one: bool) -> Read {
        let mut out = BytesMut::new();
        let mut reached = from;
        for batch in self.within(from, until, max_bytes, at_least_one) {
            out.extend_from_slice(&batch.bytes);
            reached = batch.last_offset + 1;
        }
        Read {
            bytes: out.freeze(),
            aborted: self.sequences.aborted_between(from, reached).copied().collect(),
        }
    }

    /// Size of what [`Log::read`] would return with one batch at least, without copying.
    pub(crate) fn readable_bytes(&self, from: i64, until: i64, max_bytes: usize) -> usize {
        self.within(from, until, max_bytes, true).map(|batch| batch.bytes.len()).sum()
    }

    fn within(
        &self,
        from: i64,
        until: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> impl Iterator<Item = &Stored> {
        let first = self.batches.partition_point(|batch| batch.last_offset < from);
        let mut total = 0;
        self.batches.iter().skip(first).take_while(move |batch| {
            let forced = at_least_one && total == 0;
            total += batch.bytes.len();
            batch.base_offset < until && (forced || total <= max_bytes)
        })
    }

    /// Offset and time of the first record made at `timestamp_ms` or later, before `until`.
    ///
    /// A compressed batch is not opened: its first offset stands for all its records.
    pub(crate) fn first_at(&self, timestamp_ms: i64, until: i64) -> Option<Stamped> {
        let batches = self.batches.iter().filter(|batch| batch.max_timestamp >= timestamp_ms);
        let mut stamps = batches.flat_map(Stored::stamps);
        stamps.find(|at| at.timestamp_ms >= timestamp_ms && at.offset >= self.start && at.offset < until)
    }

    /// The record with the highest time; the first of several (KIP-734).
    pub(crate) fn latest_stamp(&self) -> Option<Stamped> {
        let newest = self.batches.iter().map(|batch| batch.max_timestamp).max()?;
        let batch = self.batches.iter().find(|batch| batch.max_timestamp == newest)?;
        batch.stamps().into_iter().find(|at| at.timestamp_ms == newest)
    }

    /// End of `epoch`, as OffsetForLeaderEpoch answers: the largest epoch not above it and where that one ends.
    pub(crate) fn end_of_epoch(&self, epoch: i32) -> (i32, i64) {
        if epoch == self.leader_epoch() {
            return (epoch, self.end);
        }
        let after = self.epochs.iter().find(|(known, _)| *known > epoch);
        let floor = self.epochs.iter().rev().find(|(known, _)| *known <= epoch);
        match (floor, after) {
            (Some((known, _)), Some((_, end))) => (*known, *end),
            _ => (-1, -1),
        }
    }

    /// Moves the start up to `offset`, at most to the end, and drops the batches wholly before it.
    pub(crate) fn delete_before(&mut self, offset: i64, now_ms: i64) {
        self.start = offset.clamp(self.start, self.end);
        while self.batches.front().is_some_and(|first| first.last_offset < self.start) {
            self.drop_first();
        }
        self.sequences.forget(self.start, now_ms);
    }

    /// Drops batches from the front as the topic's retention asks; returns the records' offsets dropped.
    pub(crate) fn retain(&mut self, retention: Retention, now_ms: i64) -> i64 {
        let before = self.start;
        while self.batches.front().is_some_and(|first| is_expired(first, retention, self.bytes, now_ms)) {
            self.drop_first();
        }
        let start = self.batches.front().map_or(self.end, |first| first.base_offset);
        self.start = self.start.max(start);
        self.sequences.forget(self.start, now_ms);
        self.start - before
    }

    /// Drops the tail from `end` on and starts a new leader epoch there: what an unclean election leaves behind.
    pub(crate) fn truncate(&mut self, end: i64) {
        while self.batches.back().is_some_and(|last| last.last_offset >= end) {
            if let Some(last) = self.batches.pop_back() {
                self.bytes -= last.bytes.len();
                self.end = last.base_offset;
            }
        }
        self.start = self.start.min(self.end);
        self.sequences.truncate(self.end);
        let next = self.leader_epoch() + 1;
        self.epochs.retain(|(_, from)| *from < self.end);
        self.epochs.push((next, self.end));
    }

    /// Flips a bit in the records of the batch that holds `offset`, so that its checksum no longer holds.
    pub(crate) fn corrupt(&mut self, offset: i64) -> bool {
        let at = self.batches.partition_point(|batch| batch.last_offset < offset);
        let Some(batch) = self.batches.get_mut(at) else { return false };
        let mut bytes = BytesMut::from(batch.bytes.as_ref());
        let Some(last) = bytes.get_mut(HEADER_BYTES..).and_then(<[u8]>::last_mut) else { return false };
        *last ^= 1;
        batch.bytes = bytes.freeze();
        true
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.batches.pop_front() {
            self.bytes -= first.bytes.len();
        }
    }
}

impl Stored {
    /// Of each record, or of the whole batch where it is compressed.
    fn stamps(&self) -> Vec<Stamped> {
        let stamps = batch::stamps(&self.bytes);
        if stamps.is_empty() {
            return vec![Stamped { offset: self.base_offset, timestamp_ms: self.max_timestamp }];
        }
        stamps
    }
}

fn is_expired(first: &Stored, retention: Retention, log_bytes: usize, now_ms: i64) -> bool {
    let too_old = retention.max_age_ms.is_some_and(|age| now_ms.saturating_sub(first.max_timestamp) > age);
    let too_much = retention.max_bytes.is_some_and(|max| log_bytes.saturating_sub(first.bytes.len()) >= max);
    too_old || too_much
}

fn validate(sent: &Bytes, rules: AppendRules) -> Result<Header, ResponseError> {
    let header = Header::parse(sent).ok_or(ResponseError::CorruptMessage)?;
    if header.magic != 2 {
        return Err(ResponseError::UnsupportedForMessageFormat);
    }
    if header.size < sent.len() {
        return Err(ResponseError::InvalidRecord);
    }
    if !batch::crc_holds(sent, &header) {
        return Err(ResponseError::CorruptMessage);
    }
    if header.size > rules.max_batch_bytes {
        return Err(ResponseError::MessageTooLarge);
    }
    if header.compression() == ZSTD && !rules.allow_zstd {
        return Err(ResponseError::UnsupportedCompressionType);
    }
    let counts = header.count > 0 && header.last_offset_delta == header.count - 1;
    let holds =
        header.compression() != 0 || batch::stamps(sent).len() == usize::try_from(header.count).unwrap_or(0);
    let transactional = !header.is_transactional() || header.has_producer();
    if !counts || !holds || !transactional || header.is_control() || header.compression() > ZSTD {
        return Err(ResponseError::InvalidRecord);
    }
    Ok(header)
}
