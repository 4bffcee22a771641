//! A group member in this process: joins, is given partitions, reads committed records, commits.
mod fetched;
mod membership;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{
    ApiKey, BrokerId, GroupId, ListOffsetsRequest, OffsetCommitRequest, OffsetFetchRequest, RequestKind,
    ResponseKind, TopicName,
};

use super::api::text;
use super::handle::{Handle, Refusal};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// A record that a consumer got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// `None` is null.
    pub key: Option<Bytes>,
    /// `None` is null.
    pub value: Option<Bytes>,
    /// In order, duplicates kept.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// One member of a classic consumer group, with the range assignor. It is dead to the group when nobody polls it
/// for longer than its session time-out, like a consumer that hangs.
#[derive(Debug)]
pub struct Consumer {
    handle: Handle,
    group: String,
    topics: Vec<String>,
    session_timeout_ms: i32,
    starts_at: i64,
    member_id: String,
    generation: i32,
    /// Next offset to read, of each assigned partition.
    positions: BTreeMap<(String, i32), i64>,
}

impl Consumer {
    pub(crate) fn new(handle: Handle, group: &str, topics: &[&str]) -> Self {
        Self {
            handle,
            group: group.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            session_timeout_ms: 10_000,
            starts_at: EARLIEST,
            member_id: String::new(),
            generation: -1,
            positions: BTreeMap::new(),
        }
    }

    /// `auto.offset.reset=latest`: starts at the end where the group has no position, or one out of range.
    #[must_use]
    pub fn from_latest(mut self) -> Self {
        self.starts_at = LATEST;
        self
    }

    /// `session.timeout.ms`; 10 s by default.
    #[must_use]
    pub fn with_session_timeout_ms(mut self, timeout_ms: i32) -> Self {
        self.session_timeout_ms = timeout_ms;
        self
    }

    /// Empty until the first poll.
    pub fn member_id(&self) -> &str {
        &self.member_id
    }

    /// Partitions that this member has, with the offset that it reads next.
    pub fn positions(&self) -> &BTreeMap<(String, i32), i64> {
        &self.positions
    }

    /// Reads up to `max_records`, waiting up to `max_wait` for the first. Takes part in rebalances.
    ///
    /// # Errors
    /// What the broker answers, unless joining again mends it.
    pub async fn poll(&mut self, max_records: usize, max_wait: Duration) -> Result<Vec<Consumed>, Refusal> {
        self.stay_in_group().await?;
        self.fetch(max_records, max_wait).await
    }

    /// Commits where this member stands, in all its partitions.
    ///
    /// # Errors
    /// What the broker answers: a member that was removed is refused.
    pub async fn commit(&self) -> Result<(), Refusal> {
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for ((topic, partition), offset) in &self.positions {
            let position = OffsetCommitRequestPartition::default()
                .with_partition_index(*partition)
                .with_committed_offset(*offset)
                .with_committed_leader_epoch(0)
                .with_committed_metadata(Some(text("")));
            topics.entry(topic).or_default().push(position);
        }
        let topics = topics.into_iter().map(|(topic, partitions)| {
            OffsetCommitRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(partitions)
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(text(&self.member_id))
            .with_topics(topics.collect());
        match self.handle.send(ApiKey::OffsetCommit, 9, RequestKind::OffsetCommit(request)).await? {
            ResponseKind::OffsetCommit(response) => {
                let codes = response
                    .topics
                    .iter()
                    .flat_map(|topic| topic.partitions.iter().map(|found| found.error_code));
                codes.into_iter().try_for_each(Refusal::check)
            }
            _ => Err(Refusal::no_answer()),
        }
    }

    /// Reads on from `offset`. False if the partition is not this member's.
    pub fn seek(&mut self, topic: &str, partition: i32, offset: i64) -> bool {
        match self.positions.get_mut(&(topic.to_owned(), partition)) {
            Some(position) => {
                *position = offset;
                true
            }
            None => false,
        }
    }

    /// The group's position, or where the policy says to begin.
    async fn start_of(&self, topic: &str, partition: i32) -> Result<i64, Refusal> {
        let place = OffsetFetchRequestTopics::default()
            .with_name(TopicName(text(topic)))
            .with_partition_indexes(vec![partition]);
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_topics(Some(vec![place]));
        let request = OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(true);
        loop {
            let request = RequestKind::OffsetFetch(request.clone());
            let ResponseKind::OffsetFetch(response) =
                self.handle.send(ApiKey::OffsetFetch, 9, request).await?
            else {
                return Err(Refusal::no_answer());
            };
            let topics = response.groups.first().and_then(|group| group.topics.first());
            let found = topics.and_then(|topic| topic.partitions.first()).ok_or_else(Refusal::no_answer)?;
            if found.error_code == ResponseError::UnstableOffsetCommit.code() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            Refusal::check(found.error_code)?;
            if found.committed_offset >= 0 {
                return Ok(found.committed_offset);
            }
            return self.list_offset(topic, partition, self.starts_at).await;
        }
    }

    async fn list_offset(&self, topic: &str, partition: i32, at: i64) -> Result<i64, Refusal> {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(at);
        let asked =
            ListOffsetsTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![asked]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(1)
            .with_topics(vec![asked]);
        let ResponseKind::ListOffsets(response) =
            self.handle.send(ApiKey::ListOffsets, 10, RequestKind::ListOffsets(request)).await?
        else {
            return Err(Refusal::no_answer());
        };
        let found = response
            .topics
            .first()
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(Refusal::no_answer)?;
        Refusal::check(found.error_code)?;
        Ok(found.offset)
    }
}
