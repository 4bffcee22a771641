//! Requests that read. A connection sends no others.

use kafka_protocol::messages::{
    ApiVersionsRequest, ConsumerGroupDescribeRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, DescribeLogDirsRequest, DescribeProducersRequest, DescribeTransactionsRequest,
    FetchRequest, FindCoordinatorRequest, ListGroupsRequest, ListOffsetsRequest, ListTransactionsRequest,
    MetadataRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, ShareGroupDescribeRequest,
};
use kafka_protocol::protocol::Request;

use crate::messages::share_group_offsets::DescribeShareGroupOffsetsRequest;
use crate::messages::streams_group_describe::StreamsGroupDescribeRequest;

mod sealed {
    pub trait Sealed {}
}

/// A request that changes nothing on the cluster. Sealed: the list below is all there is.
///
/// Kafka's rights do not give this: *Read* on a group includes resetting its offsets. So it is kept here.
///
/// ```compile_fail
/// fn sends<R: whither_kafka::ReadOnly>() {}
/// sends::<kafka_protocol::messages::OffsetCommitRequest>();
/// ```
/// ```compile_fail
/// fn sends<R: whither_kafka::ReadOnly>() {}
/// sends::<kafka_protocol::messages::ProduceRequest>();
/// ```
/// ```compile_fail
/// fn sends<R: whither_kafka::ReadOnly>() {}
/// sends::<kafka_protocol::messages::AlterShareGroupOffsetsRequest>();
/// ```
/// ```
/// fn sends<R: whither_kafka::ReadOnly>() {}
/// sends::<kafka_protocol::messages::FetchRequest>();
/// ```
pub trait ReadOnly: sealed::Sealed + Request + Send {
    /// The request's name in the protocol.
    const NAME: &'static str;
    /// The lowest version that is sent: those of Kafka 2.8, all in the compact encoding (KIP-482).
    const LOWEST: i16;
    /// The highest version that was tested against real brokers.
    const HIGHEST: i16;
}

macro_rules! read_only {
    ($($request:ident $name:literal $lowest:literal to $highest:literal),* $(,)?) => {
        $(
            impl sealed::Sealed for $request {}
            impl ReadOnly for $request {
                const NAME: &'static str = $name;
                const LOWEST: i16 = $lowest;
                const HIGHEST: i16 = $highest;
            }
        )*
    };
}

read_only! {
    ApiVersionsRequest "ApiVersions" 3 to 3,
    MetadataRequest "Metadata" 9 to 12,
    ListOffsetsRequest "ListOffsets" 6 to 9,
    FetchRequest "Fetch" 12 to 15,
    OffsetForLeaderEpochRequest "OffsetForLeaderEpoch" 4 to 4,
    FindCoordinatorRequest "FindCoordinator" 3 to 4,
    ListGroupsRequest "ListGroups" 3 to 5,
    DescribeGroupsRequest "DescribeGroups" 5 to 5,
    ConsumerGroupDescribeRequest "ConsumerGroupDescribe" 0 to 0,
    ShareGroupDescribeRequest "ShareGroupDescribe" 1 to 1,
    StreamsGroupDescribeRequest "StreamsGroupDescribe" 0 to 0,
    DescribeShareGroupOffsetsRequest "DescribeShareGroupOffsets" 1 to 1,
    OffsetFetchRequest "OffsetFetch" 6 to 8,
    DescribeClusterRequest "DescribeCluster" 0 to 0,
    DescribeConfigsRequest "DescribeConfigs" 4 to 4,
    DescribeProducersRequest "DescribeProducers" 0 to 0,
    ListTransactionsRequest "ListTransactions" 0 to 1,
    DescribeTransactionsRequest "DescribeTransactions" 0 to 0,
    DescribeLogDirsRequest "DescribeLogDirs" 2 to 4,
}
