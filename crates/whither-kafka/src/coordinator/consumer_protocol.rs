//! What consumers tell each other through the classic protocol: bytes that the coordinator only passes on.

use super::error::CoordinatorError;
use super::fields::Fields;

/// The protocol type of groups whose members speak this; Connect's workers (`connect`) speak another.
pub(super) const PROTOCOL_TYPE: &str = "consumer";

/// What a member asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription<'a> {
    Topics(Vec<&'a str>),
    /// Of another protocol type, or in a form that consumers do not share.
    Opaque(&'a [u8]),
}

/// What a member was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned<'a> {
    Partitions(Vec<TopicPartitions<'a>>),
    /// Of another protocol type, or in a form that consumers do not share.
    Opaque(&'a [u8]),
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartitions<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
}

impl<'a> Subscription<'a> {
    /// Every version 0 to 3 begins with the topics, and later ones must (`ConsumerProtocolSubscription.json`).
    pub(super) fn decode(is_consumer: bool, fields: Fields<'a>, bytes: &'a [u8]) -> Self {
        match is_consumer.then(|| topics(fields)) {
            Some(Ok(topics)) => Self::Topics(topics),
            _ => Self::Opaque(bytes),
        }
    }
}

impl<'a> Assigned<'a> {
    /// As for the subscription. No bytes at all: the member was assigned nothing yet.
    pub(super) fn decode(is_consumer: bool, fields: Fields<'a>, bytes: &'a [u8]) -> Self {
        if bytes.is_empty() {
            return Self::Partitions(Vec::new());
        }
        match is_consumer.then(|| partitions(fields)) {
            Some(Ok(partitions)) => Self::Partitions(partitions),
            _ => Self::Opaque(bytes),
        }
    }
}

/// A member's subscription as DescribeGroups hands it on; empty or foreign bytes are opaque.
#[must_use]
pub fn subscription(bytes: &[u8]) -> Subscription<'_> {
    let told = Fields::of_key(bytes).and_then(|mut fields| fields.strings("topics"));
    told.map_or(Subscription::Opaque(bytes), Subscription::Topics)
}

/// A member's assignment as DescribeGroups hands it on; no bytes: nothing was assigned yet.
#[must_use]
pub fn assignment(bytes: &[u8]) -> Assigned<'_> {
    if bytes.is_empty() {
        return Assigned::Partitions(Vec::new());
    }
    // The protocol's version stands where a coordinator's key has its type.
    let told = Fields::of_key(bytes).and_then(|mut fields| listed(&mut fields));
    told.map_or(Assigned::Opaque(bytes), Assigned::Partitions)
}

fn topics(mut fields: Fields<'_>) -> Result<Vec<&str>, CoordinatorError> {
    fields.i16("version")?;
    fields.strings("topics")
}

fn partitions(mut fields: Fields<'_>) -> Result<Vec<TopicPartitions<'_>>, CoordinatorError> {
    fields.i16("version")?;
    listed(&mut fields)
}

fn listed<'a>(fields: &mut Fields<'a>) -> Result<Vec<TopicPartitions<'a>>, CoordinatorError> {
    /// An empty topic name and no partitions.
    const MIN_ELEMENT_BYTES: usize = 6;
    fields.array("assigned partitions", MIN_ELEMENT_BYTES, |fields| {
        Ok(TopicPartitions { topic: fields.string("topic")?, partitions: fields.i32s("partitions")? })
    })
}
