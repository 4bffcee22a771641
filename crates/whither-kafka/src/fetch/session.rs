//! An incremental fetch session (KIP-227): the broker remembers what is asked for, and answers for what has changed.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest};
use uuid::Uuid;

use super::Options;
use crate::TopicPartition;
use crate::cluster::topic_name;

/// Partitions that one request adds or moves on: keeps requests handleable with a hundred thousand partitions.
const PARTITIONS_AT_ONCE: usize = 1_000;
/// The epoch of a request that wants a new session.
const FIRST: i32 = 0;

/// What is asked of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) topic_id: u128,
    pub(super) next: i64,
    /// The epoch that the broker must know to be the current one.
    pub(super) leader_epoch: i32,
}

pub(super) type Wanted = BTreeMap<TopicPartition, Asked>;

/// A session at one broker. A broker that keeps none (all its slots are taken) is asked for everything each time.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// 0 while there is none.
    id: i32,
    epoch: i32,
    /// What the broker knows of; without a session, what was asked for since [`Session::begin`].
    told: Wanted,
}

/// The partitions that a request names.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) named: Wanted,
    /// With the topic ids they had.
    forgotten: Wanted,
}

impl Session {
    /// Before everything is asked for once.
    pub(super) fn begin(&mut self) {
        if !self.is_open() {
            self.told.clear();
        }
    }

    /// What a request has to name for the broker to know of all that is wanted, or a part of it.
    pub(super) fn step(&self, wanted: &Wanted) -> Step {
        let replaced = |p: &TopicPartition, told: &Asked| {
            wanted.get(p).is_none_or(|asked| asked.topic_id != told.topic_id)
        };
        let forgotten = self.told.iter().filter(|(p, told)| self.is_open() && replaced(p, told));
        let named = wanted.iter().filter(|(p, asked)| self.told.get(*p) != Some(asked));
        let owned = |(p, asked): (&TopicPartition, &Asked)| (p.clone(), *asked);
        Step {
            named: named.take(PARTITIONS_AT_ONCE).map(owned).collect(),
            forgotten: forgotten.map(owned).collect(),
        }
    }

    /// Whether the broker leaves out of its answers what has not changed.
    pub(super) fn is_open(&self) -> bool {
        self.id != 0
    }

    pub(super) fn request(&self, version: i16, step: &Step, options: Options) -> FetchRequest {
        let mut topics: BTreeMap<(&str, u128), Vec<FetchPartition>> = BTreeMap::new();
        for (p, asked) in &step.named {
            let one = FetchPartition::default()
                .with_partition(p.partition)
                .with_fetch_offset(asked.next)
                .with_current_leader_epoch(asked.leader_epoch)
                .with_partition_max_bytes(options.partition_max_bytes);
            topics.entry((&p.topic, asked.topic_id)).or_default().push(one);
        }
        let mut forgotten: BTreeMap<(&str, u128), Vec<i32>> = BTreeMap::new();
        for (p, told) in &step.forgotten {
            forgotten.entry((&p.topic, told.topic_id)).or_default().push(p.partition);
        }
        let by_id = version >= 13;
        let topics = topics.into_iter().map(|((name, id), partitions)| {
            let topic = FetchTopic::default().with_partitions(partitions);
            if by_id { topic.with_topic_id(Uuid::from_u128(id)) } else { topic.with_topic(topic_name(name)) }
        });
        let forgotten = forgotten.into_iter().map(|((name, id), partitions)| {
            let topic = ForgottenTopic::default().with_partitions(partitions);
            if by_id { topic.with_topic_id(Uuid::from_u128(id)) } else { topic.with_topic(topic_name(name)) }
        });
        let request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(options.max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(options.min_bytes)
            .with_max_bytes(options.max_bytes)
            .with_isolation_level(0)
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics.collect())
            .with_forgotten_topics_data(forgotten.collect());
        if version >= 15 { request } else { request.with_replica_id(BrokerId(-1)) }
    }

    /// The broker took a request in, and answered in this session.
    pub(super) fn answered(&mut self, id: i32, step: Step) {
        if self.id == 0 && id != 0 {
            // It begins with this request.
            self.told.clear();
        }
        self.told.retain(|p, _| !step.forgotten.contains_key(p));
        self.told.extend(step.named);
        self.id = id;
        // After the highest epoch comes 1: 0 would be another session.
        self.epoch = if id == 0 { FIRST } else { self.epoch.checked_add(1).unwrap_or(1) };
    }

    /// Whether everything that is wanted is known to the broker.
    pub(super) fn knows(&self, wanted: &Wanted) -> bool {
        wanted.iter().all(|(p, asked)| self.told.get(p) == Some(asked))
    }
}

/// The broker does not know the session any more, or as another one: a new one mends it.
pub(super) fn is_over(code: ResponseError) -> bool {
    matches!(
        code,
        ResponseError::FetchSessionIdNotFound
            | ResponseError::InvalidFetchSessionEpoch
            | ResponseError::FetchSessionTopicIdError
            | ResponseError::InconsistentTopicId
    )
}
