//! A request of each kind with something in every field that a version has.
use bytes::Bytes;
use kafka_protocol::messages::{
    self as all, ApiKey, BrokerId, GroupId, ProducerId, RequestKind, TopicName, TransactionalId,
};
use uuid::Uuid;

use crate::client::text;

fn topic() -> TopicName {
    TopicName(text("filled"))
}

fn group() -> GroupId {
    GroupId(text("filled"))
}

fn transaction() -> TransactionalId {
    TransactionalId(text("filled"))
}

/// The request `key` as version `version` can carry it; `None` if these tests do not know it.
pub(crate) fn filled(key: ApiKey, version: i16) -> Option<RequestKind> {
    let request = match key {
        ApiKey::Produce => RequestKind::Produce(produce()),
        ApiKey::Fetch => RequestKind::Fetch(fetch(version)),
        ApiKey::ListOffsets => RequestKind::ListOffsets(list_offsets()),
        ApiKey::Metadata => {
            let named = all::metadata_request::MetadataRequestTopic::default().with_name(Some(topic()));
            RequestKind::Metadata(
                all::MetadataRequest::default().with_topics(Some(vec![named.clone(), named])),
            )
        }
        ApiKey::CreateTopics => RequestKind::CreateTopics(create_topics()),
        ApiKey::DeleteTopics => RequestKind::DeleteTopics(delete_topics(version)),
        ApiKey::DeleteRecords => RequestKind::DeleteRecords(delete_records()),
        ApiKey::CreatePartitions => RequestKind::CreatePartitions(create_partitions()),
        ApiKey::OffsetForLeaderEpoch => RequestKind::OffsetForLeaderEpoch(leader_epochs()),
        ApiKey::DescribeLogDirs => {
            let asked = all::describe_log_dirs_request::DescribableLogDirTopic::default()
                .with_topic(topic())
                .with_partitions(vec![0, 1]);
            RequestKind::DescribeLogDirs(
                all::DescribeLogDirsRequest::default().with_topics(Some(vec![asked])),
            )
        }
        ApiKey::DescribeProducers => {
            let asked = all::describe_producers_request::TopicRequest::default()
                .with_name(topic())
                .with_partition_indexes(vec![0]);
            RequestKind::DescribeProducers(all::DescribeProducersRequest::default().with_topics(vec![asked]))
        }
        ApiKey::ApiVersions => {
            let asked = all::ApiVersionsRequest::default();
            let name = |filled: bool| text(if filled { "test" } else { "" });
            RequestKind::ApiVersions(
                asked
                    .with_client_software_name(name(version >= 3))
                    .with_client_software_version(name(version >= 3)),
            )
        }
        ApiKey::DescribeCluster => {
            RequestKind::DescribeCluster(all::DescribeClusterRequest::default().with_endpoint_type(1))
        }
        _ => {
            return of_configs(key)
                .or_else(|| of_groups(key, version))
                .or_else(|| of_transactions(key, version));
        }
    };
    Some(request)
}

fn of_configs(key: ApiKey) -> Option<RequestKind> {
    use kafka_protocol::messages::{
        alter_configs_request as alter, describe_configs_request as describe,
        incremental_alter_configs_request as change,
    };
    let request = match key {
        ApiKey::DescribeConfigs => {
            let asked = describe::DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("filled"))
                .with_configuration_keys(Some(vec![text("retention.ms")]));
            let request = all::DescribeConfigsRequest::default().with_resources(vec![asked]);
            RequestKind::DescribeConfigs(request.with_include_synonyms(true))
        }
        ApiKey::AlterConfigs => {
            let config = alter::AlterableConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("-1")));
            let asked = alter::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("filled"))
                .with_configs(vec![config]);
            RequestKind::AlterConfigs(all::AlterConfigsRequest::default().with_resources(vec![asked]))
        }
        ApiKey::IncrementalAlterConfigs => {
            let config = change::AlterableConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("-1")));
            let asked = change::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("filled"))
                .with_configs(vec![config]);
            RequestKind::IncrementalAlterConfigs(
                all::IncrementalAlterConfigsRequest::default().with_resources(vec![asked]),
            )
        }
        _ => return None,
    };
    Some(request)
}

fn of_groups(key: ApiKey, version: i16) -> Option<RequestKind> {
    let request = match key {
        ApiKey::FindCoordinator if version < 4 => {
            RequestKind::FindCoordinator(all::FindCoordinatorRequest::default().with_key(text("filled")))
        }
        ApiKey::FindCoordinator => RequestKind::FindCoordinator(
            all::FindCoordinatorRequest::default().with_coordinator_keys(vec![text("a"), text("b")]),
        ),
        ApiKey::JoinGroup => {
            let protocol = all::join_group_request::JoinGroupRequestProtocol::default()
                .with_name(text("range"))
                .with_metadata(Bytes::from_static(b"m"));
            let request = all::JoinGroupRequest::default()
                .with_group_id(group())
                .with_session_timeout_ms(10_000)
                .with_member_id(text("not-there"))
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![protocol.clone(), protocol]);
            RequestKind::JoinGroup(request)
        }
        ApiKey::SyncGroup => {
            let assignment = all::sync_group_request::SyncGroupRequestAssignment::default()
                .with_member_id(text("m"))
                .with_assignment(Bytes::from_static(b"a"));
            let request = all::SyncGroupRequest::default()
                .with_group_id(group())
                .with_member_id(text("m"))
                .with_assignments(vec![assignment]);
            RequestKind::SyncGroup(request)
        }
        ApiKey::Heartbeat => RequestKind::Heartbeat(
            all::HeartbeatRequest::default().with_group_id(group()).with_member_id(text("m")),
        ),
        ApiKey::LeaveGroup if version < 3 => RequestKind::LeaveGroup(
            all::LeaveGroupRequest::default().with_group_id(group()).with_member_id(text("m")),
        ),
        ApiKey::LeaveGroup => {
            let member = all::leave_group_request::MemberIdentity::default().with_member_id(text("m"));
            RequestKind::LeaveGroup(
                all::LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member]),
            )
        }
        ApiKey::OffsetCommit => RequestKind::OffsetCommit(offset_commit()),
        ApiKey::OffsetFetch => RequestKind::OffsetFetch(offset_fetch(version)),
        ApiKey::OffsetDelete => {
            let partition = all::offset_delete_request::OffsetDeleteRequestPartition::default();
            let asked = all::offset_delete_request::OffsetDeleteRequestTopic::default()
                .with_name(topic())
                .with_partitions(vec![partition]);
            RequestKind::OffsetDelete(
                all::OffsetDeleteRequest::default().with_group_id(group()).with_topics(vec![asked]),
            )
        }
        ApiKey::ListGroups if version < 4 => RequestKind::ListGroups(all::ListGroupsRequest::default()),
        ApiKey::ListGroups => RequestKind::ListGroups(
            all::ListGroupsRequest::default().with_states_filter(vec![text("Stable")]),
        ),
        ApiKey::DescribeGroups => RequestKind::DescribeGroups(
            all::DescribeGroupsRequest::default().with_groups(vec![group(), group()]),
        ),
        ApiKey::DeleteGroups => {
            RequestKind::DeleteGroups(all::DeleteGroupsRequest::default().with_groups_names(vec![group()]))
        }
        _ => return None,
    };
    Some(request)
}

fn of_transactions(key: ApiKey, version: i16) -> Option<RequestKind> {
    let request = match key {
        ApiKey::InitProducerId => {
            let request = all::InitProducerIdRequest::default()
                .with_transactional_id(Some(transaction()))
                .with_transaction_timeout_ms(60_000);
            let fresh = |request: all::InitProducerIdRequest| {
                request.with_producer_id(ProducerId(-1)).with_producer_epoch(-1)
            };
            RequestKind::InitProducerId(if version >= 3 { fresh(request) } else { request })
        }
        ApiKey::AddPartitionsToTxn => {
            let asked = all::add_partitions_to_txn_request::AddPartitionsToTxnTopic::default()
                .with_name(topic())
                .with_partitions(vec![0]);
            let request =
                all::AddPartitionsToTxnRequest::default().with_v3_and_below_transactional_id(transaction());
            RequestKind::AddPartitionsToTxn(request.with_v3_and_below_topics(vec![asked]))
        }
        ApiKey::AddOffsetsToTxn => RequestKind::AddOffsetsToTxn(
            all::AddOffsetsToTxnRequest::default()
                .with_transactional_id(transaction())
                .with_group_id(group()),
        ),
        ApiKey::EndTxn => {
            RequestKind::EndTxn(all::EndTxnRequest::default().with_transactional_id(transaction()))
        }
        ApiKey::TxnOffsetCommit => {
            let partition = all::txn_offset_commit_request::TxnOffsetCommitRequestPartition::default()
                .with_committed_metadata(Some(text("m")));
            let asked = all::txn_offset_commit_request::TxnOffsetCommitRequestTopic::default()
                .with_name(topic())
                .with_partitions(vec![partition]);
            let request = all::TxnOffsetCommitRequest::default()
                .with_transactional_id(transaction())
                .with_group_id(group());
            RequestKind::TxnOffsetCommit(request.with_topics(vec![asked]))
        }
        ApiKey::ListTransactions => {
            let request = all::ListTransactionsRequest::default().with_state_filters(vec![text("Ongoing")]);
            RequestKind::ListTransactions(request.with_producer_id_filters(vec![ProducerId(1)]))
        }
        ApiKey::DescribeTransactions => RequestKind::DescribeTransactions(
            all::DescribeTransactionsRequest::default().with_transactional_ids(vec![transaction()]),
        ),
        _ => return None,
    };
    Some(request)
}

fn produce() -> all::ProduceRequest {
    let partition = all::produce_request::PartitionProduceData::default()
        .with_records(Some(Bytes::from_static(b"not a batch")));
    let asked = all::produce_request::TopicProduceData::default()
        .with_name(topic())
        .with_partition_data(vec![partition]);
    all::ProduceRequest::default().with_acks(-1).with_topic_data(vec![asked])
}

fn fetch(version: i16) -> all::FetchRequest {
    let partition = all::fetch_request::FetchPartition::default().with_partition_max_bytes(100);
    let asked = all::fetch_request::FetchTopic::default().with_partitions(vec![partition]);
    let forgotten = all::fetch_request::ForgottenTopic::default().with_partitions(vec![3]);
    let (asked, forgotten) = if version < 13 {
        (asked.with_topic(topic()), forgotten.with_topic(topic()))
    } else {
        (asked.with_topic_id(Uuid::from_u128(1)), forgotten.with_topic_id(Uuid::from_u128(1)))
    };
    let request = all::FetchRequest::default().with_max_bytes(100).with_topics(vec![asked]);
    let request = if version < 15 { request.with_replica_id(BrokerId(-1)) } else { request };
    if version < 7 { request } else { request.with_forgotten_topics_data(vec![forgotten]) }
}

fn list_offsets() -> all::ListOffsetsRequest {
    let partition = all::list_offsets_request::ListOffsetsPartition::default().with_timestamp(-1);
    let asked = all::list_offsets_request::ListOffsetsTopic::default()
        .with_name(topic())
        .with_partitions(vec![partition]);
    all::ListOffsetsRequest::default().with_topics(vec![asked])
}

fn create_topics() -> all::CreateTopicsRequest {
    use kafka_protocol::messages::create_topics_request::{
        CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
    };
    let assignment = CreatableReplicaAssignment::default().with_broker_ids(vec![BrokerId(1)]);
    let config =
        CreatableTopicConfig::default().with_name(text("retention.ms")).with_value(Some(text("1000")));
    let asked = CreatableTopic::default()
        .with_name(topic())
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_assignments(vec![assignment])
        .with_configs(vec![config]);
    all::CreateTopicsRequest::default().with_topics(vec![asked])
}

fn delete_topics(version: i16) -> all::DeleteTopicsRequest {
    let request = all::DeleteTopicsRequest::default();
    if version < 6 {
        return request.with_topic_names(vec![topic()]);
    }
    request
        .with_topics(vec![all::delete_topics_request::DeleteTopicState::default().with_name(Some(topic()))])
}

fn delete_records() -> all::DeleteRecordsRequest {
    let partition = all::delete_records_request::DeleteRecordsPartition::default();
    let asked = all::delete_records_request::DeleteRecordsTopic::default()
        .with_name(topic())
        .with_partitions(vec![partition]);
    all::DeleteRecordsRequest::default().with_topics(vec![asked])
}

fn create_partitions() -> all::CreatePartitionsRequest {
    use kafka_protocol::messages::create_partitions_request::{
        CreatePartitionsAssignment, CreatePartitionsTopic,
    };
    let assignment = CreatePartitionsAssignment::default().with_broker_ids(vec![BrokerId(1)]);
    let asked = CreatePartitionsTopic::default()
        .with_name(topic())
        .with_count(2)
        .with_assignments(Some(vec![assignment]));
    all::CreatePartitionsRequest::default().with_topics(vec![asked])
}

fn leader_epochs() -> all::OffsetForLeaderEpochRequest {
    use kafka_protocol::messages::offset_for_leader_epoch_request::{
        OffsetForLeaderPartition, OffsetForLeaderTopic,
    };
    let asked = OffsetForLeaderTopic::default()
        .with_topic(topic())
        .with_partitions(vec![OffsetForLeaderPartition::default()]);
    all::OffsetForLeaderEpochRequest::default().with_topics(vec![asked])
}

fn offset_commit() -> all::OffsetCommitRequest {
    use kafka_protocol::messages::offset_commit_request::{
        OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    };
    let partition = OffsetCommitRequestPartition::default().with_committed_metadata(Some(text("m")));
    let asked = OffsetCommitRequestTopic::default().with_name(topic()).with_partitions(vec![partition]);
    all::OffsetCommitRequest::default().with_group_id(group()).with_topics(vec![asked])
}

fn offset_fetch(version: i16) -> all::OffsetFetchRequest {
    use kafka_protocol::messages::offset_fetch_request::{
        OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    };
    if version < 8 {
        let asked = OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes(vec![0]);
        return all::OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![asked]));
    }
    let asked = OffsetFetchRequestTopics::default().with_name(topic()).with_partition_indexes(vec![0]);
    let asked = OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(Some(vec![asked]));
    all::OffsetFetchRequest::default().with_groups(vec![asked])
}
