//! Senders that do what no exporter does, beside others that are served.

use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use whither::otlp::{Limits, Transport};

use crate::scene::{PATIENCE, Server, request, span, until};

/// More than there are places.
const HALF_OPEN: usize = 1_000;

async fn rest(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(server: &Server, more: &str) -> String {
    let at = server.http;
    format!("POST /v1/traces HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/x-protobuf\r\n{more}\r\n")
}

/// Sends one request each way, by connections of their own.
async fn is_served(server: &Server, name: &str) {
    let body = request(vec![span(name)]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = client.post(format!("http://{}/v1/traces", server.http)).body(body.encode_to_vec());
    let post = post.header("content-type", "application/x-protobuf").send();
    let answer = tokio::time::timeout(PATIENCE, post).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200, "{name}");
    let mut calls = server.calls().await;
    tokio::time::timeout(PATIENCE, calls.export(body)).await.unwrap().unwrap();
}

/// They send a head and the first bytes of a body, or of a connection of HTTP/2, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_half_open_connections_keep_nobody_from_being_served() {
    let server = Server::start().await;
    let head = head(&server, "Content-Length: 1000000\r\n");
    let mut half_open = Vec::new();
    for n in 0..HALF_OPEN {
        let mut socket = TcpStream::connect(server.http).await.unwrap();
        // Those that were closed meanwhile can't be written to.
        let _ = socket.write_all(if n % 2 == 0 { head.as_bytes() } else { b"POST /v1/tr" }).await;
        half_open.push(socket);
        let mut socket = TcpStream::connect(server.grpc).await.unwrap();
        let _ = socket.write_all(if n % 2 == 0 { b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" } else { b"PRI" }).await;
        half_open.push(socket);
        if n % 200 == 199 {
            is_served(&server, &format!("beside {n} others")).await;
        }
    }
    assert_eq!(server.kept.requests(), 2 * HALF_OPEN / 200);
    let first = half_open.first_mut().unwrap();
    let closed = tokio::time::timeout(PATIENCE, first.read(&mut [0; 16])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "the first has given way: {closed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_is_broken_off() {
    let server = Server::start().await;
    let mut endless = TcpStream::connect(server.http).await.unwrap();
    endless.write_all(head(&server, "Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![0x0a; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 10_000 && endless.write_all(&chunk).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 1_000, "it was not read on and on: {sent}");
    let told = rest(&mut endless).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 413 "), "{told}");
    assert_eq!(server.counted(Transport::Http, "too_large"), 1);
    assert_eq!(server.intake.counted().bytes_under_way, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start().await;
    let mut slow = TcpStream::connect(server.http).await.unwrap();
    let head = head(&server, "Content-Length: 100\r\nConnection: close\r\n");
    slow.write_all(&[head.as_bytes(), &[0x0a; 50]].concat()).await.unwrap();
    until("what came is held", || server.intake.counted().bytes_under_way == 50).await;
    let told = rest(&mut slow).await;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    assert_eq!(server.counted(Transport::Http, "too_slow"), 1);
    assert_eq!(server.intake.counted().bytes_under_way, 0);
}

/// A length that is told takes no memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_is_not_held() {
    let server = Server::bounded(Limits { request_bytes: 1 << 30, bytes: 1 << 20, requests: 4 }).await;
    let mut liars = Vec::new();
    for _ in 0..100 {
        let mut liar = TcpStream::connect(server.http).await.unwrap();
        let head = head(&server, "Content-Length: 1000000000\r\n");
        liar.write_all(&[head.as_bytes(), &[0x0a; 10]].concat()).await.unwrap();
        liars.push(liar);
    }
    until("what came is held", || server.intake.counted().bytes_under_way == 1_000).await;
    is_served(&server, "beside liars").await;
    drop(liars);
    until("who is gone holds nothing", || server.intake.counted().bytes_under_way == 0).await;
}

/// Spans that nest deeply, repeat attributes, and hold values of a megabyte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_spans_are_taken_as_they_are() {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};

    let server = Server::bounded(Limits::of(4 << 20)).await;
    let of = |value: Value| AnyValue { value: Some(value) };
    let attribute = |key: &str, value: AnyValue| KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    };
    let mut deep = of(Value::IntValue(1));
    for _ in 0..20 {
        deep = of(Value::ArrayValue(ArrayValue { values: vec![deep] }));
    }
    let long = of(Value::StringValue("x".repeat(1 << 20)));
    let mut strange = span("strange");
    strange.parent_span_id = strange.span_id.clone();
    strange.start_time_unix_nano = u64::MAX;
    strange.attributes = vec![attribute("same", of(Value::BoolValue(true))); 10_000];
    strange.attributes.extend([attribute("deep", deep), attribute("long", long)]);
    let body = request(vec![strange, span("plain")]);
    assert_eq!(server.post(body.encode_to_vec(), &[]).await.status(), 200);
    let json = serde_json::to_vec(&body).unwrap();
    assert_eq!(server.post(json, &[("content-type", "application/json")]).await.status(), 200);
    // JSON that nests more deeply than anybody means is refused, not followed.
    let nested = format!("{{\"resourceSpans\":{}", "[".repeat(1 << 19));
    assert_eq!(server.post(nested, &[("content-type", "application/json")]).await.status(), 400);
    assert_eq!(server.kept.names(), ["plain", "plain", "strange", "strange"]);
}

/// Senders that break off hold nothing, and what they began is not kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_breaks_off_leaves_nothing_behind() {
    let server = Server::start().await;
    for _ in 0..50 {
        let mut socket = TcpStream::connect(server.http).await.unwrap();
        let head = head(&server, "Content-Length: 1000\r\n");
        socket.write_all(&[head.as_bytes(), &[0x0a; 500]].concat()).await.unwrap();
        drop(socket);
    }
    until("nothing is held", || server.intake.counted().bytes_under_way == 0).await;
    tokio::time::timeout(Duration::from_secs(60), is_served(&server, "after them")).await.unwrap();
    assert_eq!(server.kept.names(), ["after them", "after them"]);
}
