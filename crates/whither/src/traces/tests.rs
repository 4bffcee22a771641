//! The span log on a simulated disk: what comes back is what was sent, whatever happened in between.

mod absurd;
mod crashes;
mod sent;
mod whole;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use whither_store::disk::SimulatedDisk;

use super::*;
use sent::{Sent, attribute, request, span};

fn open(disk: &SimulatedDisk, options: SpanOptions) -> SpanLog {
    SpanLog::open_on(Arc::new(disk.clone()), options).unwrap()
}

#[tokio::test]
async fn what_is_acknowledged_is_there_and_stays() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk, SpanOptions::default());
    let taken = log.take(request("orders", &[span(1, 1), span(1, 2), span(2, 1)])).await;
    assert_eq!(taken, Ok(Taken { accepted: 3, refused: 0, why: None }));
    let traces = log.reader();
    assert_eq!(traces.trace([1; 16], 9).unwrap().len(), 2);
    assert_eq!(traces.trace([3; 16], 9).unwrap().len(), 0);
    // A sender that did not hear of it sends it again.
    log.take(request("orders", &[span(1, 1)])).await.unwrap();
    assert_eq!(traces.trace([1; 16], 9).unwrap().len(), 3);
    let counts = log.counts();
    assert_eq!((counts.accepted, counts.requests, counts.refused), (4, 2, BTreeMap::new()));
    log.stop();
    let log = open(&disk, SpanOptions::default());
    assert_eq!(log.reader().trace([1; 16], 9).unwrap().len(), 3);
    log.stop();
}

#[tokio::test]
async fn services_and_operations_are_known_after_log_and_checkpoint() {
    let disk = SimulatedDisk::new(1);
    // Each request is checkpointed.
    let options = SpanOptions { buffered_bytes: 1, ..SpanOptions::default() };
    for (n, service) in [(1, "orders"), (2, "billing"), (3, "orders")] {
        let log = open(&disk, if n == 2 { SpanOptions::default() } else { options });
        log.take(request(service, &[Sent { name: format!("work {n}"), ..span(n, 1) }])).await.unwrap();
        log.stop();
    }
    let log = open(&disk, options);
    let traces = log.reader();
    assert_eq!(traces.services(), ["billing", "orders"].map(Arc::from));
    let names: Vec<_> = traces.operations("orders").into_iter().map(|operation| operation.name).collect();
    assert_eq!(names, ["work 1", "work 3"].map(Arc::from));
    assert_eq!(traces.operations("nobody"), []);
    log.stop();
}

#[tokio::test]
async fn without_room_nothing_is_acknowledged_and_nothing_is_lost() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk, SpanOptions::default());
    log.take(request("orders", &[span(1, 1)])).await.unwrap();
    disk.set_capacity(disk.used());
    for _ in 0..3 {
        let refused = log.take(request("orders", &[span(2, 1)])).await;
        assert!(matches!(refused, Err(NotTaken::Full(_))), "{refused:?}");
    }
    disk.set_capacity(u64::MAX);
    assert_eq!(log.take(request("orders", &[span(3, 1)])).await.unwrap().accepted, 1);
    log.stop();
    let traces = open(&disk, SpanOptions::default()).reader();
    assert_eq!([1, 3].map(|n| traces.trace([n; 16], 9).unwrap().len()), [1, 1]);
}

#[tokio::test]
async fn a_disk_that_fails_ends_it() {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk, SpanOptions::default());
    log.take(request("orders", &[span(1, 1)])).await.unwrap();
    log.stop();
    // No checkpoint is due now: the next sync is that of the log.
    let log = open(&disk, SpanOptions::default());
    disk.fail_sync_after(0);
    assert_eq!(log.take(request("orders", &[span(2, 1)])).await, Err(NotTaken::Stopped));
    assert_eq!(log.take(request("orders", &[span(3, 1)])).await, Err(NotTaken::Stopped));
    assert_eq!(log.reader().trace([1; 16], 9).unwrap().len(), 1, "what is there is told still");
    log.stop();
    disk.restart();
    let log = open(&disk, SpanOptions::default());
    assert_eq!(log.reader().trace([1; 16], 9).unwrap().len(), 1);
    log.stop();
}

#[tokio::test]
async fn kafka_is_in_columns() {
    let log = open(&SimulatedDisk::new(1), SpanOptions::default());
    let attributes = vec![
        attribute("messaging.system", "kafka"),
        attribute("messaging.operation", "process"),
        attribute("messaging.destination.name", "orders"),
        attribute("messaging.destination.partition.id", "3"),
        attribute("messaging.kafka.message.offset", "42"),
        attribute("messaging.kafka.consumer.group", "billing"),
    ];
    log.take(request("billing", &[Sent { attributes, ..span(1, 1) }])).await.unwrap();
    let rows = log.reader().trace([1; 16], 9).unwrap();
    let row = &rows[0];
    assert_eq!((row.did.as_deref(), row.topic.as_deref()), (Some("process"), Some("orders")));
    assert_eq!((row.partition, row.offset, row.group.as_deref()), (Some(3), Some(42), Some("billing")));
    assert_eq!(&*row.service, "billing");
    log.stop();
}

async fn take_all(log: &SpanLog, bodies: impl IntoIterator<Item = Bytes>) {
    for body in bodies {
        log.take(body).await.unwrap();
    }
}
