//! What one partition knows of its producers: sequences, for idempotence (KIP-98), and open transactions.
use std::collections::{BTreeMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::{Header, advance_sequence};

/// Batches remembered per producer, as many as a client may have in flight.
const REMEMBERED: usize = 5;
/// Producers remembered per partition: the one silent for longest without a transaction is forgotten first.
const MAX_PRODUCERS: usize = 5_000;
/// `producer.id.expiration.ms`.
const EXPIRES_AFTER_MS: i64 = 86_400_000;

/// A batch that may be sent again.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    appended_ms: i64,
}

/// One producer as its last batch left it.
#[derive(Clone, Debug)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    /// -1 after a marker or an epoch bump.
    pub(crate) last_sequence: i32,
    pub(crate) last_timestamp_ms: i64,
    /// -1 until a marker was written.
    pub(crate) coordinator_epoch: i32,
    pub(crate) open_from: Option<i64>,
    recent: VecDeque<Remembered>,
}

/// A transaction that ended in an abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// The marker's.
    pub(crate) last_offset: i64,
}

/// What to do with a batch that carries a producer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequenced {
    InOrder,
    /// Was appended before, here: answered as if it were new.
    Duplicate {
        base_offset: i64,
        appended_ms: i64,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Sequences {
    producers: BTreeMap<i64, Producer>,
    /// First offset of each open transaction.
    open: BTreeMap<i64, i64>,
    aborted: Vec<Aborted>,
}

impl Sequences {
    /// Checks a client's batch, as `ProducerAppendInfo` in Kafka does.
    pub(crate) fn check(&self, header: &Header) -> Result<Sequenced, ResponseError> {
        if header.base_sequence < 0 || header.producer_epoch < 0 {
            return Err(ResponseError::InvalidRecord);
        }
        let Some(known) = self.producers.get(&header.producer_id) else { return Ok(Sequenced::InOrder) };
        if header.producer_epoch < known.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > known.epoch {
            return first_of_epoch(header);
        }
        if let Some(before) = known.find(header) {
            return Ok(Sequenced::Duplicate {
                base_offset: before.base_offset,
                appended_ms: before.appended_ms,
            });
        }
        if !header.is_transactional() && known.open_from.is_some() {
            return Err(ResponseError::InvalidTxnState);
        }
        let expected = if known.last_sequence < 0 { 0 } else { advance_sequence(known.last_sequence, 1) };
        if header.base_sequence == expected {
            Ok(Sequenced::InOrder)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Notes a batch that was appended at `base_offset`.
    pub(crate) fn appended(&mut self, header: &Header, base_offset: i64, now_ms: i64) {
        let producer =
            self.producers.entry(header.producer_id).or_insert_with(|| Producer::new(header.producer_epoch));
        if producer.epoch != header.producer_epoch {
            producer.recent.clear();
            producer.epoch = header.producer_epoch;
        }
        producer.last_sequence = header.last_sequence();
        producer.last_timestamp_ms = header.max_timestamp;
        if producer.recent.len() == REMEMBERED {
            producer.recent.pop_front();
        }
        producer.recent.push_back(Remembered {
            first_sequence: header.base_sequence,
            last_sequence: producer.last_sequence,
            base_offset,
            appended_ms: now_ms,
        });
        if header.is_transactional() && producer.open_from.is_none() {
            producer.open_from = Some(base_offset);
            self.open.insert(base_offset, header.producer_id);
        }
        self.forget_one_too_many();
    }

    /// Notes the marker at `offset`.
    pub(crate) fn ended(&mut self, producer_id: i64, epoch: i16, commit: bool, offset: i64, now_ms: i64) {
        let producer = self.producers.entry(producer_id).or_insert_with(|| Producer::new(epoch));
        if epoch > producer.epoch {
            producer.epoch = epoch;
            producer.recent.clear();
            producer.last_sequence = -1;
        }
        producer.last_timestamp_ms = now_ms;
        producer.coordinator_epoch = 0;
        let Some(first_offset) = producer.open_from.take() else { return };
        self.open.remove(&first_offset);
        if !commit {
            self.aborted.push(Aborted { producer_id, first_offset, last_offset: offset });
        }
    }

    /// Where the oldest open transaction begins.
    pub(crate) fn first_unstable(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    /// Aborted transactions with records in `from..until`, in the order of their markers.
    pub(crate) fn aborted_between(&self, from: i64, until: i64) -> impl Iterator<Item = &Aborted> {
        self.aborted.iter().filter(move |gone| gone.last_offset >= from && gone.first_offset < until)
    }

    /// Every producer known here.
    pub(crate) fn producers(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter().map(|(id, producer)| (*id, producer))
    }

    /// Lets go of what lies before the log's start and of producers long silent.
    pub(crate) fn forget(&mut self, log_start: i64, now_ms: i64) {
        self.aborted.retain(|gone| gone.last_offset >= log_start);
        self.producers.retain(|_, known| {
            known.open_from.is_some() || now_ms.saturating_sub(known.last_timestamp_ms) < EXPIRES_AFTER_MS
        });
    }

    /// Undoes what lies at or past `end`: the log was truncated.
    pub(crate) fn truncate(&mut self, end: i64) {
        self.aborted.retain(|gone| gone.last_offset < end);
        self.open.retain(|first_offset, _| *first_offset < end);
        self.producers.retain(|_, known| {
            known.recent.retain(|batch| batch.base_offset < end);
            known.open_from = known.open_from.filter(|first| *first < end);
            known.last_sequence = known.recent.back().map_or(-1, |batch| batch.last_sequence);
            !known.recent.is_empty()
        });
    }

    fn forget_one_too_many(&mut self) {
        if self.producers.len() <= MAX_PRODUCERS {
            return;
        }
        let idle = self.producers.iter().filter(|(_, known)| known.open_from.is_none());
        if let Some(id) = idle.min_by_key(|(_, known)| known.last_timestamp_ms).map(|(id, _)| *id) {
            self.producers.remove(&id);
        }
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self {
            epoch,
            last_sequence: -1,
            last_timestamp_ms: -1,
            coordinator_epoch: -1,
            open_from: None,
            recent: VecDeque::new(),
        }
    }

    fn find(&self, header: &Header) -> Option<Remembered> {
        let same = |batch: &&Remembered| {
            batch.first_sequence == header.base_sequence && batch.last_sequence == header.last_sequence()
        };
        self.recent.iter().find(same).copied()
    }
}

fn first_of_epoch(header: &Header) -> Result<Sequenced, ResponseError> {
    if header.base_sequence == 0 {
        Ok(Sequenced::InOrder)
    } else {
        Err(ResponseError::OutOfOrderSequenceNumber)
    }
}
