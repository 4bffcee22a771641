//! Consumer groups of the classic protocol, by raw requests where the timing matters.
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, DescribeGroupsRequest, FetchRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest,
    OffsetFetchRequest, RequestKind, ResponseKind, SyncGroupRequest, TopicName,
};
use kafka_protocol::records::Record;
use whither::demo::broker::{Broker, Clock, Handle};

use crate::client::{Client, ask, still_broker, text};
use crate::records::{fetch, records};

const SESSION_MS: i32 = 10_000;

fn join_request(member: &str, instance: Option<&str>) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(b"wants"));
    JoinGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_session_timeout_ms(SESSION_MS)
        .with_rebalance_timeout_ms(60_000)
        .with_member_id(text(member))
        .with_group_instance_id(instance.map(text))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

/// A member id, as version 4 and later give it out first.
async fn new_id(broker: &Broker) -> String {
    let mut client = Client::connect(broker).await;
    let answer = ask!(client, JoinGroup, 9, join_request("", None));
    assert_eq!(answer.error_code, ResponseError::MemberIdRequired.code());
    assert!(answer.member_id.starts_with("raw-"), "{}", &*answer.member_id);
    answer.member_id.to_string()
}

/// Joins on a connection of its own, since the answer may take the others' joining.
async fn joining(broker: &Broker, member: &str) -> tokio::task::JoinHandle<JoinGroupResponse> {
    let mut client = Client::connect(broker).await;
    let request = join_request(member, None);
    client.send(ApiKey::JoinGroup, 9, &RequestKind::JoinGroup(request)).await;
    let mut probe = Client::connect(broker).await;
    // The join has been taken in once a later request on another connection sees the member.
    loop {
        let asked = DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g"))]);
        let found = ask!(probe, DescribeGroups, 5, asked).groups[0].clone();
        if found.members.iter().any(|known| *known.member_id == *member) {
            break;
        }
        tokio::task::yield_now().await;
    }
    tokio::spawn(async move {
        let mut frame = client.frame().await.unwrap();
        let _header = frame.split_to(5);
        match ResponseKind::decode(ApiKey::JoinGroup, &mut frame, 9).unwrap() {
            ResponseKind::JoinGroup(response) => response,
            other => panic!("{other:?}"),
        }
    })
}

fn sync_request(member: &str, generation: i32, assignments: &[(&str, &str)]) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(member, gets)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::copy_from_slice(gets.as_bytes()))
    });
    SyncGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id(generation)
        .with_member_id(text(member))
        .with_protocol_type(Some(text("consumer")))
        .with_protocol_name(Some(text("range")))
        .with_assignments(assignments.collect())
}

async fn heartbeat(broker: &Broker, member: &str, generation: i32) -> i16 {
    let mut client = Client::connect(broker).await;
    let request = HeartbeatRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id(generation)
        .with_member_id(text(member));
    ask!(client, Heartbeat, 4, request).error_code
}

async fn state(broker: &Broker) -> (String, usize) {
    let mut client = Client::connect(broker).await;
    let asked = DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g"))]);
    let found = ask!(client, DescribeGroups, 5, asked).groups[0].clone();
    (found.group_state.to_string(), found.members.len())
}

/// One member, in generation 1, stable.
async fn settled(broker: &Broker) -> String {
    let id = new_id(broker).await;
    let joined = joining(broker, &id).await.await.unwrap();
    assert_eq!((joined.error_code, joined.generation_id, &*joined.leader), (0, 1, id.as_str()));
    assert_eq!(&joined.members[0].metadata[..], b"wants");
    let mut client = Client::connect(broker).await;
    let synced = ask!(client, SyncGroup, 5, sync_request(&id, 1, &[(&id, "all")]));
    assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"all"[..]));
    id
}

#[tokio::test]
async fn three_members_rebalance_together() {
    let (broker, _) = still_broker().await;
    let first = settled(&broker).await;
    let (second, third) = (new_id(&broker).await, new_id(&broker).await);
    let joins = [joining(&broker, &second).await, joining(&broker, &third).await];
    assert_eq!(heartbeat(&broker, &first, 1).await, ResponseError::RebalanceInProgress.code());
    assert_eq!(state(&broker).await, ("PreparingRebalance".to_owned(), 3));
    let led = joining(&broker, &first).await.await.unwrap();
    assert_eq!((led.generation_id, led.members.len(), &*led.leader), (2, 3, first.as_str()));
    for join in joins {
        let joined = join.await.unwrap();
        assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 2, 0));
    }
    let mut waiting = Client::connect(&broker).await;
    waiting.send(ApiKey::SyncGroup, 5, &RequestKind::SyncGroup(sync_request(&second, 2, &[]))).await;
    let mut client = Client::connect(&broker).await;
    let stale = ask!(client, SyncGroup, 5, sync_request(&third, 1, &[])).error_code;
    assert_eq!(stale, ResponseError::IllegalGeneration.code());
    let given = [(first.as_str(), "p0"), (second.as_str(), "p1"), (third.as_str(), "p2")];
    assert_eq!(&ask!(client, SyncGroup, 5, sync_request(&first, 2, &given)).assignment[..], b"p0");
    assert_eq!(&ask!(client, SyncGroup, 5, sync_request(&third, 2, &[])).assignment[..], b"p2");
    let second_gets = waiting.frame().await.unwrap();
    assert!(second_gets.windows(2).any(|bytes| bytes == b"p1"));
    assert_eq!(state(&broker).await, ("Stable".to_owned(), 3));
    assert_eq!(heartbeat(&broker, &second, 2).await, 0);
    assert_eq!(heartbeat(&broker, "nobody", 2).await, ResponseError::UnknownMemberId.code());
}

async fn pass(broker: &Broker, clock: &Clock, ms: u64) {
    clock.advance(Duration::from_millis(ms));
    broker.tick();
}

#[tokio::test]
async fn a_silent_member_is_removed_after_its_session() {
    let (broker, clock) = still_broker().await;
    let id = settled(&broker).await;
    pass(&broker, &clock, 9_999).await;
    assert_eq!(heartbeat(&broker, &id, 1).await, 0);
    pass(&broker, &clock, 9_999).await;
    assert_eq!(state(&broker).await, ("Stable".to_owned(), 1));
    pass(&broker, &clock, 1).await;
    assert_eq!(state(&broker).await, ("Empty".to_owned(), 0));
    assert_eq!(heartbeat(&broker, &id, 1).await, ResponseError::UnknownMemberId.code());
}

#[tokio::test]
async fn who_does_not_rejoin_in_time_is_left_behind() {
    let (broker, clock) = still_broker().await;
    let first = settled(&broker).await;
    let second = new_id(&broker).await;
    let join = joining(&broker, &second).await;
    for _ in 0..12 {
        assert_eq!(heartbeat(&broker, &first, 1).await, ResponseError::RebalanceInProgress.code());
        pass(&broker, &clock, 5_000).await;
    }
    let joined = join.await.unwrap();
    assert_eq!((joined.generation_id, &*joined.leader, joined.members.len()), (2, second.as_str(), 1));
    assert_eq!(heartbeat(&broker, &first, 1).await, ResponseError::UnknownMemberId.code());
}

#[tokio::test]
async fn a_leader_that_never_assigns_is_removed() {
    let (broker, clock) = still_broker().await;
    let id = new_id(&broker).await;
    assert_eq!(joining(&broker, &id).await.await.unwrap().generation_id, 1);
    for _ in 0..12 {
        assert_eq!(heartbeat(&broker, &id, 1).await, 0);
        pass(&broker, &clock, 5_000).await;
    }
    assert_eq!(state(&broker).await, ("Empty".to_owned(), 0));
}

#[tokio::test]
async fn a_new_group_waits_for_more_members() {
    let (broker, clock) = still_broker().await;
    let slow = whither::demo::broker::Options {
        clock: clock.clone(),
        tick_interval_ms: 0,
        initial_rebalance_delay_ms: 3_000,
        ..Default::default()
    };
    drop(broker);
    let broker = Broker::start(slow).await.unwrap();
    let first = new_id(&broker).await;
    let join = joining(&broker, &first).await;
    pass(&broker, &clock, 2_000).await;
    let second = new_id(&broker).await;
    let other = joining(&broker, &second).await;
    pass(&broker, &clock, 1_000).await;
    assert_eq!(state(&broker).await.0, "PreparingRebalance", "the second one prolonged the wait");
    pass(&broker, &clock, 3_000).await;
    assert_eq!((join.await.unwrap().generation_id, other.await.unwrap().generation_id), (1, 1));
}

#[tokio::test]
async fn a_static_member_keeps_its_seat_and_fences_its_past() {
    let (broker, clock) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    let joined = ask!(client, JoinGroup, 9, join_request("", Some("pod-0")));
    let old = joined.member_id.to_string();
    let mut sync = sync_request(&old, 1, &[(&old, "all")]);
    sync.group_instance_id = Some(text("pod-0"));
    ask!(client, SyncGroup, 5, sync);
    pass(&broker, &clock, 5_000).await;
    let again = ask!(client, JoinGroup, 9, join_request("", Some("pod-0")));
    assert_eq!((again.error_code, again.generation_id, again.skip_assignment), (0, 1, true));
    assert_ne!(*again.member_id, *old);
    let synced = ask!(client, SyncGroup, 5, sync_request(&again.member_id, 1, &[]));
    assert_eq!(&synced.assignment[..], b"all");
    let request = HeartbeatRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id(1)
        .with_member_id(text(&old))
        .with_group_instance_id(Some(text("pod-0")));
    assert_eq!(ask!(client, Heartbeat, 4, request).error_code, ResponseError::FencedInstanceId.code());
    let by_instance = MemberIdentity::default().with_group_instance_id(Some(text("pod-0")));
    let leave =
        LeaveGroupRequest::default().with_group_id(GroupId(text("g"))).with_members(vec![by_instance]);
    assert_eq!(ask!(client, LeaveGroup, 5, leave).members[0].error_code, 0);
    assert_eq!(state(&broker).await, ("Empty".to_owned(), 0));
}

/// Fields that only some versions have must not be set in the others.
#[tokio::test]
async fn every_version_goes_the_whole_way() {
    for version in 0..=9i16 {
        let (broker, _) = still_broker().await;
        let mut client = Client::connect(&broker).await;
        let mut request = join_request("", None);
        if version == 0 {
            request.rebalance_timeout_ms = -1;
        }
        let mut joined = ask!(client, JoinGroup, version, request.clone());
        if version >= 4 {
            request.member_id = joined.member_id;
            joined = ask!(client, JoinGroup, version, request);
        }
        assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 1, 1), "v{version}");
        let id = joined.member_id.to_string();
        let sync = sync_request(&id, 1, &[(&id, "all")]).with_protocol_type(None).with_protocol_name(None);
        let sync_version = version.min(5);
        assert_eq!(&ask!(client, SyncGroup, sync_version, sync).assignment[..], b"all");
        let asked = || DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g"))]);
        let described = ask!(client, DescribeGroups, version.min(6), asked()).groups[0].clone();
        assert_eq!(
            (&*described.group_state, &*described.protocol_data, described.members.len()),
            ("Stable", "range", 1)
        );
        let listed = ask!(client, ListGroups, version.min(5), ListGroupsRequest::default()).groups;
        assert_eq!(&*listed[0].protocol_type, "consumer");
        let leave = LeaveGroupRequest::default().with_group_id(GroupId(text("g")));
        let leave = if version < 3 {
            leave.with_member_id(text(&id))
        } else {
            leave.with_members(vec![MemberIdentity::default().with_member_id(text(&id))])
        };
        assert_eq!(ask!(client, LeaveGroup, version.min(5), leave).error_code, 0);
        assert_eq!(ask!(client, DescribeGroups, version.min(6), asked()).groups[0].members.len(), 0);
    }
}

#[tokio::test]
async fn joining_is_refused_for_reasons() {
    let (broker, _) = still_broker().await;
    let mut client = Client::connect(&broker).await;
    let mut refused = Vec::new();
    let request = join_request("", None);
    refused.push(ask!(client, JoinGroup, 9, request.clone().with_group_id(GroupId(text("")))).error_code);
    refused.push(ask!(client, JoinGroup, 9, request.clone().with_session_timeout_ms(1)).error_code);
    refused.push(ask!(client, JoinGroup, 9, request.clone().with_protocols(Vec::new())).error_code);
    refused.push(ask!(client, JoinGroup, 9, join_request("made-up", None)).error_code);
    settled(&broker).await;
    let mut other = request.clone();
    other.protocols[0].name = text("sticky");
    refused.push(ask!(client, JoinGroup, 9, other).error_code);
    refused.push(ask!(client, JoinGroup, 9, request.with_protocol_type(text("connect"))).error_code);
    let expected = [
        ResponseError::InvalidGroupId,
        ResponseError::InvalidSessionTimeout,
        ResponseError::InconsistentGroupProtocol,
        ResponseError::UnknownMemberId,
        ResponseError::InconsistentGroupProtocol,
        ResponseError::InconsistentGroupProtocol,
    ];
    assert_eq!(refused, expected.map(|error| error.code()));
}

fn commit_request(member: &str, generation: i32, offset: i64) -> OffsetCommitRequest {
    let position =
        OffsetCommitRequestPartition::default().with_committed_offset(offset).with_committed_leader_epoch(-1);
    let topic =
        OffsetCommitRequestTopic::default().with_name(TopicName(text("t"))).with_partitions(vec![position]);
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![topic])
}

async fn commit(client: &mut Client, member: &str, generation: i32, offset: i64) -> i16 {
    ask!(client, OffsetCommit, 9, commit_request(member, generation, offset)).topics[0].partitions[0]
        .error_code
}

async fn committed(client: &mut Client) -> i64 {
    let group = OffsetFetchRequestGroup::default().with_group_id(GroupId(text("g"))).with_topics(None);
    let answer = ask!(client, OffsetFetch, 9, OffsetFetchRequest::default().with_groups(vec![group]));
    answer.groups[0].topics.first().map_or(-1, |topic| topic.partitions[0].committed_offset)
}

#[tokio::test]
async fn commits_are_taken_from_members_and_from_nobody_in_an_empty_group() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut client = Client::connect(&broker).await;
    assert_eq!(commit(&mut client, "", -1, 3).await, 0);
    assert_eq!(commit(&mut client, "x", 5, 3).await, ResponseError::UnknownMemberId.code());
    let id = settled(&broker).await;
    assert_eq!(commit(&mut client, &id, 1, 4).await, 0);
    assert_eq!(commit(&mut client, &id, 2, 5).await, ResponseError::IllegalGeneration.code());
    assert_eq!(commit(&mut client, "", -1, 6).await, ResponseError::UnknownMemberId.code());
    assert_eq!(
        broker.faults().reset_offset("g", "t", 0, 0).await.unwrap_err().error,
        ResponseError::UnknownMemberId
    );
    assert_eq!(committed(&mut client).await, 4);
    assert!(broker.faults().expire_member("g", &id));
    broker.faults().reset_offset("g", "t", 0, 1).await.unwrap();
    assert_eq!(committed(&mut client).await, 1);
    assert_eq!(broker.faults().reset_offset("g", "none", 0, 1).await.unwrap_err().code(), 3);
}

/// Keys and values of all records of all partitions of `__consumer_offsets`, partition by partition.
async fn written(broker: &Broker) -> Vec<Record> {
    let mut client = Client::connect(broker).await;
    let mut all = Vec::new();
    for partition in 0..4 {
        let mut request: FetchRequest = crate::records::fetch_request("__consumer_offsets", 0, 0);
        request.topics[0].partitions[0].partition = partition;
        let data = ask!(client, Fetch, 12, request).responses[0].partitions[0].clone();
        all.extend(records(&data));
    }
    all
}

/// (type, is a tombstone) of each.
fn kinds(records: &[Record]) -> Vec<(u8, bool)> {
    records.iter().map(|record| (record.key.as_ref().unwrap()[1], record.value.is_none())).collect()
}

#[tokio::test]
async fn expiry_and_deletion_leave_tombstones() {
    let (broker, clock) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut client = Client::connect(&broker).await;
    let id = settled(&broker).await;
    commit(&mut client, &id, 1, 4).await;
    broker.faults().expire_member("g", &id);
    let life = [(2, false), (2, false), (1, false), (2, false)];
    assert_eq!(kinds(&written(&broker).await), life);
    pass(&broker, &clock, 7 * 24 * 3_600_000 - 1).await;
    assert_eq!(kinds(&written(&broker).await), life);
    pass(&broker, &clock, 600_001).await;
    assert_eq!(kinds(&written(&broker).await)[4..], [(1, true), (2, true)]);
    assert_eq!(committed(&mut client).await, -1);
    assert!(ask!(client, ListGroups, 5, ListGroupsRequest::default()).groups.is_empty());
}

#[tokio::test]
async fn deleting_a_topic_takes_its_positions_along() {
    let (broker, clock) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    broker.faults().reset_offset("g", "t", 0, 0).await.unwrap();
    assert!(broker.faults().recreate_topic("t"));
    assert_eq!(kinds(&written(&broker).await), [(1, false), (1, true)]);
    pass(&broker, &clock, 600_000).await;
    assert_eq!(kinds(&written(&broker).await), [(1, false), (1, true), (2, true)], "an empty group goes");
}

#[tokio::test]
async fn positions_in_use_are_not_deleted() {
    let (broker, _) = still_broker().await;
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut client = Client::connect(&broker).await;
    let handle: Handle = broker.handle();
    let mut member = handle.consumer("g", &["t"]);
    member.poll(1, Duration::from_millis(1)).await.unwrap();
    member.commit().await.unwrap();
    let request = || {
        let partition = OffsetDeleteRequestPartition::default();
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(TopicName(text("t")))
            .with_partitions(vec![partition]);
        OffsetDeleteRequest::default().with_group_id(GroupId(text("g"))).with_topics(vec![topic])
    };
    let refused = ask!(client, OffsetDelete, 0, request()).topics[0].partitions[0].error_code;
    assert_eq!(refused, ResponseError::GroupSubscribedToTopic.code());
    member.leave().await.unwrap();
    assert_eq!(ask!(client, OffsetDelete, 0, request()).topics[0].partitions[0].error_code, 0);
    assert_eq!(committed(&mut client).await, -1);
    assert!(records(&fetch(&mut client, "t", 0, 0).await).is_empty());
}
