//! What an exporter is answered.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

/// An `ExportTraceServiceResponse`: spans that were refused are told, those beside them were taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Response<'a> {
    /// How many spans were refused.
    pub refused: u64,
    /// Why, and what to do; empty where nothing was refused.
    pub why: &'a str,
}

impl Response<'_> {
    /// As protobuf.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        // Where all went well the field must be unset (specification: "Full Success").
        let partial_success = (self.refused > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(self.refused).unwrap_or(i64::MAX),
            error_message: self.why.to_owned(),
        });
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }

    /// As JSON, in which protobuf's 64-bit numbers are text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let partial_success =
            json!({"partialSuccess": {"rejectedSpans": self.refused.to_string(), "errorMessage": self.why}});
        let response = if self.refused > 0 { partial_success } else { json!({}) };
        response.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_and_nothing_else() {
        let well = Response { refused: 0, why: "" };
        assert_eq!((well.to_protobuf().as_slice(), well.to_json().as_slice()), (&[][..], &b"{}"[..]));
        let some = Response { refused: 3, why: "3: the trace id is all zeros" };
        let read = ExportTraceServiceResponse::decode(some.to_protobuf().as_slice()).unwrap();
        let partial = read.partial_success.unwrap();
        assert_eq!((partial.rejected_spans, &*partial.error_message), (3, some.why));
        assert_eq!(
            String::from_utf8(some.to_json()).unwrap(),
            r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"3: the trace id is all zeros"}}"#
        );
    }
}
