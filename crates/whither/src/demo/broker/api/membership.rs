//! FindCoordinator, JoinGroup, SyncGroup, Heartbeat and LeaveGroup.
use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
    SyncGroupResponse,
};

use super::super::dispatch::Client;
use super::super::groups::{Answer, Join, Leaver, Sync};
use super::super::state::{NODE_ID, State};
use super::{code, text};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// First version of FindCoordinator that asks for several keys (KIP-699).
const KEYS_FROM: i16 = 4;
/// First version of LeaveGroup that names several members (KIP-345).
const MEMBERS_FROM: i16 = 3;
/// Longest id: what the records of `__consumer_offsets` can hold.
const MAX_ID_BYTES: usize = i16::MAX as usize;
/// Kafka's limit for `group.instance.id`.
const MAX_INSTANCE_ID_BYTES: usize = 249;
/// Of the client id, in a member id.
const MAX_CLIENT_ID_BYTES: usize = 200;

impl State {
    pub(crate) fn find_coordinator(
        &mut self,
        request: &FindCoordinatorRequest,
        version: i16,
    ) -> FindCoordinatorResponse {
        let known = matches!(request.key_type, GROUP | TRANSACTION);
        if known && request.key_type == GROUP {
            self.offsets_partition("");
        }
        let error = if known { None } else { Some(ResponseError::InvalidRequest) };
        let host = text(&self.address.ip().to_string());
        let port = i32::from(self.address.port());
        let error_code = error.map_or(0, |error| error.code());
        let node_id = BrokerId(if known { NODE_ID } else { -1 });
        if version < KEYS_FROM {
            return FindCoordinatorResponse::default()
                .with_error_code(error_code)
                .with_node_id(node_id)
                .with_host(host)
                .with_port(port);
        }
        let coordinators = request.coordinator_keys.iter().map(|key| {
            Coordinator::default()
                .with_key(key.clone())
                .with_node_id(node_id)
                .with_host(host.clone())
                .with_port(port)
                .with_error_code(error_code)
        });
        FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
    }

    pub(crate) fn join_group(
        &mut self,
        request: &JoinGroupRequest,
        version: i16,
        client: &Client,
    ) -> Answer<JoinGroupResponse> {
        let refused = |error: ResponseError| {
            let response = JoinGroupResponse::default()
                .with_error_code(error.code())
                .with_generation_id(-1)
                .with_protocol_name(Some(text("")))
                .with_member_id(request.member_id.clone());
            Answer::Now(response)
        };
        if let Err(error) = self.check_join(request) {
            return refused(error);
        }
        let is_new = !self.groups.contains_key(&**request.group_id);
        if is_new && !request.member_id.is_empty() {
            return refused(ResponseError::UnknownMemberId);
        }
        let group_id = request.group_id.to_string();
        let join = self.joining(request, version, client);
        let now_ms = self.now_ms();
        let Some(group) = self.group_or_new(&group_id) else {
            return refused(ResponseError::CoordinatorNotAvailable);
        };
        if is_new {
            group.record_metadata();
        }
        let answer = group.join(&join, now_ms);
        self.flush_group(&group_id);
        answer
    }

    fn check_join(&self, request: &JoinGroupRequest) -> Result<(), ResponseError> {
        check_group_id(&request.group_id)?;
        let allowed = self.options.min_session_timeout_ms..=self.options.max_session_timeout_ms;
        if !allowed.contains(&request.session_timeout_ms) {
            return Err(ResponseError::InvalidSessionTimeout);
        }
        let instance_fits = |id: &str| (1..=MAX_INSTANCE_ID_BYTES).contains(&id.len());
        if !request.group_instance_id.as_deref().is_none_or(instance_fits) {
            return Err(ResponseError::InvalidRequest);
        }
        let names =
            request.protocols.iter().map(|protocol| protocol.name.len()).chain([request.protocol_type.len()]);
        if names.max().unwrap_or(0) > MAX_ID_BYTES { Err(ResponseError::InvalidRequest) } else { Ok(()) }
    }

    fn joining(&mut self, request: &JoinGroupRequest, version: i16, client: &Client) -> Join {
        let name = request.group_instance_id.as_deref().unwrap_or(&client.id);
        let name = name.get(..name.floor_char_boundary(MAX_CLIENT_ID_BYTES)).unwrap_or_default();
        let rebalance_timeout_ms =
            if version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms.max(0) };
        Join {
            version,
            client: client.clone(),
            member_id: request.member_id.to_string(),
            new_member_id: format!("{name}-{}", self.ids.uuid()),
            instance_id: request.group_instance_id.as_deref().map(str::to_owned),
            rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocol_type: request.protocol_type.to_string(),
            protocols: request
                .protocols
                .iter()
                .map(|protocol| (protocol.name.to_string(), protocol.metadata.clone()))
                .collect(),
            max_members: self.options.max_group_members,
        }
    }

    pub(crate) fn sync_group(&mut self, request: SyncGroupRequest) -> Answer<SyncGroupResponse> {
        let now_ms = self.now_ms();
        let group_id = request.group_id.to_string();
        let Some(group) = self.groups.get_mut(&group_id) else {
            return Answer::Now(
                SyncGroupResponse::default().with_error_code(ResponseError::UnknownMemberId.code()),
            );
        };
        let assignments = request.assignments.into_iter();
        let sync = Sync {
            member_id: request.member_id.to_string(),
            instance_id: request.group_instance_id.as_deref().map(str::to_owned),
            generation: request.generation_id,
            protocol_type: request.protocol_type.as_deref().map(str::to_owned),
            protocol: request.protocol_name.as_deref().map(str::to_owned),
            assignments: assignments.map(|to| (to.member_id.to_string(), to.assignment)).collect(),
        };
        let answer = group.sync(sync, now_ms);
        self.flush_group(&group_id);
        answer
    }

    pub(crate) fn heartbeat(&mut self, request: &HeartbeatRequest) -> HeartbeatResponse {
        let now_ms = self.now_ms();
        let instance = request.group_instance_id.as_deref();
        let result = self.groups.get_mut(&**request.group_id).ok_or(ResponseError::UnknownMemberId);
        let result = result
            .and_then(|group| group.heartbeat(&request.member_id, instance, request.generation_id, now_ms));
        HeartbeatResponse::default().with_error_code(code(&result))
    }

    pub(crate) fn leave_group(&mut self, request: &LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
        let now_ms = self.now_ms();
        let Some(group) = self.groups.get_mut(&**request.group_id) else {
            return LeaveGroupResponse::default().with_error_code(ResponseError::UnknownMemberId.code());
        };
        if version < MEMBERS_FROM {
            let leaver = Leaver { member_id: request.member_id.to_string(), instance_id: None };
            let results = group.leave(&[leaver], now_ms);
            let error_code = results.first().map_or(0, code);
            self.flush_group(&request.group_id);
            return LeaveGroupResponse::default().with_error_code(error_code);
        }
        let leavers: Vec<Leaver> = request
            .members
            .iter()
            .map(|member| Leaver {
                member_id: member.member_id.to_string(),
                instance_id: member.group_instance_id.as_deref().map(str::to_owned),
            })
            .collect();
        let results = group.leave(&leavers, now_ms);
        self.flush_group(&request.group_id);
        let members = request.members.iter().zip(&results).map(|(member, result)| {
            MemberResponse::default()
                .with_member_id(member.member_id.clone())
                .with_group_instance_id(member.group_instance_id.clone())
                .with_error_code(code(result))
        });
        LeaveGroupResponse::default().with_members(members.collect())
    }
}

/// Groups need a name to join; commits do not (old clients use "").
pub(super) fn check_group_id(id: &str) -> Result<(), ResponseError> {
    if (1..=MAX_ID_BYTES).contains(&id.len()) { Ok(()) } else { Err(ResponseError::InvalidGroupId) }
}
