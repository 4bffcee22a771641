//! Types 0 and 1: a position of a group in a partition.

use uuid::Uuid;

use super::ValueBytes;
use super::error::CoordinatorError;

/// The last version, and the first flexible one: written by every 4.x broker whatever its feature level.
const LAST_VERSION: i16 = 4;
const FIRST_FLEXIBLE: i16 = 4;
/// The tag of the topic id (Kafka 4.1, KAFKA-19141).
const TOPIC_ID_TAG: u32 = 0;

/// A committed position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetCommit<'a> {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read, as the client knew it. `None`: none was sent, as librdkafka and
    /// transactional commits never do, and a Java consumer after a seek or a reset.
    pub leader_epoch: Option<i32>,
    /// What the client wrote beside it; opaque. Streams and Parallel Consumer keep state here.
    pub metadata: &'a str,
    /// When the coordinator took the commit, by the broker's clock, milliseconds since 1970.
    pub commit_timestamp_ms: i64,
    /// When it expires, in version 1 where the client asked for it (until Kafka 2.0), milliseconds since 1970.
    pub expire_timestamp_ms: Option<i64>,
    /// The topic's incarnation. `None` from brokers before 4.1, and in transactional commits.
    pub topic_id: Option<Uuid>,
}

pub(super) fn decode(value: ValueBytes<'_>) -> Result<OffsetCommit<'_>, CoordinatorError> {
    let (version, mut fields) = value.fields(LAST_VERSION, FIRST_FLEXIBLE)?;
    let offset = fields.i64("offset")?;
    let leader_epoch = if version >= 3 { fields.i32("leader epoch")? } else { -1 };
    let metadata = fields.string("metadata")?;
    let commit_timestamp_ms = fields.i64("commit timestamp")?;
    let expire_timestamp_ms = if version == 1 { fields.i64("expire timestamp")? } else { -1 };
    let mut topic_id = None;
    fields.tagged(|tag, bytes| {
        if tag == TOPIC_ID_TAG {
            topic_id = Uuid::from_slice(bytes).ok().filter(|id| !id.is_nil());
        }
    })?;
    Ok(OffsetCommit {
        offset,
        leader_epoch: (leader_epoch >= 0).then_some(leader_epoch),
        metadata,
        commit_timestamp_ms,
        expire_timestamp_ms: (expire_timestamp_ms >= 0).then_some(expire_timestamp_ms),
        topic_id,
    })
}
