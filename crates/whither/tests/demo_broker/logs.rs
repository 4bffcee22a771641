//! Produce, Fetch, ListOffsets, retention: one partition as its clients see it.
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochRequest, RequestKind,
    TopicName,
};
use whither::demo::broker::Broker;

use crate::client::{Client, START_MS, ask, still_broker, text};
use crate::records::{PLAIN, batch, fetch, fetch_request, from, produce, produce_request, records, values};

async fn topic(broker: &Broker, configs: &[(&str, &str)]) -> Client {
    broker.faults().create_topic("t", 1, configs).unwrap();
    Client::connect(broker).await
}

async fn list(client: &mut Client, timestamp: i64, isolation: i8) -> (i64, i64) {
    let asked = ListOffsetsPartition::default().with_current_leader_epoch(-1).with_timestamp(timestamp);
    let asked = ListOffsetsTopic::default().with_name(TopicName(text("t"))).with_partitions(vec![asked]);
    let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_isolation_level(isolation);
    let found =
        ask!(client, ListOffsets, 10, request.with_topics(vec![asked])).topics[0].partitions[0].clone();
    assert_eq!(found.error_code, 0);
    (found.offset, found.timestamp)
}

#[tokio::test]
async fn a_batch_sent_twice_is_appended_once() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    let first = batch(from(9, 0, 0), &["a", "b"]);
    assert_eq!(produce(&mut client, "t", first.clone()).await.base_offset, 0);
    assert_eq!(produce(&mut client, "t", batch(from(9, 0, 2), &["c"])).await.base_offset, 2);
    let again = produce(&mut client, "t", first).await;
    assert_eq!((again.error_code, again.base_offset), (0, 0));
    assert_eq!(values(&fetch(&mut client, "t", 0, 0).await).len(), 3);
}

#[tokio::test]
async fn sequences_and_epochs_are_checked() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    let mut codes = Vec::new();
    for (writer, values) in [
        (from(9, 1, 0), &["a", "b"][..]),
        (from(9, 1, 3), &["gap"]),
        (from(9, 0, 2), &["old epoch"]),
        (from(9, 2, 5), &["new epoch, not from 0"]),
        (from(9, 2, 0), &["new epoch"]),
        (from(8, 0, 7), &["unknown producer, any sequence"]),
        (from(9, 2, -1), &["no sequence"]),
    ] {
        codes.push(produce(&mut client, "t", batch(writer, values)).await.error_code);
    }
    let (order, epoch, record) = (
        ResponseError::OutOfOrderSequenceNumber.code(),
        ResponseError::InvalidProducerEpoch.code(),
        ResponseError::InvalidRecord.code(),
    );
    assert_eq!(codes, [0, order, epoch, order, 0, 0, record]);
}

#[tokio::test]
async fn sequences_wrap_to_0() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    assert_eq!(produce(&mut client, "t", batch(from(9, 0, i32::MAX - 1), &["a", "b"])).await.error_code, 0);
    assert_eq!(produce(&mut client, "t", batch(from(9, 0, 0), &["c"])).await.error_code, 0);
}

#[tokio::test]
async fn bad_batches_are_refused() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[("max.message.bytes", "200")]).await;
    let good = batch(PLAIN, &["a"]);
    let changed = |at: usize, value: u8| {
        let mut bytes = BytesMut::from(good.as_ref());
        bytes[at] = value;
        bytes.freeze()
    };
    let mut two = BytesMut::from(good.as_ref());
    two.extend_from_slice(&good);
    let mut control = BytesMut::from(good.as_ref());
    control[22] |= 0x20;
    let mut promises_more = BytesMut::from(good.as_ref());
    promises_more[26] = 200;
    promises_more[60] = 201;
    for bytes in [&mut control, &mut promises_more] {
        let crc = crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    let cases = [
        (changed(good.len() - 1, 0xff), ResponseError::CorruptMessage),
        (changed(16, 1), ResponseError::UnsupportedForMessageFormat),
        (good.slice(..30), ResponseError::CorruptMessage),
        (good.slice(..good.len() - 1), ResponseError::CorruptMessage),
        (Bytes::new(), ResponseError::CorruptMessage),
        (two.freeze(), ResponseError::InvalidRecord),
        (control.freeze(), ResponseError::InvalidRecord),
        (promises_more.freeze(), ResponseError::InvalidRecord),
        (batch(PLAIN, &["x".repeat(300).as_str()]), ResponseError::MessageTooLarge),
    ];
    for (records, error) in cases {
        let refused = produce(&mut client, "t", records).await;
        assert_eq!((refused.error_code, refused.base_offset), (error.code(), -1), "{error}");
    }
    assert_eq!(produce(&mut client, "t", good).await.base_offset, 0);
    assert_eq!(produce(&mut client, "nowhere", batch(PLAIN, &["a"])).await.error_code, 3);
}

/// Castagnoli, bit by bit: not the broker's own.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[tokio::test]
async fn without_acks_there_is_no_answer() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    let silent = produce_request("t", batch(PLAIN, &["a"]), None).with_acks(0);
    client.send(ApiKey::Produce, 11, &RequestKind::Produce(silent)).await;
    assert_eq!(values(&fetch(&mut client, "t", 0, 0).await), [(0, "a".to_owned())]);
    let odd = produce_request("t", batch(PLAIN, &["b"]), None).with_acks(7);
    let refused = ask!(client, Produce, 11, odd).responses[0].partition_responses[0].error_code;
    assert_eq!(refused, ResponseError::InvalidRequiredAcks.code());
}

#[tokio::test]
async fn append_time_replaces_the_producers_time() {
    let (broker, clock) = still_broker().await;
    let mut client = topic(&broker, &[("message.timestamp.type", "LogAppendTime")]).await;
    clock.advance(Duration::from_secs(60));
    let appended = produce(&mut client, "t", batch(PLAIN, &["a", "b"])).await;
    assert_eq!(appended.log_append_time_ms, START_MS + 60_000);
    let data = fetch(&mut client, "t", 0, 0).await;
    let bytes = data.records.unwrap();
    assert_eq!(bytes[21..23], [0, 0x08], "the attribute is set");
    assert_eq!(bytes[35..43], (START_MS + 60_000).to_be_bytes());
    assert_eq!(u32::from_be_bytes(bytes[17..21].try_into().unwrap()), crc32c(&bytes[21..]));
    assert_eq!(list(&mut client, START_MS + 59_000, 0).await, (0, START_MS + 60_000));
}

#[tokio::test]
async fn a_fetch_waits_for_enough_bytes() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    let mut other = Client::connect(&broker).await;
    let first = batch(PLAIN, &["a"]);
    let enough = i32::try_from(first.len() + 1).unwrap();
    let waiting = fetch_request("t", 0, 0).with_min_bytes(enough).with_max_wait_ms(60_000);
    client.send(ApiKey::Fetch, 12, &RequestKind::Fetch(waiting)).await;
    produce(&mut other, "t", first).await;
    let early = tokio::time::timeout(Duration::from_millis(100), client.frame()).await;
    assert!(early.is_err(), "one byte is missing");
    produce(&mut other, "t", batch(PLAIN, &["b"])).await;
    assert!(client.frame().await.is_some());
}

#[tokio::test]
async fn a_fetch_gives_up_waiting() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    let waiting = fetch_request("t", 0, 0).with_min_bytes(1).with_max_wait_ms(20);
    let empty = ask!(client, Fetch, 12, waiting).responses[0].partitions[0].clone();
    assert_eq!((empty.error_code, empty.high_watermark, empty.records.unwrap().len()), (0, 0, 0));
}

#[tokio::test]
async fn the_first_batch_comes_however_large() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    for value in ["a", "b"] {
        produce(&mut client, "t", batch(PLAIN, &[value])).await;
    }
    let little = fetch_request("t", 0, 0).with_max_bytes(1);
    let data = ask!(client, Fetch, 12, little).responses[0].partitions[0].clone();
    assert_eq!(values(&data), [(0, "a".to_owned())]);
}

#[tokio::test]
async fn offsets_out_of_range_and_epochs_out_of_date() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    produce(&mut client, "t", batch(PLAIN, &["a"])).await;
    assert_eq!(fetch(&mut client, "t", 2, 0).await.error_code, ResponseError::OffsetOutOfRange.code());
    assert_eq!(fetch(&mut client, "t", -1, 0).await.error_code, ResponseError::OffsetOutOfRange.code());
    assert_eq!(fetch(&mut client, "t", 1, 0).await.error_code, 0);
    let mut request = fetch_request("t", 0, 0);
    request.topics[0].partitions[0].current_leader_epoch = 5;
    let answer = ask!(client, Fetch, 12, request).responses[0].partitions[0].error_code;
    assert_eq!(answer, ResponseError::UnknownLeaderEpoch.code());
}

#[tokio::test]
async fn topics_are_fetched_by_id() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    produce(&mut client, "t", batch(PLAIN, &["a"])).await;
    let metadata = ask!(client, Metadata, 12, MetadataRequest::default().with_topics(None));
    let id = metadata.topics[0].topic_id;
    let mut request = fetch_request("", 0, 0);
    request.topics[0].topic_id = id;
    let request = request.with_session_epoch(0);
    let answer = ask!(client, Fetch, 17, request.clone());
    assert_eq!(answer.session_id, 0, "no session is kept");
    assert_eq!(values(&answer.responses[0].partitions[0]), [(0, "a".to_owned())]);
    broker.faults().recreate_topic("t");
    let gone = ask!(client, Fetch, 17, request.clone()).responses[0].partitions[0].error_code;
    assert_eq!(gone, ResponseError::UnknownTopicId.code());
    let refused = ask!(client, Fetch, 17, request.with_session_id(4)).error_code;
    assert_eq!(refused, ResponseError::FetchSessionIdNotFound.code());
}

#[tokio::test]
async fn records_deleted_inside_a_batch_still_come_with_it() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    produce(&mut client, "t", batch(PLAIN, &["a", "b", "c"])).await;
    produce(&mut client, "t", batch(PLAIN, &["d"])).await;
    assert_eq!(broker.faults().delete_records("t", 0, 1).await.unwrap(), 1);
    assert_eq!(fetch(&mut client, "t", 0, 0).await.error_code, ResponseError::OffsetOutOfRange.code());
    let data = fetch(&mut client, "t", 1, 0).await;
    assert_eq!(data.log_start_offset, 1);
    assert_eq!(records(&data).first().unwrap().offset, 0, "the batch is whole");
    assert_eq!(list(&mut client, -2, 0).await.0, 1);
    assert_eq!(list(&mut client, START_MS, 0).await.0, 1, "not a record before the start");
    assert_eq!(broker.faults().delete_records("t", 0, -1).await.unwrap(), 4);
    let refused = broker.faults().delete_records("t", 0, 5).await.unwrap_err();
    assert_eq!(refused.error, ResponseError::OffsetOutOfRange);
    broker.faults().create_topic("compacted", 1, &[("cleanup.policy", "compact")]).unwrap();
    let refused = broker.faults().delete_records("compacted", 0, 0).await.unwrap_err();
    assert_eq!(refused.error, ResponseError::PolicyViolation);
}

#[tokio::test]
async fn retention_by_time_drops_whole_batches() {
    let (broker, clock) = still_broker().await;
    let mut client = topic(&broker, &[("retention.ms", "10000")]).await;
    produce(&mut client, "t", batch(PLAIN, &["a", "b"])).await;
    clock.advance(Duration::from_secs(1));
    broker.tick();
    clock.advance(Duration::from_secs(10));
    broker.tick();
    assert_eq!(list(&mut client, -2, 0).await.0, 0, "the second record is exactly 10 s old");
    clock.advance(Duration::from_secs(1));
    broker.tick();
    assert_eq!((list(&mut client, -2, 0).await.0, list(&mut client, -1, 0).await.0), (2, 2));
    assert_eq!(produce(&mut client, "t", batch(PLAIN, &["c"])).await.base_offset, 2);
}

#[tokio::test]
async fn retention_by_size_keeps_the_newest() {
    let (broker, _) = still_broker().await;
    let size = batch(PLAIN, &["a"]).len();
    let mut client = topic(&broker, &[("retention.bytes", &(2 * size).to_string())]).await;
    for value in ["a", "b", "c", "d"] {
        produce(&mut client, "t", batch(PLAIN, &[value])).await;
    }
    broker.faults().run_retention();
    assert_eq!(list(&mut client, -2, 0).await.0, 2);
}

#[tokio::test]
async fn offsets_by_time() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    assert_eq!(list(&mut client, -3, 0).await, (-1, -1), "nothing has a highest time");
    produce(&mut client, "t", batch(PLAIN, &["a", "b", "c"])).await;
    assert_eq!(list(&mut client, START_MS + 500, 0).await, (1, START_MS + 1000));
    assert_eq!(list(&mut client, START_MS + 2000, 0).await, (2, START_MS + 2000));
    assert_eq!(list(&mut client, START_MS + 2001, 0).await, (-1, -1));
    assert_eq!(list(&mut client, -3, 0).await, (2, START_MS + 2000));
    assert_eq!(list(&mut client, -4, 0).await.0, 0);
    assert_eq!(list(&mut client, -5, 0).await.0, -1, "nothing is tiered");
}

#[tokio::test]
async fn an_unclean_election_shows_in_the_epochs() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    for value in ["a", "b", "c"] {
        produce(&mut client, "t", batch(PLAIN, &[value])).await;
    }
    assert_eq!(broker.faults().lose_tail("t", 0, 1), Some(1));
    assert_eq!(produce(&mut client, "t", batch(PLAIN, &["d"])).await.base_offset, 1);
    let mut ends = Vec::new();
    for epoch in [0, 1, 2] {
        let asked =
            OffsetForLeaderPartition::default().with_current_leader_epoch(-1).with_leader_epoch(epoch);
        let asked =
            OffsetForLeaderTopic::default().with_topic(TopicName(text("t"))).with_partitions(vec![asked]);
        let request =
            OffsetForLeaderEpochRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![asked]);
        let found = ask!(client, OffsetForLeaderEpoch, 4, request).topics[0].partitions[0].clone();
        ends.push((found.leader_epoch, found.end_offset));
    }
    assert_eq!(ends, [(0, 1), (1, 2), (-1, -1)]);
    let read = records(&fetch(&mut client, "t", 0, 0).await);
    assert_eq!(read.iter().map(|record| record.partition_leader_epoch).collect::<Vec<_>>(), [0, 1]);
    let metadata = ask!(client, Metadata, 12, MetadataRequest::default().with_topics(None));
    assert_eq!(metadata.topics[0].partitions[0].leader_epoch, 1);
}

#[tokio::test]
async fn faults_of_produce_and_of_the_disk() {
    let (broker, _) = still_broker().await;
    let mut client = topic(&broker, &[]).await;
    broker.faults().refuse_produce("t", 1, ResponseError::NotEnoughReplicas.code());
    broker.faults().time_out_after_append("t", 1);
    let mut codes = Vec::new();
    for value in ["refused", "timed out", "fine"] {
        codes.push(produce(&mut client, "t", batch(PLAIN, &[value])).await.error_code);
    }
    assert_eq!(codes, [ResponseError::NotEnoughReplicas.code(), ResponseError::RequestTimedOut.code(), 0]);
    assert_eq!(values(&fetch(&mut client, "t", 0, 0).await).len(), 2, "what timed out got in");
    assert!(broker.faults().corrupt("t", 0, 1));
    assert!(!broker.faults().corrupt("t", 0, 2));
    let bytes = fetch(&mut client, "t", 1, 0).await.records.unwrap();
    assert_ne!(u32::from_be_bytes(bytes[17..21].try_into().unwrap()), crc32c(&bytes[21..]));
}

#[tokio::test]
async fn memory_is_capped_whatever_retention_says() {
    let options = whither::demo::broker::Options { max_partition_bytes: 1_000, ..Default::default() };
    let broker = Broker::start(options).await.unwrap();
    let mut client = topic(&broker, &[("retention.ms", "-1"), ("retention.bytes", "-1")]).await;
    for _ in 0..10 {
        produce(&mut client, "t", batch(PLAIN, &["x".repeat(200).as_str()])).await;
    }
    broker.faults().run_retention();
    let (start, end) = (list(&mut client, -2, 0).await.0, list(&mut client, -1, 0).await.0);
    assert!(start > 0 && end == 10, "{start}..{end}");
}
