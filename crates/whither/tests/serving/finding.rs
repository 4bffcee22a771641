//! Records are found by key, trace and header, and what is not found is told with what was looked through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use whither::access::Access;
use whither::index::{By, Choice};
use whither::live::{Live, State};
use whither::lookup;
use whither_core::Partition;
use whither_store::IndexKind;

use crate::answering::Answering;
use crate::scene::{Scene, until};

/// The places that an answer tells.
fn places(answer: &Value) -> Vec<String> {
    let place = |item: &Value| {
        format!("{}/{}@{}", item["topic"].as_str().unwrap(), item["partition"], item["offset"])
    };
    answer["items"].as_array().unwrap().iter().map(place).collect()
}

fn why(answer: &Value) -> (&str, &str) {
    (
        answer["missing"]["is"].as_str().unwrap_or("found"),
        answer["missing"]["text"].as_str().unwrap_or_default(),
    )
}

/// Keys of these partitions of orders are indexed up to here, without a gap from their beginning on.
fn covers(ends: [i64; 2]) -> impl Fn(&State) -> bool {
    let held = |s: &State, p: i32| {
        s.indexed.get(&Partition::new("orders", p)).map(|c| c.stretches(&By::Key).to_vec())
    };
    move |s| [0, 1].into_iter().zip(ends).all(|(p, end)| held(s, p).is_some_and(|held| held == [(0, end)]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_found_by_key_and_trace_before_and_after_a_restart() {
    let scene = Scene::new().await;
    scene.order("orders", 0, 0..40).await;
    let server = Answering::start(&scene).await;
    until(&server.server.live, "the past is read", |s| s.about.read_back).await;
    scene.order("orders", 1, 40..60).await;
    until(&server.server.live, "all is indexed", covers([40, 20])).await;
    for server in [server, restarted(&scene).await] {
        assert_eq!(places(&server.get("/journeys?key=order-7").await), ["orders/0@7"]);
        assert_eq!(places(&server.get("/journeys?q=order-45").await), ["orders/1@5"]);
        let trace = server.get(&format!("/journeys?trace={:032x}", 46)).await;
        assert_eq!((places(&trace), why(&trace).0), (vec!["orders/1@5".to_owned()], "found"));
        assert_eq!(trace["items"][0]["matched_on"], "trace");
        let never = server.get("/journeys?key=order-60").await;
        assert_eq!((places(&never).len(), why(&never).0), (0, "not_produced"), "{never}");
        assert_eq!(never["searched"]["not_searched"], serde_json::json!([]));
        let header = server.get("/journeys?header=x-order-id=7").await;
        let (is, text) = why(&header);
        assert!(is == "not_indexed" && text.contains("index.headers does not name it"), "{header}");
        let topic = server.get("/topics/orders").await;
        assert_eq!(
            (&topic["indexed_by"], &topic["depth"]),
            (&serde_json::json!(["key", "trace"]), &"headers".into())
        );
        let partition = &topic["partitions"][1];
        assert_eq!((&partition["indexed_from"], &partition["indexed_to"]), (&0.into(), &20.into()));
        server.server.stop().await;
    }
}

/// A server on another directory that is stopped and started again.
async fn restarted(scene: &Scene) -> Answering {
    let first = scene.serve();
    until(&first.live, "all is indexed", covers([40, 20])).await;
    let dir = first.stop().await;
    let again = Answering::of(scene, scene.serve_in(dir), Access::default()).await;
    until(&again.server.live, "it has caught up", |s| s.about.caught_up).await;
    again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_before_it_was_indexed_is_told_by_its_offsets() {
    let scene = Scene::new().await;
    scene.order("orders", 0, 0..30).await;
    let server = scene.serve_indexing(Arc::new(tempfile::tempdir().unwrap()), Choice::default());
    until(&server.live, "the past is read", |s| s.about.read_back).await;
    let server = Answering::of(&scene, server, Access::default()).await;
    let none = server.get("/journeys?key=order-7").await;
    assert!(why(&none).0 == "not_indexed" && why(&none).1.contains("index.topics"), "{none}");
    let dir = server.server.stop().await;
    scene.order("orders", 0, 30..50).await;
    let by = vec![By::Key, By::Header("x-order-id".into())];
    let server = scene.serve_indexing(dir, Choice { by, ..Choice::usual() });
    let p = Partition::new("orders", 0);
    let end = |s: &State| s.indexed.get(&p).and_then(whither::index::Covered::end) == Some(50);
    until(&server.live, "the rest is indexed", end).await;
    let server = Answering::of(&scene, server, Access::default()).await;
    assert_eq!(places(&server.get("/journeys?header=x-order-id=33").await), ["orders/0@33"]);
    let before = server.get("/journeys?key=order-7").await;
    assert!(why(&before).0 == "indexed_in_part", "{before}");
    assert!(why(&before).1.contains("keys of orders/0 from offset 0 up to 30"), "{before}");
    server.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_interrupted_finds_each_record_once() {
    let scene = Scene::new().await;
    scene.order("orders", 0, 0..100).await;
    let mut dir = Arc::new(tempfile::tempdir().unwrap());
    for turn in 0..8_u32 {
        let server = scene.serve_in(dir);
        scene.order("orders", 1, turn * 50..turn * 50 + 50).await;
        tokio::time::sleep(Duration::from_millis(u64::from(50 + turn * 131 % 700))).await;
        dir = server.abort().await;
    }
    let server = scene.serve_in(dir);
    until(&server.live, "all is indexed", covers([100, 400])).await;
    let found: Vec<usize> = (0..400).map(|n| found(&server.live, n)).collect();
    let wanted: Vec<usize> = (0..400).map(|n| if n < 100 { 2 } else { 1 }).collect();
    assert_eq!(found, wanted, "none is lost, none is there twice");
    server.stop().await;
}

/// How often a record is in the index, and no place twice.
fn found(live: &Live, n: u32) -> usize {
    let hash = lookup::key(format!("order-{n}").as_bytes());
    let rows = live.history().unwrap().find(IndexKind::Key, hash, None, 10).unwrap();
    let places: BTreeSet<_> = rows.iter().map(|row| (row.partition, row.offset)).collect();
    assert_eq!(places.len(), rows.len(), "{rows:?}");
    rows.len()
}
