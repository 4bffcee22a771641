//! InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, ListTransactions and DescribeTransactions.
use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::describe_transactions_response::{TopicData, TransactionState as Described};
use kafka_protocol::messages::list_transactions_response::TransactionState as Listed;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    DescribeTransactionsRequest, DescribeTransactionsResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, ListTransactionsRequest, ListTransactionsResponse,
    ProducerId, TopicName, TransactionalId,
};

use super::super::offsets_topic;
use super::super::state::State;
use super::super::transactions::{Stage, Transaction, Wanted};
use super::{code, text};

/// Every state a client may filter by.
const STATES: &[&str] = &[
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
];

impl State {
    pub(crate) fn init_producer_id(
        &mut self,
        request: &InitProducerIdRequest,
        version: i16,
    ) -> InitProducerIdResponse {
        let result = match request.transactional_id.as_deref() {
            None => Ok((self.transactions.new_producer_id(), 0)),
            Some(id) if id.is_empty() => Err(ResponseError::InvalidRequest),
            Some(id) => {
                let wanted = Wanted {
                    timeout_ms: request.transaction_timeout_ms,
                    producer_id: if version >= 3 { request.producer_id.0 } else { -1 },
                    epoch: if version >= 3 { request.producer_epoch } else { -1 },
                };
                self.init_transactional(id, wanted)
            }
        };
        let error_code = fenced_as(&result, version < 4);
        let (producer_id, epoch) = result.unwrap_or((-1, -1));
        InitProducerIdResponse::default()
            .with_error_code(error_code)
            .with_producer_id(ProducerId(producer_id))
            .with_producer_epoch(epoch)
    }

    pub(crate) fn add_partitions_to_txn(
        &mut self,
        request: &AddPartitionsToTxnRequest,
        version: i16,
    ) -> AddPartitionsToTxnResponse {
        let asked = || {
            let topics = request.v3_and_below_topics.iter();
            topics.flat_map(|topic| {
                topic.partitions.iter().map(|partition| (topic.name.to_string(), *partition))
            })
        };
        let unknown = |(topic, partition): &(String, i32)| self.topics.log(topic, *partition).is_none();
        let all_known = !asked().any(|place| unknown(&place));
        let result = if all_known { self.add_to_transaction(request, asked().collect()) } else { Ok(()) };
        let error_code = fenced_as(&result, version < 2);
        let of = |topic: &str, partition: i32| {
            if all_known {
                return error_code;
            }
            let missing = self.topics.log(topic, partition).is_none();
            if missing {
                ResponseError::UnknownTopicOrPartition.code()
            } else {
                ResponseError::OperationNotAttempted.code()
            }
        };
        let topics = request.v3_and_below_topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| {
                AddPartitionsToTxnPartitionResult::default()
                    .with_partition_index(*partition)
                    .with_partition_error_code(of(&topic.name, *partition))
            });
            AddPartitionsToTxnTopicResult::default()
                .with_name(topic.name.clone())
                .with_results_by_partition(partitions.collect())
        });
        AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics.collect())
    }

    fn add_to_transaction(
        &mut self,
        request: &AddPartitionsToTxnRequest,
        places: Vec<(String, i32)>,
    ) -> Result<(), ResponseError> {
        let now_ms = self.now_ms();
        let id = &request.v3_and_below_transactional_id;
        let owned = self.transactions.owned(
            id,
            request.v3_and_below_producer_id.0,
            request.v3_and_below_producer_epoch,
        )?;
        owned.add(places, now_ms);
        Ok(())
    }

    pub(crate) fn add_offsets_to_txn(
        &mut self,
        request: &AddOffsetsToTxnRequest,
        version: i16,
    ) -> AddOffsetsToTxnResponse {
        let now_ms = self.now_ms();
        let place = (offsets_topic::NAME.to_owned(), self.offsets_partition(&request.group_id));
        let owned =
            self.transactions.owned(&request.transactional_id, request.producer_id.0, request.producer_epoch);
        let result = owned.map(|owned| owned.add([place], now_ms));
        AddOffsetsToTxnResponse::default().with_error_code(fenced_as(&result, version < 2))
    }

    pub(crate) fn end_txn(&mut self, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
        let result = self.end_transaction(
            &request.transactional_id,
            request.producer_id.0,
            request.producer_epoch,
            request.committed,
        );
        EndTxnResponse::default().with_error_code(fenced_as(&result, version < 2))
    }

    pub(crate) fn list_transactions(&self, request: &ListTransactionsRequest) -> ListTransactionsResponse {
        let now_ms = self.now_ms();
        let unknown = request.state_filters.iter().filter(|state| !STATES.contains(&&***state)).cloned();
        let wanted = |found: &Transaction| {
            let states = &request.state_filters;
            let producers = &request.producer_id_filters;
            (states.is_empty() || states.iter().any(|state| **state == *found.stage.name()))
                && (producers.is_empty() || producers.contains(&ProducerId(found.producer_id)))
                && (request.duration_filter < 0
                    || (found.stage == Stage::Ongoing && now_ms - found.started_ms > request.duration_filter))
        };
        let found = self.transactions.all().filter(|(_, found)| wanted(found)).map(|(id, found)| {
            Listed::default()
                .with_transactional_id(TransactionalId(text(id)))
                .with_producer_id(ProducerId(found.producer_id))
                .with_transaction_state(text(found.stage.name()))
        });
        ListTransactionsResponse::default()
            .with_unknown_state_filters(unknown.collect())
            .with_transaction_states(found.collect())
    }

    pub(crate) fn describe_transactions(
        &self,
        request: &DescribeTransactionsRequest,
    ) -> DescribeTransactionsResponse {
        let states = request.transactional_ids.iter().map(|id| {
            let described = Described::default().with_transactional_id(id.clone());
            match self.transactions.get(id) {
                Some(found) => describe(described, found),
                None => described.with_error_code(ResponseError::TransactionalIdNotFound.code()),
            }
        });
        DescribeTransactionsResponse::default().with_transaction_states(states.collect())
    }
}

fn describe(described: Described, found: &Transaction) -> Described {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in &found.partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        TopicData::default().with_topic(TopicName(text(topic))).with_partitions(partitions)
    });
    described
        .with_transaction_state(text(found.stage.name()))
        .with_transaction_timeout_ms(found.timeout_ms)
        .with_transaction_start_time_ms(found.started_ms)
        .with_producer_id(ProducerId(found.producer_id))
        .with_producer_epoch(found.epoch)
        .with_topics(topics.collect())
}

/// Clients that do not know `PRODUCER_FENCED` yet get the error that they know (KIP-588).
fn fenced_as<T>(result: &Result<T, ResponseError>, old_client: bool) -> i16 {
    match result {
        Err(ResponseError::ProducerFenced) if old_client => ResponseError::InvalidProducerEpoch.code(),
        result => code(result),
    }
}
