//! From the first start on, and on through what happens to a cluster.

use whither::live::LagState;
use whither_core::Name;
use whither_core::verdict::{Cause, ShownAs};

use crate::scene::{Scene, findings, published, rows, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stood_before_and_what_comes_are_told_as_a_look_tells_them() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 330).await;
    scene.write("orders", 1, 70).await;
    let _member = scene.read("billing", "orders", 150).await;
    let server = scene.serve();
    let live = &server.live;
    until(live, "the past is read", |s| s.about.read_back && s.rows.len() == 2).await;
    assert_eq!(live.read().about.records_read, 400);
    scene.write("orders", 1, 30).await;
    until(live, "what comes is read", |s| s.totals.records == 430).await;
    assert_eq!(published(live), rows(scene.check().await.balance));
    {
        let state = live.read();
        let group = &state.groups[&Name::from("billing")];
        assert_eq!(group.members.len(), 1);
        let lags: Vec<_> = state.rows_of(&"billing".into()).map(|row| state.lag(row)).collect();
        assert_eq!(lags.iter().map(|lag| lag.records.unwrap()).sum::<u64>(), 280);
        assert!(lags.iter().all(|lag| lag.member.is_some() && lag.state != LagState::Unknown), "{lags:?}");
        assert_eq!(state.totals.residual, 0);
        assert!(state.not_seen.is_empty(), "{:?}", state.not_seen);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_topics_and_groups_are_found_and_losses_told() {
    let scene = Scene::new().await;
    let server = scene.serve();
    let live = &server.live;
    until(live, "the empty cluster is published", |s| s.topics.len() == 1).await;
    scene.broker.faults().create_topic("payments", 1, &[]).unwrap();
    scene.write("payments", 0, 50).await;
    let member = scene.read("shipping", "payments", 20).await;
    until(live, "the group has a row", |s| s.totals.records == 50).await;
    scene.broker.faults().delete_records("payments", 0, 35).await.unwrap();
    until(live, "the loss is told", |s| s.findings.values().any(|v| v.shown_as == ShownAs::Loss)).await;
    assert_eq!(findings(live), ["deleted shipping payments/0 20..35 15"]);
    drop(member);
    assert!(scene.broker.faults().recreate_topic("payments"));
    scene.write("payments", 0, 5).await;
    until(live, "the new topic is read from its start", |s| {
        s.edges(&whither_core::Partition::new("payments", 0)).is_some_and(|e| e.end == 5)
            && s.findings.values().any(|v| v.cause == Cause::TopicRecreated)
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_that_are_gone_are_told_and_do_not_end_it() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 10).await;
    let _member = scene.read("billing", "orders", 10).await;
    let server = scene.serve();
    let live = &server.live;
    until(live, "rows are published", |s| s.rows.len() == 2 && s.about.read_back).await;
    assert!(live.read().problems.is_empty());
    let before = published(live);
    scene.broker.stop().await;
    until(live, "the problem is told", |s| !s.problems.is_empty()).await;
    assert_eq!(published(live), before, "what was known still is");
    assert!(!server.following.is_finished());
    server.stop().await;
}
