//! Version 1: what Grafana's Jaeger data source calls. Times are microseconds.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use whither_otlp::{Attributes, Resource, Scope, Span, SpanId, StatusCode as Ended, TraceId, Value};
use whither_store::{SpanKind, SpanRow};

use super::search::{Asked, Pairs};
use super::{Failure, SPANS, asked, once, trace_id};
use crate::api::Shared;
use crate::traces::encoded;

/// Values within values are told this deep.
const DEPTH: usize = 16;
/// The largest number that every reader of JSON reads as it is.
const SAFE: u64 = 1 << 53;

/// What everything is wrapped in.
#[derive(Serialize)]
struct Envelope<T> {
    data: T,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<Told>>,
}

#[derive(Serialize)]
struct Told {
    code: u16,
    msg: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<SpanItem>,
    processes: BTreeMap<String, Process>,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanItem {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    flags: u32,
    operation_name: String,
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    tags: Vec<Tag>,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    tags: Vec<Tag>,
}

#[derive(Serialize)]
struct Log {
    timestamp: u64,
    fields: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Tag {
    key: String,
    r#type: &'static str,
    value: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    name: String,
    span_kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    parent: String,
    child: String,
    call_count: u64,
}

pub(super) async fn services(Of(shared): Of<Shared>) -> Response {
    let names = asked(&shared, |traces| Ok(traces.services())).await;
    answer(names.map(|names| names.iter().map(ToString::to_string).collect()))
}

pub(super) async fn operations_of(Of(shared): Of<Shared>, Path(service): Path<String>) -> Response {
    let names = asked(&shared, move |traces| Ok(traces.operations(&service))).await;
    answer(names.map(|all| {
        let mut names: Vec<String> = all.iter().map(|operation| operation.name.to_string()).collect();
        names.dedup();
        names
    }))
}

pub(super) async fn operations(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let asked_for = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let Some(service) = asked_for("service").filter(|service| !service.is_empty()) else {
        return answer::<Named>(Err(Failure::Parameter("parameter 'service' is required".to_owned())));
    };
    let kind = asked_for("spanKind").filter(|kind| !kind.is_empty());
    let all = asked(&shared, move |traces| Ok(traces.operations(&service))).await;
    answer(all.map(|all| {
        let named = all.iter().map(|o| Named { name: o.name.to_string(), span_kind: word(o.kind) });
        named.filter(|named| kind.as_deref().is_none_or(|kind| kind == named.span_kind)).collect()
    }))
}

pub(super) async fn traces(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let found = match Asked::v1(&pairs) {
        Err(failure) => Err(failure),
        Ok(wanted) => asked(&shared, move |traces| wanted.find(traces)).await,
    };
    // Clients take the first span of each trace for granted.
    answer(found.map(|found| found.into_iter().filter_map(|rows| trace_of(&rows)).collect()))
}

pub(super) async fn trace(Of(shared): Of<Shared>, Path(id): Path<String>) -> Response {
    let rows = match trace_id(&id) {
        Err(failure) => Err(failure),
        Ok(id) => asked(&shared, move |traces| traces.trace(id, SPANS)).await,
    };
    let found = rows.and_then(|rows| trace_of(&once(rows)).ok_or(Failure::NotFound));
    answer(found.map(|trace| vec![trace]))
}

pub(super) async fn dependencies(Of(shared): Of<Shared>, Query(pairs): Query<Pairs>) -> Response {
    let during = match super::search::lookback(&pairs) {
        Err(failure) => return answer::<Edge>(Err(failure)),
        Ok(during) => during,
    };
    let pairs = asked(&shared, move |traces| traces.service_pairs(during)).await;
    answer(pairs.map(|pairs| {
        let edge = |((parent, child), calls): ((std::sync::Arc<str>, std::sync::Arc<str>), u64)| Edge {
            parent: parent.to_string(),
            child: child.to_string(),
            call_count: calls,
        };
        pairs.calls.into_iter().map(edge).collect()
    }))
}

fn answer<T: Serialize>(answer: Result<Vec<T>, Failure>) -> Response {
    let (status, body) = match answer {
        Ok(data) => {
            let total = data.len();
            (200, json(&Envelope { data, total, limit: 0, offset: 0, errors: None }))
        }
        Err(failure) => {
            let told = Told { code: failure.status(), msg: failure.message() };
            let errors = Some(vec![told]);
            let none = Envelope { data: None::<()>, total: 0, limit: 0, offset: 0, errors };
            (failure.status(), json(&none))
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn json(value: &impl Serialize) -> String {
    // Maps with keys that are no text would fail: there are none.
    serde_json::to_string(value).unwrap_or_default()
}

/// A trace as Jaeger tells it; none without a span.
fn trace_of(rows: &[SpanRow]) -> Option<Trace> {
    let trace_id = TraceId(rows.first()?.trace_id).to_string();
    let mut known: Vec<(&[u8], String)> = Vec::new();
    let mut processes = BTreeMap::new();
    let mut spans = Vec::with_capacity(rows.len());
    for row in rows {
        let process_id = match known.iter().find(|(resource, _)| *resource == &*row.resource) {
            Some((_, id)) => id.clone(),
            None => {
                let id = format!("p{}", known.len() + 1);
                known.push((&row.resource, id.clone()));
                processes.insert(id.clone(), process(row));
                id
            }
        };
        spans.push(span(row, process_id));
    }
    Some(Trace { trace_id, spans, processes, warnings: None })
}

fn process(row: &SpanRow) -> Process {
    let mut tags = tags(Resource::read(&row.resource).attributes);
    tags.retain(|tag| tag.key != "service.name");
    Process { service_name: row.service.to_string(), tags }
}

fn span(row: &SpanRow, process_id: String) -> SpanItem {
    let message = encoded(row);
    let scope = Scope::read(&row.scope).unwrap_or_default();
    let read = Span::read(&message, Resource::read(&row.resource), scope).ok();
    let trace_id = TraceId(row.trace_id).to_string();
    let parent = row.parent_id.map(|id| Reference {
        ref_type: "CHILD_OF",
        trace_id: trace_id.clone(),
        span_id: SpanId(id).to_string(),
    });
    let start = u64::try_from(row.start_nanos).unwrap_or(0);
    let duration = u64::try_from(row.duration_nanos).unwrap_or(0);
    SpanItem {
        span_id: SpanId(row.span_id).to_string(),
        flags: read.as_ref().map_or(0, |span| span.flags & 0xff),
        operation_name: read.as_ref().map_or(row.name.to_string(), |span| span.name.to_string()),
        references: parent.into_iter().chain(read.iter().flat_map(links)).collect(),
        start_time: start / 1_000,
        duration: duration / 1_000,
        tags: read.as_ref().map(|span| span_tags(span, row.kind)).unwrap_or_default(),
        logs: read.iter().flat_map(logs).collect(),
        process_id,
        warnings: (row.duration_nanos < 0).then(|| vec!["it ends before it begins".to_owned()]),
        trace_id,
    }
}

fn links(span: &Span<'_>) -> Vec<Reference> {
    let links = span.links().filter_map(Result::ok);
    let of = links.filter_map(|link| Some((link.trace_id?, link.span_id?)));
    of.map(|(trace, span)| Reference {
        ref_type: "FOLLOWS_FROM",
        trace_id: trace.to_string(),
        span_id: span.to_string(),
    })
    .collect()
}

fn logs(span: &Span<'_>) -> Vec<Log> {
    let log = |event: whither_otlp::Event<'_>| {
        let mut fields = vec![Tag::text("event", event.name.to_string())];
        fields.extend(tags(event.attributes));
        Log { timestamp: event.nanos / 1_000, fields }
    };
    span.events().filter_map(Result::ok).map(log).collect()
}

/// A span's attributes, and what Jaeger tells as tags.
fn span_tags(span: &Span<'_>, kind: SpanKind) -> Vec<Tag> {
    let mut all = tags(span.attributes);
    let mut add = |key: &str, value: String| {
        if !value.is_empty() {
            all.push(Tag::text(key, value));
        }
    };
    add("otel.scope.name", span.scope.name.to_string());
    add("otel.scope.version", span.scope.version.to_string());
    add("span.kind", word(kind).to_owned());
    add("w3c.tracestate", span.trace_state.to_string());
    match span.status.code {
        Ended::Unset => {}
        Ended::Ok => add("otel.status_code", "OK".to_owned()),
        Ended::Error => {
            add("otel.status_code", "ERROR".to_owned());
            add("otel.status_description", span.status.message.to_string());
            all.push(Tag { key: "error".to_owned(), r#type: "bool", value: Json::Bool(true) });
        }
    }
    all
}

/// The kind as the API filters by it.
pub(super) const fn word(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn tags(attributes: Attributes<'_>) -> Vec<Tag> {
    attributes.iter().filter_map(Result::ok).map(|a| Tag::of(a.key.to_string(), a.value)).collect()
}

impl Tag {
    fn text(key: &str, value: String) -> Tag {
        Tag { key: key.to_owned(), r#type: "string", value: Json::String(value) }
    }

    fn of(key: String, value: Value<'_>) -> Tag {
        let (r#type, value) = match value {
            Value::Empty => ("string", Json::String(String::new())),
            Value::Text(text) => ("string", Json::String(text.to_string())),
            Value::Bool(told) => ("bool", Json::Bool(told)),
            Value::Int(n) if n.unsigned_abs() >= SAFE => ("int64", Json::String(n.to_string())),
            Value::Int(n) => ("int64", n.into()),
            Value::Double(n) => ("float64", number(n)),
            Value::Bytes(bytes) => ("binary", Json::String(STANDARD.encode(bytes))),
            Value::Array(_) | Value::Map(_) => ("string", Json::String(within(value, DEPTH).to_string())),
        };
        Tag { key, r#type, value }
    }
}

/// A value as JSON, as far down as it is told.
fn within(value: Value<'_>, depth: usize) -> Json {
    match value {
        _ if depth == 0 => Json::String("…".to_owned()),
        Value::Array(values) => {
            values.iter().filter_map(Result::ok).map(|value| within(value, depth - 1)).collect()
        }
        Value::Map(attributes) => {
            let pairs = attributes.iter().filter_map(Result::ok);
            Json::Object(
                pairs.map(|a| (a.key.to_string(), within(a.value, depth - 1))).collect::<Map<_, _>>(),
            )
        }
        Value::Empty => Json::Null,
        other => Tag::of(String::new(), other).value,
    }
}

/// What JSON has no number for is told as text.
fn number(n: f64) -> Json {
    serde_json::Number::from_f64(n).map_or_else(|| Json::String(n.to_string()), Json::Number)
}
