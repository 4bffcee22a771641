//! The loop at one broker: asks for partitions, hands on what comes, gives back what the broker no longer leads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::answer::Answer;
use super::position::{Positions, failure};
use super::{Fetched, Options};
use crate::TopicPartition;
use crate::cluster::{Cluster, topic_name};
use crate::connection::Connection;
use crate::error::Error;
use crate::metadata::Metadata;

/// Partitions in one request: keeps requests and their answers handleable with a hundred thousand partitions.
const PARTITIONS_AT_ONCE: usize = 1_000;

/// A loop at one broker.
pub(super) struct BrokerLoop {
    cluster: Arc<Cluster>,
    metadata: Arc<Metadata>,
    /// Answers name topics by their ids.
    names: BTreeMap<u128, Arc<str>>,
    leader: i32,
    options: Options,
    sender: mpsc::Sender<Vec<Fetched>>,
}

impl BrokerLoop {
    pub(super) fn new(
        cluster: Arc<Cluster>,
        metadata: Arc<Metadata>,
        leader: i32,
        options: Options,
        sender: mpsc::Sender<Vec<Fetched>>,
    ) -> BrokerLoop {
        let names = metadata.topics.iter().map(|(name, topic)| (topic.id, name.clone())).collect();
        BrokerLoop { cluster, metadata, names, leader, options, sender }
    }

    /// Reads until all partitions are done; gives back those that another broker may lead, and all of them when
    /// the broker does not answer.
    pub(super) async fn read(self, mut positions: Positions) -> Positions {
        let connection = match self.cluster.open(self.leader).await {
            Ok(connection) => connection,
            Err(error) => return self.give_back(positions, &error).await.moved,
        };
        while !positions.is_empty() {
            let (one, other) = halves(positions);
            // While one half's answer is taken in, the other half's request is under way: where to read on is
            // known only from a partition's own last answer. So a broker has two answers in memory here, no more.
            let regroup = AtomicBool::new(false);
            let (mut left, right) =
                tokio::join!(self.half(&connection, one, &regroup), self.half(&connection, other, &regroup));
            left.append(right);
            if !left.moved.is_empty() {
                left.moved.append(&mut left.staying);
                return left.moved;
            }
            positions = left.staying;
        }
        positions
    }

    /// Reads one half until it is done, has partitions that moved, or the other half has come to its end.
    async fn half(&self, connection: &Connection, mut positions: Positions, regroup: &AtomicBool) -> Left {
        if positions.is_empty() {
            return Left::default();
        }
        let mut turn = 0;
        let mut moved = Positions::new();
        while !positions.is_empty() && moved.is_empty() && !regroup.load(Ordering::Relaxed) {
            let asked = choose(&positions, &mut turn);
            let answer = connection.call(|version| self.request(version, &positions, &asked)).await;
            let (response, api) = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    regroup.store(true, Ordering::Relaxed);
                    return self.give_back(positions, &error).await;
                }
            };
            let answer = Answer { cluster: &self.cluster, names: &self.names, api };
            let taken = answer.take_in(response, &asked, &mut positions).await;
            moved = taken.moved;
            if !taken.events.is_empty() && self.sender.send(taken.events).await.is_err() {
                return Left::default();
            }
        }
        regroup.store(true, Ordering::Relaxed);
        Left { staying: positions, moved }
    }

    async fn give_back(&self, mut positions: Positions, error: &Error) -> Left {
        if error.is_passing() {
            positions.values_mut().for_each(|p| p.failed(Some(error)));
            return Left { staying: Positions::new(), moved: positions };
        }
        let failed = positions.keys().map(|p| failure(p, error.clone())).collect();
        // Whether anybody still listens is seen by the supervisor.
        let _ = self.sender.send(failed).await;
        Left::default()
    }

    fn request(&self, version: i16, positions: &Positions, asked: &[TopicPartition]) -> FetchRequest {
        let mut topics: BTreeMap<&str, Vec<FetchPartition>> = BTreeMap::new();
        for p in asked {
            let Some(position) = positions.get(p) else { continue };
            let epoch = self.metadata.leader(&p.topic, p.partition).map_or(-1, |l| l.leader_epoch);
            let one = FetchPartition::default()
                .with_partition(p.partition)
                .with_fetch_offset(position.next)
                .with_current_leader_epoch(epoch)
                .with_partition_max_bytes(position.max_bytes);
            topics.entry(&p.topic).or_default().push(one);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            let topic = FetchTopic::default().with_partitions(partitions);
            if version >= 13 {
                let id = self.metadata.topics.get(name).map_or(0, |t| t.id);
                topic.with_topic_id(Uuid::from_u128(id))
            } else {
                topic.with_topic(topic_name(name))
            }
        });
        let options = self.options;
        let request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(options.max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(options.min_bytes)
            .with_max_bytes(options.max_bytes)
            .with_isolation_level(0)
            .with_session_epoch(-1)
            .with_topics(topics.collect());
        if version >= 15 { request } else { request.with_replica_id(BrokerId(-1)) }
    }
}

/// What is left of a half when it stops.
#[derive(Default)]
struct Left {
    /// To be read on here.
    staying: Positions,
    /// Another broker may lead these by now.
    moved: Positions,
}

impl Left {
    fn append(&mut self, mut other: Left) {
        self.staying.append(&mut other.staying);
        self.moved.append(&mut other.moved);
    }
}

/// Every other partition: neighbours are of one topic and about as full.
fn halves(positions: Positions) -> (Positions, Positions) {
    let mut halves = (Positions::new(), Positions::new());
    for (i, (partition, position)) in positions.into_iter().enumerate() {
        let half = if i % 2 == 0 { &mut halves.0 } else { &mut halves.1 };
        half.insert(partition, position);
    }
    halves
}

/// The partitions of the next request: all, or a window that moves on where they are many.
fn choose(positions: &Positions, turn: &mut usize) -> Vec<TopicPartition> {
    if positions.len() <= PARTITIONS_AT_ONCE {
        return positions.keys().cloned().collect();
    }
    let from = *turn % positions.len();
    *turn = from + PARTITIONS_AT_ONCE;
    positions.keys().cycle().skip(from).take(PARTITIONS_AT_ONCE).cloned().collect()
}
