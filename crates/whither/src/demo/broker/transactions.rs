//! The transaction coordinator: producer ids, who may use them, and how a transaction ends everywhere at once.
//!
//! Markers are written under the same lock as the decision, so the prepare states that Kafka shows in between
//! never appear here. Transaction protocol version 1 (KIP-98, KIP-360): clients add partitions themselves.
use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;

use super::offsets_topic;
use super::state::State;

/// Where a transactional id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Empty,
    Ongoing,
    CompleteCommit,
    CompleteAbort,
}

impl Stage {
    /// As ListTransactions spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

/// One transactional id.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) timeout_ms: i32,
    pub(crate) stage: Stage,
    /// Of the ongoing transaction; else -1.
    pub(crate) started_ms: i64,
    pub(crate) partitions: BTreeSet<(String, i32)>,
}

#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<String, Transaction>,
    next_producer_id: i64,
}

impl Transactions {
    pub(crate) fn get(&self, id: &str) -> Option<&Transaction> {
        self.by_id.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Transaction)> {
        self.by_id.iter()
    }

    pub(crate) fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    /// The transactional id, if this producer and epoch own it.
    pub(crate) fn owned(
        &mut self,
        id: &str,
        producer_id: i64,
        epoch: i16,
    ) -> Result<&mut Transaction, ResponseError> {
        let found = self.by_id.get_mut(id).filter(|found| found.producer_id == producer_id);
        let found = found.ok_or(ResponseError::InvalidProducerIdMapping)?;
        if found.epoch == epoch { Ok(found) } else { Err(ResponseError::ProducerFenced) }
    }

    /// Whether a batch of this producer for this partition belongs to its open transaction (KIP-890).
    pub(crate) fn verify(
        &mut self,
        id: &str,
        producer_id: i64,
        epoch: i16,
        place: &(String, i32),
    ) -> Result<(), ResponseError> {
        let owned = self.owned(id, producer_id, epoch)?;
        if owned.stage == Stage::Ongoing && owned.partitions.contains(place) {
            Ok(())
        } else {
            Err(ResponseError::InvalidTxnState)
        }
    }

    /// Loses all memory of `id`: its transaction hangs for ever.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        self.by_id.remove(id).is_some()
    }
}

impl Transaction {
    /// Adds partitions, beginning a transaction if none is open.
    pub(crate) fn add(&mut self, places: impl IntoIterator<Item = (String, i32)>, now_ms: i64) {
        if self.stage != Stage::Ongoing {
            self.stage = Stage::Ongoing;
            self.started_ms = now_ms;
            self.partitions.clear();
        }
        self.partitions.extend(places);
    }
}

/// What InitProducerId asks for; -1 and -1 where the producer has no id yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) timeout_ms: i32,
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
}

impl State {
    /// Gives `id` a producer id and epoch of its own, ending whatever an older producer left open.
    pub(crate) fn init_transactional(
        &mut self,
        id: &str,
        wanted: Wanted,
    ) -> Result<(i64, i16), ResponseError> {
        if wanted.timeout_ms <= 0 || wanted.timeout_ms > self.options.transaction_max_timeout_ms {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let Some(known) = self.transactions.get(id) else { return self.first_init(id, wanted) };
        let expects = wanted.producer_id >= 0;
        if expects && (known.producer_id, known.epoch) != (wanted.producer_id, wanted.epoch) {
            return Err(ResponseError::ProducerFenced);
        }
        if known.stage == Stage::Ongoing {
            self.abort_and_fence(id);
        }
        let Transactions { by_id, next_producer_id } = &mut self.transactions;
        let known = by_id.get_mut(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        if known.epoch >= i16::MAX - 1 {
            (known.producer_id, known.epoch) = (*next_producer_id, 0);
            *next_producer_id += 1;
        } else {
            known.epoch += 1;
        }
        known.timeout_ms = wanted.timeout_ms;
        known.stage = Stage::Empty;
        known.partitions.clear();
        Ok((known.producer_id, known.epoch))
    }

    fn first_init(&mut self, id: &str, wanted: Wanted) -> Result<(i64, i16), ResponseError> {
        if self.transactions.by_id.len() >= self.options.max_coordinated {
            return Err(ResponseError::CoordinatorNotAvailable);
        }
        let producer_id = self.transactions.new_producer_id();
        let transaction = Transaction {
            producer_id,
            epoch: 0,
            timeout_ms: wanted.timeout_ms,
            stage: Stage::Empty,
            started_ms: -1,
            partitions: BTreeSet::new(),
        };
        self.transactions.by_id.insert(id.to_owned(), transaction);
        Ok((producer_id, 0))
    }

    /// Ends the transaction of `id` as its producer asks; asking again for the same end is fine.
    pub(crate) fn end_transaction(
        &mut self,
        id: &str,
        producer_id: i64,
        epoch: i16,
        commit: bool,
    ) -> Result<(), ResponseError> {
        let owned = self.transactions.owned(id, producer_id, epoch)?;
        match (owned.stage, commit) {
            (Stage::Ongoing, _) => self.complete(id, commit),
            (Stage::CompleteCommit, true) | (Stage::CompleteAbort, false) => {}
            _ => return Err(ResponseError::InvalidTxnState),
        }
        Ok(())
    }

    /// Aborts with a raised epoch, so that the old producer can't go on.
    pub(crate) fn abort_and_fence(&mut self, id: &str) {
        if let Some(known) = self.transactions.by_id.get_mut(id) {
            known.epoch = known.epoch.saturating_add(1);
        }
        self.complete(id, false);
    }

    fn complete(&mut self, id: &str, commit: bool) {
        let now_ms = self.now_ms();
        let Some(known) = self.transactions.by_id.get_mut(id) else { return };
        known.stage = if commit { Stage::CompleteCommit } else { Stage::CompleteAbort };
        known.started_ms = -1;
        let (producer_id, epoch) = (known.producer_id, known.epoch);
        let partitions = std::mem::take(&mut known.partitions);
        for (topic, partition) in &partitions {
            if let Some(log) = self.topics.log_mut(topic, *partition) {
                log.append_marker(producer_id, epoch, commit, now_ms);
            }
            if topic == offsets_topic::NAME {
                self.settle_offsets(*partition, producer_id, commit);
            }
        }
        self.log_changed();
        let end = if commit { "committed" } else { "aborted" };
        self.say(format_args!("{end} transaction of {id}, producer {producer_id} epoch {epoch}"));
    }

    fn settle_offsets(&mut self, partition: i32, producer_id: i64, commit: bool) {
        let ids: Vec<String> = self.groups.keys().cloned().collect();
        for id in ids {
            if self.offsets_partition(&id) != partition {
                continue;
            }
            if let Some(group) = self.groups.get_mut(&id) {
                group.settle(producer_id, commit);
            }
        }
    }

    /// Aborts what is open for longer than its producer allowed.
    pub(crate) fn abort_timed_out(&mut self, now_ms: i64) {
        let late = |found: &Transaction| {
            found.stage == Stage::Ongoing && now_ms - found.started_ms >= i64::from(found.timeout_ms)
        };
        let ids: Vec<String> =
            self.transactions.all().filter(|(_, found)| late(found)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.say(format_args!("transaction of {id} is over its time-out"));
            self.abort_and_fence(&id);
        }
    }
}
