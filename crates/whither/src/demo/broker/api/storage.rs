//! DescribeLogDirs and DescribeProducers.
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest, DescribeProducersResponse,
    ProducerId, TopicName,
};

use super::super::log::Log;
use super::super::state::State;
use super::super::topics::Topic;
use super::text;

/// Not a path: nothing is on disk.
const LOG_DIR: &str = "whither-demo-memory";

impl State {
    pub(crate) fn describe_log_dirs(&self, request: &DescribeLogDirsRequest) -> DescribeLogDirsResponse {
        let asked = |topic: &Topic, partition: i32| {
            request.topics.as_ref().is_none_or(|topics| {
                topics
                    .iter()
                    .any(|asked| **asked.topic == *topic.name && asked.partitions.contains(&partition))
            })
        };
        let mut total = 0usize;
        let mut topics = Vec::new();
        for topic in self.topics.all() {
            total = total.saturating_add(topic.partitions.iter().map(Log::bytes).sum());
            let partitions: Vec<_> = topic
                .numbered()
                .filter(|(partition, _)| asked(topic, *partition))
                .map(|(partition, log)| {
                    DescribeLogDirsPartition::default()
                        .with_partition_index(partition)
                        .with_partition_size(size(log.bytes()))
                })
                .collect();
            if !partitions.is_empty() {
                topics.push(
                    DescribeLogDirsTopic::default()
                        .with_name(TopicName(text(&topic.name)))
                        .with_partitions(partitions),
                );
            }
        }
        let room = self.options.max_partition_bytes.saturating_mul(self.options.max_partitions);
        let result = DescribeLogDirsResult::default()
            .with_log_dir(text(LOG_DIR))
            .with_topics(topics)
            .with_total_bytes(size(room))
            .with_usable_bytes(size(room.saturating_sub(total)));
        DescribeLogDirsResponse::default().with_results(vec![result])
    }

    pub(crate) fn describe_producers(&self, request: &DescribeProducersRequest) -> DescribeProducersResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                let response = PartitionResponse::default().with_partition_index(*index);
                match self.log(&topic.name, *index) {
                    Ok(log) => response.with_active_producers(producers(log)),
                    Err(error) => response.with_error_code(error.code()),
                }
            });
            TopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        DescribeProducersResponse::default().with_topics(topics.collect())
    }
}

fn producers(log: &Log) -> Vec<ProducerState> {
    let each = log.sequences.producers().map(|(id, producer)| {
        ProducerState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(i32::from(producer.epoch))
            .with_last_sequence(producer.last_sequence)
            .with_last_timestamp(producer.last_timestamp_ms)
            .with_coordinator_epoch(producer.coordinator_epoch)
            .with_current_txn_start_offset(producer.open_from.unwrap_or(-1))
    });
    each.collect()
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
