//! What the cluster looks like.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::MetadataResponse;

/// The cluster at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metadata {
    /// The cluster's id.
    pub cluster_id: String,
    /// Brokers by id.
    pub brokers: BTreeMap<i32, BrokerAddress>,
    /// Topics by name: those that may be described.
    pub topics: BTreeMap<Arc<str>, TopicMetadata>,
    /// Topics that were asked for by name and can't be told of.
    pub refused: BTreeMap<Arc<str>, ResponseError>,
}

/// Where a broker listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerAddress {
    /// The host it advertises.
    pub host: String,
    /// The port it advertises.
    pub port: u16,
}

impl std::fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicMetadata {
    /// Its id (KIP-516), 0 where the broker tells none.
    pub id: u128,
    /// Whether Kafka keeps it for itself.
    pub internal: bool,
    /// Its partitions by index.
    pub partitions: BTreeMap<i32, PartitionMetadata>,
}

/// A partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionMetadata {
    /// The leader's id; -1 while there is none.
    pub leader: i32,
    /// The leader's epoch; -1 where the broker tells none.
    pub leader_epoch: i32,
}

impl Metadata {
    pub(crate) fn of(answer: &MetadataResponse) -> Metadata {
        let mut metadata = Metadata {
            cluster_id: answer.cluster_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..Metadata::default()
        };
        for broker in &answer.brokers {
            let address = BrokerAddress {
                host: broker.host.to_string(),
                port: u16::try_from(broker.port).unwrap_or(0),
            };
            metadata.brokers.insert(broker.node_id.0, address);
        }
        for topic in &answer.topics {
            let Some(name) = &topic.name else { continue };
            let name: Arc<str> = Arc::from(name.0.as_str());
            if let Some(code) = ResponseError::try_from_code(topic.error_code) {
                metadata.refused.insert(name, code);
                continue;
            }
            let partitions = topic.partitions.iter().map(|p| {
                let known = PartitionMetadata { leader: p.leader_id.0, leader_epoch: p.leader_epoch };
                (p.partition_index, known)
            });
            let known = TopicMetadata {
                id: topic.topic_id.as_u128(),
                internal: topic.is_internal,
                partitions: partitions.collect(),
            };
            metadata.topics.insert(name, known);
        }
        metadata
    }

    /// The leader of a partition; none if it has none, or is not known.
    #[must_use]
    pub fn leader(&self, topic: &str, partition: i32) -> Option<PartitionMetadata> {
        let known = self.topics.get(topic)?.partitions.get(&partition)?;
        (known.leader >= 0).then_some(*known)
    }
}
