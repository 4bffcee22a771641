//! The search: whatever somebody pastes, taken for all that it may be.

use std::cmp::Reverse;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::{Partition, Time};
use whither_store::{IndexKind, IndexRow, Reader, StoreError};

use super::Shared;
use super::list::document;
use super::parameters::Search;
use super::problem::Problem;
use super::query::Query;
use super::searched::{Missing, Searched};
use crate::cli::position::Position;
use crate::index::By;
use crate::json::Times;
use crate::live::State;
use crate::lookup;

/// Records told of by one search: more are no answer to "where is my message".
const FOUND: usize = 100;

const HEADER: &str = "NAME=VALUE";
const TRACE: &str = "a trace id of 32 hexadecimal digits, or a traceparent";

/// What a search came to.
#[derive(Serialize, ToSchema)]
#[schema(as = Journeys)]
struct Answer {
    interpreted: Vec<Meaning>,
    items: Vec<Found>,
    /// What it means that there are no items; none where there are.
    missing: Option<Missing>,
    searched: Searched,
    next: Option<String>,
}

/// What the text may be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
struct Meaning {
    /// `position`, `key`, `header`, `trace`, `topic` or `group`.
    r#as: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    topic: Option<String>,
}

/// A record that was found.
#[derive(Serialize, ToSchema)]
struct Found {
    topic: String,
    partition: i32,
    offset: i64,
    at: Times,
    /// `position`, `key`, `header` or `trace`.
    matched_on: &'static str,
}

/// What is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Sought {
    At(Partition, i64),
    Index(By, u64),
}

/// Finds messages by whatever is known of them.
#[utoipa::path(
    get,
    path = "/journeys",
    tag = "messages",
    params(Search),
    responses((status = 200, description = "What was found, and where was searched", body = Answer), Problem)
)]
pub(super) async fn journeys(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[&["q", "key", "trace", "header", "topic", "limit"]])?;
    let limit =
        query.parsed("limit", "a number from 1 to 100", |n| (1..=FOUND).contains(n))?.unwrap_or(FOUND);
    let topic = query.text("topic").map(Arc::<str>::from);
    let (meanings, sought) = asked(&query, &shared.live.read())?;
    let (by, of_index): (Vec<By>, Vec<(IndexKind, u64)>) = sought
        .iter()
        .filter_map(|s| if let Sought::Index(by, hash) = s { Some((by, *hash)) } else { None })
        .map(|(by, hash)| (by.clone(), (by.kind(), hash)))
        .unzip();
    // What is covered before the look-up is what was looked through.
    let (mut items, mut searched) = {
        let state = shared.live.read();
        (positions(&sought, &state), Searched::of(&state, &by, topic.as_deref()))
    };
    if !of_index.is_empty() {
        let looked_up = move |store: &Reader| {
            let rows = look_up(store, &of_index, topic.as_deref(), limit)?;
            Ok((rows, store.index_forgot_ms().map(Time)))
        };
        let (rows, forgot) = shared.stored(looked_up).await?;
        items.extend(rows.iter().map(found));
        searched.forgot(forgot);
    }
    items.truncate(limit);
    let missing = items.is_empty().then(|| searched.missing());
    Ok(document(&Answer { interpreted: meanings, items, missing, searched, next: None }))
}

/// What is meant: one of the named parameters, or all that `q` may be.
fn asked(query: &Query, state: &State) -> Result<(Vec<Meaning>, Vec<Sought>), Problem> {
    let meaning = |r#as, value: &str| Meaning { r#as, value: value.to_owned(), topic: None };
    let (mut meanings, mut sought) = (Vec::new(), Vec::new());
    if let Some(key) = query.text("key") {
        meanings.push(meaning("key", key));
        sought.push(Sought::Index(By::Key, lookup::key(key.as_bytes())));
    }
    if let Some(text) = query.text("trace") {
        let hash =
            trace_of(text).and_then(lookup::trace).ok_or_else(|| Problem::parameter("trace", text, TRACE))?;
        meanings.push(meaning("trace", text));
        sought.push(Sought::Index(By::Trace, hash));
    }
    if let Some(text) = query.text("header") {
        let (name, value) = header_of(text).ok_or_else(|| Problem::parameter("header", text, HEADER))?;
        meanings.push(meaning("header", text));
        sought.push(by_header(name, value));
    }
    if let Some(text) = query.text("q").map(str::trim) {
        anything(text, state, &mut meanings, &mut sought);
    }
    if meanings.is_empty() {
        return Err(Problem::parameter(
            "q",
            "",
            "a position, key, header or trace id; or give key, trace or header",
        ));
    }
    Ok((meanings, sought))
}

fn anything(text: &str, state: &State, meanings: &mut Vec<Meaning>, sought: &mut Vec<Sought>) {
    let mut means = |r#as, topic, s: Option<Sought>| {
        meanings.push(Meaning { r#as, value: text.to_owned(), topic });
        sought.extend(s);
    };
    if let Ok(at) = Position::from_str(text) {
        let topic = Some(at.partition.topic.to_string());
        means("position", topic, Some(Sought::At(at.partition, at.offset)));
    }
    if let Some(hash) = trace_of(text).and_then(lookup::trace) {
        means("trace", None, Some(Sought::Index(By::Trace, hash)));
    }
    if let Some((name, value)) = header_of(text) {
        means("header", None, Some(by_header(name, value)));
    }
    if state.topics.contains_key(text) {
        means("topic", Some(text.to_owned()), None);
    }
    if super::groups::names(state).iter().any(|name| &***name == text) {
        means("group", None, None);
    }
    means("key", None, Some(Sought::Index(By::Key, lookup::key(text.as_bytes()))));
}

/// The trace id in a `traceparent`, or by itself.
fn trace_of(text: &str) -> Option<&str> {
    let mut parts = text.trim().split('-');
    let first = parts.next()?;
    match parts.next() {
        None => Some(first).filter(|id| id.len() == 32),
        Some(id) => Some(id).filter(|id| first.len() == 2 && id.len() == 32),
    }
}

fn header_of(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| !name.is_empty())
}

fn by_header(name: &str, value: &str) -> Sought {
    Sought::Index(By::Header(name.into()), lookup::header(name, value.as_bytes()))
}

/// Positions that the log holds.
fn positions(sought: &[Sought], state: &State) -> Vec<Found> {
    let held = sought.iter().filter_map(|s| match s {
        Sought::At(p, offset) => {
            let edges = state.edges(p)?;
            (edges.log_start <= *offset && *offset < edges.end).then(|| Found {
                topic: p.topic.to_string(),
                partition: p.index,
                offset: *offset,
                at: Times(None),
                matched_on: "position",
            })
        }
        Sought::Index(..) => None,
    });
    held.collect()
}

fn look_up(
    store: &Reader,
    sought: &[(IndexKind, u64)],
    topic: Option<&str>,
    limit: usize,
) -> Result<Vec<IndexRow>, StoreError> {
    let mut all = Vec::new();
    for (kind, hash) in sought {
        all.extend(store.find(*kind, *hash, topic, limit)?);
    }
    // A record that was read twice, or that several meanings lead to, is one.
    let place = |row: &IndexRow| (Reverse(row.at_ms), row.topic.clone(), row.partition, row.offset);
    all.sort_by_key(place);
    all.dedup_by_key(|row| place(row));
    Ok(all)
}

fn found(row: &IndexRow) -> Found {
    let matched_on = match row.what {
        IndexKind::Key => "key",
        IndexKind::Trace => "trace",
        IndexKind::Header => "header",
    };
    let (topic, at) = (row.topic.to_string(), Times(Some(row.at_ms)));
    Found { topic, partition: row.partition, offset: row.offset, at, matched_on }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_taken_for_all_that_it_may_be() {
        let state = State::default();
        let as_of = |text: &str| {
            let (meanings, _) = asked(&Query::of(&[("q", text)]), &state).unwrap();
            meanings.iter().map(|m| m.r#as).collect::<Vec<_>>()
        };
        assert_eq!(as_of("orders/3@1842"), ["position", "key"]);
        assert_eq!(as_of("orders[3]@1842"), ["position", "key"]);
        assert_eq!(as_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ["trace", "key"]);
        assert_eq!(as_of("x-order-id=8841"), ["header", "key"]);
        assert!(asked(&Query::of(&[]), &state).is_err());
        assert!(asked(&Query::of(&[("trace", "4bf9")]), &state).is_err());
    }
}
