//! Messages of Kafka 4 that `kafka-protocol` does not have, or not in the version that is needed. Fields are those
//! of Kafka's `clients/src/main/resources/common/message/*.json`, in their order.

mod encoding;
pub(crate) mod share_group_offsets;
pub(crate) mod streams_group_describe;
