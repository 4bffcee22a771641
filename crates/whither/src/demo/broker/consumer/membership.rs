//! How a [`Consumer`] gets into its group, stays and goes.
use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    MetadataRequest, RequestKind, ResponseKind, SyncGroupRequest, TopicName,
};

use super::super::api::text;
use super::super::groups::subscribed_topics;
use super::super::handle::Refusal;
use super::Consumer;

const ASSIGNOR: &str = "range";

/// (topic, partition) pairs of each member.
type Assignments = BTreeMap<String, Vec<(String, i32)>>;

impl Consumer {
    /// Leaves the group; the others get its partitions at once.
    ///
    /// # Errors
    /// What the broker answers.
    pub async fn leave(mut self) -> Result<(), Refusal> {
        let member = MemberIdentity::default().with_member_id(text(&std::mem::take(&mut self.member_id)));
        let request =
            LeaveGroupRequest::default().with_group_id(GroupId(text(&self.group))).with_members(vec![member]);
        match self.handle.send(ApiKey::LeaveGroup, 5, RequestKind::LeaveGroup(request)).await? {
            ResponseKind::LeaveGroup(response) => Refusal::check(response.error_code),
            _ => Err(Refusal::no_answer()),
        }
    }

    /// A heartbeat, and whatever the answer asks for.
    pub(super) async fn stay_in_group(&mut self) -> Result<(), Refusal> {
        if self.generation >= 0 {
            let request = HeartbeatRequest::default()
                .with_group_id(GroupId(text(&self.group)))
                .with_generation_id(self.generation)
                .with_member_id(text(&self.member_id));
            let ResponseKind::Heartbeat(response) =
                self.handle.send(ApiKey::Heartbeat, 4, RequestKind::Heartbeat(request)).await?
            else {
                return Err(Refusal::no_answer());
            };
            if self.still_in(response.error_code)? {
                return Ok(());
            }
        }
        while !self.join_once().await? {}
        Ok(())
    }

    /// Whether the membership stands; what to forget if not.
    fn still_in(&mut self, code: i16) -> Result<bool, Refusal> {
        match ResponseError::try_from_code(code) {
            None => Ok(true),
            Some(ResponseError::RebalanceInProgress) => Ok(false),
            Some(ResponseError::UnknownMemberId | ResponseError::IllegalGeneration) => {
                self.member_id.clear();
                self.generation = -1;
                Ok(false)
            }
            Some(_) => Refusal::check(code).map(|()| true),
        }
    }

    /// Joins and syncs; false if that has to be done again.
    async fn join_once(&mut self) -> Result<bool, Refusal> {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(text(ASSIGNOR))
            .with_metadata(subscription(&self.topics));
        let request = JoinGroupRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_session_timeout_ms(self.session_timeout_ms)
            .with_rebalance_timeout_ms(self.session_timeout_ms)
            .with_member_id(text(&self.member_id))
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]);
        let ResponseKind::JoinGroup(joined) =
            self.handle.send(ApiKey::JoinGroup, 9, RequestKind::JoinGroup(request)).await?
        else {
            return Err(Refusal::no_answer());
        };
        if joined.error_code == ResponseError::MemberIdRequired.code() {
            self.member_id = joined.member_id.to_string();
            return Ok(false);
        }
        if !self.still_in(joined.error_code)? {
            return Ok(false);
        }
        self.member_id = joined.member_id.to_string();
        self.generation = joined.generation_id;
        self.sync(&joined).await
    }

    async fn sync(&mut self, joined: &JoinGroupResponse) -> Result<bool, Refusal> {
        let leads = joined.leader == joined.member_id;
        let assignments = if leads { self.assign(joined).await? } else { Assignments::new() };
        let assignments = assignments.iter().map(|(member, places)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(assignment(places))
        });
        let request = SyncGroupRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_generation_id(self.generation)
            .with_member_id(text(&self.member_id))
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(text(ASSIGNOR)))
            .with_assignments(assignments.collect());
        let ResponseKind::SyncGroup(synced) =
            self.handle.send(ApiKey::SyncGroup, 5, RequestKind::SyncGroup(request)).await?
        else {
            return Err(Refusal::no_answer());
        };
        if !self.still_in(synced.error_code)? {
            return Ok(false);
        }
        let mut positions = BTreeMap::new();
        for (topic, partition) in assigned(&synced.assignment) {
            let start = self.start_of(&topic, partition).await?;
            positions.insert((topic, partition), start);
        }
        self.positions = positions;
        Ok(true)
    }

    /// The range assignor: of each topic, neighbouring partitions to each member in the order of their ids.
    async fn assign(&self, joined: &JoinGroupResponse) -> Result<Assignments, Refusal> {
        let mut assignments: Assignments =
            joined.members.iter().map(|member| (member.member_id.to_string(), Vec::new())).collect();
        let wants: BTreeMap<String, Vec<String>> = joined
            .members
            .iter()
            .map(|member| (member.member_id.to_string(), subscribed_topics(&member.metadata)))
            .collect();
        let mut topics: Vec<&String> = wants.values().flatten().collect();
        topics.sort();
        topics.dedup();
        for topic in topics {
            let readers: Vec<&String> =
                wants.iter().filter(|(_, wanted)| wanted.contains(topic)).map(|(id, _)| id).collect();
            let partitions = self.partition_count(topic).await?;
            let (share, rest) = (partitions / readers.len().max(1), partitions % readers.len().max(1));
            let mut next = 0i32..;
            for (nth, reader) in readers.into_iter().enumerate() {
                let mine = next.by_ref().take(share + usize::from(nth < rest));
                assignments
                    .entry(reader.clone())
                    .or_default()
                    .extend(mine.map(|partition| (topic.clone(), partition)));
            }
        }
        Ok(assignments)
    }

    async fn partition_count(&self, topic: &str) -> Result<usize, Refusal> {
        let asked = MetadataRequestTopic::default().with_name(Some(TopicName(text(topic))));
        let request =
            MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(true);
        match self.handle.send(ApiKey::Metadata, 12, RequestKind::Metadata(request)).await? {
            ResponseKind::Metadata(response) => {
                Ok(response.topics.first().map_or(0, |topic| topic.partitions.len()))
            }
            _ => Err(Refusal::no_answer()),
        }
    }
}

/// `ConsumerProtocolSubscription`, version 0.
fn subscription(topics: &[String]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(i32::try_from(topics.len()).unwrap_or(0));
    for topic in topics {
        put_string(&mut out, topic);
    }
    out.put_i32(-1);
    out.freeze()
}

/// `ConsumerProtocolAssignment`, version 0.
fn assignment(places: &[(String, i32)]) -> Bytes {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in places {
        topics.entry(topic).or_default().push(*partition);
    }
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(i32::try_from(topics.len()).unwrap_or(0));
    for (topic, partitions) in topics {
        put_string(&mut out, topic);
        out.put_i32(i32::try_from(partitions.len()).unwrap_or(0));
        for partition in partitions {
            out.put_i32(partition);
        }
    }
    out.put_i32(-1);
    out.freeze()
}

/// The pairs in an assignment; what can't be read is left out.
fn assigned(mut bytes: &[u8]) -> Vec<(String, i32)> {
    let mut places = Vec::new();
    let topics = bytes.try_get_i16().and_then(|_version| bytes.try_get_i32()).unwrap_or(0);
    for _ in 0..topics {
        let Some(topic) = get_string(&mut bytes) else { break };
        for _ in 0..bytes.try_get_i32().unwrap_or(0) {
            let Ok(partition) = bytes.try_get_i32() else { break };
            places.push((topic.clone(), partition));
        }
    }
    places
}

fn put_string(out: &mut BytesMut, text: &str) {
    out.put_i16(i16::try_from(text.len()).unwrap_or(0));
    out.put_slice(text.as_bytes());
}

fn get_string(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}
