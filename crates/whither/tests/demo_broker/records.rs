//! Batches made by the codecs' own encoder, and the requests that carry them.
use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{BrokerId, FetchRequest, ProduceRequest, TopicName, TransactionalId};
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use crate::client::{Client, START_MS, ask, text};

/// Who writes a batch.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) transactional: bool,
}

pub(crate) const PLAIN: Writer = Writer { id: -1, epoch: -1, sequence: -1, transactional: false };

/// An idempotent writer's batch that starts with `sequence`.
pub(crate) fn from(id: i64, epoch: i16, sequence: i32) -> Writer {
    Writer { id, epoch, sequence, transactional: false }
}

/// A batch with one record for each of `values`, a second apart.
pub(crate) fn batch(writer: Writer, values: &[&str]) -> Bytes {
    let records: Vec<Record> = (0i32..)
        .zip(values)
        .map(|(nth, value)| Record {
            transactional: writer.transactional,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: writer.id,
            producer_epoch: writer.epoch,
            timestamp_type: TimestampType::Creation,
            offset: i64::from(nth),
            sequence: writer.sequence.wrapping_add(nth),
            timestamp: START_MS + i64::from(nth) * 1000,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: IndexMap::new(),
        })
        .collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

pub(crate) fn produce_request(topic: &str, records: Bytes, transactional_id: Option<&str>) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(0).with_records(Some(records));
    let data = TopicProduceData::default().with_name(TopicName(text(topic))).with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
        .with_acks(-1)
        .with_topic_data(vec![data])
}

/// Produces to partition 0.
pub(crate) async fn produce(client: &mut Client, topic: &str, records: Bytes) -> PartitionProduceResponse {
    let response = ask!(client, Produce, 11, produce_request(topic, records, None));
    response.responses[0].partition_responses[0].clone()
}

pub(crate) fn fetch_request(topic: &str, offset: i64, isolation: i8) -> FetchRequest {
    let asked = FetchPartition::default()
        .with_partition(0)
        .with_current_leader_epoch(-1)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let asked = FetchTopic::default().with_topic(TopicName(text(topic))).with_partitions(vec![asked]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_bytes(1 << 20)
        .with_isolation_level(isolation)
        .with_session_epoch(-1)
        .with_topics(vec![asked])
}

/// Fetches partition 0 at once; isolation 1 is read committed.
pub(crate) async fn fetch(client: &mut Client, topic: &str, offset: i64, isolation: i8) -> PartitionData {
    let response = ask!(client, Fetch, 12, fetch_request(topic, offset, isolation));
    response.responses[0].partitions[0].clone()
}

/// All records of a fetch, control records too.
pub(crate) fn records(data: &PartitionData) -> Vec<Record> {
    let mut bytes = data.records.clone().unwrap_or_default();
    let sets = RecordBatchDecoder::decode_all(&mut bytes).unwrap();
    sets.into_iter().flat_map(|set| set.records).collect()
}

/// (offset, value) of the data records of a fetch.
pub(crate) fn values(data: &PartitionData) -> Vec<(i64, String)> {
    let data_records = records(data).into_iter().filter(|record| !record.control);
    data_records
        .map(|record| (record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()))
        .collect()
}
