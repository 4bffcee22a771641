//! What is sent by hand, and what is answered.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::Value;
use tonic::codec::CompressionEncoding;
use whither::otlp::Transport;

use crate::scene::{Server, request, span};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn some_are_zero() -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
    let mut spans: Vec<_> = ["a", "b", "c", "d"].map(span).into();
    spans[1].trace_id = vec![0; 16];
    spans[3].span_id = vec![];
    spans
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protobuf_is_answered_by_protobuf_and_json_by_json_however_it_is_packed() {
    let server = Server::start().await;
    let protobuf = request(vec![span("by protobuf")]).encode_to_vec();
    let json = serde_json::to_vec(&request(vec![span("by JSON")])).unwrap();
    let packings = |bytes: &[u8]| {
        [("", bytes.to_vec()), ("identity", bytes.to_vec()), ("gzip", gzip(bytes)), ("Zstd", zstd(bytes))]
    };
    for (encoding, body) in packings(&protobuf) {
        let answer = server.post(body, &[("content-encoding", encoding)]).await;
        assert_eq!(answer.status(), 200, "{encoding}");
        assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
        assert!(answer.bytes().await.unwrap().is_empty(), "all went well");
    }
    for (encoding, body) in packings(&json) {
        let headers = [("content-encoding", encoding), ("content-type", "Application/JSON; charset=utf-8")];
        let answer = server.post(body, &headers).await;
        assert_eq!(answer.status(), 200, "{encoding}");
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.text().await.unwrap(), "{}");
    }
    let [json, protobuf] = ["by JSON", "by protobuf"].map(|name| vec![name; 4]);
    assert_eq!(server.kept.names(), [json, protobuf].concat());
    assert_eq!(server.counted(Transport::Http, "ok"), 8);
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_that_can_not_be_true_are_told_and_the_others_are_kept() {
    let server = Server::start().await;
    let sent = request(some_are_zero());
    let answer = server.post(sent.encode_to_vec(), &[]).await;
    assert_eq!(answer.status(), 200);
    let told = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    let partial = told.partial_success.unwrap();
    assert_eq!((partial.rejected_spans, &*partial.error_message), (2, ZERO));
    let json = serde_json::to_vec(&sent).unwrap();
    let told: Value = server.post(json, &[("content-type", "application/json")]).await.json().await.unwrap();
    assert_eq!(told["partialSuccess"]["rejectedSpans"], "2", "{told}");
    assert_eq!(told["partialSuccess"]["errorMessage"], ZERO, "{told}");
    let told = server.calls().await.export(sent).await.unwrap().into_inner();
    assert_eq!(told.partial_success.unwrap().rejected_spans, 2);
    assert_eq!(server.kept.names(), ["a", "a", "a", "c", "c", "c"]);
    let counted = server.intake.counted();
    assert_eq!((counted.accepted, counted.refused), (6, 6));
    assert_eq!(server.counted(Transport::Http, "partial"), 2);
    assert_eq!(server.counted(Transport::Grpc, "partial"), 1);
}

const ZERO: &str = "the trace id is not 16 bytes, or all zeros";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_may_be_packed() {
    let server = Server::start().await;
    for packed in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut calls = server.calls().await.send_compressed(packed);
        let told = calls.export(request(vec![span(&format!("{packed}"))])).await.unwrap().into_inner();
        assert_eq!(told.partial_success, None);
    }
    assert_eq!(server.kept.names(), ["gzip", "zstd"]);
}

/// Protobuf wants UTF-8; one name that is none costs no span.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_no_utf_8_is_taken() {
    let server = Server::start().await;
    let mut body = request(vec![span("bad"), span("good")]).encode_to_vec();
    let at = body.windows(3).position(|bytes| bytes == b"bad").unwrap();
    body[at] = 0xff;
    assert_eq!(server.post(body, &[]).await.status(), 200);
    assert_eq!(server.kept.names(), ["good", "\u{fffd}ad"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_a_request_of_no_spans() {
    let server = Server::start().await;
    assert_eq!(server.post("", &[]).await.status(), 200);
    assert_eq!(
        server.calls().await.export(request(vec![])).await.unwrap().into_inner().partial_success,
        None
    );
    let empty = server.post("{}", &[("content-type", "application/json")]).await;
    assert_eq!(empty.status(), 200);
}
