//! Clients that do what no good client does, beside others that are served.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use whither::api;

use crate::answering::{Answering, a_loss};
use crate::scene::Scene;

const PATIENCE: Duration = Duration::from_secs(60);

/// All that is answered until the connection is closed.
async fn rest(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn said(server: &Answering, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.at).await.unwrap();
    // One that is closed before all was sent has been refused.
    let _ = socket.write_all(request).await;
    rest(&mut socket).await
}

fn error(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let start = body.find('{').unwrap_or_else(|| panic!("{answer}"));
    let mut told = serde_json::Deserializer::from_str(&body[start..]).into_iter::<Value>();
    told.next().unwrap().unwrap()["error"]["code"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_never_ends_is_refused_in_words() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let head = |more: &str| {
        let (at, base) = (server.at, api::BASE);
        format!("POST {base}/demo/messages HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{more}\r\n")
    };
    let told = said(&server, head("Content-Length: 99999999\r\n").as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
    assert_eq!(error(&told), "too_large");
    // One that does not say how much there is, and goes on and on.
    let mut endless = TcpStream::connect(server.at).await.unwrap();
    endless.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 64 && endless.write_all(&chunk).await.is_ok() {
        sent += 1;
    }
    let told = rest(&mut endless).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 413 "), "{told}");
    assert!(sent < 64, "it was not read on and on");
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100 << 10));
    let told = said(&server, long.as_bytes()).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{told}");
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let told = said(&server, many.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 431 "), "{told}");
    let garbage = said(&server, b"\x16\x03\x01\x02\x00\x01\x00 hello\r\n\r\n").await;
    assert!(garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
    assert_eq!(
        server.client.get(format!("http://{}/healthz", server.at)).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let head = format!(
        "POST {}/demo/messages HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n{{\"topic\"",
        api::BASE,
        server.at
    );
    let told = said(&server, head.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    assert_eq!(error(&told), "too_slow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_come_in_pieces() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let body = r#"{"topic":"orders","value":"{}"}"#;
    let request = format!(
        "POST {}/demo/messages HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        api::BASE,
        server.at,
        body.len()
    );
    let mut socket = TcpStream::connect(server.at).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for byte in request.as_bytes() {
        socket.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let told = rest(&mut socket).await;
    assert!(told.starts_with("HTTP/1.1 201 "), "{told}");
}

/// Those who take nothing of what they asked for hold a place until they have waited too long; more of them than there are
/// places would be turned away. Half as many keep nobody else from being served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_nothing_keep_nobody_from_being_served() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let request = format!("GET {}/findings?format=ndjson HTTP/1.1\r\nHost: {}\r\n\r\n", api::BASE, server.at);
    let mut deaf = Vec::new();
    for _ in 0..256 {
        let mut socket = TcpStream::connect(server.at).await.unwrap();
        socket.write_all(request.repeat(20).as_bytes()).await.unwrap();
        deaf.push(socket);
    }
    let url = format!("http://{}{}/status", server.at, api::BASE);
    for _ in 0..20 {
        assert_eq!(server.client.get(&url).send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_has_the_shape_of_an_error() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let base = api::BASE;
    for (method, path, status) in [
        ("GET", format!("{base}/nothing"), 404),
        ("GET", format!("{base}/topics/orders/0/ranges/more"), 404),
        ("POST", format!("{base}/nothing"), 404),
        ("GET", "/api/whither/v2/status".to_owned(), 404),
        ("DELETE", format!("{base}/status"), 405),
        ("PUT", format!("{base}/demo/messages"), 405),
        ("GET", format!("{base}/demo/messages"), 405),
        ("GET", format!("{base}/lag?partition=first"), 400),
        ("GET", format!("{base}/lag?limit=-1"), 400),
        ("GET", format!("{base}/status?%ff=1"), 400),
        ("POST", format!("{base}/demo/messages"), 400),
    ] {
        let request = server.client.request(method.parse().unwrap(), format!("http://{}{path}", server.at));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{method} {path}");
        let told: Value = answer.json().await.unwrap();
        for field in ["code", "message", "hint"] {
            assert!(told["error"][field].is_string(), "{method} {path}: {told}");
        }
    }
    let head = server.client.head(format!("http://{}{base}/lag", server.at)).send().await.unwrap();
    assert_eq!(
        (head.status(), &head.headers()["content-type"]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    assert!(head.headers().contains_key("etag") && head.bytes().await.unwrap().is_empty());
}
