//! Stopped and started again, it knows what it knew and goes on from there.

use std::sync::Arc;

use crate::scene::{Scene, findings, published, until};
use whither_core::verdict::ShownAs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_is_known_before_the_brokers_answer_and_stays_proof() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 100).await;
    let member = scene.read("billing", "orders", 40).await;
    let server = scene.serve();
    until(&server.live, "the past is read", |s| s.about.read_back && s.rows.len() == 2).await;
    let before = published(&server.live);
    let dir = server.stop().await;
    // Retention runs while nobody looks: what was seen is counted, what was not is so at most.
    scene.write("orders", 0, 60).await;
    scene.broker.faults().delete_records("orders", 0, 150).await.unwrap();
    let server = scene.serve_in(dir);
    until(&server.live, "what was stored is published", |s| s.revision > 0).await;
    if !server.live.read().about.caught_up {
        assert_eq!(published(&server.live), before);
    }
    until(&server.live, "the loss is told", |s| s.findings.values().any(|v| v.shown_as == ShownAs::Loss))
        .await;
    let lost = server.live.read().findings.values().find(|v| v.shown_as == ShownAs::Loss).cloned().unwrap();
    assert_eq!((lost.from, lost.to, lost.records, lost.at_most), (40, 150, 110, true), "{lost:?}");
    assert_eq!(server.live.read().totals.residual, 0);
    drop(member);
    server.stop().await;
}

/// One that is stopped in the middle again and again tells what one tells that is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_interrupted_tells_what_an_undisturbed_one_tells() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 200).await;
    let undisturbed = scene.serve();
    until(&undisturbed.live, "it has begun", |s| s.about.read_back).await;
    let mut dir = Arc::new(tempfile::tempdir().unwrap());
    let mut members = Vec::new();
    for turn in 0..12_u64 {
        let server = scene.serve_in(dir);
        scene.write("orders", i32::try_from(turn % 2).unwrap(), 50).await;
        if turn % 4 == 1 {
            members.push(scene.read(&format!("group-{turn}"), "orders", 60).await);
        }
        until(&server.live, "some rounds are over", |s| s.revision > 1 + turn * 131 % 5).await;
        dir = server.abort().await;
    }
    let server = scene.serve_in(dir);
    let all =
        |s: &whither::live::State| s.about.caught_up && s.about.read_back && s.totals.records == 800 * 3;
    until(&undisturbed.live, "all is counted", all).await;
    until(&server.live, "all is counted", all).await;
    assert_eq!(published(&server.live), published(&undisturbed.live));
    assert_eq!(findings(&server.live), findings(&undisturbed.live));
    assert_eq!(server.live.read().about.records_read, 800);
    server.stop().await;
    undisturbed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_cluster_is_refused() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 10).await;
    let server = scene.serve();
    until(&server.live, "it has begun", |s| s.about.read_back).await;
    let dir = server.stop().await;
    let other = Scene::new().await;
    let refused = other.serve_in(dir).following.await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("choose another data directory"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_in_use_is_refused() {
    let scene = Scene::new().await;
    let server = scene.serve();
    until(&server.live, "it has begun", |s| s.about.caught_up).await;
    let error = scene.serve_in(server.dir.clone()).following.await.unwrap().unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("is in use by process"), "{why}");
    server.stop().await;
}
