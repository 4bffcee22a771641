//! Groups, their members, positions and commits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::fact::{GroupKind, GroupState};
use whither_core::{Balance, Name, Partition};
use whither_store::CommitRow;

use super::Shared;
use super::filter::Filter;
use super::findings::Told;
use super::lag::LagItem;
use super::list::{Listed, PAGING, Page, cut, document, list, text};
use super::parameters::{Names, Paging};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use crate::json::{Finding, Times};
use crate::live::{self, Group, GroupSummary, Lag, State};

/// Commits that a group's page shows.
const COMMITS: usize = 200;

/// A group; `members` is how many, or all of them.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
struct Item<M> {
    group: String,
    /// `classic`, `consumer`, `other`, `share`, `streams` or `unknown`.
    kind: &'static str,
    /// `empty`, `stable`, `rebalancing`, `dead` or `unknown`.
    state: &'static str,
    members: M,
    topics: Vec<String>,
    partitions: usize,
    lag_records: u64,
    lag_seconds: Option<f64>,
    lost: u64,
    dormant: bool,
    loses_data_in_seconds: Option<f64>,
    last_commit_at: Times,
}

fn item<M>(state: &State, name: &Name, members: M) -> Item<M> {
    let sum = GroupSummary::of(state, name);
    let group = state.groups.get(name);
    Item {
        group: name.to_string(),
        kind: group.map_or("unknown", |g| kind(g.kind)),
        state: group.map_or("unknown", |g| state_word(g.state)),
        members,
        topics: sum.topics.iter().map(ToString::to_string).collect(),
        partitions: sum.partitions,
        lag_records: sum.lag_records,
        lag_seconds: sum.lag_seconds,
        lost: sum.lost,
        dormant: sum.dormant,
        loses_data_in_seconds: sum.loses_data_in_seconds,
        last_commit_at: sum.last_commit_at.into(),
    }
}

const fn kind(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Classic => "classic",
        GroupKind::Consumer => "consumer",
        GroupKind::OtherClassic => "other",
        GroupKind::Share => "share",
        GroupKind::Streams => "streams",
    }
}

const fn state_word(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "empty",
        GroupState::Stable => "stable",
        GroupState::Rebalancing => "rebalancing",
        GroupState::Dead => "dead",
        GroupState::Unknown => "unknown",
    }
}

/// Groups that a coordinator knows or that have rows.
pub(super) fn names(state: &State) -> BTreeSet<&Name> {
    state.groups.keys().chain(state.groups_of.values().flatten()).collect()
}

/// Groups.
#[utoipa::path(
    get,
    path = "/groups",
    tag = "groups",
    params(Paging, Names),
    responses(
        (
            status = 200,
            description = "Groups, each with how many members it has",
            content((Listed<Item<usize>> = "application/json"), (Item<usize> = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn groups(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["group", "topic"]])?;
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
    let reads = |group: &Name| {
        let mut read = state.groups_of.iter().filter(|(topic, _)| filter.fits_topic(topic));
        !filter.names_topics() || read.any(|(_, groups)| groups.contains(group))
    };
    let groups = names(state).into_iter().filter(|name| filter.fits_group(name) && reads(name));
    let (page, last) = cut(groups.map(|name| (name.to_string(), name)), after, limit);
    let members = |name: &Name| state.groups.get(name).map_or(0, |g: &Group| g.members.len());
    (page.into_iter().map(|name| item(state, name, members(name))).collect(), last)
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
struct Member {
    member_id: String,
    client_id: String,
    host: String,
    assigned: Vec<Place>,
}

/// A partition.
#[derive(Serialize, ToSchema)]
#[schema(as = Assigned)]
struct Place {
    topic: String,
    partition: i32,
}

/// A group in full.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupInFull)]
struct Detail<'a> {
    #[serde(flatten)]
    group: Item<Vec<Member>>,
    positions: Vec<LagItem<'a>>,
    commits: Vec<Commit>,
    findings: Vec<Finding<'a>>,
}

/// A commit.
#[derive(Serialize, ToSchema)]
struct Commit {
    at: Times,
    topic: String,
    partition: i32,
    offset: Option<i64>,
    by: By,
    /// `forward`, `back`, or `tombstone` for a position that was removed.
    moved: &'static str,
}

/// Who committed.
#[derive(Serialize, ToSchema)]
#[schema(as = CommittedBy)]
pub(super) struct By {
    member_id: Option<String>,
    client_id: Option<String>,
    host: Option<String>,
    memberless: bool,
}

impl By {
    pub(super) fn of(row: &CommitRow) -> By {
        By {
            member_id: row.member.as_deref().map(Into::into),
            client_id: row.client_id.as_deref().map(Into::into),
            host: row.host.as_deref().map(Into::into),
            memberless: row.memberless,
        }
    }
}

/// One group with its members, positions, latest commits and findings.
#[utoipa::path(
    get,
    path = "/groups/{group}",
    tag = "groups",
    params(("group" = String, Path, description = "Its name")),
    responses((status = 200, description = "The group", body = Detail), Problem)
)]
pub(super) async fn group(
    Of(shared): Of<Shared>,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let name = Name::from(name);
    let of = name.clone();
    let committed = shared.stored(move |store| store.latest_commits(&of, COMMITS)).await?;
    let Known { item, rows, told } = Known::of(&shared.live.read(), &name)?;
    let scene = told.scene();
    let of_group = told.all.iter().filter(|v| v.group.as_ref() == Some(&name));
    let cluster = &told.about.cluster;
    Ok(document(&Detail {
        group: item,
        positions: rows.iter().map(|(row, lag)| LagItem::of(cluster, row, lag)).collect(),
        commits: commits(committed),
        findings: of_group.map(|v| told.item(v, &scene)).collect(),
    }))
}

/// What is true of a group now.
struct Known {
    item: Item<Vec<Member>>,
    rows: Vec<(Arc<Balance>, Lag)>,
    told: Told,
}

impl Known {
    fn of(state: &State, name: &Name) -> Result<Known, Problem> {
        let known = state.groups.get(name);
        if known.is_none() && !state.groups_of.values().any(|groups| groups.contains(name)) {
            let hint = "/api/whither/v1/groups lists those that are";
            return Err(Problem::not_found(format!("there is no group {name}"), hint));
        }
        let members = known.into_iter().flat_map(|group| &group.members).map(member);
        let rows = state.rows_of(name).map(|row| (row.balance.clone(), state.lag(row)));
        Ok(Known { item: item(state, name, members.collect()), rows: rows.collect(), told: Told::of(state) })
    }
}

fn member(of: &live::Member) -> Member {
    let place = |p: &Partition| Place { topic: p.topic.to_string(), partition: p.index };
    Member {
        member_id: of.member_id.to_string(),
        client_id: of.client_id.to_string(),
        host: of.host.to_string(),
        assigned: of.assigned.iter().map(place).collect(),
    }
}

/// Newest first, each with how it moved the position from the one before.
fn commits(newest_first: Vec<CommitRow>) -> Vec<Commit> {
    let mut before: BTreeMap<(Arc<str>, i32), i64> = BTreeMap::new();
    let oldest_first = newest_first.into_iter().rev().map(|row| {
        let place = (row.topic.clone(), row.partition);
        let moved = match (row.offset, before.get(&place)) {
            (None, _) => "tombstone",
            (Some(offset), Some(before)) if offset < *before => "back",
            (Some(_), _) => "forward",
        };
        if let Some(offset) = row.offset {
            before.insert(place, offset);
        }
        Commit {
            at: Times(Some(row.at_ms)),
            by: By::of(&row),
            topic: row.topic.to_string(),
            partition: row.partition,
            offset: row.offset,
            moved,
        }
    });
    let mut commits: Vec<Commit> = oldest_first.collect();
    commits.reverse();
    commits
}
