//! Topics and their partitions.

use std::collections::BTreeMap;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::fact::{Config, Role};
use whither_core::{Name, Partition, TopicId};

use super::Shared;
use super::filter::Filter;
use super::list::{Listed, PAGING, Page, cut, document, list, text};
use super::parameters::{Names, Paging};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use crate::json::Times;
use crate::live::{Edges, State, Topic, TopicSummary};
use crate::prose::words;
use crate::sources::kafka::batches::Depth;

/// A topic; `partitions` is how many, or all of them.
#[derive(Serialize, ToSchema)]
#[schema(as = Topic)]
struct Item<P> {
    topic: String,
    topic_id: Option<String>,
    partitions: P,
    role: &'static str,
    records: u64,
    log_start_total: u64,
    rate_per_second: Option<f64>,
    retention_ms: Option<i64>,
    retention_bytes: Option<i64>,
    compacts: bool,
    depth: &'static str,
    indexed: bool,
    indexed_by: Vec<String>,
    groups: Vec<String>,
    lost: u64,
    newest_at: Times,
}

/// A partition.
#[derive(Serialize, ToSchema)]
#[schema(as = Partition)]
struct PartitionItem {
    partition: i32,
    leader: Option<i32>,
    leader_epoch: Option<i32>,
    log_start: i64,
    local_start: Option<i64>,
    last_stable: Option<i64>,
    end: i64,
    records: u64,
    rate_per_second: Option<f64>,
    /// Where the newest part begins and ends that the index holds by all of `indexed_by`.
    indexed_from: Option<i64>,
    indexed_to: Option<i64>,
}

/// A topic in full.
#[derive(Serialize, ToSchema)]
#[schema(as = TopicInFull)]
struct Detail {
    #[serde(flatten)]
    topic: Item<Vec<PartitionItem>>,
    /// The settings that verdicts rest on, under Kafka's names.
    configs: BTreeMap<&'static str, Option<String>>,
}

fn item<P>(state: &State, name: &Name, topic: &Topic, partitions: P) -> Item<P> {
    let sum = TopicSummary::of(state, name, topic);
    let config = topic.config.as_ref();
    Item {
        topic: name.to_string(),
        topic_id: (topic.id != TopicId::UNKNOWN).then(|| words::topic_id(topic.id)),
        partitions,
        role: match topic.role {
            None => "normal",
            Some(Role::DeadLetter) => "dead_letter",
            Some(Role::Retry) => "retry",
        },
        records: sum.records,
        log_start_total: sum.log_start_total,
        rate_per_second: sum.rate_per_second,
        retention_ms: config.and_then(|c| c.retention_ms),
        retention_bytes: config.and_then(|c| c.retention_bytes),
        compacts: config.and_then(|c| c.compacts).unwrap_or(false),
        depth: match topic.depth {
            Depth::Ledger | Depth::Coordinator if topic.indexed.is_empty() => "ledger",
            _ => "headers",
        },
        indexed: !topic.indexed.is_empty(),
        indexed_by: topic.indexed.iter().map(ToString::to_string).collect(),
        groups: sum.groups.iter().map(ToString::to_string).collect(),
        lost: sum.lost,
        newest_at: sum.newest_at.into(),
    }
}

/// Topics.
#[utoipa::path(
    get,
    path = "/topics",
    tag = "topics",
    params(Paging, Names),
    responses(
        (
            status = 200,
            description = "Topics, each with how many partitions it has",
            content((Listed<Item<usize>> = "application/json"), (Item<usize> = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn topics(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["topic", "group"]])?;
    let filter = Filter::of(&query)?;
    list(&query, move |after: Option<&String>, limit| {
        let (items, last) = page(&shared.live.read(), &filter, after, limit);
        Page { items: items.iter().map(text).collect(), last }
    })
}

fn page(
    state: &State,
    filter: &Filter,
    after: Option<&String>,
    limit: usize,
) -> (Vec<Item<usize>>, Option<String>) {
    let read = |name: &Name| {
        let mut groups = state.groups_of.get(name).into_iter().flatten();
        !filter.names_groups() || groups.any(|group| filter.fits_group(group))
    };
    let topics = state.topics.iter().filter(|(name, _)| filter.fits_topic(name) && read(name));
    let (page, last) = cut(topics.map(|of| (of.0.to_string(), of)), after, limit);
    (page.into_iter().map(|(name, topic)| item(state, name, topic, topic.partitions.len())).collect(), last)
}

/// One topic with its partitions.
#[utoipa::path(
    get,
    path = "/topics/{topic}",
    tag = "topics",
    params(("topic" = String, Path, description = "Its name")),
    responses((status = 200, description = "The topic", body = Detail), Problem)
)]
pub(super) async fn topic(
    Of(shared): Of<Shared>,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let state = shared.live.read();
    let name = Name::from(name);
    let topic = state.topics.get(&name).ok_or_else(|| unknown(&name))?;
    let partitions = topic.partitions.iter().map(|(index, edges)| {
        let held = state.indexed.get(&Partition::new(name.clone(), *index));
        partition(&state, *index, edges, held.and_then(|held| held.newest(&topic.indexed)))
    });
    let configs = topic.config.as_ref().map(configs).unwrap_or_default();
    let detail = Detail { topic: item(&state, &name, topic, partitions.collect()), configs };
    drop(state);
    Ok(document(&detail))
}

/// There is no topic of this name.
pub(super) fn unknown(name: &str) -> Problem {
    Problem::not_found(
        format!("there is no topic {name}"),
        "/api/whither/v1/topics lists those that are; one that went is in /api/whither/v1/findings",
    )
}

fn partition(state: &State, partition: i32, edges: &Edges, indexed: Option<(i64, i64)>) -> PartitionItem {
    PartitionItem {
        partition,
        leader: Some(edges.leader).filter(|id| *id >= 0),
        leader_epoch: Some(edges.leader_epoch).filter(|epoch| *epoch >= 0),
        log_start: edges.log_start,
        local_start: Some(edges.local_start).filter(|offset| *offset >= 0),
        last_stable: Some(edges.last_stable).filter(|offset| *offset >= 0),
        end: edges.end,
        records: edges.held(),
        rate_per_second: edges.end_pace.per_second(state.at),
        indexed_from: indexed.map(|(from, _)| from),
        indexed_to: indexed.map(|(_, to)| to),
    }
}

/// The settings that verdicts rest on, under Kafka's names.
fn configs(config: &Config) -> BTreeMap<&'static str, Option<String>> {
    let policy = match (config.compacts, config.deletes) {
        (Some(true), Some(true)) => Some("compact,delete"),
        (Some(true), _) => Some("compact"),
        (_, Some(true)) => Some("delete"),
        _ => None,
    };
    BTreeMap::from([
        ("retention.ms", config.retention_ms.map(|n| n.to_string())),
        ("retention.bytes", config.retention_bytes.map(|n| n.to_string())),
        ("cleanup.policy", policy.map(ToOwned::to_owned)),
        ("unclean.leader.election.enable", config.unclean_elections.map(|b| b.to_string())),
    ])
}
