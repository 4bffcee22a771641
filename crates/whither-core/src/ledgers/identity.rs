//! What makes a finding the same finding while its range grows.

use crate::key::{Name, Offset, Partition, TopicId};
use crate::verdict::Cause;

/// FNV-1a, 64 bits: small, stable over versions and machines, and no secret depends on it.
struct Fnv(u64);

impl Fnv {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    fn bytes(mut self, bytes: &[u8]) -> Fnv {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(Fnv::PRIME);
        }
        self
    }

    /// A field with its length, so that no two lists of fields give the same bytes.
    fn field(self, bytes: &[u8]) -> Fnv {
        self.bytes(&(bytes.len() as u64).to_le_bytes()).bytes(bytes)
    }
}

/// The id of a finding: a hash of (cluster, topic id, partition, group, cause, from). The topic's name goes in
/// beside its id, for brokers that tell no ids.
pub(crate) fn of(
    cluster: &Name,
    topic_id: TopicId,
    partition: &Partition,
    group: Option<&Name>,
    cause: Cause,
    from: Offset,
) -> u64 {
    Fnv(Fnv::BASIS)
        .field(cluster.as_bytes())
        .field(&topic_id.0.to_le_bytes())
        .field(partition.topic.as_bytes())
        .field(&partition.index.to_le_bytes())
        .field(group.map_or(&[], |g| g.as_bytes()))
        .field(cause.id().as_bytes())
        .field(&from.to_le_bytes())
        .0
}
