//! Spans as real clients write them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::*;

enum V {
    T(&'static str),
    N(i64),
}
use V::{N, T};

fn attributes(pairs: Vec<(&str, V)>) -> Vec<KeyValue> {
    let one = |(key, value): (&str, V)| {
        let value = match value {
            T(text) => Any::StringValue(text.to_owned()),
            N(n) => Any::IntValue(n),
        };
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
    };
    pairs.into_iter().map(one).collect()
}

const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

fn read(scope: &str, name: &str, kind: i32, pairs: Vec<(&str, V)>) -> Option<Messaging> {
    read_span(scope, Span { name: name.to_owned(), kind, attributes: attributes(pairs), ..Span::default() })
}

fn read_span(scope: &str, span: Span) -> Option<Messaging> {
    let span = Span { trace_id: vec![1; 16], span_id: vec![2; 8], ..span };
    let scope = InstrumentationScope { name: scope.to_owned(), ..InstrumentationScope::default() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Messaging::of(&whither_otlp::spans(&bytes).next().unwrap().unwrap())
}

/// In one line: operation, place, group, client.
fn line(read: Option<Messaging>) -> String {
    let Some(m) = read else { return "none".to_owned() };
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let number = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let (partition, offset) = (number(m.place.partition.map(i64::from)), number(m.place.offset));
    format!(
        "{:?} {}/{partition}@{offset} {} {}",
        m.operation,
        or(&m.place.topic),
        or(&m.group),
        or(&m.client)
    )
}

#[test]
fn no_name_stands_twice() {
    let mut all: Vec<&str> = NAMES.iter().map(|n| n.name).collect();
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(NAMES.is_sorted_by_key(|n| n.field));
}

#[test]
fn every_generation_says_the_same() {
    let same = "Process orders/3@42 billing billing-1";
    let newest = vec![
        ("messaging.system.name", T("kafka")),
        ("messaging.operation.type", T("process")),
        ("messaging.destination.name", T("orders")),
        ("messaging.destination.partition.id", T("3")),
        ("kafka.offset", N(42)),
        ("messaging.consumer.group.name", T("billing")),
        ("messaging.client.id", T("billing-1")),
    ];
    assert_eq!(line(read("x", "process orders", CONSUMER, newest)), same);
    let agent = vec![
        ("messaging.system", T("kafka")),
        ("messaging.operation", T("process")),
        ("messaging.destination.name", T("orders")),
        ("messaging.destination.partition.id", T("3")),
        ("messaging.kafka.message.offset", N(42)),
        ("messaging.kafka.consumer.group", T("billing")),
        ("messaging.client_id", T("billing-1")),
    ];
    assert_eq!(line(read("io.opentelemetry.kafka-clients-0.11", "orders process", CONSUMER, agent)), same);
    let oldest = vec![
        ("messaging.system", T("kafka")),
        ("messaging.operation", T("process")),
        ("messaging.destination", T("orders")),
        ("messaging.kafka.partition", N(3)),
        ("offset", N(42)),
        ("messaging.kafka.consumer_group", T("billing")),
        ("messaging.kafka.client_id", T("billing-1")),
    ];
    assert_eq!(line(read("x", "orders process", CONSUMER, oldest)), same);
}

#[test]
fn the_habits_of_clients_are_known() {
    let kafka = ("messaging.system", T("kafka"));
    let spring = vec![
        ("messaging.system", T("kafka")),
        ("messaging.operation", T("receive")),
        ("messaging.source.name", T("orders")),
        ("messaging.kafka.source.partition", T("3")),
        ("messaging.kafka.message.offset", T("42")),
        ("messaging.kafka.consumer.group", T("none")),
        ("messaging.consumer.id", T("billing - consumer-1")),
    ];
    assert_eq!(
        line(read("org.springframework.boot", "orders receive", CONSUMER, spring)),
        "Receive orders/3@42 billing consumer-1"
    );
    let smallrye = vec![
        kafka,
        ("messaging.destination.name", T("orders")),
        ("messaging.client.id", T("billing - kafka-consumer")),
        ("messaging.kafka.offset", N(-1)),
    ];
    assert_eq!(
        line(read("io.smallrye.reactive.messaging", "orders publish", PRODUCER, smallrye)),
        "Send orders/-@- billing kafka-consumer"
    );
    let sarama = vec![
        ("messaging.system", T("kafka")),
        ("messaging.destination.name", T("orders")),
        ("messaging.kafka.source.partition", N(3)),
        ("messaging.message.id", T("42")),
    ];
    assert_eq!(
        line(read("github.com/dnwe/otelsarama", "orders receive", CONSUMER, sarama)),
        "Receive orders/3@42 - -"
    );
    let python = vec![
        ("messaging.system", T("kafka")),
        ("messaging.destination", T("or.ders")),
        ("messaging.message_id", T("or.ders.3.42")),
        ("messaging.operation", T("process")),
    ];
    assert_eq!(
        line(read("opentelemetry.instrumentation.confluent_kafka", "or.ders process", CONSUMER, python)),
        "Process or.ders/3@42 - -"
    );
    let php = vec![
        ("messaging.system", T("kafka")),
        ("messaging.operation.type", T("process")),
        ("messaging.destination.name", T("orders")),
    ];
    assert_eq!(line(read("php", "send orders", CONSUMER, php)), "Process orders/-@- - -");
}

#[test]
fn the_role_tells_where_no_attribute_does() {
    let orders = || vec![("messaging.system", T("kafka")), ("messaging.destination.name", T("orders"))];
    assert_eq!(line(read("kafka-python", "orders send", PRODUCER, orders())), "Send orders/-@- - -");
    assert_eq!(line(read("kafka-python", "orders receive", CONSUMER, orders())), "Receive orders/-@- - -");
    assert_eq!(line(read("x", "send orders", CONSUMER, orders())), "Receive orders/-@- - -");
    assert_eq!(line(read("x", "poll orders", 3, orders())), "Receive orders/-@- - -");
    assert_eq!(line(read("x", "orders", 1, orders())), "none");
}

#[test]
fn other_systems_are_none_of_ours() {
    let rabbit = vec![("messaging.system", T("rabbitmq")), ("messaging.operation", T("process"))];
    assert_eq!(line(read("x", "q process", CONSUMER, rabbit)), "none");
    assert_eq!(line(read("x", "GET /", 2, vec![("http.route", T("/"))])), "none");
}

#[test]
fn names_that_disagree_are_said() {
    let dup = vec![
        ("messaging.system", T("kafka")),
        ("messaging.operation", T("process")),
        ("messaging.kafka.message.offset", T("41")),
        ("messaging.kafka.offset", N(42)),
        ("messaging.destination.partition.id", T("3")),
        ("messaging.kafka.destination.partition", N(3)),
    ];
    let read = read("x", "orders process", CONSUMER, dup).unwrap();
    assert_eq!((read.place.offset, read.place.partition), (Some(42), Some(3)));
    assert_eq!(read.conflicts, [Field::Offset]);
}

#[test]
fn an_error_has_the_name_of_its_exception() {
    let kafka = || attributes(vec![("messaging.system", T("kafka")), ("messaging.operation", T("process"))]);
    let failed = || Some(Status { code: 2, message: String::new() });
    let event = Event {
        name: "exception".to_owned(),
        attributes: attributes(vec![("exception.type", T("java.io.IOException"))]),
        ..Event::default()
    };
    let told = |events| {
        let span = Span { attributes: kafka(), status: failed(), events, ..Span::default() };
        read_span("x", span).unwrap().error
    };
    assert_eq!(told(vec![event]).as_deref(), Some("java.io.IOException"));
    assert_eq!(told(Vec::new()).as_deref(), Some("_OTHER"));
}
