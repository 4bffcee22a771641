use bytes::Bytes;
use whither_kafka::batch::{Batches, Scratch};

use super::{Conventions, Mapping, Origin, Role, Roles, matches};
use crate::demo::broker::NewRecord;
use crate::demo::broker::batch::{Writer, encode};
use whither_core::fact::Convention;
use whither_core::{Partition, Time};

/// What the conventions make of a record with these headers, as a broker hands it out.
fn origin_in(conventions: &Conventions, headers: &[(&str, &[u8])]) -> Option<Origin> {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), Some(Bytes::copy_from_slice(v))));
    let record = NewRecord { key: None, value: None, headers: headers.collect(), timestamp_ms: Some(1) };
    let bytes = encode(&[record], Writer::plain(-1), 1);
    let batch = Batches::new(&bytes).next().unwrap().unwrap();
    let mut scratch = Scratch::default();
    let record = batch.records(&mut scratch).unwrap().next().unwrap().unwrap();
    conventions.origin(record.headers)
}

fn origin(headers: &[(&str, &[u8])]) -> Option<Origin> {
    origin_in(&Conventions::default(), headers)
}

fn plain(convention: Convention) -> Origin {
    Origin {
        convention,
        partition: Partition::new("orders", 3),
        offset: 188_231,
        at: None,
        group: None,
        connector: None,
        stage: None,
        exception: None,
    }
}

/// `org.springframework.kafka.listener.DeadLetterPublishingRecoverer`: numbers are big-endian bytes.
#[test]
fn spring_dead_letters_have_big_endian_numbers() {
    let told = origin(&[
        ("kafka_dlt-original-topic", b"orders"),
        ("kafka_dlt-original-partition", &3_i32.to_be_bytes()),
        ("kafka_dlt-original-offset", &188_231_i64.to_be_bytes()),
        ("kafka_dlt-original-timestamp", &1_795_266_000_000_i64.to_be_bytes()),
        ("kafka_dlt-original-consumer-group", b"billing"),
        ("kafka_dlt-exception-fqcn", b"java.lang.IllegalStateException"),
    ]);
    let want = Origin {
        at: Some(Time(1_795_266_000_000)),
        group: Some("billing".into()),
        exception: Some("java.lang.IllegalStateException".into()),
        ..plain(Convention::Spring)
    };
    assert_eq!(told, Some(want));
}

/// Four digits are four bytes too: guessed by length, partition `"0003"` would be 808,464,435.
#[test]
fn numbers_are_read_as_their_convention_writes_them() {
    let of = |partition: &[u8], offset: &[u8]| {
        origin(&[
            ("__connect.errors.topic", b"orders"),
            ("__connect.errors.partition", partition),
            ("__connect.errors.offset", offset),
        ])
    };
    assert_eq!(of(b"0003", b"00188231"), Some(plain(Convention::Connect)));
    assert_eq!(of(&3_i32.to_be_bytes(), &188_231_i64.to_be_bytes()), None);
    let spring_in_text = origin(&[
        ("kafka_dlt-original-topic", b"orders"),
        ("kafka_dlt-original-partition", b"3"),
        ("kafka_dlt-original-offset", b"188231"),
    ]);
    assert_eq!(spring_in_text, None);
}

/// Retry topics append a header of the same name at each hop.
#[test]
fn the_first_of_repeated_headers_is_the_true_origin() {
    let told = origin(&[
        ("kafka_original-topic", b"orders"),
        ("kafka_original-partition", &3_i32.to_be_bytes()),
        ("kafka_original-offset", &188_231_i64.to_be_bytes()),
        ("kafka_original-topic", b"orders-retry-0"),
        ("kafka_original-partition", &0_i32.to_be_bytes()),
        ("kafka_original-offset", &7_i64.to_be_bytes()),
    ]);
    assert_eq!(told, Some(plain(Convention::Spring)));
}

#[test]
fn connect_streams_and_share_groups_say_it_in_their_own_headers() {
    let connect = origin(&[
        ("__connect.errors.topic", b"orders"),
        ("__connect.errors.partition", b"3"),
        ("__connect.errors.offset", b"188231"),
        ("__connect.errors.connector.name", b"to-s3"),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.DataException"),
    ]);
    let want = Origin {
        connector: Some("to-s3".into()),
        stage: Some("VALUE_CONVERTER".into()),
        exception: Some("org.apache.kafka.connect.errors.DataException".into()),
        ..plain(Convention::Connect)
    };
    assert_eq!(connect, Some(want));
    let streams = origin(&[
        ("__streams.errors.topic", b"orders"),
        ("__streams.errors.partition", b"3"),
        ("__streams.errors.offset", b"188231"),
        ("__streams.errors.exception", b"java.lang.RuntimeException: card 4111 1111 1111 1111"),
    ]);
    let want = Origin { exception: Some("java.lang.RuntimeException".into()), ..plain(Convention::Streams) };
    assert_eq!(streams, Some(want), "what an exception says may be payload");
    let share = origin(&[
        ("__dlq.errors.topic", b"orders"),
        ("__dlq.errors.partition", b"3"),
        ("__dlq.errors.offset", b"188231"),
        ("__dlq.errors.group", b"billing"),
    ]);
    assert_eq!(share, Some(Origin { group: Some("billing".into()), ..plain(Convention::Share) }));
}

#[test]
fn a_home_made_convention_comes_before_the_frameworks() {
    let conventions = Conventions {
        mapping: Some(Mapping {
            topic: "x-topic".into(),
            partition: "x-partition".into(),
            offset: "x-offset".into(),
            group: Some("x-group".into()),
            ..Mapping::default()
        }),
    };
    let connect: [(&str, &[u8]); 3] = [
        ("__connect.errors.topic", b"elsewhere"),
        ("__connect.errors.partition", b"0"),
        ("__connect.errors.offset", b"1"),
    ];
    let own: [(&str, &[u8]); 4] =
        [("x-topic", b"orders"), ("x-partition", b"3"), ("x-offset", b"188231"), ("x-group", b"billing")];
    let told = origin_in(&conventions, &[&connect[..], &own[..]].concat()).unwrap();
    assert_eq!(told, Origin { group: Some("billing".into()), ..plain(Convention::Mapped) });
    assert_eq!(origin_in(&conventions, &connect).unwrap().convention, Convention::Connect);
}

#[test]
fn what_names_no_place_is_no_origin() {
    let of = |topic: &[u8], partition: &[u8], offset: &[u8]| {
        origin(&[
            ("__streams.errors.topic", topic),
            ("__streams.errors.partition", partition),
            ("__streams.errors.offset", offset),
        ])
    };
    assert!(of(b"orders", b"3", b"7").is_some());
    assert_eq!(of(b"", b"3", b"7"), None);
    assert_eq!(of(b"\xff", b"3", b"7"), None);
    assert_eq!(of(b"orders", b"-1", b"7"), None);
    assert_eq!(of(b"orders", b"4294967299", b"7"), None);
    assert_eq!(of(b"orders", b"3", b"-7"), None);
    assert_eq!(of(b"orders", b"three", b"7"), None);
    assert_eq!(origin(&[("__streams.errors.topic", b"orders")]), None);
    assert_eq!(origin(&[]), None);
}

#[test]
fn patterns_fit_whole_names() {
    assert!(matches("*-dlt", "orders-dlt"));
    assert!(!matches("*-dlt", "orders-dlt-2"));
    assert!(matches("*-retry-*", "orders-retry-0"));
    assert!(matches("dlq.*", "dlq."));
    assert!(!matches("dlq.*", "my-dlq.x"));
    assert!(matches("a*b*c", "a1b2c"));
    assert!(!matches("a*b*c", "a1c2b"));
    assert!(matches("*", ""));
}

#[test]
fn a_retry_topics_dead_letters_are_dead_letters() {
    let roles = Roles::default();
    assert_eq!(roles.of("orders-retry-0"), Some(Role::Retry));
    assert_eq!(roles.of("orders-retry-dlt"), Some(Role::DeadLetter));
    assert_eq!(roles.of("orders.DLT"), Some(Role::DeadLetter));
    assert_eq!(roles.of("orders"), None);
}
