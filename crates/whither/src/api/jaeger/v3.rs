//! Version 3: OTLP as JSON, as newer pages of Jaeger ask for it.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use whither_otlp::TraceId;
use whither_store::{SpanRow, SpanStatus};

use super::search::{Asked, Pairs};
use super::{Failure, SPANS, asked, once, trace_id, v1};
use crate::api::Shared;
use crate::traces::encoded;

pub(super) async fn services(Of(shared): Of<Shared>) -> Response {
    let names = asked(&shared, |traces| Ok(traces.services())).await;
    answer(names.map(|names| json!({ "services": names.iter().map(|n| &**n).collect::<Vec<_>>() })))
}

pub(super) async fn operations(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let asked_for = |names: &[&str]| {
        pairs
            .iter()
            .find(|(n, value)| names.contains(&n.as_str()) && !value.is_empty())
            .map(|(_, v)| v.clone())
    };
    let Some(service) = asked_for(&["service"]) else {
        return answer(Err(Failure::Parameter("parameter 'service' is required".to_owned())));
    };
    let kind = asked_for(&["span_kind", "spanKind"]);
    let all = asked(&shared, move |traces| Ok(traces.operations(&service))).await;
    answer(all.map(|all| {
        let of_kind = |word: &str| kind.as_deref().is_none_or(|kind| kind == word);
        let told = all.iter().map(|o| (&*o.name, v1::word(o.kind))).filter(|(_, kind)| of_kind(kind));
        let operations: Vec<Json> =
            told.map(|(name, kind)| json!({ "name": name, "spanKind": kind })).collect();
        json!({ "operations": operations })
    }))
}

pub(super) async fn trace(Of(shared): Of<Shared>, Path(id): Path<String>) -> Response {
    let rows = match trace_id(&id) {
        Err(failure) => Err(failure),
        Ok(id) => asked(&shared, move |traces| traces.trace(id, SPANS)).await,
    };
    let rows =
        rows.map(once).and_then(|rows| if rows.is_empty() { Err(Failure::NotFound) } else { Ok(rows) });
    answer(rows.map(|rows| result(&rows)))
}

pub(super) async fn traces(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let found = match Asked::v3(&pairs) {
        Err(failure) => Err(failure),
        Ok(wanted) => asked(&shared, move |traces| wanted.find(traces)).await,
    };
    answer(found.map(|found| result(&found.concat())))
}

pub(super) async fn summaries(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let found = match Asked::v3(&pairs) {
        Err(failure) => Err(failure),
        Ok(wanted) => asked(&shared, move |traces| wanted.find(traces)).await,
    };
    answer(found.map(|found| {
        let summaries: Vec<Json> = found.iter().filter_map(|rows| summary(rows)).collect();
        json!({ "summaries": summaries })
    }))
}

fn answer(answer: Result<Json, Failure>) -> Response {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(failure) => {
            let status = failure.status();
            (status, json!({ "error": { "httpCode": status, "message": failure.message() } }))
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The spans as OTLP tells them.
fn result(rows: &[SpanRow]) -> Json {
    let spans = rows.iter().map(|row| (&*row.resource, &*row.scope, encoded(row)));
    let json = whither_otlp::to_json(spans).unwrap_or_else(|_| json!({ "resourceSpans": [] }));
    json!({ "result": json })
}

fn summary(rows: &[SpanRow]) -> Option<Json> {
    let first = rows.first()?;
    let ids: BTreeSet<[u8; 8]> = rows.iter().map(|row| row.span_id).collect();
    let is_orphan = |row: &&SpanRow| row.parent_id.is_some_and(|parent| !ids.contains(&parent));
    let failed = |row: &&SpanRow| row.status == SpanStatus::Error;
    let root = rows.iter().find(|row| row.parent_id.is_none()).unwrap_or(first);
    let mut services: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows {
        let (all, errors) = services.entry(&row.service).or_default();
        *all += 1;
        *errors += usize::from(failed(&row));
    }
    let services: Vec<Json> = services
        .into_iter()
        .map(|(name, (all, errors))| json!({ "name": name, "spanCount": all, "errorSpanCount": errors }))
        .collect();
    let end = |row: &SpanRow| row.start_nanos.saturating_add(row.duration_nanos.max(0));
    Some(json!({
        "traceId": TraceId(first.trace_id).to_string(),
        "rootServiceName": &*root.service,
        "rootOperationName": &*root.name,
        "minStartTimeUnixNano": rows.iter().map(|row| row.start_nanos).min()?.to_string(),
        "maxEndTimeUnixNano": rows.iter().map(end).max()?.to_string(),
        "spanCount": rows.len(),
        "errorSpanCount": rows.iter().filter(failed).count(),
        "orphanSpanCount": rows.iter().filter(is_orphan).count(),
        "services": services,
    }))
}
