//! A producer in this process: idempotent, or transactional.
use std::collections::BTreeMap;

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, EndTxnRequest, GroupId, InitProducerIdRequest,
    ProduceRequest, ProducerId, RequestKind, ResponseKind, TopicName, TransactionalId,
    TxnOffsetCommitRequest,
};

use super::api::text;
use super::batch::{self, NewRecord, Writer, advance_sequence};
use super::handle::{Handle, Refusal};

/// Sends batches, each to one partition, each once.
#[derive(Debug)]
pub struct Producer {
    handle: Handle,
    transactional_id: Option<String>,
    id: ProducerId,
    epoch: i16,
    sequences: BTreeMap<(String, i32), i32>,
}

impl Producer {
    pub(crate) async fn start(
        handle: Handle,
        transactional_id: Option<String>,
        timeout_ms: i32,
    ) -> Result<Self, Refusal> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(transactional_id.as_deref().map(|id| TransactionalId(text(id))))
            .with_transaction_timeout_ms(timeout_ms)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        match handle.send(ApiKey::InitProducerId, 5, RequestKind::InitProducerId(request)).await? {
            ResponseKind::InitProducerId(response) => {
                Refusal::check(response.error_code)?;
                let (id, epoch) = (response.producer_id, response.producer_epoch);
                Ok(Self { handle, transactional_id, id, epoch, sequences: BTreeMap::new() })
            }
            _ => Err(Refusal::no_answer()),
        }
    }

    /// Appends `records` as one batch, inside the transaction if there is one; returns the first one's offset.
    ///
    /// # Errors
    /// What the broker answers. The batch may be sent again: it is appended once.
    pub async fn send(&mut self, topic: &str, partition: i32, records: &[NewRecord]) -> Result<i64, Refusal> {
        if let Some(id) = self.transactional_id.clone() {
            self.add_to_transaction(&id, topic, partition).await?;
        }
        let place = (topic.to_owned(), partition);
        let sequence = self.sequences.get(&place).copied().unwrap_or(0);
        let writer = Writer {
            producer_id: self.id.0,
            producer_epoch: self.epoch,
            base_sequence: sequence,
            transactional: self.transactional_id.is_some(),
            control: false,
        };
        let bytes = batch::encode(records, writer, self.handle.now_ms());
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(bytes));
        let data =
            TopicProduceData::default().with_name(TopicName(text(topic))).with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_transactional_id(self.transactional_id.as_deref().map(|id| TransactionalId(text(id))))
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![data]);
        let ResponseKind::Produce(response) =
            self.handle.send(ApiKey::Produce, 11, RequestKind::Produce(request)).await?
        else {
            return Err(Refusal::no_answer());
        };
        let topics = response.responses.first().and_then(|topic| topic.partition_responses.first());
        let appended = topics.ok_or_else(Refusal::no_answer)?;
        Refusal::check(appended.error_code)?;
        let count = i32::try_from(records.len()).unwrap_or(i32::MAX);
        self.sequences.insert(place, advance_sequence(sequence, count));
        Ok(appended.base_offset)
    }

    /// Commits positions of `group`, as (topic, partition, offset), when the transaction commits.
    ///
    /// # Errors
    /// What the broker answers.
    pub async fn send_offsets(&mut self, group: &str, positions: &[(&str, i32, i64)]) -> Result<(), Refusal> {
        let id = TransactionalId(text(self.transactional_id.as_deref().unwrap_or_default()));
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(id.clone())
            .with_producer_id(self.id)
            .with_producer_epoch(self.epoch)
            .with_group_id(GroupId(text(group)));
        match self.handle.send(ApiKey::AddOffsetsToTxn, 4, RequestKind::AddOffsetsToTxn(request)).await? {
            ResponseKind::AddOffsetsToTxn(response) => Refusal::check(response.error_code)?,
            _ => return Err(Refusal::no_answer()),
        }
        let topics = positions.iter().map(|(topic, partition, offset)| {
            let position = TxnOffsetCommitRequestPartition::default()
                .with_partition_index(*partition)
                .with_committed_offset(*offset)
                .with_committed_leader_epoch(-1)
                .with_committed_metadata(Some(text("")));
            TxnOffsetCommitRequestTopic::default()
                .with_name(TopicName(text(topic)))
                .with_partitions(vec![position])
        });
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(id)
            .with_group_id(GroupId(text(group)))
            .with_producer_id(self.id)
            .with_producer_epoch(self.epoch)
            .with_generation_id(-1)
            .with_topics(topics.collect());
        match self.handle.send(ApiKey::TxnOffsetCommit, 4, RequestKind::TxnOffsetCommit(request)).await? {
            ResponseKind::TxnOffsetCommit(response) => {
                let codes = response
                    .topics
                    .iter()
                    .flat_map(|topic| topic.partitions.iter().map(|found| found.error_code));
                codes.into_iter().try_for_each(Refusal::check)
            }
            _ => Err(Refusal::no_answer()),
        }
    }

    /// Commits the transaction, `commit` false: aborts it.
    ///
    /// # Errors
    /// What the broker answers; `InvalidTxnState` where nothing was sent.
    pub async fn end(&mut self, commit: bool) -> Result<(), Refusal> {
        let request = EndTxnRequest::default()
            .with_transactional_id(TransactionalId(text(
                self.transactional_id.as_deref().unwrap_or_default(),
            )))
            .with_producer_id(self.id)
            .with_producer_epoch(self.epoch)
            .with_committed(commit);
        match self.handle.send(ApiKey::EndTxn, 4, RequestKind::EndTxn(request)).await? {
            ResponseKind::EndTxn(response) => Refusal::check(response.error_code),
            _ => Err(Refusal::no_answer()),
        }
    }

    async fn add_to_transaction(&self, id: &str, topic: &str, partition: i32) -> Result<(), Refusal> {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(id)))
            .with_v3_and_below_producer_id(self.id)
            .with_v3_and_below_producer_epoch(self.epoch)
            .with_v3_and_below_topics(vec![topic]);
        match self
            .handle
            .send(ApiKey::AddPartitionsToTxn, 3, RequestKind::AddPartitionsToTxn(request))
            .await?
        {
            ResponseKind::AddPartitionsToTxn(response) => {
                let topics = response.results_by_topic_v3_and_below.iter();
                let mut codes = topics.flat_map(|topic| {
                    topic.results_by_partition.iter().map(|found| found.partition_error_code)
                });
                codes.try_for_each(Refusal::check)
            }
            _ => Err(Refusal::no_answer()),
        }
    }
}
