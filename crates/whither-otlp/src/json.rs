//! OTLP as JSON (the specification's "JSON Protobuf Encoding"), into the bytes that are walked.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
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
