//! StreamsGroupDescribe (KIP-1071).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::groups::{host, one};
use super::{Described, DescribedMember};
use crate::TopicPartition;
use crate::cluster::Cluster;
use crate::messages::streams_group_describe::{
    StreamsGroupDescribeRequest, StreamsMember, Subtopology, Tasks, Topology,
};
use crate::metadata::Metadata;

/// The topics that the tasks of each subtopology read.
type Inputs = BTreeMap<Arc<str>, Vec<Arc<str>>>;

impl Cluster {
    /// Describes Streams groups at their coordinators.
    pub async fn describe_streams(&self, groups: &[(Arc<str>, i32)]) -> Described {
        let metadata = self.metadata();
        self.describe(
            groups,
            |ids| StreamsGroupDescribeRequest {
                group_ids: ids.into_iter().map(|id| id.0).collect(),
                ..StreamsGroupDescribeRequest::default()
            },
            |answer| {
                let told = answer.groups.iter().map(|g| {
                    let inputs = g.topology.as_ref().map(inputs).unwrap_or_default();
                    let members = g.members.iter().map(|m| member(m, &inputs, &metadata)).collect();
                    one(&g.group_id, g.error_code, &g.group_state, members)
                });
                told.collect()
            },
        )
        .await
    }
}

fn inputs(topology: &Topology) -> Inputs {
    let read = |s: &Subtopology| {
        let sources = s.source_topics.iter().chain(s.repartition_source_topics.iter().map(|t| &t.name));
        (Arc::from(s.subtopology_id.as_str()), sources.map(|t| Arc::from(t.as_str())).collect())
    };
    topology.subtopologies.iter().map(read).collect()
}

fn member(m: &StreamsMember, inputs: &Inputs, metadata: &Metadata) -> DescribedMember {
    let assigned: Vec<TopicPartition> =
        m.assignment.active_tasks.iter().flat_map(|tasks| partitions(tasks, inputs, metadata)).collect();
    let subscribed: BTreeSet<Arc<str>> = assigned.iter().map(|p| p.topic.clone()).collect();
    DescribedMember {
        member_id: m.member_id.to_string(),
        client_id: m.client_id.to_string(),
        host: host(&m.client_host),
        subscribed: subscribed.into_iter().collect(),
        assigned,
    }
}

/// A task reads the partition of its number in each input topic, where there is one.
fn partitions(tasks: &Tasks, inputs: &Inputs, metadata: &Metadata) -> Vec<TopicPartition> {
    let topics = inputs.get(tasks.subtopology_id.as_str()).map_or(&[][..], Vec::as_slice);
    let has = |topic: &Arc<str>, p: i32| {
        metadata.topics.get(topic).is_some_and(|known| known.partitions.contains_key(&p))
    };
    let all = topics.iter().flat_map(|topic| tasks.partitions.iter().map(move |p| (topic, *p)));
    all.filter(|(topic, p)| has(topic, *p))
        .map(|(topic, partition)| TopicPartition { topic: topic.clone(), partition })
        .collect()
}
