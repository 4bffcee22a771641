//! ListGroups, DescribeGroups, ConsumerGroupDescribe, OffsetFetch, FindCoordinator.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DescribeGroupsRequest, FindCoordinatorRequest, GroupId, ListGroupsRequest,
    OffsetFetchRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::{Refusal, code};
use crate::TopicPartition;
use crate::cluster::{Cluster, patiently};
use crate::coordinator::{Assigned, Subscription};
use crate::error::Error;
use crate::read_only::ReadOnly;

/// A group as a broker lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupListing {
    /// `consumer`, `connect`, `share`, …; empty for groups that only commit.
    pub protocol_type: String,
    /// `Stable`, `Empty`, …; empty from brokers before 2.6.
    pub state: String,
    /// `classic`, `consumer`, `share`, `streams`; empty from brokers before 3.8.
    pub kind: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// A group as its coordinator describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedGroup {
    /// `Stable`, `Empty`, `Dead`, …
    pub state: String,
    /// Its members.
    pub members: Vec<DescribedMember>,
}

/// A member as its coordinator describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedMember {
    /// The id its coordinator gave it.
    pub member_id: String,
    /// The `client.id` it told.
    pub client_id: String,
    /// The address it came from.
    pub host: String,
    /// The topics it subscribes to by name, as far as the protocol tells.
    pub subscribed: Vec<Arc<str>>,
    /// The partitions assigned to it, as far as the protocol tells.
    pub assigned: Vec<TopicPartition>,
}

/// Descriptions by group.
pub type Described = BTreeMap<Arc<str>, Result<DescribedGroup, Refusal>>;

impl Cluster {
    /// All groups of all brokers that may be described, and the brokers that could not be asked.
    pub async fn list_groups(&self) -> (BTreeMap<Arc<str>, GroupListing>, Vec<(i32, Refusal)>) {
        let metadata = self.metadata();
        let asked = metadata.brokers.keys().map(|id| async move {
            (*id, patiently(self, || self.ask(*id, |_| ListGroupsRequest::default())).await)
        });
        let mut groups = BTreeMap::new();
        let mut failed = Vec::new();
        for (broker, answered) in futures_util::future::join_all(asked).await {
            let answer = match answered {
                Ok((answer, _)) => answer,
                Err(error) => {
                    failed.push((broker, Refusal::Failed(error)));
                    continue;
                }
            };
            if let Err(refusal) = code(answer.error_code) {
                failed.push((broker, refusal));
            }
            for g in answer.groups {
                let listing = GroupListing {
                    protocol_type: g.protocol_type.to_string(),
                    state: g.group_state.to_string(),
                    kind: g.group_type.to_string().to_lowercase(),
                    coordinator: broker,
                };
                groups.insert(Arc::from(g.group_id.0.as_str()), listing);
            }
        }
        (groups, failed)
    }

    /// Describes groups of the classic protocol at their coordinators.
    pub async fn describe_classic(&self, groups: &[(Arc<str>, i32)]) -> Described {
        self.describe(
            groups,
            |ids| DescribeGroupsRequest::default().with_groups(ids),
            |answer| {
                let told = answer.groups.iter().map(|g| {
                    let members = g.members.iter().map(classic_member).collect();
                    one(&g.group_id.0, g.error_code, &g.group_state, members)
                });
                told.collect()
            },
        )
        .await
    }

    /// Describes groups of KIP-848 at their coordinators.
    pub async fn describe_consumer(&self, groups: &[(Arc<str>, i32)]) -> Described {
        self.describe(
            groups,
            |ids| ConsumerGroupDescribeRequest::default().with_group_ids(ids),
            |answer| {
                let told = answer.groups.iter().map(|g| {
                    let members = g.members.iter().map(consumer_member).collect();
                    one(&g.group_id.0, g.error_code, &g.group_state, members)
                });
                told.collect()
            },
        )
        .await
    }

    /// Asks each coordinator to describe its groups.
    pub(super) async fn describe<R: ReadOnly>(
        &self,
        groups: &[(Arc<str>, i32)],
        request: impl Fn(Vec<GroupId>) -> R,
        told: impl Fn(R::Response) -> Described,
    ) -> Described {
        let mut described = Described::new();
        for (coordinator, names) in by_coordinator(groups) {
            let ids: Vec<GroupId> = names.iter().map(|n| group_id(n)).collect();
            match patiently(self, || self.ask(coordinator, |_| request(ids.clone()))).await {
                Err(error) => fail(&mut described, names, &error),
                Ok((answer, _)) => described.extend(told(answer)),
            }
        }
        described
    }

    /// The broker that coordinates a group.
    ///
    /// # Errors
    /// No broker answers, or the group may not be described.
    pub async fn coordinator_of(&self, group: &str) -> Result<i32, Error> {
        let name = StrBytes::from_string(group.to_owned());
        patiently(self, || async {
            let connection = self.any().await?;
            let (answer, api) = connection
                .call(|version| {
                    let request = FindCoordinatorRequest::default();
                    if version >= 4 {
                        request.with_coordinator_keys(vec![name.clone()])
                    } else {
                        request.with_key(name.clone())
                    }
                })
                .await?;
            let (node, error) = match answer.coordinators.first() {
                Some(c) => (c.node_id.0, c.error_code),
                None => (answer.node_id.0, answer.error_code),
            };
            match ResponseError::try_from_code(error) {
                Some(code) => Err(Error::Refused { api, code }),
                None => Ok(node),
            }
        })
        .await
    }

    /// All positions of a group, as its coordinator holds them: offset and leader epoch.
    ///
    /// # Errors
    /// The coordinator can't be asked, or the group may not be described.
    pub async fn committed(&self, group: &str) -> Result<BTreeMap<TopicPartition, (i64, i32)>, Error> {
        let coordinator = self.coordinator_of(group).await?;
        let (answer, api) = patiently(self, || {
            self.ask(coordinator, |version| {
                if version >= 8 {
                    let one =
                        OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(None);
                    OffsetFetchRequest::default().with_groups(vec![one])
                } else {
                    OffsetFetchRequest::default().with_group_id(group_id(group)).with_topics(None)
                }
            })
        })
        .await?;
        let error = answer.groups.first().map_or(answer.error_code, |g| g.error_code);
        if let Some(code) = ResponseError::try_from_code(error) {
            return Err(Error::Refused { api, code });
        }
        let new = answer.groups.iter().flat_map(|g| &g.topics).flat_map(|t| {
            t.partitions
                .iter()
                .map(|p| (t.name.0.as_str(), p.partition_index, p.committed_offset, p.committed_leader_epoch))
        });
        let old = answer.topics.iter().flat_map(|t| {
            t.partitions
                .iter()
                .map(|p| (t.name.0.as_str(), p.partition_index, p.committed_offset, p.committed_leader_epoch))
        });
        let positions = new.chain(old).filter(|(_, _, offset, _)| *offset >= 0);
        Ok(positions
            .map(|(topic, partition, offset, epoch)| {
                (TopicPartition { topic: topic.into(), partition }, (offset, epoch))
            })
            .collect())
    }
}

pub(super) fn one(
    id: &str,
    error_code: i16,
    state: &StrBytes,
    members: Vec<DescribedMember>,
) -> (Arc<str>, Result<DescribedGroup, Refusal>) {
    (Arc::from(id), code(error_code).map(|()| DescribedGroup { state: state.to_string(), members }))
}

pub(super) fn by_coordinator(groups: &[(Arc<str>, i32)]) -> BTreeMap<i32, Vec<Arc<str>>> {
    let mut by: BTreeMap<i32, Vec<Arc<str>>> = BTreeMap::new();
    for (name, coordinator) in groups {
        by.entry(*coordinator).or_default().push(name.clone());
    }
    by
}

fn fail(described: &mut Described, names: Vec<Arc<str>>, error: &Error) {
    described.extend(names.into_iter().map(|n| (n, Err(Refusal::Failed(error.clone())))));
}

pub(super) fn group_id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}

pub(super) fn host(told: &StrBytes) -> String {
    told.trim_start_matches('/').to_owned()
}

fn classic_member(
    m: &kafka_protocol::messages::describe_groups_response::DescribedGroupMember,
) -> DescribedMember {
    let subscribed = match crate::coordinator::subscription(&m.member_metadata) {
        Subscription::Topics(topics) => topics.into_iter().map(Arc::from).collect(),
        Subscription::Opaque(_) => Vec::new(),
    };
    let assigned = match crate::coordinator::assignment(&m.member_assignment) {
        Assigned::Partitions(topics) => topics
            .iter()
            .flat_map(|t| {
                t.partitions.iter().map(|p| TopicPartition { topic: t.topic.into(), partition: *p })
            })
            .collect(),
        Assigned::Opaque(_) => Vec::new(),
    };
    DescribedMember {
        member_id: m.member_id.to_string(),
        client_id: m.client_id.to_string(),
        host: host(&m.client_host),
        subscribed,
        assigned,
    }
}

fn consumer_member(
    m: &kafka_protocol::messages::consumer_group_describe_response::Member,
) -> DescribedMember {
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
