//! Type 2: a group of the classic protocol with all its members.

use super::ValueBytes;
use super::consumer_protocol::{self, Assigned, Subscription};
use super::error::CoordinatorError;
use super::fields::Fields;

const LAST_VERSION: i16 = 4;
const FIRST_FLEXIBLE: i16 = 4;
/// Bytes of a member whose strings are all empty, in the flexible encoding, which is the shortest.
const MIN_MEMBER_BYTES: usize = 15;

/// A group as it was when the coordinator wrote it: at the end of a rebalance, or when it became empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicGroup<'a> {
    /// `consumer`, `connect`, or what another client chose; empty for a group that only has offsets.
    pub protocol_type: &'a str,
    /// Grows with each rebalance.
    pub generation: i32,
    /// The assignor, such as `range`; `None` in an empty group.
    pub protocol: Option<&'a str>,
    /// Member id of the leader; `None` in an empty group.
    pub leader: Option<&'a str>,
    /// When the group entered its present state, milliseconds since 1970; `None` before version 2.
    pub state_timestamp_ms: Option<i64>,
    pub members: Vec<ClassicMember<'a>>,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMember<'a> {
    pub member_id: &'a str,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<&'a str>,
    pub client_id: &'a str,
    /// Address as Java prints it: `/10.1.2.3`, or `name/10.1.2.3`.
    pub client_host: &'a str,
    /// `max.poll.interval.ms` of a Java consumer; `None` in version 0.
    pub rebalance_timeout_ms: Option<i32>,
    pub session_timeout_ms: i32,
    pub subscription: Subscription<'a>,
    pub assignment: Assigned<'a>,
}

pub(super) fn decode(value: ValueBytes<'_>) -> Result<ClassicGroup<'_>, CoordinatorError> {
    let (version, mut fields) = value.fields(LAST_VERSION, FIRST_FLEXIBLE)?;
    let protocol_type = fields.string("protocol type")?;
    let generation = fields.i32("generation")?;
    let protocol = fields.nullable_string("protocol")?;
    let leader = fields.nullable_string("leader")?;
    let state_timestamp_ms = if version >= 2 { fields.i64("state timestamp")? } else { -1 };
    let is_consumer = protocol_type == consumer_protocol::PROTOCOL_TYPE;
    let members = fields.array("members", MIN_MEMBER_BYTES, |fields| member(version, is_consumer, fields))?;
    fields.tagged(|_, _| {})?;
    let state_timestamp_ms = (state_timestamp_ms >= 0).then_some(state_timestamp_ms);
    Ok(ClassicGroup { protocol_type, generation, protocol, leader, state_timestamp_ms, members })
}

fn member<'a>(
    version: i16,
    is_consumer: bool,
    fields: &mut Fields<'a>,
) -> Result<ClassicMember<'a>, CoordinatorError> {
    let member_id = fields.string("member id")?;
    let instance_id = if version >= 3 { fields.nullable_string("group instance id")? } else { None };
    let client_id = fields.string("client id")?;
    let client_host = fields.string("client host")?;
    let rebalance_timeout_ms = if version >= 1 { Some(fields.i32("rebalance timeout")?) } else { None };
    let session_timeout_ms = fields.i32("session timeout")?;
    let subscription = fields.bytes("subscription")?;
    let assignment = fields.bytes("assignment")?;
    fields.tagged(|_, _| {})?;
    Ok(ClassicMember {
        member_id,
        instance_id,
        client_id,
        client_host,
        rebalance_timeout_ms,
        session_timeout_ms,
        subscription: Subscription::decode(is_consumer, fields.nested(subscription), subscription),
        assignment: Assigned::decode(is_consumer, fields.nested(assignment), assignment),
    })
}
