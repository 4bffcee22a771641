//! OffsetCommit, TxnOffsetCommit and OffsetFetch.
use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    GroupId, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::super::batch::Writer;
use super::super::groups::{Committed, Group};
use super::super::offsets_topic;
use super::super::state::State;
use super::text;

/// `offset.metadata.max.bytes`.
const MAX_METADATA_BYTES: usize = 4_096;
/// First version of OffsetFetch that asks for several groups (KIP-709).
const GROUPS_FROM: i16 = 8;

/// A position that a client asks to commit.
struct Asked {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<StrBytes>,
}

impl State {
    pub(crate) fn offset_commit(&mut self, request: &OffsetCommitRequest) -> OffsetCommitResponse {
        let allowed = self.admit_commit(request);
        let keep_ms = (request.retention_time_ms >= 0).then_some(request.retention_time_ms);
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|asked| {
                let position = Asked {
                    partition: asked.partition_index,
                    offset: asked.committed_offset,
                    leader_epoch: asked.committed_leader_epoch,
                    metadata: asked.committed_metadata.clone(),
                };
                let result = allowed
                    .and_then(|()| self.commit_one(&request.group_id, &topic.name, &position, keep_ms));
                OffsetCommitResponsePartition::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(super::code(&result))
            });
            let partitions = partitions.collect();
            topics.push(
                OffsetCommitResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        self.flush_group(&request.group_id);
        OffsetCommitResponse::default().with_topics(topics)
    }

    /// A group that is not there is made for commits outside of any generation ("simple" groups).
    fn admit_commit(&mut self, request: &OffsetCommitRequest) -> Result<(), ResponseError> {
        let now_ms = self.now_ms();
        let generation = request.generation_id_or_member_epoch;
        if request.group_id.len() > usize::from(i16::MAX.cast_unsigned()) {
            return Err(ResponseError::InvalidGroupId);
        }
        if generation >= 0 && !self.groups.contains_key(&**request.group_id) {
            return Err(ResponseError::IllegalGeneration);
        }
        let group = self.group_or_new(&request.group_id).ok_or(ResponseError::CoordinatorNotAvailable)?;
        group.check_commit(&request.member_id, request.group_instance_id.as_deref(), generation, now_ms)
    }

    fn commit_one(
        &mut self,
        group: &str,
        topic: &str,
        asked: &Asked,
        keep_ms: Option<i64>,
    ) -> Result<(), ResponseError> {
        let now_ms = self.now_ms();
        let committed = self.to_committed(topic, asked)?;
        let topic_id = self.topics.get(topic).map(|topic| topic.id);
        let expires_ms = keep_ms.map(|keep_ms| now_ms.saturating_add(keep_ms));
        if let Some(group) = self.groups.get_mut(group) {
            group.commit(topic, asked.partition, Committed { topic_id, expires_ms, ..committed });
        }
        Ok(())
    }

    fn to_committed(&self, topic: &str, asked: &Asked) -> Result<Committed, ResponseError> {
        self.log(topic, asked.partition)?;
        let metadata = asked.metadata.as_deref().unwrap_or_default();
        if metadata.len() > MAX_METADATA_BYTES {
            return Err(ResponseError::OffsetMetadataTooLarge);
        }
        Ok(Committed {
            offset: asked.offset,
            leader_epoch: asked.leader_epoch,
            metadata: metadata.to_owned(),
            committed_ms: self.now_ms(),
            expires_ms: None,
            topic_id: None,
        })
    }

    pub(crate) fn txn_offset_commit(
        &mut self,
        request: &TxnOffsetCommitRequest,
        version: i16,
    ) -> TxnOffsetCommitResponse {
        let allowed = self.admit_transactional(request).map_err(|error| match error {
            ResponseError::ProducerFenced if version < 3 => ResponseError::InvalidProducerEpoch,
            error => error,
        });
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|asked| {
                let position = Asked {
                    partition: asked.partition_index,
                    offset: asked.committed_offset,
                    leader_epoch: asked.committed_leader_epoch,
                    metadata: asked.committed_metadata.clone(),
                };
                let result = allowed.and_then(|()| self.to_committed(&topic.name, &position));
                let error_code = super::code(&result);
                if let (Ok(committed), Some(group)) = (result, self.groups.get_mut(&**request.group_id)) {
                    group.commit_pending(
                        request.producer_id.0,
                        &topic.name,
                        asked.partition_index,
                        committed,
                    );
                }
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(error_code)
            });
            let partitions = partitions.collect();
            topics.push(
                TxnOffsetCommitResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        let (producer_id, producer_epoch) = (request.producer_id.0, request.producer_epoch);
        let writer =
            Writer { producer_id, producer_epoch, base_sequence: 0, transactional: true, control: false };
        self.flush_group_as(&request.group_id, writer);
        TxnOffsetCommitResponse::default().with_topics(topics)
    }

    fn admit_transactional(&mut self, request: &TxnOffsetCommitRequest) -> Result<(), ResponseError> {
        let place = (offsets_topic::NAME.to_owned(), self.offsets_partition(&request.group_id));
        self.transactions.verify(
            &request.transactional_id,
            request.producer_id.0,
            request.producer_epoch,
            &place,
        )?;
        if request.generation_id >= 0 && !self.groups.contains_key(&**request.group_id) {
            return Err(ResponseError::IllegalGeneration);
        }
        let group = self.group_or_new(&request.group_id).ok_or(ResponseError::CoordinatorNotAvailable)?;
        let instance = request.group_instance_id.as_deref();
        group.check_transactional_commit(&request.member_id, instance, request.generation_id)
    }

    pub(crate) fn offset_fetch(&self, request: &OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
        if version < GROUPS_FROM {
            return self.offset_fetch_one(request, version);
        }
        let groups = request.groups.iter().map(|asked| {
            let places = asked.topics.as_ref().map(|topics| {
                topics.iter().map(|topic| (topic.name.to_string(), topic.partition_indexes.clone())).collect()
            });
            let topics = self.positions(&asked.group_id, places, request.require_stable).into_iter().map(
                |(name, partitions)| {
                    OffsetFetchResponseTopics::default()
                        .with_name(TopicName(text(&name)))
                        .with_partitions(partitions)
                },
            );
            OffsetFetchResponseGroup::default()
                .with_group_id(GroupId(text(&asked.group_id)))
                .with_topics(topics.collect())
        });
        OffsetFetchResponse::default().with_groups(groups.collect())
    }

    fn offset_fetch_one(&self, request: &OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
        let asked = request.topics.as_ref().filter(|topics| version >= 2 || !topics.is_empty());
        let places = asked.map(|topics| {
            topics.iter().map(|topic| (topic.name.to_string(), topic.partition_indexes.clone())).collect()
        });
        let topics = self.positions(&request.group_id, places, request.require_stable).into_iter().map(
            |(name, partitions)| {
                let partitions = partitions.into_iter().map(|found| {
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(found.partition_index)
                        .with_committed_offset(found.committed_offset)
                        .with_committed_leader_epoch(found.committed_leader_epoch)
                        .with_metadata(found.metadata)
                        .with_error_code(found.error_code)
                });
                OffsetFetchResponseTopic::default()
                    .with_name(TopicName(text(&name)))
                    .with_partitions(partitions.collect())
            },
        );
        OffsetFetchResponse::default().with_topics(topics.collect())
    }

    /// Positions of a group by topic: those asked for, or all.
    fn positions(
        &self,
        group: &str,
        asked: Option<Vec<(String, Vec<i32>)>>,
        require_stable: bool,
    ) -> BTreeMap<String, Vec<OffsetFetchResponsePartitions>> {
        let group = self.groups.get(group);
        let places: Vec<(String, i32)> = match asked {
            Some(asked) => {
                let each = |(topic, partitions): (String, Vec<i32>)| {
                    partitions.into_iter().map(move |partition| (topic.clone(), partition))
                };
                asked.into_iter().flat_map(each).collect()
            }
            None => group
                .map(|group| group.offsets.all().map(|(place, _)| place.clone()).collect())
                .unwrap_or_default(),
        };
        let mut found: BTreeMap<String, Vec<OffsetFetchResponsePartitions>> = BTreeMap::new();
        for (topic, partition) in places {
            let position = position(group, &topic, partition, require_stable);
            found.entry(topic).or_default().push(position);
        }
        found
    }
}

fn position(
    group: Option<&Group>,
    topic: &str,
    partition: i32,
    require_stable: bool,
) -> OffsetFetchResponsePartitions {
    let none = OffsetFetchResponsePartitions::default()
        .with_partition_index(partition)
        .with_committed_offset(-1)
        .with_committed_leader_epoch(-1)
        .with_metadata(Some(text("")));
    let Some(group) = group else { return none };
    if require_stable && group.offsets.is_unstable(topic, partition) {
        return none.with_error_code(ResponseError::UnstableOffsetCommit.code());
    }
    let Some(committed) = group.offsets.get(topic, partition) else { return none };
    none.with_committed_offset(committed.offset)
        .with_committed_leader_epoch(committed.leader_epoch)
        .with_metadata(Some(text(&committed.metadata)))
}
