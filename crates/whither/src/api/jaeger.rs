//! Jaeger's query API, as Grafana's data source, Jaeger's own page and people's scripts call it: ordinary traces, as they were
//! sent. Versions 1 and 3 stand on the origin's root, where those clients look for them.

mod search;
mod v1;
mod v3;

use axum::Router;
use axum::routing::get;
use whither_store::{SpanRow, StoreError};

use super::Shared;
use crate::traces::Traces;

/// Spans of one trace that are told: a page of more is of no use to anybody.
const SPANS: usize = 20_000;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/services", get(v1::services))
        .route("/api/services/{service}/operations", get(v1::operations_of))
        .route("/api/operations", get(v1::operations))
        .route("/api/traces", get(v1::traces))
        .route("/api/traces/{id}", get(v1::trace))
        .route("/api/dependencies", get(v1::dependencies))
        .route("/api/v3/services", get(v3::services))
        .route("/api/v3/operations", get(v3::operations))
        .route("/api/v3/traces", get(v3::traces))
        .route("/api/v3/traces/{id}", get(v3::trace))
        .route("/api/v3/trace-summaries", get(v3::summaries))
}

/// Why there is no answer; each version tells it in a shape of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Failure {
    /// A parameter is not what it may be.
    Parameter(String),
    /// There is no such trace.
    NotFound,
    /// Spans are not taken in, so there are none.
    Off,
    /// The store can't be read.
    Store(String),
}

impl Failure {
    const fn status(&self) -> u16 {
        match self {
            Failure::Parameter(_) => 400,
            Failure::NotFound => 404,
            Failure::Off => 503,
            Failure::Store(_) => 500,
        }
    }

    fn message(&self) -> String {
        match self {
            Failure::Parameter(why) | Failure::Store(why) => why.clone(),
            Failure::NotFound => "trace not found".to_owned(),
            Failure::Off => "no spans are taken in: set otlp.http_listen or otlp.grpc_listen".to_owned(),
        }
    }
}

/// Asks the spans, which may read files.
async fn asked<T: Send + 'static>(
    shared: &Shared,
    ask: impl FnOnce(&Traces) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    let traces = shared.traces.get().cloned().ok_or(Failure::Off)?;
    match tokio::task::spawn_blocking(move || ask(&traces)).await {
        Ok(answer) => answer.map_err(|error| Failure::Store(error.to_string())),
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// A trace id as people paste it: leading zeros may be missing.
fn trace_id(text: &str) -> Result<[u8; 16], Failure> {
    let wrong = || Failure::Parameter(format!("{text:?} is no trace id: it has up to 32 hexadecimal digits"));
    let text = text.trim();
    if text.is_empty() || text.len() > 32 {
        return Err(wrong());
    }
    let id = u128::from_str_radix(text, 16).map_err(|_| wrong())?;
    if id == 0 { Err(wrong()) } else { Ok(id.to_be_bytes()) }
}

/// Spans of a trace, each once: what was sent twice is told once.
fn once(mut rows: Vec<SpanRow>) -> Vec<SpanRow> {
    rows.dedup_by(|a, b| a.span_id == b.span_id && a == b);
    rows
}
