//! DescribeShareGroupOffsets (KIP-932) with the lag (KIP-1226), as Kafka 4.2 and later answer it.

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::encoding::{All, message, structure};

message!(90 version 1: DescribeShareGroupOffsetsRequest => DescribeShareGroupOffsetsResponse);

structure! {
    /// Asks where share groups stand.
    pub DescribeShareGroupOffsetsRequest { groups: Vec<WantedGroup> }
}

structure! {
    pub(crate) WantedGroup { group_id: StrBytes, topics: All }
}

structure! {
    /// Where share groups stand.
    pub DescribeShareGroupOffsetsResponse { throttle_time_ms: i32, groups: Vec<SharedGroup> }
}

structure! {
    pub(crate) SharedGroup {
        group_id: StrBytes,
        topics: Vec<ShareTopic>,
        error_code: i16,
        error_message: Option<StrBytes>,
    }
}

structure! {
    pub(crate) ShareTopic { topic_name: StrBytes, topic_id: Uuid, partitions: Vec<SharePartition> }
}

structure! {
    pub(crate) SharePartition {
        partition_index: i32,
        start_offset: i64,
        leader_epoch: i32,
        lag: i64,
        error_code: i16,
        error_message: Option<StrBytes>,
    }
}
