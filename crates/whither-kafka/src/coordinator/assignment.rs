//! Types 6, 7, 8 and their likes: who is to read what, and who reads it now.

use uuid::Uuid;

use super::error::CoordinatorError;
use super::fields::Fields;
use super::{GroupKind, ValueBytes};

/// Bytes of a topic id, an empty list of partitions and no tagged fields.
const MIN_TOPIC_BYTES: usize = 18;
/// Bytes of an empty subtopology id, an empty list of partitions and no tagged fields.
const MIN_TASKS_BYTES: usize = 3;
/// The tag of the moment at which a target assignment was computed; brokers of 4.0 do not note it.
const TIMESTAMP_TAG: u32 = 0;

/// The assignment that a group is moving to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetEpoch {
    pub epoch: i32,
    /// When it was computed, milliseconds since 1970; `None` from brokers that do not note it.
    pub timestamp_ms: Option<i64>,
}

/// What a member is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment<'a> {
    /// Of KIP-848 and share groups.
    Partitions(Vec<TopicIdPartitions>),
    /// Of Streams groups: the active tasks; standby and warm-up tasks read no input.
    Tasks(Vec<Tasks<'a>>),
}

/// Partitions of one incarnation of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicIdPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

/// Tasks of one subtopology: a task reads that partition of each of its source topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasks<'a> {
    pub subtopology: &'a str,
    pub partitions: Vec<i32>,
}

/// What a member has at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentAssignment<'a> {
    /// Epoch that the member has reached; -2 once a static member has left and is expected back.
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    /// Number of the member's state as its kind of coordinator counts them: stable is 0 for KIP-848 and share
    /// groups, 1 for Streams.
    pub state: i8,
    pub assigned: Assignment<'a>,
    /// What it must give up before it gets more; share groups have none.
    pub pending_revocation: Option<Assignment<'a>>,
}

pub(super) fn decode_target_epoch(value: ValueBytes<'_>) -> Result<TargetEpoch, CoordinatorError> {
    let mut fields = value.flexible()?;
    let epoch = fields.i32("assignment epoch")?;
    let mut timestamp_ms = None;
    fields.tagged(|tag, bytes| {
        if tag == TIMESTAMP_TAG {
            timestamp_ms = bytes.try_into().ok().map(i64::from_be_bytes).filter(|at| *at >= 0);
        }
    })?;
    Ok(TargetEpoch { epoch, timestamp_ms })
}

pub(super) fn decode_target(
    kind: GroupKind,
    value: ValueBytes<'_>,
) -> Result<Assignment<'_>, CoordinatorError> {
    assignment(kind, &mut value.flexible()?)
}

pub(super) fn decode_current(
    kind: GroupKind,
    value: ValueBytes<'_>,
) -> Result<CurrentAssignment<'_>, CoordinatorError> {
    let mut fields = value.flexible()?;
    Ok(CurrentAssignment {
        member_epoch: fields.i32("member epoch")?,
        previous_member_epoch: fields.i32("previous member epoch")?,
        state: fields.i8("state")?,
        assigned: assignment(kind, &mut fields)?,
        pending_revocation: match kind {
            GroupKind::Share => None,
            GroupKind::Consumer | GroupKind::Streams => Some(assignment(kind, &mut fields)?),
        },
    })
}

fn assignment<'a>(kind: GroupKind, fields: &mut Fields<'a>) -> Result<Assignment<'a>, CoordinatorError> {
    match kind {
        GroupKind::Consumer | GroupKind::Share => {
            fields.array("topic partitions", MIN_TOPIC_BYTES, topic_partitions).map(Assignment::Partitions)
        }
        GroupKind::Streams => {
            let active = tasks("active tasks", fields)?;
            tasks("standby tasks", fields)?;
            tasks("warm-up tasks", fields)?;
            Ok(Assignment::Tasks(active))
        }
    }
}

fn topic_partitions(fields: &mut Fields<'_>) -> Result<TopicIdPartitions, CoordinatorError> {
    let topic_id = fields.uuid("topic id")?;
    let partitions = fields.i32s("partitions")?;
    // Newer brokers note the epoch in which each partition was assigned (KIP-1251).
    fields.tagged(|_, _| {})?;
    Ok(TopicIdPartitions { topic_id, partitions })
}

fn tasks<'a>(field: &'static str, fields: &mut Fields<'a>) -> Result<Vec<Tasks<'a>>, CoordinatorError> {
    fields.array(field, MIN_TASKS_BYTES, |fields| {
        let subtopology = fields.string("subtopology")?;
        let partitions = fields.i32s("partitions")?;
        fields.tagged(|_, _| {})?;
        Ok(Tasks { subtopology, partitions })
    })
}
