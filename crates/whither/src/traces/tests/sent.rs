//! Requests as a service sends them.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
pub(super) use opentelemetry_proto::tonic::trace::v1::Span as Sent;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;

use crate::clock;

/// Span `id` of trace `trace`, that began now.
pub(super) fn span(trace: u8, id: u64) -> Sent {
    let start = clock::now().0.cast_unsigned() * 1_000_000;
    Sent {
        trace_id: vec![trace; 16],
        span_id: id.to_be_bytes().to_vec(),
        name: "process orders".to_owned(),
        kind: 5,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000,
        ..Sent::default()
    }
}

pub(super) fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

pub(super) fn request(service: &str, spans: &[Sent]) -> Bytes {
    let resource = Resource { attributes: vec![attribute("service.name", service)], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans: spans.to_vec(), ..ScopeSpans::default() }];
    let of = ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }.encode_to_vec().into()
}
