//! StreamsGroupDescribe (KIP-1071).

use kafka_protocol::protocol::StrBytes;

use super::encoding::{message, structure};

message!(89 version 0: StreamsGroupDescribeRequest => StreamsGroupDescribeResponse);

structure! {
    /// Asks who is in Streams groups.
    pub StreamsGroupDescribeRequest { group_ids: Vec<StrBytes>, include_authorized_operations: bool }
}

structure! {
    /// Who is in Streams groups.
    pub StreamsGroupDescribeResponse { throttle_time_ms: i32, groups: Vec<StreamsGroup> }
}

structure! {
    pub(crate) StreamsGroup {
        error_code: i16,
        error_message: Option<StrBytes>,
        group_id: StrBytes,
        group_state: StrBytes,
        group_epoch: i32,
        assignment_epoch: i32,
        topology: Option<Topology>,
        members: Vec<StreamsMember>,
        authorized_operations: i32,
    }
}

structure! {
    pub(crate) Topology { epoch: i32, subtopologies: Vec<Subtopology> }
}

structure! {
    pub(crate) Subtopology {
        subtopology_id: StrBytes,
        source_topics: Vec<StrBytes>,
        repartition_sink_topics: Vec<StrBytes>,
        state_changelog_topics: Vec<TopicInfo>,
        repartition_source_topics: Vec<TopicInfo>,
    }
}

structure! {
    pub(crate) TopicInfo {
        name: StrBytes,
        partitions: i32,
        replication_factor: i16,
        topic_configs: Vec<KeyValue>,
    }
}

structure! {
    pub(crate) KeyValue { key: StrBytes, value: StrBytes }
}

structure! {
    pub(crate) StreamsMember {
        member_id: StrBytes,
        member_epoch: i32,
        instance_id: Option<StrBytes>,
        rack_id: Option<StrBytes>,
        client_id: StrBytes,
        client_host: StrBytes,
        topology_epoch: i32,
        process_id: StrBytes,
        user_endpoint: Option<Endpoint>,
        client_tags: Vec<KeyValue>,
        task_offsets: Vec<TaskOffset>,
        task_end_offsets: Vec<TaskOffset>,
        assignment: Assignment,
        target_assignment: Assignment,
        is_classic: bool,
    }
}

structure! {
    pub(crate) Endpoint { host: StrBytes, port: u16 }
}

structure! {
    pub(crate) TaskOffset { subtopology_id: StrBytes, partition: i32, offset: i64 }
}

structure! {
    pub(crate) Assignment { active_tasks: Vec<Tasks>, standby_tasks: Vec<Tasks>, warmup_tasks: Vec<Tasks> }
}

structure! {
    pub(crate) Tasks { subtopology_id: StrBytes, partitions: Vec<i32> }
}
