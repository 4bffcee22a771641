//! ListOffsets and OffsetForLeaderEpoch.

use std::collections::BTreeMap;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest, OffsetForLeaderEpochRequest};

use super::{ByPartition, Refusal, code};
use crate::TopicPartition;
use crate::cluster::{Cluster, topic_name};
use crate::error::Error;

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// The log start.
    Earliest,
    /// The first offset on the leader's own disk (KIP-405, ListOffsets v8).
    EarliestLocal,
    /// The high watermark.
    Latest,
    /// The last stable offset.
    LastStable,
    /// The record with the largest timestamp (KIP-734, ListOffsets v7).
    MaxTimestamp,
    /// The first record at or after this time, milliseconds since 1970.
    At(i64),
}

impl When {
    const fn timestamp(self) -> i64 {
        match self {
            When::Latest | When::LastStable => -1,
            When::Earliest => -2,
            When::MaxTimestamp => -3,
            When::EarliestLocal => -4,
            When::At(ms) => ms,
        }
    }

    /// The lowest version that knows the question.
    const fn since(self) -> i16 {
        match self {
            When::MaxTimestamp => 7,
            When::EarliestLocal => 8,
            When::Earliest | When::Latest | When::LastStable | When::At(_) => 1,
        }
    }
}

/// An offset that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListedOffset {
    /// The offset; -1 if there is no such record.
    pub offset: i64,
    /// The record's timestamp, where a record was asked for; else -1.
    pub timestamp_ms: i64,
    /// The leader epoch; -1 where the broker tells none.
    pub leader_epoch: i32,
}

/// An epoch to be asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AskedEpoch {
    /// The epoch whose end is wanted.
    pub epoch: i32,
    /// The epoch that the broker asked must know to be the current one; -1 to ask whoever answers.
    pub leader_epoch: i32,
}

impl Cluster {
    /// Asks the leaders for offsets. Partitions whose leader moved are asked for again.
    pub async fn list_offsets(&self, partitions: &[TopicPartition], when: When) -> ByPartition<ListedOffset> {
        self.by_leader(partitions, |leader, some| self.list_at(leader, some, when)).await
    }

    async fn list_at(
        &self,
        leader: i32,
        partitions: Vec<TopicPartition>,
        when: When,
    ) -> Result<ByPartition<ListedOffset>, Error> {
        let connection = self.broker(leader).await?;
        if connection.version_of::<ListOffsetsRequest>().is_none_or(|v| v < when.since()) {
            let too_old = Refusal::Code(kafka_protocol::error::ResponseError::UnsupportedVersion);
            return Ok(partitions.into_iter().map(|p| (p, Err(too_old.clone()))).collect());
        }
        let topics = by_topic(&partitions).into_iter().map(|(topic, indexes)| {
            let asked = indexes.into_iter().map(|i| {
                ListOffsetsPartition::default().with_partition_index(i).with_timestamp(when.timestamp())
            });
            ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(asked.collect())
        });
        let topics: Vec<ListOffsetsTopic> = topics.collect();
        let isolation = i8::from(when == When::LastStable);
        let (answer, _) = connection
            .call(|version| {
                ListOffsetsRequest::default()
                    .with_replica_id(BrokerId(-1))
                    .with_isolation_level(if version >= 2 { isolation } else { 0 })
                    .with_topics(topics)
            })
            .await?;
        let mut listed = BTreeMap::new();
        for topic in &answer.topics {
            for p in &topic.partitions {
                let key =
                    TopicPartition { topic: topic.name.0.as_str().into(), partition: p.partition_index };
                let offset = ListedOffset {
                    offset: p.offset,
                    timestamp_ms: p.timestamp,
                    leader_epoch: p.leader_epoch,
                };
                listed.insert(key, code(p.error_code).map(|()| offset));
            }
        }
        Ok(listed)
    }

    /// Asks where leader epochs end. Each partition is asked for one epoch. A broker that was leader in an earlier
    /// epoch and has not heard of its successor refuses, from version 2 on.
    pub async fn epoch_ends(&self, asked: &BTreeMap<TopicPartition, AskedEpoch>) -> ByPartition<(i32, i64)> {
        let partitions: Vec<TopicPartition> = asked.keys().cloned().collect();
        self.by_leader(&partitions, |leader, some| self.epoch_ends_at(leader, some, asked)).await
    }

    async fn epoch_ends_at(
        &self,
        leader: i32,
        partitions: Vec<TopicPartition>,
        asked: &BTreeMap<TopicPartition, AskedEpoch>,
    ) -> Result<ByPartition<(i32, i64)>, Error> {
        let topics = |version: i16| {
            let by_topic = by_topic(&partitions).into_iter();
            by_topic.map(move |(topic, indexes)| {
                let partitions = indexes.into_iter().filter_map(|i| {
                    let of = asked.get(&TopicPartition { topic: topic.into(), partition: i })?;
                    let fence = if version >= 2 { of.leader_epoch } else { -1 };
                    let one = OffsetForLeaderPartition::default().with_partition(i);
                    Some(one.with_current_leader_epoch(fence).with_leader_epoch(of.epoch))
                });
                let partitions = partitions.collect();
                OffsetForLeaderTopic::default().with_topic(topic_name(topic)).with_partitions(partitions)
            })
        };
        let (answer, _) = self
            .ask(leader, |version| {
                let request = OffsetForLeaderEpochRequest::default().with_topics(topics(version).collect());
                // From version 3 on: an ordinary consumer asks, not a replica.
                if version >= 3 { request.with_replica_id(BrokerId(-1)) } else { request }
            })
            .await?;
        let mut ends = BTreeMap::new();
        for topic in &answer.topics {
            for p in &topic.partitions {
                let key = TopicPartition { topic: topic.topic.0.as_str().into(), partition: p.partition };
                ends.insert(key, code(p.error_code).map(|()| (p.leader_epoch, p.end_offset)));
            }
        }
        Ok(ends)
    }
}

pub(crate) fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for p in partitions {
        topics.entry(&p.topic).or_default().push(p.partition);
    }
    topics
}
