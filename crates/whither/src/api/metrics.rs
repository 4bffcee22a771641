//! What is true now, as Prometheus reads it.

mod gathered;
mod families;

use std::fmt;

use axum::extract::State as Of;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;

use super::Shared;
use super::problem::Problem;
use families::Exposition;
use gathered::Gathered;

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// What every Prometheus reads.
    Text,
    /// What newer ones ask for.
    OpenMetrics,
}

impl Format {
    fn asked(headers: &HeaderMap) -> Format {
        let mut kinds = headers.get_all(header::ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok());
        let open = kinds.any(|kinds| kinds.contains("application/openmetrics-text"));
        if open { Format::OpenMetrics } else { Format::Text }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What Prometheus scrapes.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses(
        (
            status = 200,
            description = "As text 0.0.4, or as OpenMetrics 1.0.0 for those that ask for it",
            content((String = "text/plain"), (String = "application/openmetrics-text"))
        ),
        Problem
    )
)]
pub(super) async fn metrics(Of(shared): Of<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let format = Format::asked(&headers);
    // A wide cluster has hundreds of thousands of series: others are answered meanwhile.
    let gather = move || Gathered::of(&shared.live, shared.spans.get());
    let written = tokio::task::spawn_blocking(move || text(gather(), format)).await;
    match written {
        Ok(Ok(text)) => Ok(([(header::CONTENT_TYPE, format.content_type())], text).into_response()),
        Ok(Err(fmt::Error)) => Err(Problem::unavailable("the metrics can't be written")),
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn text(gathered: Gathered, format: Format) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition { gathered, format }));
    let mut text = String::new();
    encode_registry(&mut text, &registry)?;
    if format == Format::OpenMetrics {
        encode_eof(&mut text)?;
    }
    Ok(text)
}
