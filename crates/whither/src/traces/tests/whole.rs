//! Any span comes back as it was sent: request, row, Parquet, row, message.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use whither_store::disk::SimulatedDisk;

use super::sent::{Sent, request};
use super::{SpanOptions, encoded, open, take_all};

fn value() -> impl Strategy<Value = AnyValue> {
    let some = |value| AnyValue { value: Some(value) };
    let leaf = prop_oneof![
        Just(AnyValue { value: None }),
        "\\PC{0,8}".prop_map(move |text| some(Value::StringValue(text))),
        any::<bool>().prop_map(move |b| some(Value::BoolValue(b))),
        any::<i64>().prop_map(move |n| some(Value::IntValue(n))),
        (-1e9..1e9).prop_map(move |n| some(Value::DoubleValue(n))),
        vec(any::<u8>(), 0..300).prop_map(move |bytes| some(Value::BytesValue(bytes))),
    ];
    leaf.prop_recursive(2, 8, 3, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(move |values| some(Value::ArrayValue(ArrayValue { values }))),
            vec(("[a-z]{0,4}", option::of(inner)), 0..3)
                .prop_map(move |pairs| some(Value::KvlistValue(KeyValueList { values: pairs_of(pairs) }))),
        ]
    })
}

fn pairs_of(pairs: Vec<(String, Option<AnyValue>)>) -> Vec<KeyValue> {
    pairs.into_iter().map(|(key, value)| KeyValue { key, value, ..KeyValue::default() }).collect()
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(("[a-z.]{0,12}", option::of(value())), 0..5).prop_map(pairs_of)
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), "\\PC{0,6}", attributes()).prop_map(|(time_unix_nano, name, attributes)| Event {
        time_unix_nano,
        name,
        attributes,
        ..Event::default()
    })
}

fn link() -> impl Strategy<Value = Link> {
    (vec(any::<u8>(), 0..17), vec(any::<u8>(), 0..9), attributes())
        .prop_map(|(trace_id, span_id, attributes)| Link { trace_id, span_id, attributes, ..Link::default() })
}

fn sent() -> impl Strategy<Value = Sent> {
    // A few traces, so that spans of one are neighbours.
    let ids =
        (0..4_u8, 1..u64::MAX, prop_oneof![Just(Vec::new()), vec(any::<u8>(), 8), vec(any::<u8>(), 0..8)]);
    let name = prop_oneof![3 => "[a-c]{0,2}", 1 => "\\PC{0,20}", 1 => "ä{120,140}"];
    let times = prop_oneof![any::<(u64, u64)>(), Just((0, 0)), Just((u64::MAX, 0))];
    let numbers = (-1..8_i32, any::<u32>(), any::<u32>());
    let status = option::of(("\\PC{0,6}", -1..5_i32));
    (ids, name, times, numbers, attributes(), vec(event(), 0..3), vec(link(), 0..3), status).prop_map(
        |(ids, name, times, numbers, attributes, events, links, status)| Sent {
            trace_id: vec![ids.0 + 1; 16],
            span_id: ids.1.to_be_bytes().to_vec(),
            parent_span_id: ids.2,
            trace_state: "ot=th:8".to_owned(),
            name,
            kind: numbers.0,
            start_time_unix_nano: times.0,
            end_time_unix_nano: times.1,
            dropped_attributes_count: numbers.1,
            flags: numbers.2,
            attributes,
            events,
            links,
            status: status.map(|(message, code)| Status { message, code }),
            ..Sent::default()
        },
    )
}

fn by_bytes(mut spans: Vec<Sent>) -> Vec<Sent> {
    spans.sort_by_key(Message::encode_to_vec);
    spans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_span_comes_back_as_it_was_sent(spans in vec(sent(), 1..12), checkpointed in any::<bool>()) {
        let disk = SimulatedDisk::new(1);
        let buffered_bytes = if checkpointed { 1 } else { usize::MAX };
        let options = SpanOptions { buffered_bytes, ..SpanOptions::default() };
        let log = open(&disk, options);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(take_all(&log, [request("orders", &spans)]));
        log.stop();
        let log = open(&disk, options);
        let rows = (1..5).flat_map(|n| log.reader().trace([n; 16], usize::MAX).unwrap());
        let found = rows.map(|row| Sent::decode(&*encoded(&row)).unwrap()).collect();
        log.stop();
        prop_assert_eq!(by_bytes(found), by_bytes(spans));
    }
}
