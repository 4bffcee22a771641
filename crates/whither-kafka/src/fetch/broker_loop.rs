//! One loop per broker; partitions move between loops as their leaders do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{FetchResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::hop::next_offset;
use super::{Event, Fetched, Options, Span};
use crate::TopicPartition;
use crate::calls::When;
use crate::cluster::{Cluster, topic_name};
use crate::error::{Api, Error};
use crate::metadata::Metadata;

/// Partitions in one request: keeps requests and their answers handleable with a hundred thousand partitions.
const PARTITIONS_AT_ONCE: usize = 1_000;
/// Rounds without a leader before a partition is given up: half a minute.
const ROUNDS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

type Positions = BTreeMap<TopicPartition, Position>;

/// Where the reading of a partition is.
#[derive(Clone, Copy, Debug)]
struct Position {
    next: i64,
    to: Option<i64>,
    /// The size a batch needs that did not fit.
    max_bytes: i32,
    rounds: u32,
}

/// Reads until every span is done or given up: finds leaders, runs a loop at each, and gathers what comes back
/// from loops whose partitions have moved.
pub(super) async fn supervise(
    cluster: Arc<Cluster>,
    spans: Vec<Span>,
    options: Options,
    sender: mpsc::Sender<Vec<Fetched>>,
) {
    let mut homeless: Positions = spans
        .into_iter()
        .map(|s| {
            let max_bytes = options.partition_max_bytes;
            (s.partition, Position { next: s.from, to: s.to, max_bytes, rounds: 0 })
        })
        .collect();
    let mut loops: JoinSet<Positions> = JoinSet::new();
    loop {
        let metadata = cluster.metadata();
        let mut by_leader: BTreeMap<i32, Positions> = BTreeMap::new();
        let mut waiting = Positions::new();
        for (partition, position) in std::mem::take(&mut homeless) {
            match metadata.leader(&partition.topic, partition.partition) {
                Some(leader) => {
                    by_leader.entry(leader.leader).or_default().insert(partition, position);
                }
                None => {
                    waiting.insert(partition, position);
                }
            }
        }
        for (leader, positions) in by_leader {
            loops.spawn(read_from(cluster.clone(), leader, positions, options, sender.clone()));
        }
        homeless = keep_waiting(waiting, &sender).await;
        if homeless.is_empty() {
            match loops.join_next().await {
                Some(Ok(back)) => homeless.extend(back),
                Some(Err(_)) => {}
                None => return,
            }
        }
        if sender.is_closed() {
            return;
        }
        if !homeless.is_empty() {
            tokio::time::sleep(PAUSE).await;
            // Without fresh metadata they wait another round.
            let _ = cluster.refresh().await;
        }
    }
}

/// Counts a round for partitions without a leader and gives up those that have waited long enough.
async fn keep_waiting(waiting: Positions, sender: &mpsc::Sender<Vec<Fetched>>) -> Positions {
    let mut kept = Positions::new();
    let mut given_up = Vec::new();
    for (partition, mut position) in waiting {
        position.rounds += 1;
        if position.rounds > ROUNDS {
            let what = format!("{}/{}", partition.topic, partition.partition);
            given_up.push(Fetched { partition, event: Event::Failed(Error::NoLeader { what }) });
        } else {
            kept.insert(partition, position);
        }
    }
    if !given_up.is_empty() {
        // A receiver that is gone is noticed by the caller.
        let _ = sender.send(given_up).await;
    }
    kept
}

/// Reads from one broker until all partitions are done; gives back those it does not lead any more.
async fn read_from(
    cluster: Arc<Cluster>,
    leader: i32,
    mut positions: Positions,
    options: Options,
    sender: mpsc::Sender<Vec<Fetched>>,
) -> Positions {
    let Ok(connection) = cluster.open(leader).await else { return count_round(positions) };
    let metadata = cluster.metadata();
    let mut moved = Positions::new();
    let mut turn = 0;
    while !positions.is_empty() {
        let asked = choose(&positions, &mut turn);
        let answer = connection.call(|v| request(v, &metadata, &positions, &asked, options)).await;
        let (answer, api) = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_passing() => break,
            Err(error) => {
                let failed = positions.keys().map(|p| failed(p, error.clone())).collect();
                let _ = sender.send(failed).await;
                return moved;
            }
        };
        let events = take_in(&cluster, answer, api, &metadata, &mut positions, &mut moved).await;
        if !events.is_empty() && sender.send(events).await.is_err() {
            return Positions::new();
        }
        if !moved.is_empty() {
            break;
        }
    }
    moved.extend(positions);
    count_round(moved)
}

fn count_round(mut positions: Positions) -> Positions {
    for position in positions.values_mut() {
        position.rounds += 1;
    }
    positions
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

fn request(
    version: i16,
    metadata: &Metadata,
    positions: &Positions,
    asked: &[TopicPartition],
    options: Options,
) -> FetchRequest {
    let mut topics: BTreeMap<&str, Vec<FetchPartition>> = BTreeMap::new();
    for p in asked {
        let Some(position) = positions.get(p) else { continue };
        let epoch = metadata.leader(&p.topic, p.partition).map_or(-1, |l| l.leader_epoch);
        let mut one = FetchPartition::default()
            .with_partition(p.partition)
            .with_fetch_offset(position.next)
            .with_partition_max_bytes(position.max_bytes);
        if version >= 9 {
            one = one.with_current_leader_epoch(epoch);
        }
        topics.entry(&p.topic).or_default().push(one);
    }
    let topics = topics.into_iter().map(|(name, partitions)| {
        let topic = FetchTopic::default().with_partitions(partitions);
        if version >= 13 {
            let id = metadata.topics.get(name).map_or(0, |t| t.id);
            topic.with_topic_id(Uuid::from_u128(id))
        } else {
            topic.with_topic(topic_name(name))
        }
    });
    let request = FetchRequest::default()
        .with_max_wait_ms(i32::try_from(options.max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(options.min_bytes)
        .with_max_bytes(options.max_bytes)
        .with_isolation_level(0)
        .with_session_epoch(if version >= 7 { -1 } else { 0 })
        .with_topics(topics.collect());
    if version >= 15 { request } else { request.with_replica_id(BrokerId(-1)) }
}

/// Turns an answer into events and moves positions on.
async fn take_in(
    cluster: &Cluster,
    answer: FetchResponse,
    api: Api,
    metadata: &Metadata,
    positions: &mut Positions,
    moved: &mut Positions,
) -> Vec<Fetched> {
    let mut events = Vec::new();
    if answer.error_code != 0 {
        // Of the whole request: topic ids that are no longer known, or a session we do not keep.
        moved.append(positions);
        return events;
    }
    for topic in answer.responses {
        let name: Option<Arc<str>> = if api.version >= 13 {
            let id = topic.topic_id.as_u128();
            metadata.topics.iter().find(|(_, t)| t.id == id).map(|(n, _)| n.clone())
        } else {
            Some(Arc::from(topic.topic.0.as_str()))
        };
        let Some(name) = name else { continue };
        for data in topic.partitions {
            let partition = TopicPartition { topic: name.clone(), partition: data.partition_index };
            let Some(position) = positions.get_mut(&partition) else { continue };
            match ResponseError::try_from_code(data.error_code) {
                None => records(&partition, data, position, &mut events),
                Some(ResponseError::OffsetOutOfRange) => {
                    out_of_range(cluster, &partition, position, &mut events).await;
                }
                Some(code) if code.is_retriable() => {
                    let position = *position;
                    moved.insert(partition.clone(), position);
                }
                Some(code) => events.push(failed(&partition, Error::Refused { api, code })),
            }
        }
    }
    for event in &events {
        if matches!(event.event, Event::Done | Event::Failed(_) | Event::Truncated { .. }) {
            positions.remove(&event.partition);
        }
    }
    positions.retain(|p, _| !moved.contains_key(p));
    events
}

fn records(
    partition: &TopicPartition,
    data: PartitionData,
    position: &mut Position,
    events: &mut Vec<Fetched>,
) {
    let records = data.records.unwrap_or_else(Bytes::new);
    let from = position.next;
    if let Some(next) = next_offset(&records) {
        position.next = next.max(position.next);
        position.rounds = 0;
    } else if !records.is_empty() {
        // A batch that does not fit comes cut off from brokers before KIP-74's guarantee held everywhere.
        position.max_bytes = position.max_bytes.saturating_mul(2);
    }
    if !records.is_empty() && position.next > from {
        let event = Event::Records {
            from,
            records,
            high_watermark: data.high_watermark,
            last_stable: data.last_stable_offset,
            log_start: data.log_start_offset,
        };
        events.push(Fetched { partition: partition.clone(), event });
    }
    if position.to.is_some_and(|to| position.next >= to.min(data.high_watermark)) {
        events.push(Fetched { partition: partition.clone(), event: Event::Done });
    }
}

/// Retention overtook us, or the log ends below where we are.
async fn out_of_range(
    cluster: &Cluster,
    partition: &TopicPartition,
    position: &mut Position,
    events: &mut Vec<Fetched>,
) {
    let one = std::slice::from_ref(partition);
    let listed = cluster.list_offsets(one, When::Earliest).await.remove(partition);
    let from = position.next;
    let event = match listed {
        Some(Ok(start)) if start.offset > from => {
            position.next = start.offset;
            Event::Gone { from, to: start.offset }
        }
        Some(Ok(start)) => {
            let end = cluster.list_offsets(one, When::Latest).await.remove(partition);
            Event::Truncated { from, end: end.and_then(Result::ok).map_or(start.offset, |e| e.offset) }
        }
        _ => Event::Failed(Error::NoLeader { what: format!("{}/{}", partition.topic, partition.partition) }),
    };
    events.push(Fetched { partition: partition.clone(), event });
}

fn failed(partition: &TopicPartition, error: Error) -> Fetched {
    Fetched { partition: partition.clone(), event: Event::Failed(error) }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}
