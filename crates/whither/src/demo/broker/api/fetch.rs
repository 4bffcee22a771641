//! Fetch, without sessions: each request names all it wants (KIP-227 lets a broker refuse to keep one).
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::time::Instant;

use super::super::log::Log;
use super::super::state::{Shared, State};
use super::text;

/// First version that names topics by id (KIP-516).
const TOPIC_IDS_FROM: i16 = 13;
/// `fetch.max.bytes` of the broker.
const MAX_BYTES: usize = 55 << 20;
/// A wait longer than any client asks for.
const MAX_WAIT_MS: i32 = 600_000;
const READ_COMMITTED: i8 = 1;

/// Answers when `min_bytes` are there, something is wrong, or `max_wait_ms` have gone by.
pub(crate) async fn fetch(shared: &Shared, request: &FetchRequest, version: i16) -> FetchResponse {
    let wait_ms = u64::try_from(request.max_wait_ms.clamp(0, MAX_WAIT_MS)).unwrap_or(0);
    let deadline = Instant::now() + Duration::from_millis(wait_ms);
    let mut changes = shared.changes();
    loop {
        changes.mark_unchanged();
        let ready =
            shared.with(|state| state.fetch_ready(request, version).then(|| state.fetch(request, version)));
        if let Some(response) = ready {
            return response;
        }
        match tokio::time::timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            _ => return shared.with(|state| state.fetch(request, version)),
        }
    }
}

impl State {
    fn fetch_ready(&self, request: &FetchRequest, version: i16) -> bool {
        let min_bytes = usize::try_from(request.min_bytes).unwrap_or(0);
        if min_bytes == 0 || request.session_id != 0 || request.topics.is_empty() {
            return true;
        }
        let mut bytes = 0;
        for topic in &request.topics {
            let name = self.fetched_topic(topic, version);
            for partition in &topic.partitions {
                let Ok((log, until)) = self.readable(name.as_deref(), partition, request.isolation_level)
                else {
                    return true;
                };
                bytes +=
                    log.readable_bytes(partition.fetch_offset, until, limit(partition.partition_max_bytes));
            }
        }
        bytes >= min_bytes
    }

    fn fetch(&self, request: &FetchRequest, version: i16) -> FetchResponse {
        if request.session_id != 0 {
            return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
        }
        let mut budget = Budget { room: limit(request.max_bytes), got_any: false };
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let name = self.fetched_topic(topic, version);
            let partitions = topic.partitions.iter().map(|partition| {
                self.fetch_partition(name.as_deref(), partition, request.isolation_level, &mut budget)
            });
            let partitions = partitions.collect();
            topics.push(
                FetchableTopicResponse::default()
                    .with_topic(TopicName(text(&name.unwrap_or_default())))
                    .with_topic_id(topic.topic_id)
                    .with_partitions(partitions),
            );
        }
        FetchResponse::default().with_responses(topics)
    }

    fn fetched_topic(&self, topic: &FetchTopic, version: i16) -> Option<String> {
        if version >= TOPIC_IDS_FROM {
            return self.topics.by_id(topic.topic_id).map(|found| found.name.clone());
        }
        Some(topic.topic.to_string())
    }

    /// The log and where this reader must stop.
    fn readable(
        &self,
        topic: Option<&str>,
        asked: &FetchPartition,
        isolation: i8,
    ) -> Result<(&Log, i64), ResponseError> {
        let topic = topic.ok_or(ResponseError::UnknownTopicId)?;
        let log = self.log(topic, asked.partition)?;
        check_epoch(log, asked.current_leader_epoch)?;
        if asked.fetch_offset < log.start() || asked.fetch_offset > log.end() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        Ok((log, if isolation == READ_COMMITTED { log.stable_end() } else { log.end() }))
    }

    fn fetch_partition(
        &self,
        topic: Option<&str>,
        asked: &FetchPartition,
        isolation: i8,
        budget: &mut Budget,
    ) -> PartitionData {
        let data = PartitionData::default()
            .with_partition_index(asked.partition)
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        let (log, until) = match self.readable(topic, asked, isolation) {
            Ok(readable) => readable,
            Err(error) => return data.with_error_code(error.code()).with_aborted_transactions(None),
        };
        let max_bytes = limit(asked.partition_max_bytes).min(budget.room);
        let read = log.read(asked.fetch_offset, until, max_bytes, !budget.got_any);
        budget.room = budget.room.saturating_sub(read.bytes.len());
        budget.got_any |= !read.bytes.is_empty();
        let aborted = read.aborted.iter().map(|gone| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(gone.producer_id))
                .with_first_offset(gone.first_offset)
        });
        let aborted = (isolation == READ_COMMITTED).then(|| aborted.collect());
        data.with_high_watermark(log.end())
            .with_last_stable_offset(log.stable_end())
            .with_log_start_offset(log.start())
            .with_aborted_transactions(aborted)
            .with_records(Some(read.bytes))
    }
}

/// What is left of a request's `max_bytes`. The first batch comes even if it is larger (KIP-74).
struct Budget {
    room: usize,
    got_any: bool,
}

/// What a client's idea of the leader epoch leads to (KIP-320); -1: it has none.
pub(super) fn check_epoch(log: &Log, claimed: i32) -> Result<(), ResponseError> {
    match claimed {
        ..0 => Ok(()),
        _ if claimed < log.leader_epoch() => Err(ResponseError::FencedLeaderEpoch),
        _ if claimed > log.leader_epoch() => Err(ResponseError::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}

fn limit(asked: i32) -> usize {
    usize::try_from(asked).unwrap_or(0).min(MAX_BYTES)
}
