//! ListGroups, DescribeGroups, DeleteGroups and OffsetDelete.
use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::super::groups::{Group, Phase, subscribed_topics};
use super::super::state::State;
use super::{NO_OPERATIONS, code, text};

/// First version of DescribeGroups that says that a group is not there (KIP-1043).
const NOT_FOUND_FROM: i16 = 6;
const CLASSIC: &str = "Classic";

impl State {
    pub(crate) fn list_groups(&self, request: &ListGroupsRequest) -> ListGroupsResponse {
        let wanted = |filter: &[StrBytes], is: &str| {
            filter.is_empty() || filter.iter().any(|name| name.eq_ignore_ascii_case(is))
        };
        let groups = self.groups.values().filter(|group| {
            wanted(&request.states_filter, group.phase.name()) && wanted(&request.types_filter, CLASSIC)
        });
        let listed = groups.map(|group| {
            ListedGroup::default()
                .with_group_id(GroupId(text(&group.id)))
                .with_protocol_type(text(group.protocol_type.as_deref().unwrap_or_default()))
                .with_group_state(text(group.phase.name()))
                .with_group_type(text(CLASSIC))
        });
        ListGroupsResponse::default().with_groups(listed.collect())
    }

    pub(crate) fn describe_groups(
        &self,
        request: &DescribeGroupsRequest,
        version: i16,
    ) -> DescribeGroupsResponse {
        let groups = request.groups.iter().map(|id| match self.groups.get(&***id) {
            Some(group) => describe(group),
            None => dead(id, version),
        });
        DescribeGroupsResponse::default().with_groups(groups.collect())
    }

    pub(crate) fn delete_groups(&mut self, request: &DeleteGroupsRequest) -> DeleteGroupsResponse {
        let mut results = Vec::with_capacity(request.groups_names.len());
        for id in &request.groups_names {
            let result = match self.groups.get(&***id) {
                None => Err(ResponseError::GroupIdNotFound),
                Some(group) if !group.is_empty() => Err(ResponseError::NonEmptyGroup),
                Some(_) => {
                    self.remove_group(id);
                    Ok(())
                }
            };
            results.push(
                DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(code(&result)),
            );
        }
        DeleteGroupsResponse::default().with_results(results)
    }

    pub(crate) fn offset_delete(&mut self, request: &OffsetDeleteRequest) -> OffsetDeleteResponse {
        let Some(group) = self.groups.get_mut(&**request.group_id) else {
            return OffsetDeleteResponse::default().with_error_code(ResponseError::GroupIdNotFound.code());
        };
        let subscribed = subscriptions(group);
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let in_use = subscribed.contains(&topic.name.to_string());
            let error_code = if in_use { ResponseError::GroupSubscribedToTopic.code() } else { 0 };
            let asked: Vec<i32> =
                topic.partitions.iter().map(|partition| partition.partition_index).collect();
            if !in_use {
                group.drop_offsets(|name, partition, _| *name == **topic.name && asked.contains(&partition));
            }
            let partitions = asked.iter().map(|index| {
                OffsetDeleteResponsePartition::default()
                    .with_partition_index(*index)
                    .with_error_code(error_code)
            });
            let partitions = partitions.collect();
            topics.push(
                OffsetDeleteResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        self.flush_group(&request.group_id);
        OffsetDeleteResponse::default().with_topics(topics)
    }
}

fn subscriptions(group: &Group) -> Vec<String> {
    let protocol = group.protocol.as_deref().unwrap_or_default();
    group.members.values().flat_map(|member| subscribed_topics(&member.metadata(protocol))).collect()
}

fn describe(group: &Group) -> DescribedGroup {
    let stable = group.phase == Phase::Stable;
    let protocol = group.protocol.as_deref().filter(|_| stable).unwrap_or_default();
    let members = group.members.values().map(|member| {
        DescribedGroupMember::default()
            .with_member_id(text(&member.id))
            .with_group_instance_id(member.instance_id.as_deref().map(text))
            .with_client_id(text(&member.client.id))
            .with_client_host(text(&member.client.host))
            .with_member_metadata(if stable { member.metadata(protocol) } else { Default::default() })
            .with_member_assignment(if stable { member.assignment.clone() } else { Default::default() })
    });
    DescribedGroup::default()
        .with_group_id(GroupId(text(&group.id)))
        .with_group_state(text(group.phase.name()))
        .with_protocol_type(text(group.protocol_type.as_deref().unwrap_or_default()))
        .with_protocol_data(text(protocol))
        .with_members(members.collect())
        .with_authorized_operations(NO_OPERATIONS)
}

fn dead(id: &GroupId, version: i16) -> DescribedGroup {
    let group = DescribedGroup::default()
        .with_group_id(id.clone())
        .with_group_state(text("Dead"))
        .with_authorized_operations(NO_OPERATIONS);
    if version < NOT_FOUND_FROM {
        return group;
    }
    group
        .with_error_code(ResponseError::GroupIdNotFound.code())
        .with_error_message(Some(text(&format!("Group {} not found.", &***id))))
}
