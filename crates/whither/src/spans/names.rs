//! Which attribute of which generation feeds which field. The guide's page is made from this table.

use std::sync::LazyLock;

/// What is told of a messaging operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Field {
    /// The messaging system: `kafka`.
    System,
    /// What kind of operation it is.
    OperationType,
    /// What its client calls it.
    OperationName,
    /// The topic.
    Topic,
    /// The partition.
    Partition,
    /// The offset.
    Offset,
    /// The consumer group.
    Group,
    /// The `client.id`.
    Client,
    /// Group and client in one.
    GroupAndClient,
    /// The record's key.
    Key,
    /// How many records it is about.
    BatchCount,
    /// The message's id; some clients put its place there.
    MessageId,
    /// The cluster's id.
    Cluster,
    /// What kind of error it ended with.
    ErrorType,
}

impl Field {
    /// How many there are.
    pub(super) const COUNT: usize = Field::ErrorType as usize + 1;

    /// What it is called in the guide.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Field::System => "system",
            Field::OperationType => "operation, its type",
            Field::OperationName => "operation, its name",
            Field::Topic => "topic",
            Field::Partition => "partition",
            Field::Offset => "offset",
            Field::Group => "consumer group",
            Field::Client => "client id",
            Field::GroupAndClient => "group and client in one",
            Field::Key => "key",
            Field::BatchCount => "records of a batch",
            Field::MessageId => "message id",
            Field::Cluster => "cluster id",
            Field::ErrorType => "error",
        }
    }
}

/// An attribute that tells of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// What it tells of.
    pub field: Field,
    /// Its name.
    pub name: &'static str,
    /// Who writes it: the semantic conventions' versions, or a client of its own ways.
    pub by: &'static str,
}

const fn name(field: Field, name: &'static str, by: &'static str) -> Name {
    Name { field, name, by }
}

/// Every attribute that is read; of those of one field the first that is there holds.
pub static NAMES: [Name; 44] = [
    name(Field::System, "messaging.system.name", "1.45 on"),
    name(Field::System, "messaging.system", "up to 1.44"),
    name(Field::OperationType, "messaging.operation.type", "1.27 on"),
    name(Field::OperationType, "messaging.operation", "up to 1.26"),
    name(Field::OperationName, "messaging.operation.name", "1.26 on"),
    name(Field::Topic, "messaging.destination.name", "1.17 on"),
    name(Field::Topic, "messaging.source.name", "1.17 to 1.20; franz-go kotel, Spring"),
    name(Field::Topic, "messaging.destination", "up to 1.16"),
    name(Field::Topic, "messaging.source", "1.15 and 1.16"),
    name(Field::Topic, "kafka.topic", "Brave"),
    name(Field::Topic, "message_bus.destination", "OpenTracing"),
    name(Field::Partition, "messaging.destination.partition.id", "1.25 on, as text"),
    name(Field::Partition, "messaging.kafka.destination.partition", "1.17 to 1.24"),
    name(Field::Partition, "messaging.kafka.source.partition", "1.17 to 1.20; Spring as text"),
    name(Field::Partition, "messaging.kafka.partition", "up to 1.16; Python, Ruby, Datadog"),
    name(Field::Partition, "partition", "OpenTracing"),
    name(Field::Offset, "kafka.offset", "1.45 on"),
    name(Field::Offset, "messaging.kafka.offset", "1.28 to 1.44"),
    name(Field::Offset, "messaging.kafka.message.offset", "1.17 to 1.27; as text by KafkaJS and Spring"),
    name(Field::Offset, "camel.kafka.offset", "Camel, as text"),
    name(Field::Offset, "offset", "OpenTracing, Datadog"),
    name(Field::Group, "messaging.consumer.group.name", "1.27 on"),
    name(Field::Group, "messaging.kafka.consumer.group", "1.17 to 1.26"),
    name(Field::Group, "messaging.kafka.consumer_group", "up to 1.16"),
    name(Field::Client, "messaging.client.id", "1.26 on"),
    name(Field::Client, "messaging.client_id", "1.21 to 1.25"),
    name(Field::Client, "messaging.kafka.client_id", "up to 1.20"),
    name(Field::GroupAndClient, "messaging.consumer.id", "1.17 to 1.24; Spring, SmallRye"),
    name(Field::GroupAndClient, "messaging.consumer_id", "up to 1.16"),
    name(Field::Key, "kafka.message.key", "1.45 on"),
    name(Field::Key, "messaging.kafka.message.key", "1.17 to 1.44"),
    name(Field::Key, "messaging.kafka.message_key", "up to 1.16"),
    name(Field::Key, "kafka.key", "Brave"),
    name(Field::Key, "camel.kafka.key", "Camel"),
    name(Field::BatchCount, "messaging.batch.message_count", "1.17 on"),
    name(Field::BatchCount, "messaging.kafka.message_count", "Ruby"),
    name(Field::MessageId, "messaging.message.id", "1.17 on"),
    name(Field::MessageId, "messaging.message_id", "up to 1.16"),
    name(Field::Cluster, "messaging.kafka.cluster.id", "instrumentations of their own"),
    name(Field::Cluster, "kafka.cluster.id", "instrumentations of their own"),
    name(Field::Cluster, "messaging.kafka.cluster_id", "Datadog"),
    name(Field::Cluster, "cluster.id", "csid-event-lineage"),
    name(Field::ErrorType, "error.type", "1.25 on"),
    name(Field::ErrorType, "exception.type", "on spans of older clients"),
];

/// By name; the number is the rank within its field.
static BY_NAME: LazyLock<Vec<(&'static [u8], Field, usize)>> = LazyLock::new(|| {
    let mut all: Vec<_> =
        NAMES.iter().enumerate().map(|(rank, n)| (n.name.as_bytes(), n.field, rank)).collect();
    all.sort_unstable_by_key(|(name, ..)| *name);
    all
});

/// What an attribute of this name tells of, and its rank: the least holds.
pub(super) fn of(name: &[u8]) -> Option<(Field, usize)> {
    let i = BY_NAME.binary_search_by_key(&name, |(name, ..)| name).ok()?;
    BY_NAME.get(i).map(|(_, field, rank)| (*field, *rank))
}
