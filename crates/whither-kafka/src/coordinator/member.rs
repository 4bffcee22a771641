//! Types 5, 10 and 19: who a member is.

use super::error::CoordinatorError;
use super::{GroupKind, ValueBytes};

/// The tag under which a member of a KIP-848 group keeps what it needs to speak the classic protocol.
const CLASSIC_METADATA_TAG: u32 = 0;
/// The byte that precedes a nullable structure that is there.
const PRESENT: u8 = 1;

/// A member of a KIP-848, share or Streams group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// `group.instance.id` of a static member; share groups have none.
    pub instance_id: Option<&'a str>,
    pub rack_id: Option<&'a str>,
    pub client_id: &'a str,
    /// Address as Java prints it: `/10.1.2.3`, or `name/10.1.2.3`.
    pub client_host: &'a str,
    /// Topics named in the subscription; empty for Streams, whose topology names them.
    pub subscribed_topics: Vec<&'a str>,
    /// The pattern subscribed to, of KIP-848 members only.
    pub subscribed_regex: Option<&'a str>,
    /// `max.poll.interval.ms` of a Java consumer; share groups have none.
    pub rebalance_timeout_ms: Option<i32>,
    /// A classic consumer in a KIP-848 group, as during a migration.
    pub speaks_classic_protocol: bool,
}

pub(super) fn decode(kind: GroupKind, value: ValueBytes<'_>) -> Result<Member<'_>, CoordinatorError> {
    let mut fields = value.flexible()?;
    let instance_id = match kind {
        GroupKind::Share => None,
        GroupKind::Consumer | GroupKind::Streams => fields.nullable_string("instance id")?,
    };
    let mut member = Member {
        instance_id,
        rack_id: fields.nullable_string("rack id")?,
        client_id: fields.string("client id")?,
        client_host: fields.string("client host")?,
        subscribed_topics: Vec::new(),
        subscribed_regex: None,
        rebalance_timeout_ms: None,
        speaks_classic_protocol: false,
    };
    match kind {
        GroupKind::Share => member.subscribed_topics = fields.strings("subscribed topics")?,
        // Topology epoch, process id, end point and tags follow.
        GroupKind::Streams => member.rebalance_timeout_ms = Some(fields.i32("rebalance timeout")?),
        GroupKind::Consumer => {
            member.subscribed_topics = fields.strings("subscribed topics")?;
            // Java writes an empty pattern where there is none.
            member.subscribed_regex =
                fields.nullable_string("subscribed regex")?.filter(|regex| !regex.is_empty());
            member.rebalance_timeout_ms = Some(fields.i32("rebalance timeout")?);
            fields.nullable_string("server assignor")?;
            fields.tagged(|tag, bytes| {
                member.speaks_classic_protocol |=
                    tag == CLASSIC_METADATA_TAG && bytes.first() == Some(&PRESENT);
            })?;
        }
    }
    Ok(member)
}
