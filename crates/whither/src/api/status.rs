//! How the server and the cluster are, in one answer.

use std::collections::BTreeMap;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::list::document;
use super::problem::Problem;
use super::query::Query;
use crate::json::words::Counts;
use crate::json::{NotSeenItem, Times};
use crate::live::{Lost, State};

/// The server and the cluster.
#[derive(Serialize, ToSchema)]
struct Status<'a> {
    cluster: &'a str,
    version: &'static str,
    demo: bool,
    started_at: Times,
    at: Times,
    revision: u64,
    caught_up: bool,
    complete_since: Times,
    brokers: usize,
    topics: usize,
    groups: usize,
    records_read: u64,
    residual: i64,
    totals: Totals,
    lost: LostItem,
    store: Store,
    not_seen: Vec<NotSeenItem<'a>>,
    problems: Vec<Problems<'a>>,
}

impl<'a> Status<'a> {
    fn of(state: &'a State) -> Status<'a> {
        Status {
            cluster: &state.about.cluster,
            version: env!("CARGO_PKG_VERSION"),
            demo: state.demo,
            started_at: state.started_at.into(),
            at: state.at.into(),
            revision: state.revision,
            caught_up: state.about.caught_up,
            complete_since: state.about.complete_since.into(),
            brokers: state.about.brokers,
            topics: state.topics.len(),
            groups: super::groups::names(state).len(),
            records_read: state.about.records_read,
            residual: residual(state),
            totals: Totals::of(state),
            lost: LostItem::of(state),
            store: Store {
                bytes: state.store.bytes,
                oldest: state.store.oldest.into(),
                accepting: state.store.accepting,
            },
            not_seen: state.not_seen.iter().map(NotSeenItem::of).collect(),
            problems: state
                .problems
                .iter()
                .map(|p| Problems { text: &p.text, since: p.since.into() })
                .collect(),
        }
    }
}

/// What all rows come to.
#[derive(Serialize, ToSchema)]
pub(super) struct Totals {
    records: u64,
    #[schema(value_type = Counts)]
    verdicts: BTreeMap<&'static str, u64>,
}

/// Records lost, by when that began.
#[derive(Serialize, ToSchema)]
#[schema(as = Lost)]
pub(super) struct LostItem {
    last_hour: u64,
    last_day: u64,
    all: u64,
}

/// What is on disk.
#[derive(Serialize, ToSchema)]
struct Store {
    bytes: u64,
    oldest: Times,
    accepting: bool,
}

/// What keeps the server from its work.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerProblem)]
struct Problems<'a> {
    text: &'a str,
    since: Times,
}

impl Totals {
    pub(super) fn of(state: &State) -> Totals {
        let verdicts = state.totals.by.iter().map(|(outcome, n)| (outcome.word(), *n)).collect();
        Totals { records: state.totals.records, verdicts }
    }
}

impl LostItem {
    pub(super) fn of(state: &State) -> LostItem {
        let Lost { last_hour, last_day, all } = Lost::of(state);
        LostItem { last_hour, last_day, all }
    }
}

/// The residual of all rows, as far as it fits.
pub(super) fn residual(state: &State) -> i64 {
    let residual = state.totals.residual;
    i64::try_from(residual).unwrap_or(if residual < 0 { i64::MIN } else { i64::MAX })
}

/// How the server and the cluster are.
#[utoipa::path(
    get,
    path = "/status",
    tag = "server",
    responses((status = 200, description = "How they are", body = Status), Problem)
)]
pub(super) async fn status(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[])?;
    // It is small: what can't be seen is told by kinds of things.
    Ok(document(&Status::of(&shared.live.read())))
}
