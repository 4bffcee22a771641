//! One answer to every request in every version that is sent, each list with two elements.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, BrokerId, ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse, DescribeClusterRequest, DescribeClusterResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, DescribeGroupsRequest, DescribeGroupsResponse, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeProducersRequest, DescribeProducersResponse,
    DescribeTransactionsRequest, DescribeTransactionsResponse, FetchRequest, FetchResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, GroupId, ListGroupsRequest, ListGroupsResponse,
    ListOffsetsRequest, ListOffsetsResponse, ListTransactionsRequest, ListTransactionsResponse,
    MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ProducerId, ResponseHeader, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse, ShareGroupDescribeRequest,
    ShareGroupDescribeResponse, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use uuid::Uuid;

use crate::ReadOnly;
use crate::messages::share_group_offsets::{self, DescribeShareGroupOffsetsRequest};
use crate::messages::streams_group_describe::{self, StreamsGroupDescribeRequest};

type Decode = fn(i16, i16, Bytes) -> Result<(), String>;

pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) key: i16,
    pub(super) version: i16,
    pub(super) frame: Bytes,
    pub(super) decode: Decode,
}

pub(super) fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    of::<ApiVersionsRequest>(&mut all, |_| api_versions());
    of::<MetadataRequest>(&mut all, metadata);
    of::<ListOffsetsRequest>(&mut all, |_| list_offsets());
    of::<FetchRequest>(&mut all, fetch);
    of::<OffsetForLeaderEpochRequest>(&mut all, |_| epochs());
    of::<FindCoordinatorRequest>(&mut all, find_coordinator);
    of::<ListGroupsRequest>(&mut all, list_groups);
    of::<DescribeGroupsRequest>(&mut all, |_| describe_groups());
    of::<ConsumerGroupDescribeRequest>(&mut all, |_| consumer_groups());
    of::<ShareGroupDescribeRequest>(&mut all, |_| share_groups());
    of::<StreamsGroupDescribeRequest>(&mut all, |_| streams_groups());
    of::<DescribeShareGroupOffsetsRequest>(&mut all, |_| share_offsets());
    of::<OffsetFetchRequest>(&mut all, offset_fetch);
    of::<DescribeClusterRequest>(&mut all, |_| describe_cluster());
    of::<DescribeConfigsRequest>(&mut all, |_| describe_configs());
    of::<DescribeProducersRequest>(&mut all, |_| describe_producers());
    of::<ListTransactionsRequest>(&mut all, |_| list_transactions());
    of::<DescribeTransactionsRequest>(&mut all, |_| describe_transactions());
    of::<DescribeLogDirsRequest>(&mut all, log_dirs);
    let handshake =
        SaslHandshakeResponse::default().with_mechanisms(vec![text("PLAIN"), text("SCRAM-SHA-256")]);
    all.push(sample::<SaslHandshakeRequest>("SaslHandshake", 1, &handshake));
    let authenticate = SaslAuthenticateResponse::default()
        .with_error_message(Some(text("no")))
        .with_auth_bytes(Bytes::from_static(b"v=x"))
        .with_session_lifetime_ms(7);
    all.push(sample::<SaslAuthenticateRequest>("SaslAuthenticate", 2, &authenticate));
    all
}

fn of<R: ReadOnly>(all: &mut Vec<Sample>, answer: impl Fn(i16) -> R::Response) {
    for version in R::LOWEST..=R::HIGHEST {
        all.push(sample::<R>(R::NAME, version, &answer(version)));
    }
}

fn sample<R: Request>(name: &'static str, version: i16, answer: &R::Response) -> Sample {
    let mut frame = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(7);
    header.encode(&mut frame, R::Response::header_version(version)).unwrap();
    answer.encode(&mut frame, version).unwrap_or_else(|e| panic!("{name} v{version}: {e}"));
    Sample { name, key: R::KEY, version, frame: frame.freeze(), decode: decode::<R::Response> }
}

fn decode<T: Decodable + HeaderVersion>(key: i16, version: i16, frame: Bytes) -> Result<(), String> {
    super::super::decode::<T>(key, version, frame).map(drop)
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text("orders"))
}

fn twice<T: Clone>(one: T) -> Vec<T> {
    vec![one.clone(), one]
}

fn api_versions() -> ApiVersionsResponse {
    use kafka_protocol::messages::api_versions_response::*;
    ApiVersionsResponse::default()
        .with_api_keys(twice(ApiVersion::default().with_max_version(9)))
        .with_supported_features(twice(SupportedFeatureKey::default().with_name(text("a"))))
        .with_finalized_features_epoch(5)
        .with_finalized_features(twice(FinalizedFeatureKey::default().with_name(text("b"))))
        .with_zk_migration_ready(true)
}

fn metadata(version: i16) -> MetadataResponse {
    use kafka_protocol::messages::metadata_response::*;
    let partition = MetadataResponsePartition::default()
        .with_leader_id(BrokerId(1))
        .with_replica_nodes(twice(BrokerId(1)))
        .with_isr_nodes(twice(BrokerId(2)))
        .with_offline_replicas(twice(BrokerId(3)));
    let mut one = MetadataResponseTopic::default().with_name(Some(topic())).with_partitions(twice(partition));
    if version >= 10 {
        one = one.with_topic_id(Uuid::from_u128(9));
    }
    let broker =
        MetadataResponseBroker::default().with_host(text("h")).with_port(9092).with_rack(Some(text("r")));
    MetadataResponse::default()
        .with_brokers(twice(broker))
        .with_cluster_id(Some(text("c")))
        .with_topics(twice(one))
}

fn list_offsets() -> ListOffsetsResponse {
    use kafka_protocol::messages::list_offsets_response::*;
    let partition = ListOffsetsPartitionResponse::default().with_offset(9);
    let one = ListOffsetsTopicResponse::default().with_name(topic()).with_partitions(twice(partition));
    ListOffsetsResponse::default().with_topics(twice(one))
}

fn fetch(version: i16) -> FetchResponse {
    use kafka_protocol::messages::fetch_response::*;
    let partition = PartitionData::default()
        .with_high_watermark(9)
        .with_aborted_transactions(Some(twice(AbortedTransaction::default().with_first_offset(3))))
        .with_diverging_epoch(EpochEndOffset::default().with_epoch(4))
        .with_current_leader(LeaderIdAndEpoch::default().with_leader_id(BrokerId(3)))
        .with_snapshot_id(SnapshotId::default().with_epoch(2))
        .with_records(Some(Bytes::from_static(&[7; 300])));
    let mut one = FetchableTopicResponse::default().with_partitions(twice(partition));
    one = if version >= 13 { one.with_topic_id(Uuid::from_u128(9)) } else { one.with_topic(topic()) };
    FetchResponse::default().with_responses(twice(one))
}

fn epochs() -> OffsetForLeaderEpochResponse {
    use kafka_protocol::messages::offset_for_leader_epoch_response::*;
    let one = OffsetForLeaderTopicResult::default()
        .with_topic(topic())
        .with_partitions(twice(EpochEndOffset::default().with_end_offset(9)));
    OffsetForLeaderEpochResponse::default().with_topics(twice(one))
}

fn find_coordinator(version: i16) -> FindCoordinatorResponse {
    use kafka_protocol::messages::find_coordinator_response::*;
    if version < 4 {
        return FindCoordinatorResponse::default().with_host(text("h")).with_error_message(Some(text("e")));
    }
    let one = Coordinator::default().with_key(text("g")).with_host(text("h"));
    FindCoordinatorResponse::default().with_coordinators(twice(one))
}

fn list_groups(version: i16) -> ListGroupsResponse {
    use kafka_protocol::messages::list_groups_response::*;
    let mut one =
        ListedGroup::default().with_group_id(GroupId(text("g"))).with_protocol_type(text("consumer"));
    if version >= 4 {
        one = one.with_group_state(text("Stable"));
    }
    if version >= 5 {
        one = one.with_group_type(text("classic"));
    }
    ListGroupsResponse::default().with_groups(twice(one))
}

fn describe_groups() -> DescribeGroupsResponse {
    use kafka_protocol::messages::describe_groups_response::*;
    let member = DescribedGroupMember::default()
        .with_member_id(text("m"))
        .with_group_instance_id(Some(text("i")))
        .with_member_metadata(Bytes::from_static(&[1; 200]))
        .with_member_assignment(Bytes::from_static(&[2; 3]));
    let one = DescribedGroup::default().with_group_id(GroupId(text("g"))).with_members(twice(member));
    DescribeGroupsResponse::default().with_groups(twice(one))
}

fn consumer_groups() -> ConsumerGroupDescribeResponse {
    use kafka_protocol::messages::consumer_group_describe_response::*;
    let partitions = TopicPartitions::default().with_topic_name(topic()).with_partitions(vec![1, 2, 3]);
    let assignment = Assignment::default().with_topic_partitions(twice(partitions));
    let member = Member::default()
        .with_member_id(text("m"))
        .with_subscribed_topic_names(twice(topic()))
        .with_subscribed_topic_regex(Some(text("o.*")))
        .with_assignment(assignment.clone())
        .with_target_assignment(assignment);
    let one = DescribedGroup::default().with_group_id(GroupId(text("g"))).with_members(twice(member));
    ConsumerGroupDescribeResponse::default().with_groups(twice(one))
}

fn share_groups() -> ShareGroupDescribeResponse {
    use kafka_protocol::messages::share_group_describe_response::*;
    let partitions = TopicPartitions::default().with_topic_name(topic()).with_partitions(vec![1, 2, 3]);
    let assignment = Assignment::default().with_topic_partitions(twice(partitions));
    let member = Member::default()
        .with_member_id(text("m"))
        .with_subscribed_topic_names(twice(topic()))
        .with_assignment(assignment);
    let one = DescribedGroup::default().with_group_id(GroupId(text("g"))).with_members(twice(member));
    ShareGroupDescribeResponse::default().with_groups(twice(one))
}

/// One group with a topology and one without.
fn streams_groups() -> streams_group_describe::StreamsGroupDescribeResponse {
    use streams_group_describe::*;
    let pair = KeyValue { key: text("k"), value: text("v") };
    let info = TopicInfo { name: text("t"), topic_configs: twice(pair.clone()), ..TopicInfo::default() };
    let subtopology = Subtopology {
        subtopology_id: text("0"),
        source_topics: twice(text("orders")),
        repartition_sink_topics: twice(text("r")),
        state_changelog_topics: twice(info.clone()),
        repartition_source_topics: twice(info),
    };
    let tasks = twice(Tasks { subtopology_id: text("0"), partitions: vec![1, 2, 3] });
    let assignment =
        Assignment { active_tasks: tasks.clone(), standby_tasks: tasks.clone(), warmup_tasks: tasks };
    let member = StreamsMember {
        member_id: text("m"),
        rack_id: Some(text("r")),
        user_endpoint: Some(Endpoint { host: text("h"), port: 9 }),
        client_tags: twice(pair),
        task_offsets: twice(TaskOffset { subtopology_id: text("0"), partition: 1, offset: 9 }),
        assignment: assignment.clone(),
        target_assignment: assignment,
        ..StreamsMember::default()
    };
    let without = StreamsGroup { group_id: text("g"), members: twice(member), ..StreamsGroup::default() };
    let topology = Topology { epoch: 1, subtopologies: twice(subtopology) };
    let with = StreamsGroup { topology: Some(topology), ..without.clone() };
    StreamsGroupDescribeResponse { groups: vec![with, without], ..StreamsGroupDescribeResponse::default() }
}

fn share_offsets() -> share_group_offsets::DescribeShareGroupOffsetsResponse {
    use share_group_offsets::*;
    let partition = SharePartition { start_offset: 9, lag: 3, ..SharePartition::default() };
    let one = ShareTopic { topic_name: text("t"), partitions: twice(partition), ..ShareTopic::default() };
    let group = SharedGroup { group_id: text("g"), topics: twice(one), ..SharedGroup::default() };
    DescribeShareGroupOffsetsResponse { groups: twice(group), ..DescribeShareGroupOffsetsResponse::default() }
}

fn offset_fetch(version: i16) -> OffsetFetchResponse {
    use kafka_protocol::messages::offset_fetch_response::*;
    if version < 8 {
        let partition =
            OffsetFetchResponsePartition::default().with_committed_offset(9).with_metadata(Some(text("m")));
        let one = OffsetFetchResponseTopic::default().with_name(topic()).with_partitions(twice(partition));
        return OffsetFetchResponse::default().with_topics(twice(one));
    }
    let partition =
        OffsetFetchResponsePartitions::default().with_committed_offset(9).with_metadata(Some(text("m")));
    let topics = OffsetFetchResponseTopics::default().with_name(topic()).with_partitions(twice(partition));
    let one =
        OffsetFetchResponseGroup::default().with_group_id(GroupId(text("g"))).with_topics(twice(topics));
    OffsetFetchResponse::default().with_groups(twice(one))
}

fn describe_cluster() -> DescribeClusterResponse {
    use kafka_protocol::messages::describe_cluster_response::*;
    let broker = DescribeClusterBroker::default().with_host(text("h")).with_rack(Some(text("r")));
    DescribeClusterResponse::default()
        .with_error_message(Some(text("e")))
        .with_cluster_id(text("c"))
        .with_brokers(twice(broker))
}

fn describe_configs() -> DescribeConfigsResponse {
    use kafka_protocol::messages::describe_configs_response::*;
    let synonym = DescribeConfigsSynonym::default().with_name(text("s")).with_value(Some(text("1")));
    let config = DescribeConfigsResourceResult::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("1")))
        .with_config_source(5)
        .with_synonyms(twice(synonym))
        .with_documentation(Some(text("d")));
    let one = DescribeConfigsResult::default().with_resource_name(text("orders")).with_configs(twice(config));
    DescribeConfigsResponse::default().with_results(twice(one))
}

fn describe_producers() -> DescribeProducersResponse {
    use kafka_protocol::messages::describe_producers_response::*;
    let partition = PartitionResponse::default()
        .with_error_message(Some(text("e")))
        .with_active_producers(twice(ProducerState::default().with_producer_id(ProducerId(4))));
    let one = TopicResponse::default().with_name(topic()).with_partitions(twice(partition));
    DescribeProducersResponse::default().with_topics(twice(one))
}

fn list_transactions() -> ListTransactionsResponse {
    use kafka_protocol::messages::list_transactions_response::*;
    let one = TransactionState::default()
        .with_transactional_id(TransactionalId(text("t")))
        .with_transaction_state(text("Ongoing"));
    ListTransactionsResponse::default()
        .with_unknown_state_filters(twice(text("u")))
        .with_transaction_states(twice(one))
}

fn describe_transactions() -> DescribeTransactionsResponse {
    use kafka_protocol::messages::describe_transactions_response::*;
    let topics = TopicData::default().with_topic(topic()).with_partitions(vec![1, 2]);
    let one = TransactionState::default()
        .with_transactional_id(TransactionalId(text("t")))
        .with_transaction_state(text("Ongoing"))
        .with_topics(twice(topics));
    DescribeTransactionsResponse::default().with_transaction_states(twice(one))
}

fn log_dirs(version: i16) -> DescribeLogDirsResponse {
    use kafka_protocol::messages::describe_log_dirs_response::*;
    let partition = DescribeLogDirsPartition::default().with_partition_size(9);
    let topics = DescribeLogDirsTopic::default().with_name(topic()).with_partitions(twice(partition));
    let mut one = DescribeLogDirsResult::default().with_log_dir(text("/d")).with_topics(twice(topics));
    if version >= 4 {
        one = one.with_total_bytes(1).with_usable_bytes(2);
    }
    DescribeLogDirsResponse::default().with_results(twice(one))
}
