//! What can't be true, and what is too much.

use std::sync::Arc;

use bytes::Bytes;
use whither_store::disk::SimulatedDisk;

use super::sent::{Sent, attribute, request, span};
use super::{NotTaken, SpanLog, SpanOptions, Taken, open};
use crate::clock;

async fn take(body: Bytes) -> (SpanLog, Result<Taken, NotTaken>) {
    let log = open(&SimulatedDisk::new(1), SpanOptions::default());
    let taken = log.take(body).await;
    (log, taken)
}

#[tokio::test]
async fn a_time_that_cant_be_true_is_when_it_came() {
    let before = clock::now().0;
    let day = 24 * 3_600_000_000_000;
    let now = clock::now().0.cast_unsigned() * 1_000_000;
    let told = [0, u64::MAX, 1, now + day, now - 40 * day];
    let spans: Vec<Sent> =
        told.map(|start_time_unix_nano| Sent { start_time_unix_nano, ..span(1, 1) }).into();
    let (log, taken) = take(request("orders", &spans)).await;
    assert_eq!(taken.unwrap().accepted, 5);
    for row in log.reader().trace([1; 16], 9).unwrap() {
        assert!((before..=clock::now().0).contains(&row.at_ms()), "{row:?}");
        assert!(told.contains(&row.start_nanos.cast_unsigned()), "what was told is kept");
    }
    log.stop();
    let late = Sent { start_time_unix_nano: now - day, ..span(1, 1) };
    let (log, _) = take(request("orders", &[late])).await;
    assert!(log.reader().trace([1; 16], 9).unwrap()[0].at_ms() < before - 1_000, "a day late is believed");
    log.stop();
}

#[tokio::test]
async fn bodies_that_are_none() {
    let (log, taken) = take(Bytes::from_static(b"no protobuf")).await;
    assert!(matches!(taken, Err(NotTaken::Malformed(_))), "{taken:?}");
    assert_eq!(log.counts().refused.get("malformed_request"), Some(&1));
    assert_eq!(log.take(Bytes::new()).await, Ok(Taken::default()), "an empty request is one");
    log.stop();
}

#[tokio::test]
async fn a_body_that_was_cut_is_taken_as_far_as_it_goes() {
    let two = [request("orders", &[span(1, 1)]), request("orders", &[span(2, 1)])].concat();
    for len in 1..two.len() {
        let (log, taken) = take(Bytes::copy_from_slice(&two[..len])).await;
        match taken {
            Ok(taken) => assert!(taken.accepted == 1 && taken.refused <= 1, "{taken:?} of {len}"),
            Err(not) => {
                assert!(matches!(not, NotTaken::Malformed(_)) && len < two.len() / 2, "{not:?} of {len}");
            }
        }
        log.stop();
    }
}

#[tokio::test]
async fn ids_that_are_none_are_refused_by_themselves() {
    let spans =
        [Sent { trace_id: vec![0; 16], ..span(1, 1) }, span(1, 2), Sent { span_id: vec![1], ..span(1, 3) }];
    let (log, taken) = take(request("orders", &spans)).await;
    let taken = taken.unwrap();
    assert_eq!((taken.accepted, taken.refused), (1, 2));
    assert!(taken.why.unwrap().contains("trace id"));
    let refused = log.counts().refused;
    assert_eq!((refused.get("trace_id"), refused.get("span_id")), (Some(&1), Some(&1)));
    log.stop();
}

#[tokio::test]
async fn a_span_of_ten_thousand_attributes_and_one_of_a_megabyte() {
    let many = (0..10_000).map(|n| attribute(&format!("key.{n}"), "value")).collect();
    let long = "x".repeat(1 << 20);
    let spans = [
        Sent { attributes: many, ..span(1, 1) },
        Sent { attributes: vec![attribute("body", &long)], name: long.clone(), ..span(1, 2) },
    ];
    let (log, taken) = take(request(&long, &spans)).await;
    assert_eq!(taken.unwrap().accepted, 2);
    let rows = log.reader().trace([1; 16], 9).unwrap();
    assert!(rows.iter().all(|row| row.name.len() <= 256 && row.service.len() <= 256));
    assert_eq!(rows.iter().map(|row| row.rest.len()).max().map(|len| len > 2 << 20), Some(true));
    log.stop();
}

#[tokio::test]
async fn text_that_is_no_utf8_is_taken() {
    let mut body = request("orders", &[Sent { name: "work?".to_owned(), ..span(1, 1) }]).to_vec();
    let at = body.windows(5).position(|five| five == b"work?").unwrap();
    body[at + 4] = 0xff;
    let (log, taken) = take(body.into()).await;
    assert_eq!(taken.unwrap().accepted, 1);
    let rows = log.reader().trace([1; 16], 9).unwrap();
    assert_eq!(rows[0].name, Arc::from("work\u{fffd}"));
    assert!(rows[0].rest.windows(5).any(|five| five == b"work\xff"), "as it was sent");
    log.stop();
}

#[tokio::test]
async fn more_spans_than_a_request_may_hold() {
    let spans: Vec<Sent> = (1..=65_540).map(|id| span(1, id)).collect();
    let (log, taken) = take(request("orders", &spans)).await;
    let taken = taken.unwrap();
    assert_eq!((taken.accepted, taken.refused), (65_536, 4));
    assert!(taken.why.unwrap().contains("smaller"));
    log.stop();
}
