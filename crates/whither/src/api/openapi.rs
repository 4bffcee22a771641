//! The description of the API: made of the routes, and of the types that they answer with.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::events::{Reset, Round, Withdrawn};
use super::problem::{self, Problem};
use super::query::Query;
use crate::json;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "whither",
        description = "What became of every message in a Kafka pipeline. Times are RFC 3339 in UTC with milliseconds; `to` is exclusive; \
                       durations are in seconds. What is not known is null. Fields are added to answers: leave aside what you don't know.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(problem::Body, json::Check, json::Finding, Round, Withdrawn, Reset))
)]
struct Described;

/// Made once: it never changes.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let described = Described::openapi().merge_from(super::described().into_openapi());
    let mut described = serde_json::to_value(&described).unwrap_or_default();
    null_is_there(&mut described);
    who_asks(&mut described);
    let mut text = serde_json::to_string_pretty(&described).unwrap_or_default();
    text.push('\n');
    text
});

/// The description of the API as OpenAPI 3.1, as it is served, printed by `whither openapi` and kept in the guide.
#[must_use]
pub fn text() -> &'static str {
    &TEXT
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "server",
    responses((status = 200, description = "The description of this API", body = serde_json::Value), Problem)
)]
pub(super) async fn openapi(query: Query) -> Result<Response, Problem> {
    query.only(&[])?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text()).into_response())
}

/// A field that may be null is always there; one that may be missing is never null.
fn null_is_there(value: &mut Value) {
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        let null: Vec<Value> = properties
            .iter()
            .filter(|(_, of)| takes_null(of))
            .map(|(name, _)| name.as_str().into())
            .collect();
        let mut needed = value.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        needed.extend(null.into_iter().filter(|name| !needed.contains(name)).collect::<Vec<_>>());
        if let Some(object) = value.as_object_mut().filter(|_| !needed.is_empty()) {
            object.insert("required".to_owned(), needed.into());
        }
    }
    match value {
        Value::Object(of) => of.values_mut().for_each(null_is_there),
        Value::Array(of) => of.iter_mut().for_each(null_is_there),
        _ => {}
    }
}

fn takes_null(schema: &Value) -> bool {
    let is_null = |of: &Value| of == "null" || of["type"] == "null";
    let among = |of: &str| schema[of].as_array().is_some_and(|of| of.iter().any(is_null));
    among("type") || among("oneOf") || schema["$ref"] == "#/components/schemas/Time"
}

/// A server on an address of its own asks nobody who they are; any other takes a token, or a login that is one.
fn who_asks(described: &mut Value) {
    described["components"]["securitySchemes"] = json!({
        "token": {"type": "http", "scheme": "bearer", "description": "Where `[auth] tokens_file` is set"},
        "login": {"type": "http", "scheme": "basic", "description": "The same token in two parts, for browsers"},
    });
    described["security"] = json!([{}, {"token": []}, {"login": []}]);
}
