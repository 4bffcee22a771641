//! ListOffsets, OffsetForLeaderEpoch and DeleteRecords.
use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use super::super::batch::Stamped;
use super::super::state::State;
use super::fetch::check_epoch;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const READ_COMMITTED: i8 = 1;
/// First version of ListOffsets that tells the leader epoch.
const EPOCHS_FROM: i16 = 4;

impl State {
    pub(crate) fn list_offsets(&self, request: &ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let response =
                    ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
                match self.list_offset(&topic.name, asked, request.isolation_level) {
                    Ok((at, epoch)) => response
                        .with_timestamp(at.timestamp_ms)
                        .with_offset(at.offset)
                        .with_leader_epoch(if version >= EPOCHS_FROM { epoch } else { -1 }),
                    Err(error) => response.with_error_code(error.code()).with_timestamp(-1).with_offset(-1),
                }
            });
            ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    fn list_offset(
        &self,
        topic: &str,
        asked: &ListOffsetsPartition,
        isolation: i8,
    ) -> Result<(Stamped, i32), ResponseError> {
        let log = self.log(topic, asked.partition_index)?;
        check_epoch(log, asked.current_leader_epoch)?;
        let end = if isolation == READ_COMMITTED { log.stable_end() } else { log.end() };
        let at = |offset| Stamped { offset, timestamp_ms: -1 };
        let found = match asked.timestamp {
            LATEST => at(end),
            EARLIEST | EARLIEST_LOCAL => at(log.start()),
            LATEST_TIERED => return Ok((at(-1), -1)),
            MAX_TIMESTAMP => log.latest_stamp().unwrap_or(at(-1)),
            timestamp_ms if timestamp_ms >= 0 => log.first_at(timestamp_ms, end).unwrap_or(at(-1)),
            _ => return Err(ResponseError::UnsupportedVersion),
        };
        Ok((found, if found.offset < 0 { -1 } else { log.leader_epoch() }))
    }

    pub(crate) fn offset_for_leader_epoch(
        &self,
        request: &OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let log = self.log(&topic.topic, asked.partition);
                let log = log.and_then(|log| check_epoch(log, asked.current_leader_epoch).map(|()| log));
                let response = EpochEndOffset::default().with_partition(asked.partition);
                match log.map(|log| log.end_of_epoch(asked.leader_epoch)) {
                    Ok((epoch, end)) => response.with_leader_epoch(epoch).with_end_offset(end),
                    Err(error) => {
                        response.with_error_code(error.code()).with_leader_epoch(-1).with_end_offset(-1)
                    }
                }
            });
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic.clone())
                .with_partitions(partitions.collect())
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
    }

    pub(crate) fn delete_records(&mut self, request: &DeleteRecordsRequest) -> DeleteRecordsResponse {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|asked| {
                let response =
                    DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
                match self.delete_records_before(&topic.name, asked.partition_index, asked.offset) {
                    Ok(start) => response.with_low_watermark(start),
                    Err(error) => response.with_error_code(error.code()).with_low_watermark(-1),
                }
            });
            let partitions = partitions.collect();
            topics.push(
                DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(partitions),
            );
        }
        DeleteRecordsResponse::default().with_topics(topics)
    }

    /// Moves the log start to `offset`, -1 for the end; returns where the log starts then.
    fn delete_records_before(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<i64, ResponseError> {
        let now_ms = self.now_ms();
        let deletes = self.topics.get(topic).is_some_and(|topic| topic.configs.deletes());
        let log = self.topics.log_mut(topic, partition).ok_or(ResponseError::UnknownTopicOrPartition)?;
        if !deletes {
            return Err(ResponseError::PolicyViolation);
        }
        let until = if offset == -1 { log.end() } else { offset };
        if until < 0 || until > log.end() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        log.delete_before(until, now_ms);
        let start = log.start();
        self.log_changed();
        self.say(format_args!(
            "records of {topic}/{partition} before {until} deleted, log starts at {start}"
        ));
        Ok(start)
    }
}
