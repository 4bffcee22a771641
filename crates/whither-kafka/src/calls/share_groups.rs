//! ShareGroupDescribe, DescribeShareGroupOffsets (KIP-932).

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::ShareGroupDescribeRequest;
use kafka_protocol::messages::share_group_describe_response::Member;
use kafka_protocol::protocol::StrBytes;

use super::groups::{by_coordinator, host, one};
use super::{ByPartition, Described, DescribedMember, Refusal, code};
use crate::TopicPartition;
use crate::cluster::{Cluster, patiently};
use crate::messages::share_group_offsets::{DescribeShareGroupOffsetsRequest, SharedGroup, WantedGroup};

/// Where a share group stands in a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SharePosition {
    /// The topic's id.
    pub topic_id: u128,
    /// The share-partition start offset as it was last written: it may stay behind what the group has settled
    /// until the group next writes.
    pub start: i64,
    /// Offsets from `start` to the log's end that are neither acknowledged nor archived; none if that is not
    /// known.
    pub lag: Option<i64>,
}

/// Where share groups stand, by group.
pub type SharePositions = BTreeMap<Arc<str>, Result<ByPartition<SharePosition>, Refusal>>;

impl Cluster {
    /// Describes share groups at their coordinators.
    pub async fn describe_share(&self, groups: &[(Arc<str>, i32)]) -> Described {
        self.describe(
            groups,
            |ids| ShareGroupDescribeRequest::default().with_group_ids(ids),
            |answer| {
                let told = answer.groups.iter().map(|g| {
                    let members = g.members.iter().map(member).collect();
                    one(&g.group_id.0, g.error_code, &g.group_state, members)
                });
                told.collect()
            },
        )
        .await
    }

    /// Where share groups stand, as their coordinators know it. Partitions in which a group has not begun are
    /// left out.
    pub async fn share_positions(&self, groups: &[(Arc<str>, i32)]) -> SharePositions {
        let mut told = SharePositions::new();
        for (coordinator, names) in by_coordinator(groups) {
            let wanted = |name: &Arc<str>| WantedGroup {
                group_id: StrBytes::from_string(name.to_string()),
                ..WantedGroup::default()
            };
            let groups: Vec<WantedGroup> = names.iter().map(wanted).collect();
            let request = |_| DescribeShareGroupOffsetsRequest { groups: groups.clone() };
            match patiently(self, || self.ask(coordinator, request)).await {
                Err(error) => {
                    let failed = names.into_iter().map(|n| (n, Err(Refusal::Failed(error.clone()))));
                    told.extend(failed);
                }
                Ok((answer, _)) => {
                    let answered = |g: &SharedGroup| {
                        (Arc::from(g.group_id.as_str()), code(g.error_code).map(|()| positions(g)))
                    };
                    told.extend(answer.groups.iter().map(answered));
                }
            }
        }
        told
    }
}

fn positions(group: &SharedGroup) -> ByPartition<SharePosition> {
    let mut positions = ByPartition::new();
    for topic in &group.topics {
        let name: Arc<str> = topic.topic_name.as_str().into();
        for p in &topic.partitions {
            let told = code(p.error_code).map(|()| SharePosition {
                topic_id: topic.topic_id.as_u128(),
                start: p.start_offset,
                lag: (p.lag >= 0).then_some(p.lag),
            });
            let has_begun = told.as_ref().map_or(true, |at| at.start >= 0);
            if has_begun {
                positions.insert(TopicPartition { topic: name.clone(), partition: p.partition_index }, told);
            }
        }
    }
    positions
}

fn member(m: &Member) -> DescribedMember {
    let assigned = m.assignment.topic_partitions.iter().flat_map(|t| {
        let topic: Arc<str> = t.topic_name.0.as_str().into();
        t.partitions.iter().map(move |p| TopicPartition { topic: topic.clone(), partition: *p })
    });
    DescribedMember {
        member_id: m.member_id.to_string(),
        client_id: m.client_id.to_string(),
        host: host(&m.client_host),
        subscribed: m.subscribed_topic_names.iter().map(|t| Arc::from(t.0.as_str())).collect(),
        assigned: assigned.collect(),
    }
}
