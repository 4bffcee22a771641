//! Whether the process runs, and whether it can answer.

use axum::extract::State as Of;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use whither_core::{Span, Time};

use super::Shared;
use crate::clock;
use crate::live::State;
use crate::prose::words;

/// An answer older than this is none of now: brokers that elect a leader are silent for less.
const STALE: Span = Span::seconds(30);

/// Whether the process runs.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "server",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
pub(super) async fn healthz() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

/// Whether it has caught up enough to answer.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "server",
    responses(
        (status = 200, description = "It has", body = String, content_type = "text/plain"),
        (status = 503, description = "Why not", body = String, content_type = "text/plain")
    )
)]
pub(super) async fn readyz(Of(shared): Of<Shared>) -> Response {
    let why_not = not_ready(&shared.live.read(), clock::now());
    match why_not {
        None => plain(StatusCode::OK, "ready\n".to_owned()),
        Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

/// Why what could be answered now would not be the truth of now.
pub(crate) fn not_ready(state: &State, now: Time) -> Option<String> {
    if !state.store.accepting {
        let why = state.problems.first().map(|p| p.text.clone());
        return Some(why.unwrap_or_else(|| "the store takes nothing more".to_owned()));
    }
    if !state.about.caught_up {
        let problem = state.problems.first().map(|p| format!(": {}", p.text));
        return Some(format!("has not caught up with the cluster yet{}", problem.unwrap_or_default()));
    }
    let age = now.since(state.round_at);
    (age > STALE).then(|| {
        let problem = state.problems.first().map(|p| format!(": {}", p.text));
        let age = words::span(age);
        format!("the newest look at the cluster is {age} old{}", problem.unwrap_or_default())
    })
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
