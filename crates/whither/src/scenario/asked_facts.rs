//! What was asked about partitions beside reading them, as it stands in a line.

use serde::{Deserialize, Serialize};
use whither_core::{Name, Offset, Span, fact};

use super::facts::{Around, Body};
use super::values::{Id, When};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compacts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unclean_elections: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offsets_retention_ms: Option<i64>,
}

impl Body for Config {
    type Core = fact::Config;

    fn of(core: &fact::Config, _: &Around<'_>) -> Config {
        let fact::Config {
            retention_ms,
            retention_bytes,
            compacts,
            deletes,
            unclean_elections,
            offsets_retention,
        } = *core;
        Config {
            retention_ms,
            retention_bytes,
            compacts,
            deletes,
            unclean_elections,
            offsets_retention_ms: offsets_retention.map(|Span(ms)| ms),
        }
    }

    fn core(self, _: &Around<'_>) -> Result<fact::Config, &'static str> {
        Ok(fact::Config {
            retention_ms: self.retention_ms,
            retention_bytes: self.retention_bytes,
            compacts: self.compacts,
            deletes: self.deletes,
            unclean_elections: self.unclean_elections,
            offsets_retention: self.offsets_retention_ms.map(Span),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TopicState {
    Exists(Id),
    Absent,
    Unauthorized,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    state: TopicState,
}

impl Body for Topic {
    type Core = fact::Topic;

    fn of(core: &fact::Topic, around: &Around<'_>) -> Topic {
        let fact::Topic { at, state } = *core;
        let state = match state {
            fact::TopicState::Exists(id) => TopicState::Exists(Id(id)),
            fact::TopicState::Absent => TopicState::Absent,
            fact::TopicState::Unauthorized => TopicState::Unauthorized,
        };
        Topic { at: around.unless_now(at), state }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Topic, &'static str> {
        let state = match self.state {
            TopicState::Exists(Id(id)) => fact::TopicState::Exists(id),
            TopicState::Absent => fact::TopicState::Absent,
            TopicState::Unauthorized => fact::TopicState::Unauthorized,
        };
        Ok(fact::Topic { at: around.or_now(self.at), state })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    bytes: u64,
}

impl Body for Size {
    type Core = fact::Size;

    fn of(core: &fact::Size, around: &Around<'_>) -> Size {
        let fact::Size { at, bytes } = *core;
        Size { at: around.unless_now(at), bytes }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Size, &'static str> {
        Ok(fact::Size { at: around.or_now(self.at), bytes: self.bytes })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochEnd {
    #[serde(default, skip_serializing_if = "Id::is_unknown")]
    topic_id: Id,
    epoch: i32,
    end: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
}

impl Body for EpochEnd {
    type Core = fact::EpochEnd;

    fn of(core: &fact::EpochEnd, around: &Around<'_>) -> EpochEnd {
        let fact::EpochEnd { topic_id, epoch, end, at } = *core;
        EpochEnd { topic_id: Id(topic_id), epoch, end, at: around.unless_now(at) }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::EpochEnd, &'static str> {
        Ok(fact::EpochEnd {
            topic_id: self.topic_id.0,
            epoch: self.epoch,
            end: self.end,
            at: around.or_now(self.at),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Coordinator {
    Unknown,
    Knows {
        transactional_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        began: Option<When>,
        timeout_ms: i64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transaction {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<When>,
    producer_id: i64,
    start: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_write: Option<When>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinator: Option<Coordinator>,
}

impl Body for Transaction {
    type Core = fact::Transaction;

    fn of(core: &fact::Transaction, around: &Around<'_>) -> Transaction {
        let fact::Transaction { at, producer_id, start, last_write, coordinator } = core;
        let coordinator = coordinator.as_ref().map(|c| match c {
            fact::Coordinator::Unknown => Coordinator::Unknown,
            fact::Coordinator::Knows { transactional_id, began, timeout: Span(timeout_ms) } => {
                Coordinator::Knows {
                    transactional_id: transactional_id.to_string(),
                    began: around.unless_now(*began),
                    timeout_ms: *timeout_ms,
                }
            }
        });
        Transaction {
            at: around.unless_now(*at),
            producer_id: *producer_id,
            start: *start,
            last_write: around.unless_now(*last_write),
            coordinator,
        }
    }

    fn core(self, around: &Around<'_>) -> Result<fact::Transaction, &'static str> {
        let coordinator = self.coordinator.map(|c| match c {
            Coordinator::Unknown => fact::Coordinator::Unknown,
            Coordinator::Knows { transactional_id, began, timeout_ms } => fact::Coordinator::Knows {
                transactional_id: Name::from(transactional_id),
                began: around.or_now(began),
                timeout: Span(timeout_ms),
            },
        });
        Ok(fact::Transaction {
            at: around.or_now(self.at),
            producer_id: self.producer_id,
            start: self.start,
            last_write: around.or_now(self.last_write),
            coordinator,
        })
    }
}
