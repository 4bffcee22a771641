//! SyncGroup and Heartbeat: the leader's assignment reaches everyone; members stay alive.
use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::SyncGroupResponse;
use tokio::sync::oneshot;

use super::super::api::text;
use super::{Answer, Group, Phase};

/// A SyncGroup request.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    /// By member id; only the leader's counts.
    pub(crate) assignments: BTreeMap<String, Bytes>,
}

/// The answer that refuses.
pub(crate) fn refused(error: ResponseError) -> SyncGroupResponse {
    SyncGroupResponse::default().with_error_code(error.code())
}

impl Group {
    /// Gives the member its assignment as soon as the leader has made one.
    pub(crate) fn sync(&mut self, sync: Sync, now_ms: i64) -> Answer<SyncGroupResponse> {
        self.try_sync(sync, now_ms).unwrap_or_else(|error| Answer::Now(refused(error)))
    }

    fn try_sync(&mut self, sync: Sync, now_ms: i64) -> Result<Answer<SyncGroupResponse>, ResponseError> {
        self.check_generation(&sync.member_id, sync.instance_id.as_deref(), sync.generation)?;
        let differs = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
        if differs(&sync.protocol_type, &self.protocol_type) || differs(&sync.protocol, &self.protocol) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match self.phase {
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            Phase::PreparingRebalance => Err(ResponseError::RebalanceInProgress),
            Phase::CompletingRebalance => Ok(self.wait_for_assignment(sync, now_ms)),
            Phase::Stable => {
                self.hear_synced(&sync.member_id, now_ms);
                Ok(Answer::Now(self.assigned(&sync.member_id)))
            }
        }
    }

    fn wait_for_assignment(&mut self, mut sync: Sync, now_ms: i64) -> Answer<SyncGroupResponse> {
        let (sender, receiver) = oneshot::channel();
        self.hear_synced(&sync.member_id, now_ms);
        if let Some(member) = self.members.get_mut(&sync.member_id) {
            member.syncing = Some(sender);
        }
        if self.leader.as_deref() == Some(sync.member_id.as_str()) {
            for member in self.members.values_mut() {
                member.assignment = sync.assignments.remove(&member.id).unwrap_or_default();
            }
            self.enter(Phase::Stable, now_ms);
            self.record_metadata();
            self.hand_out(now_ms);
        }
        Answer::Later(receiver)
    }

    fn hand_out(&mut self, now_ms: i64) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let response = self.assigned(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(waiting) = member.syncing.take() {
                let _gone = waiting.send(response);
                member.is_heard(now_ms);
            }
        }
    }

    fn hear_synced(&mut self, id: &str, now_ms: i64) {
        if let Some(member) = self.members.get_mut(id) {
            member.synced = true;
            member.is_heard(now_ms);
        }
        if self.members.values().all(|member| member.synced) {
            self.deadline_ms = None;
        }
    }

    fn assigned(&self, id: &str) -> SyncGroupResponse {
        SyncGroupResponse::default()
            .with_protocol_type(self.protocol_type.as_deref().map(text))
            .with_protocol_name(self.protocol.as_deref().map(text))
            .with_assignment(self.members.get(id).map(|member| member.assignment.clone()).unwrap_or_default())
    }

    /// Keeps the member's session; `RebalanceInProgress` asks it to join again.
    pub(crate) fn heartbeat(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        now_ms: i64,
    ) -> Result<(), ResponseError> {
        self.check_generation(id, instance, generation)?;
        if let Some(member) = self.members.get_mut(id) {
            member.is_heard(now_ms);
        }
        match self.phase {
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            Phase::PreparingRebalance => Err(ResponseError::RebalanceInProgress),
            Phase::CompletingRebalance | Phase::Stable => Ok(()),
        }
    }
}
