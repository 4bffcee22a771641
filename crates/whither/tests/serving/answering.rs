//! What the server answers over HTTP, asked by a real client.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use whither::access::Access;
use whither::api::{self, Shared, listen};
use whither_core::verdict::ShownAs;

use crate::scene::{Scene, Server, record, until};

/// A server that follows and answers.
pub(crate) struct Answering {
    pub(crate) at: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) server: Server,
    _stop: watch::Sender<bool>,
}

impl Answering {
    pub(crate) async fn start(scene: &Scene) -> Answering {
        Answering::guarded(scene, Access::default()).await
    }

    /// Asks who asks.
    pub(crate) async fn guarded(scene: &Scene, access: Access) -> Answering {
        Answering::of(scene, scene.serve(), access).await
    }

    pub(crate) async fn of(scene: &Scene, server: Server, access: Access) -> Answering {
        let listener = listen::bind("127.0.0.1:0".parse().unwrap(), &access).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let demo = Some(scene.broker.handle());
        let router = api::router(
            Shared { live: server.live.clone(), demo, spans: Arc::default(), traces: Arc::default() },
            access,
        );
        tokio::spawn(listen::serve(listener, router, stopped));
        Answering { at, client: reqwest::Client::new(), server, _stop: stop }
    }

    async fn ask(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.at)).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(&format!("{}{path}", api::BASE)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn refused(&self, path: &str) -> (u16, String) {
        let answer = self.ask(&format!("{}{path}", api::BASE)).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(keys(&body["error"]), ["code", "hint", "message"], "{body}");
        (status, body["error"].to_string())
    }
}

fn keys(value: &Value) -> Vec<&str> {
    let keys: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.into_iter().collect()
}

/// 50 orders, of which billing has read 20 and loses 15.
pub(crate) async fn a_loss(scene: &Scene) -> (Answering, whither::demo::broker::Consumer) {
    scene.write("orders", 0, 50).await;
    let member = scene.read("billing", "orders", 20).await;
    let answering = Answering::start(scene).await;
    let live = &answering.server.live;
    until(live, "the past is read", |s| s.about.read_back && s.rows.len() == 2).await;
    scene.broker.faults().delete_records("orders", 0, 35).await.unwrap();
    until(live, "the loss is told", |s| s.findings.values().any(|v| v.shown_as == ShownAs::Loss)).await;
    (answering, member)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_resource_has_the_fields_that_are_promised() {
    let scene = Scene::new().await;
    let (server, member) = a_loss(&scene).await;
    let status = server.get("/status").await;
    assert_eq!(
        keys(&status),
        [
            "at",
            "brokers",
            "caught_up",
            "cluster",
            "complete_since",
            "demo",
            "groups",
            "lost",
            "not_seen",
            "problems",
            "records_read",
            "residual",
            "revision",
            "started_at",
            "store",
            "topics",
            "totals",
            "version"
        ]
    );
    assert_eq!((&status["residual"], &status["lost"]["all"]), (&0.into(), &15.into()));
    let rows = server.get("/balance?group=billing").await;
    let row = &rows["items"][0];
    assert_eq!(
        keys(row),
        [
            "at_most",
            "cluster",
            "from",
            "group",
            "partition",
            "records",
            "residual",
            "to",
            "topic",
            "verdicts"
        ]
    );
    assert_eq!((&row["records"], &row["verdicts"]["deleted"]), (&50.into(), &15.into()));
    let by = server.get("/balance?by=group").await;
    assert_eq!(
        (&by["items"][0]["group"], &by["items"][0]["findings"]["loss"]),
        (&"billing".into(), &1.into())
    );
    let drops = server.get("/drops?cause=delete_records&verdict=deleted").await;
    let drop = &drops["items"][0];
    assert_eq!((&drop["from"], &drop["to"], &drop["shown_as"]), (&20.into(), &35.into(), &"loss".into()));
    let id = drop["id"].as_str().unwrap();
    let one = server.get(&format!("/drops/{id}")).await;
    let last = one["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["records"], &last["verdict"]), (&15.into(), &"deleted".into()));
    let mut without = one.clone();
    without.as_object_mut().unwrap().remove("history");
    assert_eq!(&without, drop, "a drop is the finding that lists tell");
    assert_eq!(&server.get(&format!("/findings/{id}")).await, drop);
    let lag = server.get("/lag?topic=orders&partition=0").await;
    assert_eq!(
        keys(&lag["items"][0]),
        [
            "catches_up_in_seconds",
            "client_id",
            "cluster",
            "committed",
            "end",
            "group",
            "host",
            "lag_offsets",
            "lag_records",
            "lag_seconds",
            "log_start",
            "loses_data_in_seconds",
            "member",
            "partition",
            "rate_per_second",
            "state",
            "topic"
        ]
    );
    let history = server.get("/lag/history?group=billing&topic=orders&partition=0").await;
    assert_eq!(history["items"].as_array().unwrap().last().unwrap()["end"], 50);
    let topic = server.get("/topics/orders").await;
    assert_eq!((topic["partitions"].as_array().unwrap().len(), &topic["lost"]), (2, &15.into()));
    assert_eq!(server.get("/topics?group=billing").await["items"][0]["partitions"], 2);
    let group = server.get("/groups/billing").await;
    assert_eq!((&group["kind"], &group["lost"]), (&"classic".into(), &15.into()));
    assert_eq!(group["commits"][0]["by"]["memberless"], false);
    assert_eq!(group["findings"][0], *drop);
    let ranges = server.get("/topics/orders/0/ranges?group=billing").await;
    let told: Vec<_> =
        ranges["items"].as_array().unwrap().iter().map(|r| (&r["from"], &r["to"], &r["verdict"])).collect();
    assert_eq!(told.len(), 3, "{ranges}");
    assert_eq!(told[1], (&20.into(), &35.into(), &"deleted".into()));
    let at = server.get("/offsets/billing").await;
    assert_eq!((&at["items"][0]["offset"], keys(&at["items"][0]).len()), (&20.into(), 5));
    assert_eq!(server.get("/dead-letters").await["items"], Value::Array(vec![]));
    std::mem::drop(member);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_as_lines_are_whole_when_they_are_compressed() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let url = format!("http://{}{}/findings?format=ndjson", server.at, api::BASE);
    let plain = server.client.get(&url).send().await.unwrap().text().await.unwrap();
    let small = server.client.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*small.bytes().await.unwrap()).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strip_places_markers_and_what_was_rolled_back() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 10).await;
    let handle = scene.broker.handle();
    let mut payments = handle.transactional_producer("payments", 60_000).await.unwrap();
    for commit in [true, false, true] {
        payments.send("orders", 0, &vec![record(); 4]).await.unwrap();
        payments.end(commit).await.unwrap();
    }
    let member = scene.read("billing", "orders", 18).await;
    payments.send("orders", 0, &[record()]).await.unwrap();
    let server = Answering::start(&scene).await;
    until(&server.server.live, "the past is read", |s| {
        s.about.read_back && s.rows.values().any(|row| row.balance.records == 23)
    })
    .await;
    let with_group = server.get("/topics/orders/0/ranges?group=billing").await;
    let expected = [
        "0..14 14 records delivered",
        "14..15 0 hole",
        "15..19 4 aborted aborted",
        "19..20 0 hole",
        "20..24 4 records delivered",
        "24..25 0 hole",
        "25..26 1 pending in_flight",
    ];
    assert_eq!(strip(&with_group), expected);
    let alone = server.get("/topics/orders/0/ranges?from=12&to=22").await;
    let expected =
        ["12..14 2 records", "14..15 0 hole", "15..19 4 aborted", "19..20 0 hole", "20..22 2 records"];
    assert_eq!(strip(&alone), expected);
    drop(member);
}

/// Each range in one line: where, how many records, and what it is.
fn strip(ranges: &Value) -> Vec<String> {
    let range = |r: &Value| {
        let words = [&r["kind"], &r["verdict"]].into_iter().filter_map(Value::as_str);
        format!("{}..{} {} {}", r["from"], r["to"], r["records"], words.collect::<Vec<_>>().join(" "))
    };
    ranges["items"].as_array().unwrap().iter().map(range).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_read_from_the_broker_and_judged_for_each_group() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let body = r#"{"topic":"orders","key":"k-1","value":"{}","headers":[{"name":"x","value":"1"}]}"#;
    let url = format!("http://{}{}/demo/messages", server.at, api::BASE);
    let sent = server.client.post(&url).body(body).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::CREATED);
    let sent: Value = sent.json().await.unwrap();
    let (partition, offset) = (sent["partition"].as_i64().unwrap(), sent["offset"].as_i64().unwrap());
    let p = whither_core::Partition::new("orders", i32::try_from(partition).unwrap());
    until(&server.server.live, "it is seen", |s| s.edges(&p).is_some_and(|e| e.end > offset)).await;
    let there = server.get(&format!("/messages/orders/{partition}/{offset}")).await;
    assert_eq!(keys(&there), ["complete", "message", "neighbours", "steps", "verdicts"]);
    assert_eq!(there["message"]["headers"], serde_json::json!([{"name": "x", "value": "1"}]));
    let verdict = &there["verdicts"][0];
    assert_eq!((&verdict["group"], &verdict["verdict"]), (&"billing".into(), &"in_flight".into()));
    let gone = server.get("/messages/orders/0/25").await;
    assert_eq!((&gone["message"], &gone["verdicts"][0]["verdict"]), (&Value::Null, &"deleted".into()));
    assert!(!gone["verdicts"][0]["evidence"].as_array().unwrap().is_empty());
    let unread = server.get("/messages/orders/0/40").await;
    assert_eq!(unread["neighbours"], serde_json::json!({"previous": 39, "next": 41}));
    let later = server.get("/messages/orders/0/4000").await;
    assert!(later["text"].as_str().unwrap().contains("not written yet"), "{later}");
    let found = server.get("/journeys?q=orders/0@40").await;
    assert_eq!(
        (&found["interpreted"][0]["as"], &found["items"][0]["offset"]),
        (&"position".into(), &40.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_in_pages_or_as_lines_and_mistakes_are_told() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let first = server.get("/lag?limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let second = server.get(&format!("/lag?limit=1&cursor={cursor}")).await;
    assert_eq!((&second["items"][0]["partition"], &second["next"]), (&1.into(), &Value::Null));
    let lines = server.ask(&format!("{}/lag?format=ndjson", api::BASE)).await.text().await.unwrap();
    assert_eq!(lines.lines().filter(|l| serde_json::from_str::<Value>(l).is_ok()).count(), 2, "{lines}");
    let one = server.ask(&format!("{}/lag?format=ndjson&limit=1", api::BASE)).await.text().await.unwrap();
    assert_eq!(one.lines().collect::<Vec<_>>(), lines.lines().take(1).collect::<Vec<_>>());
    let none = server.ask(&format!("{}/lag?format=ndjson&group=nobody", api::BASE)).await;
    assert_eq!((none.status(), none.text().await.unwrap()), (StatusCode::OK, String::new()));
    for (path, status, says) in [
        ("/lag?limit=0", 400, "a number from 1 to 1000"),
        ("/lag?grup=billing", 400, "allowed: limit, cursor, format, group"),
        ("/drops?verdict=lost", 400, "in_flight, delivered"),
        ("/drops?cursor=x", 400, "an answer before this one"),
        ("/lag?format=xml", 400, "json, ndjson"),
        ("/offsets/billing?at=soon", 400, "RFC 3339"),
        ("/topics/none", 404, "/api/whither/v1/topics lists"),
        ("/drops/0123456789abcdef", 404, "16 hexadecimal digits"),
        ("/messages/orders/0/first", 400, "partitions and offsets are numbers"),
        ("/topics/orders/99999999999/ranges", 400, "partitions and offsets are numbers"),
        ("/topics/%ff", 400, "percent-encoded"),
        ("/nothing", 404, "the API is below"),
        ("/lag/history?group=billing", 400, "the name of a topic"),
    ] {
        let (got, body) = server.refused(path).await;
        assert!(got == status && body.contains(says), "{path}: {got} {body}");
    }
    let wrong = server.client.post(format!("http://{}{}/lag", server.at, api::BASE)).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(server.ask("/healthz").await.status(), StatusCode::OK);
    assert_eq!(server.ask("/readyz").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_is_not_sent_again_and_what_is_sent_is_compressed() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    server.server.stop().await;
    let url = format!("http://{}{}/findings", server.at, api::BASE);
    let compressed =
        async |by: &str| server.client.get(&url).header("accept-encoding", by).send().await.unwrap();
    assert_eq!(compressed("zstd").await.headers()["content-encoding"], "zstd");
    let answer = compressed("gzip").await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(!compressed("identity").await.headers().contains_key("content-encoding"));
    let tag = answer.headers()["etag"].clone();
    let again = server.client.get(&url).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let other = server.client.get(&url).header("if-none-match", "W/\"0-0\"").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

/// Far more of them than there are places: they give way, those that ask are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_finish_asking_keep_nobody_from_being_served() {
    let scene = Scene::new().await;
    let (server, _member) = a_loss(&scene).await;
    let mut half_open = Vec::new();
    for n in 0..700 {
        let mut socket = TcpStream::connect(server.at).await.unwrap();
        if n % 2 == 0 {
            // One that was closed meanwhile can't be written to.
            let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127").await;
        }
        half_open.push(socket);
        if n % 100 == 0 {
            assert_eq!(server.ask("/healthz").await.status(), StatusCode::OK, "with {n} others");
        }
    }
    let first = half_open.first_mut().unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(20), first.read(&mut [0; 16])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "the first has given way: {closed:?}");
    let large = vec![b'x'; 2 << 20];
    let url = format!("http://{}{}/demo/messages", server.at, api::BASE);
    // The connection is closed on a client that goes on sending: it may not see the answer.
    if let Ok(refused) = server.client.post(url).body(large).send().await {
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let told: Value = refused.json().await.unwrap();
        assert_eq!(told["error"]["code"], "too_large", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_taken_is_told() {
    let open = Access::default();
    let first = listen::bind("127.0.0.1:0".parse().unwrap(), &open).await.unwrap();
    let error = listen::bind(first.local_addr().unwrap(), &open).await.unwrap_err().to_string();
    assert!(error.contains("is taken") && error.contains("--listen"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_is_told_as_it_changes() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 50).await;
    let _member = scene.read("billing", "orders", 20).await;
    let server = Answering::start(&scene).await;
    until(&server.server.live, "the past is read", |s| s.about.read_back && s.rows.len() == 2).await;
    let mut stream = server.ask(&format!("{}/events/stream", api::BASE)).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    scene.broker.faults().delete_records("orders", 0, 35).await.unwrap();
    let mut told = String::new();
    while !(told.contains("event: finding") && told.contains("\"cause\":\"delete_records\"")) {
        let next = tokio::time::timeout(Duration::from_secs(30), stream.chunk()).await;
        told.push_str(&String::from_utf8_lossy(&next.expect("told in time").unwrap().unwrap()));
    }
    let first: Vec<&str> = told.lines().take(4).map(|line| line.split(':').next().unwrap()).collect();
    assert!(first.contains(&"retry") && first.contains(&"id") && told.contains("event: round"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_served_and_other_pages_are_kept_out() {
    let scene = Scene::new().await;
    let server = Answering::start(&scene).await;
    for path in ["/", "/drops", "/m/orders/0/12", "/find?q=x"] {
        let answer = server.ask(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert!(answer.text().await.unwrap().contains("<title>whither"));
    }
    for path in ["/nowhere", &format!("{}/nowhere", api::BASE)] {
        let answer = server.ask(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(answer.text().await.unwrap().contains(&format!("there is nothing at {path}\"")));
    }
    let url = format!("http://{}{}/status", server.at, api::BASE);
    let meant_for_another = server.client.get(&url).header("host", "evil.example").send().await.unwrap();
    assert_eq!(meant_for_another.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(meant_for_another.headers()["x-content-type-options"], "nosniff");
}
