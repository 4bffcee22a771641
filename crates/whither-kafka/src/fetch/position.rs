//! Where the reading of each partition is, and for how long it has been in trouble.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;

use super::{Event, Fetched, Span};
use crate::TopicPartition;
use crate::error::Error;
use crate::metadata::{Metadata, PartitionMetadata};

/// Rounds without success before a partition is given up: half a minute, more than an election takes.
const ROUNDS: u32 = 30;
/// The same for what waiting hardly mends: a topic that is gone, a log that can't be read.
const FEW_ROUNDS: u32 = 2;
/// A batch larger than this is not waited for: an answer that holds it would be refused.
const MAX_PARTITION_BYTES: i32 = 128 << 20;

pub(super) type Positions = BTreeMap<TopicPartition, Position>;

/// Where the reading of a partition is.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) next: i64,
    pub(super) to: Option<i64>,
    /// The size that is asked for.
    pub(super) max_bytes: i32,
    /// The topic's id when the reading began; 0 if it is not known.
    topic_id: u128,
    rounds: u32,
    why: Option<Error>,
}

/// Where a partition can be read now.
pub(super) enum Home {
    Leader(i32),
    None,
    /// Its topic was deleted and made anew: the same offsets are other records.
    Replaced,
}

impl Position {
    pub(super) fn new(span: &Span, max_bytes: i32, metadata: &Metadata) -> Position {
        let topic_id = metadata.topics.get(&span.partition.topic).map_or(0, |t| t.id);
        Position { next: span.from, to: span.to, max_bytes, topic_id, rounds: 0, why: None }
    }

    pub(super) fn home(&self, partition: &TopicPartition, metadata: &Metadata) -> Home {
        let Some(topic) = metadata.topics.get(&partition.topic) else { return Home::None };
        if self.topic_id != 0 && topic.id != 0 && topic.id != self.topic_id {
            return Home::Replaced;
        }
        match topic.partitions.get(&partition.partition) {
            Some(PartitionMetadata { leader, .. }) if *leader >= 0 => Home::Leader(*leader),
            _ => Home::None,
        }
    }

    /// An answer without an error: trouble is over.
    pub(super) fn succeeded(&mut self) {
        self.rounds = 0;
        self.why = None;
    }

    /// Counts a round of trouble.
    pub(super) fn failed(&mut self, why: Option<&Error>) {
        self.rounds += 1;
        if let Some(why) = why {
            self.why = Some(why.clone());
        }
    }

    /// Why it is given up, once it has been in trouble for too long.
    pub(super) fn given_up(&self, partition: &TopicPartition, metadata: &Metadata) -> Option<Error> {
        let gone = !metadata.topics.contains_key(&partition.topic);
        let hopeless = gone || self.why.as_ref().is_some_and(is_lasting);
        let patience = if hopeless { FEW_ROUNDS } else { ROUNDS };
        let why = || self.why.clone().unwrap_or_else(|| Error::NoLeader { what: partition.to_string() });
        (self.rounds > patience).then(why)
    }

    /// Bytes came but no whole batch that leads on: a larger piece may hold one. False if it can't be larger.
    pub(super) fn ask_for_more(&mut self) -> bool {
        let larger = self.max_bytes.saturating_mul(2).min(MAX_PARTITION_BYTES);
        let grows = larger > self.max_bytes;
        self.max_bytes = larger.max(self.max_bytes);
        grows
    }
}

/// Retriable to Kafka's clients, which may be waiting for a topic to be made; a reader of what is there does not.
fn is_lasting(error: &Error) -> bool {
    let Error::Refused { code, .. } = error else { return false };
    matches!(
        code,
        ResponseError::UnknownTopicOrPartition
            | ResponseError::UnknownTopicId
            | ResponseError::InconsistentTopicId
            | ResponseError::CorruptMessage
    )
}

pub(super) fn failure(partition: &TopicPartition, error: Error) -> Fetched {
    Fetched { partition: partition.clone(), event: Event::Failed(error) }
}
