//! What came in is told by Jaeger's query API, in both its versions, at once and after a kill.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::{Value, json};
use tokio::process::Child;
use whither::demo::broker::{Broker, Options};

use crate::serving::{Told, address, whither};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

fn said(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    said(key, Any::StringValue(value.to_owned()))
}

fn of_service(name: &str, span: Span) -> ResourceSpans {
    let scope = InstrumentationScope { name: "by-hand".to_owned(), ..InstrumentationScope::default() };
    ResourceSpans {
        resource: Some(Resource { attributes: vec![text("service.name", name)], ..Resource::default() }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    }
}

/// A record that `checkout` sends and `shipping` fails to work on, a second ago.
fn sent() -> (ExportTraceServiceRequest, u64) {
    let start = u64::try_from(whither::clock::now().0).unwrap() * 1_000_000 - 1_000_000_000;
    let trace_id = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes().to_vec();
    let send = Span {
        trace_id: trace_id.clone(),
        span_id: vec![1; 8],
        name: "send orders".to_owned(),
        kind: PRODUCER,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 2_000_000,
        attributes: vec![
            text("messaging.system", "kafka"),
            said("messaging.kafka.offset", Any::IntValue(42)),
            said("large", Any::IntValue(i64::MAX)),
        ],
        events: vec![Event { time_unix_nano: start + 1_000_000, name: "ack".to_owned(), ..Event::default() }],
        ..Span::default()
    };
    let process = Span {
        trace_id,
        span_id: vec![2; 8],
        parent_span_id: vec![1; 8],
        name: "process orders".to_owned(),
        kind: CONSUMER,
        start_time_unix_nano: start + 500_000_000,
        end_time_unix_nano: start + 800_000_000,
        links: vec![Link { trace_id: vec![9; 16], span_id: vec![8; 8], ..Link::default() }],
        status: Some(Status { code: 2, message: "no stock".to_owned() }),
        ..Span::default()
    };
    let resource_spans = vec![of_service("checkout", send), of_service("shipping", process)];
    (ExportTraceServiceRequest { resource_spans }, start)
}

/// A server on a data directory: where its page and where spans come in.
async fn serve(broker: &Broker, data: &str) -> (Child, SocketAddr, SocketAddr) {
    let brokers = broker.address().to_string();
    let mut server =
        whither(&["serve", "--brokers", &brokers, "--listen", "127.0.0.1:0", "--data-dir", data])
            .env("WHITHER_OTLP_HTTP_LISTEN", "127.0.0.1:0")
            .env("WHITHER_OTLP_GRPC_LISTEN", "off")
            .current_dir(data)
            .spawn()
            .unwrap();
    let mut told = Told::by(&mut server);
    let page = address(&told.until("answering on").await, "http://");
    let otlp = address(&told.until("taking spans by OTLP/HTTP").await, "OTLP/HTTP at ");
    (server, page, otlp)
}

async fn get(page: SocketAddr, path: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("http://{page}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_else(|e| panic!("{path}: {e}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_told_as_jaeger_tells_it_and_outlives_a_kill() {
    let broker = Broker::start(Options::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let (mut server, page, otlp) = serve(&broker, data).await;
    let (request, start) = sent();
    let post = reqwest::Client::new().post(format!("http://{otlp}/v1/traces")).body(request.encode_to_vec());
    let answer = post.header("content-type", "application/x-protobuf").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    tells(page, start).await;
    server.kill().await.unwrap();
    let (_server, page, _) = serve(&broker, data).await;
    tells(page, start).await;
}

async fn tells(page: SocketAddr, start: u64) {
    let data = async |path: &str| {
        let (status, told) = get(page, path).await;
        assert_eq!((status, &told["errors"]), (200, &Value::Null), "{path}: {told}");
        told["data"].clone()
    };
    assert_eq!(data("/api/services").await, json!(["checkout", "shipping"]));
    assert_eq!(data("/api/services/checkout/operations").await, json!(["send orders"]));
    let operations = data("/api/operations?service=shipping").await;
    assert_eq!(operations, json!([{ "name": "process orders", "spanKind": "consumer" }]));
    let traces = data(&format!("/api/traces/{TRACE}")).await;
    let spans = traces[0]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 2);
    let tag = |span: &Value, key: &str| {
        let tags = span["tags"].as_array().unwrap();
        tags.iter().find(|tag| tag["key"] == key).map(|tag| (tag["type"].clone(), tag["value"].clone()))
    };
    let (send, process) = (&spans[0], &spans[1]);
    assert_eq!((&send["startTime"], &send["duration"]), (&json!(start / 1_000), &json!(2_000)));
    assert_eq!(tag(send, "messaging.kafka.offset"), Some((json!("int64"), json!(42))));
    assert_eq!(tag(send, "large"), Some((json!("int64"), json!(i64::MAX.to_string()))));
    assert_eq!(tag(send, "span.kind"), Some((json!("string"), json!("producer"))));
    assert_eq!(send["logs"][0]["fields"][0]["value"], "ack");
    assert_eq!(tag(process, "error"), Some((json!("bool"), json!(true))));
    assert_eq!(tag(process, "otel.status_description").unwrap().1, "no stock");
    let references = process["references"].as_array().unwrap();
    assert_eq!((&references[0]["refType"], &references[0]["spanID"]), (&json!("CHILD_OF"), &send["spanID"]));
    assert_eq!(
        (&references[1]["refType"], &references[1]["traceID"]),
        (&json!("FOLLOWS_FROM"), &json!("09".repeat(16)))
    );
    let service =
        |span: &Value| traces[0]["processes"][span["processID"].as_str().unwrap()]["serviceName"].clone();
    assert_eq!((service(send), service(process)), (json!("checkout"), json!("shipping")));
    for (search, found) in [
        ("service=checkout&limit=20", 1),
        ("service=checkout&operation=All&tags=%7B%22messaging.system%22%3A%22kafka%22%7D", 1),
        ("service=checkout&tag=messaging.system:rabbitmq", 0),
        ("service=shipping&minDuration=299ms&maxDuration=301ms", 1),
        ("service=shipping&minDuration=1s", 0),
        ("service=nobody", 0),
    ] {
        assert_eq!(data(&format!("/api/traces?{search}")).await.as_array().unwrap().len(), found, "{search}");
    }
    let pairs = data("/api/dependencies?lookback=3600000").await;
    assert_eq!(pairs, json!([{ "parent": "checkout", "child": "shipping", "callCount": 1 }]));
    of_version_3(page).await;
    for (path, status, says) in [
        ("/api/traces/ffffffffffffffffffffffffffffffff", 404, "trace not found"),
        ("/api/traces/xyz", 400, "hexadecimal"),
        ("/api/traces?service=a&minDuration=fast", 400, "1.2s"),
        ("/api/v3/traces", 400, "query.startTimeMin"),
        ("/api/nothing", 404, "there is nothing at"),
    ] {
        let (got, told) = get(page, path).await;
        assert!(got == status && told.to_string().contains(says), "{path}: {got} {told}");
    }
}

async fn of_version_3(page: SocketAddr) {
    assert_eq!(get(page, "/api/v3/services").await.1, json!({ "services": ["checkout", "shipping"] }));
    let (_, trace) = get(page, &format!("/api/v3/traces/{TRACE}")).await;
    let of_checkout = &trace["result"]["resourceSpans"][0];
    assert_eq!(of_checkout["resource"]["attributes"][0]["value"]["stringValue"], "checkout");
    let span = &of_checkout["scopeSpans"][0]["spans"][0];
    assert_eq!((&span["traceId"], &span["name"]), (&json!(TRACE), &json!("send orders")));
    let during = "query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2100-01-01T00:00:00Z";
    let (_, told) = get(page, &format!("/api/v3/trace-summaries?{during}&query.serviceName=shipping")).await;
    let summary = &told["summaries"][0];
    let told = ["traceId", "rootServiceName", "spanCount", "errorSpanCount", "orphanSpanCount"]
        .map(|of| &summary[of]);
    assert_eq!(told, [&json!(TRACE), &json!("checkout"), &json!(2), &json!(1), &json!(0)]);
}
