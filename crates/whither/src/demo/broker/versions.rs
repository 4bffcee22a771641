//! Which requests are answered, in which versions.
//!
//! Upper ends stay below what Kafka 4.3 has where a newer version needs more than this broker does: Produce 12,
//! EndTxn 5, TxnOffsetCommit 5 and AddPartitionsToTxn 4 belong to transaction protocol version 2 (KIP-890).
use kafka_protocol::messages::ApiKey;

/// A request and its first and last version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Supported {
    pub(crate) key: ApiKey,
    pub(crate) min: i16,
    pub(crate) max: i16,
}

const fn from_to(key: ApiKey, min: i16, max: i16) -> Supported {
    Supported { key, min, max }
}

/// Sorted by key.
pub(crate) const SUPPORTED: &[Supported] = &[
    from_to(ApiKey::Produce, 3, 11),
    from_to(ApiKey::Fetch, 4, 18),
    from_to(ApiKey::ListOffsets, 1, 10),
    from_to(ApiKey::Metadata, 0, 13),
    from_to(ApiKey::OffsetCommit, 2, 9),
    from_to(ApiKey::OffsetFetch, 1, 9),
    from_to(ApiKey::FindCoordinator, 0, 6),
    from_to(ApiKey::JoinGroup, 0, 9),
    from_to(ApiKey::Heartbeat, 0, 4),
    from_to(ApiKey::LeaveGroup, 0, 5),
    from_to(ApiKey::SyncGroup, 0, 5),
    from_to(ApiKey::DescribeGroups, 0, 6),
    from_to(ApiKey::ListGroups, 0, 5),
    from_to(ApiKey::ApiVersions, 0, 4),
    from_to(ApiKey::CreateTopics, 2, 7),
    from_to(ApiKey::DeleteTopics, 1, 6),
    from_to(ApiKey::DeleteRecords, 0, 2),
    from_to(ApiKey::InitProducerId, 0, 5),
    from_to(ApiKey::OffsetForLeaderEpoch, 2, 4),
    from_to(ApiKey::AddPartitionsToTxn, 0, 3),
    from_to(ApiKey::AddOffsetsToTxn, 0, 4),
    from_to(ApiKey::EndTxn, 0, 4),
    from_to(ApiKey::TxnOffsetCommit, 0, 4),
    from_to(ApiKey::DescribeConfigs, 1, 4),
    from_to(ApiKey::AlterConfigs, 0, 2),
    from_to(ApiKey::DescribeLogDirs, 1, 4),
    from_to(ApiKey::CreatePartitions, 0, 3),
    from_to(ApiKey::DeleteGroups, 0, 2),
    from_to(ApiKey::IncrementalAlterConfigs, 0, 1),
    from_to(ApiKey::OffsetDelete, 0, 0),
    from_to(ApiKey::DescribeCluster, 0, 2),
    from_to(ApiKey::DescribeProducers, 0, 0),
    from_to(ApiKey::DescribeTransactions, 0, 0),
    from_to(ApiKey::ListTransactions, 0, 2),
];

/// Whether `key` is answered in `version`.
pub(crate) fn is_supported(key: ApiKey, version: i16) -> bool {
    SUPPORTED.iter().any(|found| found.key == key && (found.min..=found.max).contains(&version))
}
