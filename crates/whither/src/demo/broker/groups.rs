//! Consumer groups of the classic protocol, as `ClassicGroup` and `GroupMetadataManager` in Kafka 4.3 run them.
//!
//! A group decides alone; what has to be written to `__consumer_offsets` it leaves in its outbox, which the state
//! empties under the same lock.
mod join;
mod rebalance;
mod sync;
mod leave;
mod offsets;
mod subscription;

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use tokio::sync::oneshot;

use super::batch::NewRecord;
use super::dispatch::Client;
use super::offsets_topic;

pub(crate) use join::Join;
pub(crate) use leave::Leaver;
pub(crate) use offsets::{Committed, Offsets};
pub(crate) use subscription::subscribed_topics;
pub(crate) use sync::Sync;

/// An answer that is ready, or that comes when the group has got there.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    Now(T),
    Later(oneshot::Receiver<T>),
}

/// Where a group is in its life. `Dead` groups are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl Phase {
    /// As ListGroups and DescribeGroups spell it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client: Client,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    /// (assignor, what the member tells it), most wanted first.
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    joining: Option<oneshot::Sender<JoinGroupResponse>>,
    syncing: Option<oneshot::Sender<SyncGroupResponse>>,
    synced: bool,
    expires_ms: i64,
}

impl Member {
    /// What the member said for `protocol`; empty if nothing.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let said = self.protocols.iter().find(|(name, _)| name == protocol);
        said.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    fn is_heard(&mut self, now_ms: i64) {
        self.expires_ms = now_ms + i64::from(self.session_timeout_ms);
    }

    /// A member that waits for the group is alive, however long it takes.
    fn is_waiting(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }
}

/// The first rebalance of an empty group waits a while for more members (KIP-134).
#[derive(Clone, Copy, Debug)]
struct Gathering {
    until_ms: i64,
    grew: bool,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) phase: Phase,
    /// When the phase began.
    pub(crate) since_ms: i64,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) generation: i32,
    pub(crate) leader: Option<String>,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) offsets: Offsets,
    /// Instance id to member id of static members (KIP-345).
    instances: BTreeMap<String, String>,
    /// Members that got an id and have not joined with it yet (KIP-394), and until when they may.
    pending: BTreeMap<String, i64>,
    gathering: Option<Gathering>,
    /// When the current phase gives up waiting for members.
    deadline_ms: Option<i64>,
    initial_delay_ms: i64,
    outbox: Vec<NewRecord>,
    /// Something about it is in the topic, so its end has to be too.
    written: bool,
}

impl Group {
    /// A group without members, not written anywhere yet.
    pub(crate) fn new(id: &str, now_ms: i64, initial_delay_ms: i64) -> Self {
        Self {
            id: id.to_owned(),
            phase: Phase::Empty,
            since_ms: now_ms,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            offsets: Offsets::default(),
            instances: BTreeMap::new(),
            pending: BTreeMap::new(),
            gathering: None,
            deadline_ms: None,
            initial_delay_ms,
            outbox: Vec::new(),
            written: false,
        }
    }

    /// Records to append, in order.
    pub(crate) fn take_records(&mut self) -> Vec<NewRecord> {
        self.written |= !self.outbox.is_empty();
        std::mem::take(&mut self.outbox)
    }

    /// Writes the group as it is.
    pub(crate) fn record_metadata(&mut self) {
        let record = offsets_topic::metadata(self);
        self.outbox.push(record);
    }

    /// Writes that the group is no more.
    pub(crate) fn record_end(&mut self) {
        if self.written {
            self.outbox.push(offsets_topic::metadata_tombstone(&self.id));
        }
    }

    /// Nobody is in it, nobody is about to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.phase == Phase::Empty && self.pending.is_empty()
    }

    fn enter(&mut self, phase: Phase, now_ms: i64) {
        self.phase = phase;
        self.since_ms = now_ms;
    }

    /// The member called `id`, if `instance_id` does not say that another one took its place.
    fn check_member(&self, id: &str, instance_id: Option<&str>) -> Result<(), ResponseError> {
        if let Some(current) = instance_id.and_then(|instance| self.instances.get(instance))
            && current != id
        {
            return Err(ResponseError::FencedInstanceId);
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(ResponseError::UnknownMemberId) }
    }

    /// Kafka's checks before a heartbeat or sync: the member, its generation.
    fn check_generation(
        &self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.check_member(id, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ResponseError::IllegalGeneration) }
    }

    /// Whether a commit from this member and generation may be taken; -1 and no member is "not by a member".
    pub(crate) fn check_commit(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        now_ms: i64,
    ) -> Result<(), ResponseError> {
        if generation < 0 && id.is_empty() && instance.is_none() {
            let free = self.phase == Phase::Empty;
            return if free { Ok(()) } else { Err(ResponseError::UnknownMemberId) };
        }
        self.check_generation(id, instance, generation)?;
        if self.phase == Phase::CompletingRebalance {
            return Err(ResponseError::RebalanceInProgress);
        }
        if let Some(member) = self.members.get_mut(id) {
            member.is_heard(now_ms);
        }
        Ok(())
    }

    /// As [`Group::check_commit`], for commits inside a transaction (KIP-447): older clients say nothing.
    pub(crate) fn check_transactional_commit(
        &self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        if generation < 0 && id.is_empty() && instance.is_none() {
            return Ok(());
        }
        self.check_generation(id, instance, generation)?;
        if self.phase == Phase::CompletingRebalance {
            return Err(ResponseError::RebalanceInProgress);
        }
        Ok(())
    }
}
