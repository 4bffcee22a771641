//! JoinGroup: who may come in, and what their coming means for the others.
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::JoinGroupResponse;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use tokio::sync::oneshot;

use super::super::api::text;
use super::super::dispatch::Client;
use super::{Answer, Group, Member, Phase};

/// A JoinGroup request.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub(crate) version: i16,
    pub(crate) client: Client,
    pub(crate) member_id: String,
    /// The id to give if the request has none.
    pub(crate) new_member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) max_members: usize,
}

/// The answer that refuses.
pub(crate) fn refused(error: ResponseError, member_id: &str) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_generation_id(-1)
        .with_protocol_name(Some(text("")))
        .with_member_id(text(member_id))
}

impl Group {
    /// Lets a member in, or says why not.
    pub(crate) fn join(&mut self, join: &Join, now_ms: i64) -> Answer<JoinGroupResponse> {
        let result = self.admit(join, now_ms);
        result.unwrap_or_else(|error| Answer::Now(refused(error, &join.member_id)))
    }

    fn admit(&mut self, join: &Join, now_ms: i64) -> Result<Answer<JoinGroupResponse>, ResponseError> {
        if !self.supports(join) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        if join.member_id.is_empty() {
            return self.admit_unnamed(join, now_ms);
        }
        if self.pending.remove(&join.member_id).is_some() {
            let id = join.member_id.clone();
            return Ok(self.add(id, join, now_ms));
        }
        if let Some(instance) = &join.instance_id {
            let current = self.instances.get(instance).ok_or(ResponseError::UnknownMemberId)?;
            if *current != join.member_id {
                return Err(ResponseError::FencedInstanceId);
            }
        }
        self.check_member(&join.member_id, None)?;
        self.rejoin(join, now_ms)
    }

    fn admit_unnamed(
        &mut self,
        join: &Join,
        now_ms: i64,
    ) -> Result<Answer<JoinGroupResponse>, ResponseError> {
        if let Some(old) =
            join.instance_id.as_ref().and_then(|instance| self.instances.get(instance)).cloned()
        {
            return Ok(self.replace_static(&old, join, now_ms));
        }
        if self.members.len() + self.pending.len() >= join.max_members {
            return Err(ResponseError::GroupMaxSizeReached);
        }
        let id = join.new_member_id.clone();
        if join.instance_id.is_none() && join.version >= 4 {
            self.pending.insert(id.clone(), now_ms + i64::from(join.session_timeout_ms));
            return Ok(Answer::Now(refused(ResponseError::MemberIdRequired, &id)));
        }
        Ok(self.add(id, join, now_ms))
    }

    fn supports(&self, join: &Join) -> bool {
        if self.members.is_empty() {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        let shared = |name: &str| {
            self.members.values().all(|member| member.protocols.iter().any(|(has, _)| has == name))
        };
        self.protocol_type.as_deref() == Some(join.protocol_type.as_str())
            && join.protocols.iter().any(|(name, _)| shared(name))
    }

    fn add(&mut self, id: String, join: &Join, now_ms: i64) -> Answer<JoinGroupResponse> {
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        if let Some(instance) = &join.instance_id {
            self.instances.insert(instance.clone(), id.clone());
        }
        let (sender, receiver) = oneshot::channel();
        let member = Member {
            id: id.clone(),
            instance_id: join.instance_id.clone(),
            client: join.client.clone(),
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            session_timeout_ms: join.session_timeout_ms,
            protocols: join.protocols.clone(),
            assignment: Bytes::new(),
            joining: Some(sender),
            syncing: None,
            synced: false,
            expires_ms: now_ms + i64::from(join.session_timeout_ms),
        };
        self.members.insert(id, member);
        if let Some(gathering) = &mut self.gathering {
            gathering.grew = true;
        }
        self.rebalance_or_complete(now_ms);
        Answer::Later(receiver)
    }

    fn rejoin(&mut self, join: &Join, now_ms: i64) -> Result<Answer<JoinGroupResponse>, ResponseError> {
        let member = self.members.get(&join.member_id).ok_or(ResponseError::UnknownMemberId)?;
        let unchanged = member.protocols == join.protocols;
        let leads = self.leader.as_deref() == Some(join.member_id.as_str());
        match self.phase {
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            Phase::CompletingRebalance if unchanged => Ok(Answer::Now(self.joined(&join.member_id))),
            Phase::Stable if unchanged && !leads => Ok(Answer::Now(self.joined(&join.member_id))),
            _ => Ok(self.wait_again(join, now_ms)),
        }
    }

    /// The member stays and waits for the next generation.
    fn wait_again(&mut self, join: &Join, now_ms: i64) -> Answer<JoinGroupResponse> {
        let (sender, receiver) = oneshot::channel();
        if let Some(member) = self.members.get_mut(&join.member_id) {
            member.protocols.clone_from(&join.protocols);
            member.rebalance_timeout_ms = join.rebalance_timeout_ms;
            member.session_timeout_ms = join.session_timeout_ms;
            member.joining = Some(sender);
            member.is_heard(now_ms);
        }
        self.rebalance_or_complete(now_ms);
        Answer::Later(receiver)
    }

    /// A static member came back under its instance id: it gets a new member id and, if nothing else changed,
    /// its old assignment without a rebalance.
    fn replace_static(&mut self, old: &str, join: &Join, now_ms: i64) -> Answer<JoinGroupResponse> {
        let id = join.new_member_id.clone();
        let old_leader = self.leader.clone();
        let Some(mut member) = self.members.remove(old) else {
            return Answer::Now(refused(ResponseError::UnknownMemberId, ""));
        };
        member.fence();
        member.id.clone_from(&id);
        member.client = join.client.clone();
        let before = std::mem::replace(&mut member.protocols, join.protocols.clone());
        member.rebalance_timeout_ms = join.rebalance_timeout_ms;
        member.session_timeout_ms = join.session_timeout_ms;
        member.is_heard(now_ms);
        let unchanged = before == member.protocols;
        self.members.insert(id.clone(), member);
        if let Some(instance) = &join.instance_id {
            self.instances.insert(instance.clone(), id.clone());
        }
        if self.leader.as_deref() == Some(old) {
            self.leader = Some(id.clone());
        }
        if self.phase == Phase::Stable && unchanged && self.chosen_protocol() == self.protocol {
            self.record_metadata();
            return Answer::Now(self.kept_seat(&id, old_leader, join.version));
        }
        self.wait_again(&Join { member_id: id, ..join.clone() }, now_ms)
    }

    /// From version 9 on a leader is told to skip the assignment (KIP-814); before, it must not know that it leads.
    fn kept_seat(&self, id: &str, old_leader: Option<String>, version: i16) -> JoinGroupResponse {
        if version >= 9 {
            let leads = self.leader.as_deref() == Some(id);
            return self.joined(id).with_skip_assignment(leads);
        }
        let leader = text(&old_leader.unwrap_or_default());
        self.joined(id).with_leader(leader).with_members(Vec::new())
    }

    /// The answer to a member that is in the current generation.
    pub(super) fn joined(&self, id: &str) -> JoinGroupResponse {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let leads = self.leader.as_deref() == Some(id);
        let members = self.members.values().filter(|_| leads).map(|member| {
            JoinGroupResponseMember::default()
                .with_member_id(text(&member.id))
                .with_group_instance_id(member.instance_id.as_deref().map(text))
                .with_metadata(member.metadata(protocol))
        });
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(self.protocol_type.as_deref().map(text))
            .with_protocol_name(Some(text(protocol)))
            .with_leader(text(self.leader.as_deref().unwrap_or_default()))
            .with_member_id(text(id))
            .with_members(members.collect())
    }
}

impl Member {
    /// Tells whoever still waits under this member's old id that another one took its place.
    fn fence(&mut self) {
        if let Some(waiting) = self.joining.take() {
            let _gone = waiting.send(refused(ResponseError::FencedInstanceId, &self.id));
        }
        if let Some(waiting) = self.syncing.take() {
            let _gone = waiting.send(super::sync::refused(ResponseError::FencedInstanceId));
        }
    }
}
