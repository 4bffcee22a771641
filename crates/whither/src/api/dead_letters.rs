//! Records that stand in dead-letter topics, as far as findings name them.

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use whither_core::Verdict;
use whither_core::verdict::{Cause, Evidence};

use super::Shared;
use super::filter::Filter;
use super::findings::holds;
use super::list::{PAGING, Page, cut, list, text};
use super::problem::Problem;
use super::query::Query;
use crate::json::Times;

/// Dead letters of one finding.
#[derive(Serialize)]
struct Item<'a> {
    topic: &'a str,
    partition: i32,
    origin: Origin<'a>,
    group: Option<&'a str>,
    exception: Option<&'a str>,
    count: u64,
    first_at: Times,
    last_at: Times,
    certainty: &'static str,
    finding_id: String,
}

#[derive(Serialize)]
struct Origin<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
}

pub(super) async fn dead_letters(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["group", "topic", "partition", "since", "until", "certainty", "cause"]])?;
    let filter = Filter::of(&query)?;
    list(&query, move |after: Option<&u64>, limit| {
        let state = shared.live.read();
        let dead = |v: &Verdict| matches!(v.cause, Cause::RoutedToDeadLetter | Cause::DeadLetterPurged);
        let found = state.findings.iter().filter(|(_, v)| dead(v) && filter.fits(v) && holds(v, &state));
        let (page, last) = cut(found.map(|(id, v)| (*id, v)), after, limit);
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
