//! The client inside the process: a small pipeline that goes the whole way.
use std::time::Duration;

use whither::demo::broker::{Broker, Consumed, Consumer, NewRecord, Options};

const SOON: Duration = Duration::from_millis(50);

fn order(number: i32) -> NewRecord {
    NewRecord {
        key: Some(format!("order-{number}").into()),
        value: Some(number.to_string().into()),
        headers: vec![("traceparent".to_owned(), Some("00-1-2-01".into())), ("traceparent".to_owned(), None)],
        timestamp_ms: Some(1_000 + i64::from(number)),
    }
}

/// Polls until `count` records have come.
async fn read(consumer: &mut Consumer, count: usize) -> Vec<Consumed> {
    let mut got = Vec::new();
    while got.len() < count {
        got.extend(consumer.poll(count - got.len(), SOON).await.unwrap());
    }
    got
}

/// Polls until the member has `partitions` partitions, reading nothing.
async fn until(member: &mut Consumer, partitions: usize) {
    while member.positions().len() != partitions {
        assert!(member.poll(0, SOON).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_produced_is_consumed_once_across_members() {
    let broker =
        Broker::start(Options { initial_rebalance_delay_ms: 0, ..Options::default() }).await.unwrap();
    broker.faults().create_topic("orders", 2, &[("retention.ms", "-1")]).unwrap();
    let mut producer = broker.handle().producer().await.unwrap();
    for partition in 0..2 {
        let records: Vec<NewRecord> = (0..5).map(|nth| order(10 * partition + nth)).collect();
        assert_eq!(producer.send("orders", partition, &records).await.unwrap(), 0);
    }
    let mut first = broker.handle().named("first").consumer("payments", &["orders"]);
    let got = read(&mut first, 3).await;
    assert_eq!((got[0].timestamp_ms, got[0].headers.len()), (1_000, 2));
    assert_eq!(got[0].key.as_deref(), Some(&b"order-0"[..]));
    first.commit().await.unwrap();
    let mut second = broker.handle().named("second").consumer("payments", &["orders"]);
    tokio::join!(until(&mut first, 1), until(&mut second, 1));
    let left = |member: &Consumer| 5 - usize::try_from(*member.positions().values().next().unwrap()).unwrap();
    assert_eq!(left(&first) + left(&second), 7, "what the group had not committed");
    let (to_first, to_second) = (left(&first), left(&second));
    let (from_first, from_second) = tokio::join!(read(&mut first, to_first), read(&mut second, to_second));
    assert_eq!(from_first.len() + from_second.len(), 7);
    first.leave().await.unwrap();
    until(&mut second, 2).await;
}

#[tokio::test]
async fn a_member_that_was_removed_can_not_commit_and_joins_again() {
    let broker =
        Broker::start(Options { initial_rebalance_delay_ms: 0, ..Options::default() }).await.unwrap();
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut member = broker.handle().consumer("g", &["t"]);
    member.poll(1, SOON).await.unwrap();
    let old = member.member_id().to_owned();
    assert!(broker.faults().expire_member("g", &old));
    assert_eq!(member.commit().await.unwrap_err().code(), 25);
    member.poll(1, SOON).await.unwrap();
    assert_ne!(member.member_id(), old);
    member.commit().await.unwrap();
}

#[tokio::test]
async fn retention_makes_a_late_reader_jump() {
    let broker =
        Broker::start(Options { initial_rebalance_delay_ms: 0, ..Options::default() }).await.unwrap();
    broker.faults().create_topic("t", 1, &[]).unwrap();
    let mut producer = broker.handle().producer().await.unwrap();
    for number in 0..6 {
        producer.send("t", 0, &[NewRecord { timestamp_ms: None, ..order(number) }]).await.unwrap();
    }
    let mut late = broker.handle().consumer("late", &["t"]);
    read(&mut late, 2).await;
    broker.faults().delete_records("t", 0, 4).await.unwrap();
    let got = read(&mut late, 2).await;
    assert_eq!(got.iter().map(|record| record.offset).collect::<Vec<_>>(), [4, 5]);
    let mut newest = broker.handle().consumer("newest", &["t"]).from_latest();
    newest.poll(1, SOON).await.unwrap();
    producer.send("t", 0, &[order(6)]).await.unwrap();
    assert_eq!(read(&mut newest, 1).await[0].offset, 6);
    assert!(newest.seek("t", 0, 5));
    assert_eq!(read(&mut newest, 2).await[0].offset, 5);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let start = || Broker::start(Options { seed: Some(1), ..Options::default() });
    let (one, two) = (start().await.unwrap(), start().await.unwrap());
    assert_eq!(one.cluster_id(), two.cluster_id());
    let other = Broker::start(Options { seed: Some(2), ..Options::default() }).await.unwrap();
    assert_ne!(one.cluster_id(), other.cluster_id());
}
