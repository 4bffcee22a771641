//! Records that stand in dead-letter topics, as far as findings name them.

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::Verdict;
use whither_core::verdict::{Cause, Evidence};

use super::Shared;
use super::filter::Filter;
use super::findings::holds;
use super::list::{Listed, PAGING, Page, cut, list, text};
use super::parameters::{Letters, Paging, Period, Place};
use super::problem::Problem;
use super::query::Query;
use crate::json::Times;
use crate::json::words::Certainty;

/// Dead letters of one finding.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct Item<'a> {
    topic: &'a str,
    partition: i32,
    origin: Origin<'a>,
    group: Option<&'a str>,
    exception: Option<&'a str>,
    count: u64,
    first_at: Times,
    last_at: Times,
    #[schema(value_type = Certainty)]
    certainty: &'static str,
    finding_id: String,
}

/// Where the record stood before.
#[derive(Serialize, ToSchema)]
struct Origin<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
}

/// Records that stand in dead-letter topics.
#[utoipa::path(
    get,
    path = "/dead-letters",
    tag = "verdicts",
    params(Paging, Place, Period, Letters),
    responses(
        (
            status = 200,
            description = "Dead letters, by finding",
            content((Listed<Item> = "application/json"), (Item = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn dead_letters(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["group", "topic", "partition", "since", "until", "certainty", "cause"]])?;
    let filter = Filter::of(&query)?;
    list(&query, move |after: Option<&u64>, limit| {
        let dead = |v: &Verdict| matches!(v.cause, Cause::RoutedToDeadLetter | Cause::DeadLetterPurged);
        let (page, last) = {
            let state = shared.live.read();
            let found = state.findings.iter().filter(|(_, v)| dead(v) && filter.fits(v) && holds(v, &state));
            cut(found.map(|(id, v)| (*id, v.clone())), after, limit)
        };
        Page { items: page.iter().filter_map(|v| item(v)).map(|item| text(&item)).collect(), last }
    })
}

/// The first letter that is shown stands for the place of all.
fn item(v: &Verdict) -> Option<Item<'_>> {
    let letters = || {
        v.evidence.iter().filter_map(|e| match e {
            Evidence::DeadLetter { partition, at, exception, .. } => Some((partition, *at, exception)),
            _ => None,
        })
    };
    let (place, _, exception) = letters().next()?;
    let last = letters().map(|(_, at, _)| at).max();
    Some(Item {
        topic: &place.topic,
        partition: place.index,
        origin: Origin { topic: &v.partition.topic, partition: v.partition.index, offset: v.from },
        group: v.group.as_deref(),
        exception: exception.as_deref(),
        count: v.records,
        first_at: v.first_seen.into(),
        last_at: last.max(Some(v.last_seen)).into(),
        certainty: v.certainty.word(),
        finding_id: format!("{:016x}", v.id),
    })
}
