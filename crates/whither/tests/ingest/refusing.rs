//! What is refused, and in which words.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use serde_json::Value;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::{StatusExt, pb};
use whither::otlp::Transport;
use whither::traces::NotTaken;

use crate::scene::{Server, request, span};
use crate::sending::gzip;

/// An answer's status, and the `google.rpc.Status` in its body.
async fn refused(answer: reqwest::Response) -> (u16, i32, String) {
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body = answer.bytes().await.unwrap();
    if kind == "application/x-protobuf" {
        let told = pb::Status::decode(body).unwrap();
        return (status, told.code, told.message);
    }
    assert_eq!(kind, "application/json");
    let told: Value = serde_json::from_slice(&body).unwrap();
    let code = i32::try_from(told["code"].as_i64().unwrap()).unwrap();
    (status, code, told["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_read_is_told_in_the_type_it_came_in() {
    let server = Server::start().await;
    let whole = request(vec![span("a")]).encode_to_vec();
    let json = [("content-type", "application/json")];
    let truncated = whole[..whole.len() - 1].to_vec();
    let invalid = Code::InvalidArgument as i32;
    for (body, headers, status, code, says) in [
        (truncated.clone(), &[][..], 400, invalid, "no protobuf message: it ends within a field"),
        (truncated.clone(), &json[..], 400, invalid, "no OTLP/JSON"),
        (b"{\"resourceSpans\":[{\"scope\xff".to_vec(), &json, 400, invalid, "no OTLP/JSON"),
        (gzip(&truncated), &[("content-encoding", "gzip")], 400, invalid, "ends within a field"),
        (whole.clone(), &[("content-encoding", "gzip")], 400, invalid, "can't be inflated"),
        (whole.clone(), &[("content-encoding", "zstd")], 400, invalid, "can't be inflated"),
        (whole.clone(), &[("content-encoding", "br")], 415, 12, "the Content-Encoding is \"br\": send gzip"),
        (whole.clone(), &[("content-type", "text/plain")], 415, 12, "the Content-Type is \"text/plain\""),
        (whole.clone(), &[("content-type", "")], 415, 12, "the Content-Type is \"\""),
        (vec![7; 2 << 20], &[], 413, invalid, "more than 1048576 bytes"),
        (gzip(&vec![0; 64 << 20]), &[("content-encoding", "gzip")], 413, invalid, "smaller batches"),
    ] {
        let of_type = headers.iter().any(|(name, value)| *name == "content-type" && !value.contains("proto"));
        let answer = server.post(body, headers).await;
        let is_json = answer.headers()["content-type"] == "application/json";
        assert_eq!(is_json, of_type, "{says}");
        let told = refused(answer).await;
        assert!((told.0, told.1) == (status, code) && told.2.contains(says), "{told:?}, not {says}");
    }
    assert_eq!(server.kept.requests(), 0);
    assert_eq!(server.counted(Transport::Http, "malformed"), 6);
    assert_eq!(server.counted(Transport::Http, "unsupported"), 3);
    assert_eq!(server.counted(Transport::Http, "too_large"), 2);
    assert_eq!(server.intake.counted().bytes_under_way, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_places_and_methods_are_told_in_json() {
    let server = Server::start().await;
    for (method, path, status, says) in [
        ("GET", "/v1/traces", 405, "sent by POST"),
        ("OPTIONS", "/v1/traces", 405, "sent by POST"),
        ("POST", "/v1/metrics", 404, "nothing at /v1/metrics: whither takes traces"),
        ("GET", "/", 404, "/v1/traces"),
    ] {
        let url = format!("http://{}{path}", server.http);
        let answer = server.client.request(method.parse().unwrap(), url).send().await.unwrap();
        let told = refused(answer).await;
        assert!(told.0 == status && told.2.contains(says), "{method} {path}: {told:?}");
    }
    let other =
        call(&server, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Bytes::new());
    let refused = other.await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(refused.message().contains("TraceService/Export"), "{refused}");
    let plain = server.client.post(format!("http://{}/", server.http));
    assert_eq!(plain.send().await.unwrap().status(), 404);
}

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Sends bytes as a message.
struct Bare;

impl Codec for Bare {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Bare;
    type Decoder = Bare;

    fn encoder(&mut self) -> Bare {
        Bare
    }

    fn decoder(&mut self) -> Bare {
        Bare
    }
}

impl Encoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let mut bytes = BytesMut::new();
        bytes.put(message);
        Ok(Some(bytes.freeze()))
    }
}

async fn call(server: &Server, path: &'static str, message: Bytes) -> Result<Bytes, Status> {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let answer = grpc.unary(Request::new(message), path.parse().unwrap(), Bare).await?;
    Ok(answer.into_inner())
}

/// A call as it goes over the wire: the body may be anything.
async fn raw(server: &Server, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, String, String) {
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let mut request = client.post(format!("http://{}{EXPORT}", server.grpc)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    (answer.status().as_u16(), header("grpc-status"), header("grpc-message"))
}

fn framed(flag: u8, length: usize, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &u32::try_from(length).unwrap().to_be_bytes(), message].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_can_not_be_read_are_invalid_arguments() {
    let server = Server::start().await;
    let whole = request(vec![span("a")]).encode_to_vec();
    let truncated = Bytes::from(whole[..whole.len() - 1].to_vec());
    let refused = call(&server, EXPORT, truncated).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("ends within a field"), "{refused}");
    let refused = call(&server, EXPORT, vec![0; 2 << 20].into()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("more than 1048576 bytes"), "{refused}");
    let bomb = gzip(&vec![0; 64 << 20]);
    let grpc = ("content-type", "application/grpc");
    let packed = [grpc, ("grpc-encoding", "gzip")];
    let invalid = (Code::InvalidArgument as i32).to_string();
    for (body, headers, code, says) in [
        (framed(1, bomb.len(), &bomb), &packed[..], &*invalid, "smaller"),
        (framed(1, 3, b"abc"), &packed, &invalid, "decompress"),
        (framed(1, 3, b"abc"), &[grpc], &invalid, "compressed-flag"),
        (framed(0, 16 << 20, b"abc"), &[grpc], &invalid, "more%20than"),
        (framed(0, 1 << 20, b"abc"), &[grpc], &invalid, "EOF"),
        (framed(7, 3, b"abc"), &[grpc], &invalid, "flag"),
        (vec![0, 0], &[grpc], &invalid, "EOF"),
        (Vec::new(), &[grpc], &invalid, "Missing"),
        ([framed(0, 0, b""), framed(0, 0, b"")].concat(), &[grpc], &invalid, "more%20than%20one%20message"),
        (framed(0, 0, b""), &[grpc, ("grpc-encoding", "br")], "12", "br"),
    ] {
        let told = raw(&server, body, headers).await;
        assert!(told.0 == 200 && told.1 == code && told.2.contains(says), "{told:?}, not {says}");
    }
    let plain = raw(&server, framed(0, 0, b""), &[("content-type", "application/x-protobuf")]).await;
    assert_eq!(plain.0, 415);
    assert_eq!(server.kept.requests(), 0);
    assert_eq!(server.counted(Transport::Grpc, "too_large"), 3);
    assert_eq!(server.counted(Transport::Grpc, "unsupported"), 1);
    assert_eq!(server.counted(Transport::Grpc, "malformed"), 8);
    assert_eq!(server.intake.counted().bytes_under_way, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_sink_can_not_keep_is_told_with_what_to_do() {
    let server = Server::start().await;
    let sent = request(vec![span("a")]);
    let two_seconds = std::time::Duration::from_secs(2);
    for (answer, status, retry, code, wait) in [
        (NotTaken::Busy { retry_after: two_seconds }, 429, Some("2"), Code::ResourceExhausted, Some(2)),
        (NotTaken::Full("the disk is full".to_owned()), 503, Some("30"), Code::Unavailable, Some(30)),
        (NotTaken::Stopped, 503, None, Code::Unavailable, None),
        (NotTaken::Malformed("no".to_owned()), 400, None, Code::InvalidArgument, None),
    ] {
        *server.kept.answer.lock().unwrap() = Some(answer);
        let told = server.post(sent.encode_to_vec(), &[]).await;
        assert_eq!(told.status(), status);
        assert_eq!(told.headers().get("retry-after").map(|wait| wait.to_str().unwrap()), retry);
        let told = server.calls().await.export(sent.clone()).await.unwrap_err();
        assert_eq!(told.code(), code, "{told}");
        let waits = told.get_details_retry_info().and_then(|info| info.retry_delay);
        assert_eq!(waits.map(|wait| wait.as_secs()), wait);
    }
    assert_eq!(server.kept.requests(), 0);
}
