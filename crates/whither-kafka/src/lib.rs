//! A Kafka client that only reads.
//!
//! [`Cluster`] asks: metadata, offsets, groups, configurations, transactions. [`fetch`] streams the bytes of
//! partitions, [`batch`] walks them, [`coordinator`] decodes what `__consumer_offsets` holds. A connection takes
//! only requests of the sealed [`ReadOnly`] trait: nothing that changes a cluster can be sent.

mod config;
mod dial;
pub mod properties;
mod error;
mod messages;
mod read_only;
mod tls;
mod sasl;
mod answer;
mod connection;
mod connector;
mod cluster;
mod metadata;
mod calls;
pub mod fetch;
pub mod batch;
pub mod coordinator;

pub use calls::{
    AskedEpoch, ByPartition, Coordinated, Described, DescribedGroup, DescribedMember, GroupListing,
    ListedOffset, OpenTransaction, Refusal, Settings, SharePosition, SharePositions, When,
};
pub use cluster::Cluster;
pub use config::{ClientConfig, Identity, Pem, Sasl, ScramHash, Secret, Security, Tls};
pub use dial::{Dial, Dialled, Stream};
pub use error::{Api, Error, TlsProblem};
pub use messages::share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse,
};
pub use messages::streams_group_describe::{StreamsGroupDescribeRequest, StreamsGroupDescribeResponse};
pub use metadata::{BrokerAddress, Metadata, PartitionMetadata, TopicMetadata};
pub use read_only::ReadOnly;
pub use tls::{AUTHORITY_AS_SERVER, is_authority};

/// A partition by name, cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: std::sync::Arc<str>,
    /// The partition's index.
    pub partition: i32,
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}
