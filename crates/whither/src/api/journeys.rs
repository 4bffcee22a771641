//! The search: whatever somebody pastes, taken for all that it may be.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use whither_core::Partition;
use whither_store::{IndexKind, IndexRow, Reader, StoreError};

use super::Shared;
use super::list::document;
use super::problem::Problem;
use super::query::Query;
use crate::cli::position::Position;
use crate::json::Times;
use crate::live::State;
use crate::lookup;

/// Records told of by one search: more are no answer to "where is my message".
const FOUND: usize = 100;

const HEADER: &str = "NAME=VALUE";
const TRACE: &str = "a trace id of 32 hexadecimal digits, or a traceparent";

#[derive(Serialize)]
struct Answer {
    interpreted: Vec<Meaning>,
    items: Vec<Found>,
    searched: Searched,
    next: Option<String>,
}

/// What the text may be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Meaning {
    r#as: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

#[derive(Serialize)]
struct Found {
    topic: String,
    partition: i32,
    offset: i64,
    at: Times,
    matched_on: &'static str,
}

#[derive(Serialize)]
struct Searched {
    topics_indexed: Vec<String>,
    since: Times,
    not_searched: Vec<NotSearched>,
}

#[derive(Serialize)]
struct NotSearched {
    what: String,
    why: &'static str,
}

/// What is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Sought {
    At(Partition, i64),
    Index(IndexKind, u64),
}

pub(super) async fn journeys(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[&["q", "key", "trace", "header", "topic", "limit"]])?;
    let limit =
        query.parsed("limit", "a number from 1 to 100", |n| (1..=FOUND).contains(n))?.unwrap_or(FOUND);
    let topic = query.text("topic").map(Arc::<str>::from);
    let (meanings, sought) = asked(&query, &shared.live.read())?;
    let (items, searched) = {
        let state = shared.live.read();
        (positions(&sought, &state), searched(&state))
    };
    let mut items = items;
    let of_index: Vec<(IndexKind, u64)> = sought
        .iter()
        .filter_map(|s| if let Sought::Index(kind, hash) = s { Some((*kind, *hash)) } else { None })
        .collect();
    if !of_index.is_empty() {
        let rows = shared.stored(move |store| look_up(store, &of_index, topic.as_deref(), limit)).await?;
        items.extend(rows.iter().map(found));
    }
    items.truncate(limit);
    Ok(document(&Answer { interpreted: meanings, items, searched, next: None }))
}

/// What is meant: one of the named parameters, or all that `q` may be.
fn asked(query: &Query, state: &State) -> Result<(Vec<Meaning>, Vec<Sought>), Problem> {
    let meaning = |r#as, value: &str| Meaning { r#as, value: value.to_owned(), topic: None };
    let (mut meanings, mut sought) = (Vec::new(), Vec::new());
    if let Some(key) = query.text("key") {
        meanings.push(meaning("key", key));
        sought.push(Sought::Index(IndexKind::Key, lookup::key(key.as_bytes())));
    }
    if let Some(text) = query.text("trace") {
        let hash =
            trace_of(text).and_then(lookup::trace).ok_or_else(|| Problem::parameter("trace", text, TRACE))?;
        meanings.push(meaning("trace", text));
        sought.push(Sought::Index(IndexKind::Trace, hash));
    }
    if let Some(text) = query.text("header") {
        let (name, value) = header_of(text).ok_or_else(|| Problem::parameter("header", text, HEADER))?;
        meanings.push(meaning("header", text));
        sought.push(Sought::Index(IndexKind::Header, lookup::header(name, value.as_bytes())));
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
        means("trace", None, Some(Sought::Index(IndexKind::Trace, hash)));
    }
    if let Some((name, value)) = header_of(text) {
        means("header", None, Some(Sought::Index(IndexKind::Header, lookup::header(name, value.as_bytes()))));
    }
    if state.topics.contains_key(text) {
        means("topic", Some(text.to_owned()), None);
    }
    if super::groups::names(state).iter().any(|name| &***name == text) {
        means("group", None, None);
    }
    means("key", None, Some(Sought::Index(IndexKind::Key, lookup::key(text.as_bytes()))));
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
        let rows = store.find(*kind, *hash, limit)?;
        all.extend(rows.into_iter().filter(|row| topic.is_none_or(|topic| &*row.topic == topic)));
    }
    all.sort_by_key(|row| std::cmp::Reverse(row.at_ms));
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

/// Where keys, traces and headers could be looked up, and where not.
fn searched(state: &State) -> Searched {
    let (indexed, not): (Vec<_>, Vec<_>) = state.topics.iter().partition(|(_, topic)| topic.indexed);
    let not_searched = not.into_iter().map(|(name, _)| NotSearched {
        what: format!("keys, traces and headers of {name}"),
        why: "the topic is not in the message index",
    });
    Searched {
        topics_indexed: indexed.into_iter().map(|(name, _)| name.to_string()).collect(),
        since: state.store.oldest.into(),
        not_searched: not_searched.collect(),
    }
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
