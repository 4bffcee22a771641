//! Requests that read. A connection sends no others.

use kafka_protocol::messages::{
    ApiVersionsRequest, ConsumerGroupDescribeRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, DescribeLogDirsRequest, DescribeProducersRequest, DescribeTransactionsRequest,
    FetchRequest, FindCoordinatorRequest, ListGroupsRequest, ListOffsetsRequest, ListTransactionsRequest,
    MetadataRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest,
};
use kafka_protocol::protocol::Request;

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
/// ```
/// fn sends<R: whither_kafka::ReadOnly>() {}
/// sends::<kafka_protocol::messages::FetchRequest>();
/// ```
pub trait ReadOnly: sealed::Sealed + Request + Send {
    /// The request's name in the protocol.
    const NAME: &'static str;
    /// The highest version that was tested against real brokers.
    const HIGHEST: i16;
}

macro_rules! read_only {
    ($($request:ident $name:literal up to $highest:literal),* $(,)?) => {
        $(
            impl sealed::Sealed for $request {}
            impl ReadOnly for $request {
                const NAME: &'static str = $name;
                const HIGHEST: i16 = $highest;
            }
        )*
    };
}

read_only! {
    ApiVersionsRequest "ApiVersions" up to 3,
    MetadataRequest "Metadata" up to 12,
    ListOffsetsRequest "ListOffsets" up to 9,
    FetchRequest "Fetch" up to 15,
    OffsetForLeaderEpochRequest "OffsetForLeaderEpoch" up to 4,
    FindCoordinatorRequest "FindCoordinator" up to 4,
    ListGroupsRequest "ListGroups" up to 5,
    DescribeGroupsRequest "DescribeGroups" up to 5,
    ConsumerGroupDescribeRequest "ConsumerGroupDescribe" up to 0,
    OffsetFetchRequest "OffsetFetch" up to 8,
    DescribeClusterRequest "DescribeCluster" up to 0,
    DescribeConfigsRequest "DescribeConfigs" up to 4,
    DescribeProducersRequest "DescribeProducers" up to 0,
    ListTransactionsRequest "ListTransactions" up to 1,
    DescribeTransactionsRequest "DescribeTransactions" up to 0,
    DescribeLogDirsRequest "DescribeLogDirs" up to 4,
}
