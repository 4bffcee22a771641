//! A message of one's own, into the demo's pipeline. There is no such way into a real cluster.

use axum::extract::State as Of;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use whither_kafka::batch::key_hash;

use super::Shared;
use super::body::{BodyRefused, Said};
use super::list::text;
use super::problem::Problem;
use super::topics;
use crate::demo::broker::NewRecord;

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewMessage)]
struct Asked {
    topic: String,
    #[schema(nullable = false)]
    key: Option<String>,
    #[schema(nullable = false)]
    value: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
}

/// A header of it.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewHeader)]
struct Header {
    name: String,
    #[schema(nullable = false)]
    value: Option<String>,
}

/// Where it was written.
#[derive(Serialize, ToSchema)]
struct Written {
    topic: String,
    partition: i32,
    offset: i64,
}

/// Sends a message of one's own into the pipeline of `whither demo`. With a real cluster it is 404.
#[utoipa::path(
    post,
    path = "/demo/messages",
    tag = "demo",
    request_body = Asked,
    responses((status = 201, description = "It was written", body = Written), BodyRefused, Problem)
)]
pub(super) async fn send(Of(shared): Of<Shared>, Said(body): Said) -> Result<Response, Problem> {
    let Some(handle) = &shared.demo else {
        let hint =
            "only `whither demo` takes messages: whither reads a real cluster and writes nothing to it";
        return Err(Problem::not_found("there is no demo here", hint));
    };
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| bad_body(&error))?;
    let partitions = {
        let state = shared.live.read();
        let topic = state.topics.get(asked.topic.as_str()).ok_or_else(|| topics::unknown(&asked.topic))?;
        topic.partitions.len().max(1)
    };
    let spread = asked.key.as_ref().map_or(0, |key| key_hash(key.as_bytes()));
    let partition = i32::try_from(spread % partitions as u64).unwrap_or_default();
    let record = NewRecord {
        key: asked.key.map(Into::into),
        value: asked.value.map(Into::into),
        headers: asked.headers.into_iter().map(|h| (h.name, h.value.map(Into::into))).collect(),
        timestamp_ms: None,
    };
    let refused = |why: crate::demo::broker::Refusal| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "refused",
            why.to_string(),
            "send it to another topic of the pipeline",
        )
    };
    let mut producer = handle.producer().await.map_err(refused)?;
    let offset = producer.send(&asked.topic, partition, &[record]).await.map_err(refused)?;
    let written = text(&Written { topic: asked.topic, partition, offset });
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], written).into_response())
}

fn bad_body(error: &serde_json::Error) -> Problem {
    let hint = "send {\"topic\":\"orders\",\"key\":\"k\",\"value\":\"v\",\"headers\":[{\"name\":\"n\",\"value\":\"v\"}]}";
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_body",
        format!("the body is not what is expected: {error}"),
        hint,
    )
}
