//! What the walker reads is what prost decodes, from any request; and no bytes make it panic.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use whither_otlp::{Attributes, Kind, Refused, StatusCode, Value, spans};

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(AnyValue { value: None }),
        "\\PC{0,8}".prop_map(|s| some(Any::StringValue(s))),
        any::<bool>().prop_map(|b| some(Any::BoolValue(b))),
        any::<i64>().prop_map(|n| some(Any::IntValue(n))),
        (-1e9..1e9).prop_map(|n| some(Any::DoubleValue(n))),
        vec(any::<u8>(), 0..6).prop_map(|b| some(Any::BytesValue(b))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| some(Any::ArrayValue(ArrayValue { values }))),
            vec(("[a-z]{0,4}", inner), 0..4).prop_map(|pairs| {
                let values = pairs.into_iter().map(|(key, value)| pair(key, Some(value))).collect();
                some(Any::KvlistValue(KeyValueList { values }))
            }),
        ]
    })
}

fn some(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: String, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key, value, ..KeyValue::default() }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(("[a-z.]{0,12}", option::of(any_value())), 0..5)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| pair(key, value)).collect())
}

/// Mostly as it must be, sometimes too short, or zeros.
fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), len),
        1 => vec(any::<u8>(), 0..len),
        1 => Just(vec![0; len]),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), "\\PC{0,6}", attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (id(16), id(8), "[a-z=]{0,6}", attributes(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            flags,
            ..Link::default()
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), prop_oneof![Just(Vec::new()), id(8)]);
    let texts = ("[a-z:=]{0,8}", "\\PC{0,10}");
    let numbers = (-1..8_i32, any::<u64>(), any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>());
    let status = option::of(("\\PC{0,6}", -1..5_i32));
    (ids, texts, numbers, attributes(), vec(event(), 0..3), vec(link(), 0..3), status).prop_map(
        |(ids, texts, numbers, attributes, events, links, status)| Span {
            trace_id: ids.0,
            span_id: ids.1,
            parent_span_id: ids.2,
            trace_state: texts.0,
            name: texts.1,
            kind: numbers.0,
            start_time_unix_nano: numbers.1,
            end_time_unix_nano: numbers.2,
            dropped_attributes_count: numbers.3,
            dropped_links_count: numbers.4,
            flags: numbers.5,
            attributes,
            events,
            links,
            status: status.map(|(message, code)| Status { message, code }),
            ..Span::default()
        },
    )
}

fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope = option::of(("[a-z]{0,6}", "[0-9.]{0,4}", attributes()));
    let scope_spans = (scope, vec(span(), 0..4)).prop_map(|(scope, spans)| ScopeSpans {
        scope: scope.map(|(name, version, attributes)| InstrumentationScope {
            name,
            version,
            attributes,
            ..InstrumentationScope::default()
        }),
        spans,
        schema_url: String::new(),
    });
    let resource_spans =
        (option::of(attributes()), vec(scope_spans, 0..3)).prop_map(|(attributes, scope_spans)| {
            let resource = attributes.map(|attributes| Resource { attributes, ..Resource::default() });
            ResourceSpans { resource, scope_spans, schema_url: "https://example.org".to_owned() }
        });
    vec(resource_spans, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn value(value: Value<'_>) -> AnyValue {
    let value = match value {
        Value::Empty => return AnyValue { value: None },
        Value::Text(text) => Any::StringValue(text.to_str().into_owned()),
        Value::Bool(b) => Any::BoolValue(b),
        Value::Int(n) => Any::IntValue(n),
        Value::Double(n) => Any::DoubleValue(n),
        Value::Bytes(bytes) => Any::BytesValue(bytes.to_vec()),
        Value::Array(values) => {
            Any::ArrayValue(ArrayValue { values: values.iter().map(|v| self::value(v.unwrap())).collect() })
        }
        Value::Map(pairs) => Any::KvlistValue(KeyValueList { values: pairs_of(pairs) }),
    };
    some(value)
}

fn pairs_of(attributes: Attributes<'_>) -> Vec<KeyValue> {
    let one = |a: whither_otlp::Attribute<'_>| pair(a.key.to_str().into_owned(), Some(value(a.value)));
    attributes.iter().map(|a| one(a.unwrap())).collect()
}

/// A value that is not set is as one that is empty.
fn same(attributes: Attributes<'_>, expected: &[KeyValue]) {
    let plain = |pairs: &[KeyValue]| -> Vec<KeyValue> {
        let filled = |p: &KeyValue| pair(p.key.clone(), Some(p.value.clone().unwrap_or_default()));
        pairs.iter().map(filled).collect()
    };
    assert_eq!(pairs_of(attributes), plain(expected));
}

/// The head with the whole name or its beginning, and the rest behind it, are the span again.
fn makes_whole(read: &whither_otlp::Span<'_>, expected: &Span) {
    for name in [expected.name.clone(), expected.name.chars().take(2).collect()] {
        let mut rest = Vec::new();
        read.rest(&name, &mut rest);
        let joined = read.head(&name).join(&rest);
        assert_eq!(&Span::decode(&*joined).unwrap(), expected);
        assert_eq!(Attributes::of_span(&rest).iter().count(), expected.attributes.len());
    }
}

fn compare(read: &whither_otlp::Span<'_>, expected: &Span, of: &ScopeSpans, resource: Option<&Resource>) {
    makes_whole(read, expected);
    assert_eq!(read.trace_id.0.as_slice(), expected.trace_id);
    assert_eq!(read.span_id.0.as_slice(), expected.span_id);
    let parent = Some(&expected.parent_span_id).filter(|id| id.len() == 8 && id.iter().any(|b| *b != 0));
    assert_eq!(read.parent_id.map(|id| id.0.to_vec()).as_ref(), parent);
    assert_eq!(read.trace_state.as_str(), Some(&*expected.trace_state));
    assert_eq!(read.name.as_str(), Some(&*expected.name));
    let kinds = [Kind::Internal, Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer];
    let kind = usize::try_from(expected.kind - 1).ok().and_then(|i| kinds.get(i).copied());
    assert_eq!(read.kind, kind.unwrap_or_default());
    assert_eq!(
        (read.start_nanos, read.end_nanos),
        (expected.start_time_unix_nano, expected.end_time_unix_nano)
    );
    assert_eq!(
        (read.dropped_attributes, read.dropped_links, read.flags),
        (expected.dropped_attributes_count, expected.dropped_links_count, expected.flags)
    );
    same(read.attributes, &expected.attributes);
    let code = match expected.status.as_ref().map_or(0, |s| s.code) {
        1 => StatusCode::Ok,
        2 => StatusCode::Error,
        _ => StatusCode::Unset,
    };
    assert_eq!(read.status.code, code);
    assert_eq!(read.status.message.as_str(), Some(expected.status.as_ref().map_or("", |s| &s.message)));
    assert_eq!(read.events().count(), expected.events.len());
    for (event, expected) in read.events().map(Result::unwrap).zip(&expected.events) {
        assert_eq!((event.nanos, event.name.as_str()), (expected.time_unix_nano, Some(&*expected.name)));
        same(event.attributes, &expected.attributes);
    }
    assert_eq!(read.links().count(), expected.links.len());
    for (link, expected) in read.links().map(Result::unwrap).zip(&expected.links) {
        let valid = |id: &Vec<u8>, len| id.len() == len && id.iter().any(|b| *b != 0);
        let ids = (link.trace_id.map(|id| id.0.to_vec()), link.span_id.map(|id| id.0.to_vec()));
        let (trace, span) = (&expected.trace_id, &expected.span_id);
        assert_eq!(ids, (valid(trace, 16).then(|| trace.clone()), valid(span, 8).then(|| span.clone())));
        same(link.attributes, &expected.attributes);
    }
    let scope = of.scope.clone().unwrap_or_default();
    assert_eq!(
        (read.scope.name.as_str(), read.scope.version.as_str()),
        (Some(&*scope.name), Some(&*scope.version))
    );
    same(read.scope.attributes, &scope.attributes);
    same(read.resource.attributes, resource.map_or(&[], |r| &r.attributes));
}

/// Every span of what prost decoded, in order, is read alike, or refused for its ids.
fn agrees(bytes: &[u8], decoded: &ExportTraceServiceRequest) {
    let mut read = spans(bytes);
    for of_resource in &decoded.resource_spans {
        for of_scope in &of_resource.scope_spans {
            for expected in &of_scope.spans {
                let valid = |id: &[u8], len| id.len() == len && id.iter().any(|b| *b != 0);
                match read.next().unwrap() {
                    Ok(span) => compare(&span, expected, of_scope, of_resource.resource.as_ref()),
                    Err(Refused::TraceId) => assert!(!valid(&expected.trace_id, 16)),
                    Err(Refused::SpanId) => assert!(!valid(&expected.span_id, 8)),
                    Err(other) => panic!("{other}: {expected:?}"),
                }
            }
        }
    }
    assert!(read.next().is_none());
}

/// Everything there is to read, so that all of it is walked.
fn read_all(bytes: &[u8]) -> usize {
    fn all(attributes: Attributes<'_>, depth: usize) -> usize {
        attributes.iter().map(|a| a.map_or(1, |a| 1 + within(a.value, depth))).sum()
    }
    fn within(value: Value<'_>, depth: usize) -> usize {
        match value {
            _ if depth == 0 => 0,
            Value::Array(values) => values.iter().map(|v| v.map_or(1, |v| within(v, depth - 1))).sum(),
            Value::Map(attributes) => all(attributes, depth - 1),
            Value::Text(text) => text.to_str().len(),
            _ => 0,
        }
    }
    let of_span = |span: whither_otlp::Span<'_>| {
        all(span.attributes, 4)
            + all(span.resource.attributes, 4)
            + span.events().map(|e| e.map_or(1, |e| all(e.attributes, 4))).sum::<usize>()
            + span.links().map(|l| l.map_or(1, |l| all(l.attributes, 4))).sum::<usize>()
    };
    spans(bytes).map(|span| span.map_or(1, of_span)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_read_is_what_prost_decodes(request in request()) {
        agrees(&request.encode_to_vec(), &request);
    }

    /// Messages may follow each other: protobuf appends what repeats.
    #[test]
    fn two_requests_in_one_body_are_one(a in request(), b in request()) {
        let bytes = [a.encode_to_vec(), b.encode_to_vec()].concat();
        agrees(&bytes, &ExportTraceServiceRequest::decode(&*bytes).unwrap());
    }

    #[test]
    fn changed_bytes_are_read_or_refused(request in request(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let mut bytes = request.encode_to_vec();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }
}

#[test]
fn a_broken_span_costs_no_other() {
    let good = Span { trace_id: vec![1; 16], span_id: vec![2; 8], ..Span::default() }.encode_to_vec();
    let field =
        |number: u8, bytes: &[u8]| [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    // A name that ends behind the span's end.
    let broken = [&good[..], &[5 << 3 | 2, 100]].concat();
    let body = field(1, &field(2, &[field(2, &broken), field(2, &good)].concat()));
    let read: Vec<_> = spans(&body).map(|span| span.map(|s| s.trace_id.0[0])).collect();
    assert_eq!(read, [Err(Refused::Span(whither_otlp::Malformed::Cut)), Ok(1)]);
}

#[test]
fn text_that_is_no_utf8_costs_no_span() {
    let span = Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: "ab".to_owned(), ..Span::default() };
    let of_scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let of_resource = ResourceSpans { scope_spans: vec![of_scope], ..ResourceSpans::default() };
    let mut body = ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec();
    let at = body.windows(2).position(|w| w == b"ab").unwrap();
    body[at] = 0xff;
    let read = spans(&body).next().unwrap().unwrap();
    assert_eq!((read.name.as_str(), &*read.name.to_str()), (None, "\u{fffd}b"));
}

#[test]
fn json_is_the_same_request() {
    // As the specification's example writes it: ids in hexadecimal, 64-bit numbers as strings, enumerations as numbers.
    let body = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
        "scopeSpans":[{"scope":{"name":"my.library","version":"1.0.0"},"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C",
        "spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
        "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2,
        "attributes":[{"key":"messaging.kafka.offset","value":{"intValue":"42"}}]}]}]}]}"#;
    let bytes = whither_otlp::from_json(body).unwrap();
    let read = spans(&bytes).next().unwrap().unwrap();
    assert_eq!(read.trace_id.to_string(), "5b8efff798038103d269b633813fc60c");
    assert_eq!((read.kind, read.start_nanos), (Kind::Server, 1_544_712_660_000_000_000));
    assert_eq!(read.attributes.get("messaging.kafka.offset"), Some(Value::Int(42)));
    assert_eq!(read.scope.name.as_str(), Some("my.library"));
    let service = read.resource.attributes.get("service.name").unwrap();
    assert!(matches!(service, Value::Text(text) if text.as_str() == Some("my.service")));
    assert!(whither_otlp::from_json(b"{\"resourceSpans\":3}").is_err());
    // Unknown fields are ignored, as the specification wants.
    assert!(whither_otlp::from_json(b"{\"resourceSpans\":[],\"new\":1}").is_ok());
}
