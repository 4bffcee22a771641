//! Produce.
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::super::batch::Header;
use super::super::log::Appended;
use super::super::state::State;

/// First version that may carry zstd.
const ZSTD_FROM: i16 = 7;

impl State {
    pub(crate) fn produce(&mut self, request: &ProduceRequest, version: i16) -> ProduceResponse {
        let mut responses = Vec::with_capacity(request.topic_data.len());
        for topic in &request.topic_data {
            let mut partitions = Vec::with_capacity(topic.partition_data.len());
            for partition in &topic.partition_data {
                let append = Append {
                    topic: &topic.name,
                    partition: partition.index,
                    transactional_id: request.transactional_id.as_deref().map(|id| &**id),
                    records: partition.records.clone().unwrap_or_default(),
                    allow_zstd: version >= ZSTD_FROM,
                };
                let result = check_acks(request.acks).and_then(|()| self.append(&append));
                partitions.push(self.appended(&append, result));
            }
            responses.push(
                TopicProduceResponse::default()
                    .with_name(topic.name.clone())
                    .with_partition_responses(partitions),
            );
        }
        ProduceResponse::default().with_responses(responses)
    }

    fn append(&mut self, append: &Append<'_>) -> Result<Appended, ResponseError> {
        let topic = self.topics.get(append.topic).ok_or(ResponseError::UnknownTopicOrPartition)?;
        if topic.is_internal() {
            return Err(ResponseError::InvalidTopicException);
        }
        let rules = topic.configs.append_rules(append.allow_zstd);
        self.check_transaction(append)?;
        let fault = self.produce_fault(append.topic);
        if let Some(error) = fault.as_ref().filter(|fault| !fault.appends).map(|fault| fault.error) {
            return Err(error);
        }
        let now_ms = self.now_ms();
        let log = self
            .topics
            .log_mut(append.topic, append.partition)
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        let appended = log.append(&append.records, rules, now_ms)?;
        self.log_changed();
        fault.map_or(Ok(appended), |fault| Err(fault.error))
    }

    fn check_transaction(&mut self, append: &Append<'_>) -> Result<(), ResponseError> {
        let Some(header) = Header::parse(&append.records).filter(Header::is_transactional) else {
            return Ok(());
        };
        let id = append.transactional_id.ok_or(ResponseError::InvalidTxnState)?;
        let place = (append.topic.to_owned(), append.partition);
        let verified = self.transactions.verify(id, header.producer_id, header.producer_epoch, &place);
        verified.map_err(|error| {
            if error == ResponseError::ProducerFenced { ResponseError::InvalidProducerEpoch } else { error }
        })
    }

    fn appended(
        &self,
        append: &Append<'_>,
        result: Result<Appended, ResponseError>,
    ) -> PartitionProduceResponse {
        let response = PartitionProduceResponse::default().with_index(append.partition);
        match result {
            Err(error) => {
                response.with_error_code(error.code()).with_base_offset(-1).with_log_append_time_ms(-1)
            }
            Ok(appended) => response
                .with_base_offset(appended.base_offset)
                .with_log_append_time_ms(appended.append_time_ms)
                .with_log_start_offset(
                    self.topics.log(append.topic, append.partition).map_or(-1, super::super::log::Log::start),
                ),
        }
    }
}

/// One partition's part of a request.
struct Append<'a> {
    topic: &'a str,
    partition: i32,
    transactional_id: Option<&'a str>,
    records: Bytes,
    allow_zstd: bool,
}

fn check_acks(acks: i16) -> Result<(), ResponseError> {
    if (-1..=1).contains(&acks) { Ok(()) } else { Err(ResponseError::InvalidRequiredAcks) }
}
