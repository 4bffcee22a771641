//! OTLP as JSON (the specification's "JSON Protobuf Encoding"), into the bytes that are walked and out of them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use prost::Message;

/// A body that is no OTLP as JSON.
#[derive(Debug, thiserror::Error)]
#[error("the body is no OTLP/JSON: {0}")]
pub struct NotOtlp(#[from] serde_json::Error);

/// The same request as protobuf.
///
/// # Errors
/// It is no JSON, or not of OTLP's shape.
pub fn from_json(body: &[u8]) -> Result<Vec<u8>, NotOtlp> {
    let request: ExportTraceServiceRequest = serde_json::from_slice(body)?;
    Ok(request.encode_to_vec())
}

/// Spans as OTLP/JSON, each with the messages of its resource and its scope: `{"resourceSpans": [...]}`. Neighbours of one
/// resource and scope stand together.
///
/// # Errors
/// One of them is no message of its type.
pub fn to_json<'a>(
    spans: impl Iterator<Item = (&'a [u8], &'a [u8], Vec<u8>)>,
) -> Result<serde_json::Value, NotASpan> {
    let mut of_resources: Vec<(&[u8], ResourceSpans)> = Vec::new();
    let mut last_scope: &[u8] = &[];
    for (resource, scope, span) in spans {
        if of_resources.last().is_none_or(|(known, _)| *known != resource) {
            let of =
                ResourceSpans { resource: Some(Resource::decode(resource)?), ..ResourceSpans::default() };
            of_resources.push((resource, of));
        }
        let Some((_, of_resource)) = of_resources.last_mut() else { continue };
        if of_resource.scope_spans.is_empty() || last_scope != scope {
            let scope = Some(InstrumentationScope::decode(scope)?);
            of_resource.scope_spans.push(ScopeSpans { scope, ..ScopeSpans::default() });
        }
        last_scope = scope;
        if let Some(of_scope) = of_resource.scope_spans.last_mut() {
            of_scope.spans.push(Span::decode(span.as_slice())?);
        }
    }
    let resource_spans = of_resources.into_iter().map(|(_, spans)| spans).collect();
    Ok(serde_json::to_value(TracesData { resource_spans })?)
}

/// Bytes that are no span, resource or scope.
#[derive(Debug, thiserror::Error)]
pub enum NotASpan {
    /// No message of its type.
    #[error("no message of OTLP: {0}")]
    Message(#[from] prost::DecodeError),
    /// It can't be told as JSON.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
}
