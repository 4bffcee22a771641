//! Metadata and DescribeCluster.
use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, MetadataRequest, MetadataResponse, TopicName,
};
use uuid::Uuid;

use super::super::configs::TopicConfigs;
use super::super::log::Log;
use super::super::state::{NODE_ID, State};
use super::super::topics::Topic;
use super::{NO_OPERATIONS, text};

/// EndpointType of brokers in DescribeCluster.
const BROKERS: i8 = 1;

impl State {
    pub(crate) fn metadata(&mut self, request: &MetadataRequest, version: i16) -> MetadataResponse {
        let asked = request.topics.as_ref().filter(|topics| version > 0 || !topics.is_empty());
        let topics = match asked {
            None => self.topics.all().map(describe).collect(),
            Some(asked) => {
                let create = version < 4 || request.allow_auto_topic_creation;
                asked.iter().map(|topic| self.metadata_of(topic, create)).collect()
            }
        };
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(NODE_ID))
            .with_host(text(&self.address.ip().to_string()))
            .with_port(i32::from(self.address.port()));
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_cluster_id(Some(text(&self.cluster_id)))
            .with_controller_id(BrokerId(NODE_ID))
            .with_topics(topics)
    }

    fn metadata_of(&mut self, asked: &MetadataRequestTopic, create: bool) -> MetadataResponseTopic {
        let Some(name) = asked.name.as_ref().filter(|_| asked.topic_id.is_nil()) else {
            let unknown = || missing(None, asked.topic_id, ResponseError::UnknownTopicId);
            return self.topics.by_id(asked.topic_id).map_or_else(unknown, describe);
        };
        if self.topics.get(name).is_none() && create && self.options.auto_create_topics {
            let partitions = self.options.default_partitions;
            if let Err(refused) = self.create_topic(name, partitions, TopicConfigs::default()) {
                return missing(Some(name), Uuid::nil(), refused.error);
            }
        }
        let unknown = || missing(Some(name), Uuid::nil(), ResponseError::UnknownTopicOrPartition);
        self.topics.get(name).map_or_else(unknown, describe)
    }

    pub(crate) fn describe_cluster(
        &self,
        request: &DescribeClusterRequest,
        version: i16,
    ) -> DescribeClusterResponse {
        let response = DescribeClusterResponse::default()
            .with_cluster_id(text(&self.cluster_id))
            .with_cluster_authorized_operations(NO_OPERATIONS);
        if version >= 1 && request.endpoint_type != BROKERS {
            return response
                .with_error_code(ResponseError::MismatchedEndpointType.code())
                .with_error_message(Some(text("This is a demo broker; it has no controller endpoint.")));
        }
        let broker = DescribeClusterBroker::default()
            .with_broker_id(BrokerId(NODE_ID))
            .with_host(text(&self.address.ip().to_string()))
            .with_port(i32::from(self.address.port()));
        response.with_controller_id(BrokerId(NODE_ID)).with_brokers(vec![broker])
    }
}

fn missing(name: Option<&TopicName>, id: Uuid, error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(name.cloned())
        .with_topic_id(id)
        .with_topic_authorized_operations(NO_OPERATIONS)
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(text(&topic.name))))
        .with_topic_id(topic.id)
        .with_is_internal(topic.is_internal())
        .with_partitions(topic.numbered().map(|(index, log)| describe_partition(index, log)).collect())
        .with_topic_authorized_operations(NO_OPERATIONS)
}

fn describe_partition(index: i32, log: &Log) -> MetadataResponsePartition {
    MetadataResponsePartition::default()
        .with_partition_index(index)
        .with_leader_id(BrokerId(NODE_ID))
        .with_leader_epoch(log.leader_epoch())
        .with_replica_nodes(vec![BrokerId(NODE_ID)])
        .with_isr_nodes(vec![BrokerId(NODE_ID)])
}
