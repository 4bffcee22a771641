//! What a test or a demo does to the broker that no client could: every cause of loss, on demand.
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_records_response::DeleteRecordsResponse;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    ApiKey, DeleteRecordsRequest, GroupId, OffsetCommitRequest, OffsetCommitResponse, RequestKind,
    ResponseKind, TopicName,
};

use super::api::text;
use super::configs::TopicConfigs;
use super::handle::{Handle, Refusal};
use super::state::{Shared, State};

/// Produce requests to a topic that go wrong.
#[derive(Clone, Debug)]
pub(crate) struct ProduceFault {
    topic: String,
    left: u32,
    pub(crate) error: ResponseError,
    /// The records get in all the same, as after a time-out.
    pub(crate) appends: bool,
}

impl State {
    /// The fault that the next append to `topic` meets, if any.
    pub(crate) fn produce_fault(&mut self, topic: &str) -> Option<ProduceFault> {
        let fault = self.produce_faults.iter_mut().find(|fault| fault.topic == topic)?;
        fault.left = fault.left.saturating_sub(1);
        let met = fault.clone();
        self.produce_faults.retain(|fault| fault.left > 0);
        Some(met)
    }
}

/// The broker's back door.
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Faults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a topic with these settings (`retention.ms`, …).
    ///
    /// # Errors
    /// When the name, the number or a setting is refused.
    pub fn create_topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut own = TopicConfigs::default();
        for (key, value) in configs {
            own.set(key, value).map_err(|message| Refusal::new(ResponseError::InvalidConfig, message))?;
        }
        let made = self.shared.with(|state| state.create_topic(name, partitions, own));
        made.map(|_| ()).map_err(|refused| Refusal::new(refused.error, refused.message))
    }

    /// Deletes a topic and makes it again: same name, same partitions and settings, another id, no records.
    /// False if it is not there.
    pub fn recreate_topic(&self, name: &str) -> bool {
        self.shared.with(|state| {
            let Some(topic) = state.topics.get(name) else { return false };
            let (partitions, configs) = (topic.partitions.len(), topic.configs.clone());
            state.delete_topic(name);
            let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
            state.create_topic(name, partitions, configs).is_ok()
        })
    }

    /// Applies every topic's retention now.
    pub fn run_retention(&self) {
        self.shared.with(|state| {
            let now_ms = state.now_ms();
            state.apply_retention(now_ms);
        });
    }

    /// Expires the positions of every group without members, however young, and removes groups left with nothing.
    pub fn expire_offsets(&self) {
        self.shared.with(|state| {
            let now_ms = state.now_ms();
            state.expire_offsets(now_ms, 0);
        });
    }

    /// DeleteRecords: everything before `offset` goes, -1: everything.
    ///
    /// # Errors
    /// What the broker answers.
    pub async fn delete_records(&self, topic: &str, partition: i32, offset: i64) -> Result<i64, Refusal> {
        let asked = DeleteRecordsPartition::default().with_partition_index(partition).with_offset(offset);
        let asked =
            DeleteRecordsTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![asked]);
        let request = RequestKind::DeleteRecords(DeleteRecordsRequest::default().with_topics(vec![asked]));
        let response: DeleteRecordsResponse =
            match self.as_admin().send(ApiKey::DeleteRecords, 2, request).await? {
                ResponseKind::DeleteRecords(response) => response,
                _ => return Err(Refusal::no_answer()),
            };
        let found = response
            .topics
            .first()
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(Refusal::no_answer)?;
        Refusal::check(found.error_code)?;
        Ok(found.low_watermark)
    }

    /// Sets a group's position as the admin tools do: a commit by no member, in no generation, without an epoch.
    ///
    /// # Errors
    /// `UnknownMemberId` while the group has members.
    pub async fn reset_offset(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), Refusal> {
        let position = OffsetCommitRequestPartition::default()
            .with_partition_index(partition)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(-1)
            .with_committed_metadata(Some(text("")));
        let topic = OffsetCommitRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![position]);
        let request =
            OffsetCommitRequest::default().with_group_id(GroupId(text(group))).with_topics(vec![topic]);
        let request = RequestKind::OffsetCommit(request.with_generation_id_or_member_epoch(-1));
        let response: OffsetCommitResponse =
            match self.as_admin().send(ApiKey::OffsetCommit, 9, request).await? {
                ResponseKind::OffsetCommit(response) => response,
                _ => return Err(Refusal::no_answer()),
            };
        let found = response
            .topics
            .first()
            .and_then(|topic| topic.partitions.first())
            .ok_or_else(Refusal::no_answer)?;
        Refusal::check(found.error_code)
    }

    /// Ends a member's session as if its heartbeats had stopped; false if it is not in the group.
    pub fn expire_member(&self, group: &str, member_id: &str) -> bool {
        self.shared.with(|state| {
            let now_ms = state.now_ms();
            let gone =
                state.groups.get_mut(group).is_some_and(|group| group.expire_member(member_id, now_ms));
            state.flush_group(group);
            gone
        })
    }

    /// An unclean election: everything from `end` on is lost and the leader epoch goes up. A batch that holds
    /// `end` goes wholly. Returns the new end, `None` if there is no such partition.
    pub fn lose_tail(&self, topic: &str, partition: i32, end: i64) -> Option<i64> {
        self.shared.with(|state| {
            let log = state.topics.log_mut(topic, partition)?;
            log.truncate(end);
            let end = log.end();
            state.log_changed();
            state.say(format_args!("unclean election: {topic}/{partition} ends at {end} now"));
            Some(end)
        })
    }

    /// Flips a bit in the batch that holds `offset`, so that its checksum fails; false if there is none.
    pub fn corrupt(&self, topic: &str, partition: i32, offset: i64) -> bool {
        self.shared
            .with(|state| state.topics.log_mut(topic, partition).is_some_and(|log| log.corrupt(offset)))
    }

    /// The coordinator forgets a transactional id, so that its open transaction never ends. False if unknown.
    pub fn forget_transaction(&self, transactional_id: &str) -> bool {
        self.shared.with(|state| state.transactions.forget(transactional_id))
    }

    /// Refuses the next `times` appends to `topic` with a Kafka error code, such as 19 (`NOT_ENOUGH_REPLICAS`).
    pub fn refuse_produce(&self, topic: &str, times: u32, error_code: i16) {
        self.add_produce_fault(topic, times, error_code, false);
    }

    /// Takes the next `times` appends to `topic` in and says that they timed out.
    pub fn time_out_after_append(&self, topic: &str, times: u32) {
        self.add_produce_fault(topic, times, ResponseError::RequestTimedOut.code(), true);
    }

    fn add_produce_fault(&self, topic: &str, left: u32, error_code: i16, appends: bool) {
        let Some(error) = ResponseError::try_from_code(error_code).filter(|_| left > 0) else { return };
        let fault = ProduceFault { topic: topic.to_owned(), left, error, appends };
        self.shared.with(|state| state.produce_faults.push(fault));
    }

    fn as_admin(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared)).named("whither-demo-admin")
    }
}
