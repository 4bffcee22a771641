//! How a [`Consumer`] reads: fetch, leave out what was aborted, go on behind what it got.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{ApiKey, BrokerId, FetchRequest, RequestKind, ResponseKind, TopicName};

use super::super::api::text;
use super::super::batch::{self, Header};
use super::super::handle::Refusal;
use super::{Consumed, Consumer};

const MAX_PARTITION_BYTES: i32 = 1 << 20;

impl Consumer {
    pub(super) async fn fetch(
        &mut self,
        max_records: usize,
        max_wait: Duration,
    ) -> Result<Vec<Consumed>, Refusal> {
        if self.positions.is_empty() {
            tokio::time::sleep(max_wait).await;
            return Ok(Vec::new());
        }
        let request = RequestKind::Fetch(self.fetch_request(max_wait));
        let ResponseKind::Fetch(response) = self.handle.send(ApiKey::Fetch, 12, request).await? else {
            return Err(Refusal::no_answer());
        };
        let mut records = Vec::new();
        for topic in &response.responses {
            for data in &topic.partitions {
                self.take(&topic.topic, data, max_records, &mut records).await?;
            }
        }
        Ok(records)
    }

    fn fetch_request(&self, max_wait: Duration) -> FetchRequest {
        let mut topics: BTreeMap<&str, Vec<FetchPartition>> = BTreeMap::new();
        for ((topic, partition), offset) in &self.positions {
            let asked = FetchPartition::default()
                .with_partition(*partition)
                .with_current_leader_epoch(-1)
                .with_fetch_offset(*offset)
                .with_partition_max_bytes(MAX_PARTITION_BYTES);
            topics.entry(topic).or_default().push(asked);
        }
        let topics = topics.into_iter().map(|(topic, partitions)| {
            FetchTopic::default().with_topic(TopicName(text(topic))).with_partitions(partitions)
        });
        FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(i32::try_from(max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(1)
            .with_max_bytes(MAX_PARTITION_BYTES * 16)
            .with_isolation_level(1)
            .with_session_epoch(-1)
            .with_topics(topics.collect())
    }

    async fn take(
        &mut self,
        topic: &str,
        data: &PartitionData,
        max_records: usize,
        out: &mut Vec<Consumed>,
    ) -> Result<(), Refusal> {
        let place = (topic.to_owned(), data.partition_index);
        if data.error_code == ResponseError::OffsetOutOfRange.code() {
            let start = self.list_offset(topic, data.partition_index, self.starts_at).await?;
            self.positions.insert(place, start);
            return Ok(());
        }
        Refusal::check(data.error_code)?;
        let Some(position) = self.positions.get_mut(&place) else { return Ok(()) };
        for read in visible(topic, data) {
            if out.len() >= max_records {
                break;
            }
            match read {
                Read::Record(record) if record.offset >= *position => {
                    *position = record.offset + 1;
                    out.push(record);
                }
                Read::Record(_) => {}
                Read::Nothing { next_offset } => *position = next_offset.max(*position),
            }
        }
        Ok(())
    }
}

/// A record, or offsets without one that this reader may see.
enum Read {
    Record(Consumed),
    Nothing { next_offset: i64 },
}

/// What read committed leaves of fetched batches: aborted ranges start where the answer says and end at a marker.
fn visible(topic: &str, data: &PartitionData) -> Vec<Read> {
    let mut aborted: Vec<(i64, i64)> = data
        .aborted_transactions
        .iter()
        .flatten()
        .map(|gone| (gone.first_offset, gone.producer_id.0))
        .collect();
    aborted.sort_unstable();
    let mut aborted = aborted.into_iter().peekable();
    let mut open: BTreeSet<i64> = BTreeSet::new();
    let mut reads = Vec::new();
    let mut rest: &[u8] = data.records.as_deref().unwrap_or_default();
    while let Some(header) = Header::parse(rest) {
        let Some((batch, after)) = rest.split_at_checked(header.size) else { break };
        rest = after;
        let next_offset = header.base_offset + i64::from(header.last_offset_delta) + 1;
        while let Some((_, producer_id)) = aborted.next_if(|(first, _)| *first < next_offset) {
            open.insert(producer_id);
        }
        if header.is_control() {
            open.remove(&header.producer_id);
        } else if !(header.is_transactional() && open.contains(&header.producer_id)) {
            let records = batch::records(batch).into_iter();
            reads.extend(records.map(|(at, record)| {
                Read::Record(Consumed {
                    topic: topic.to_owned(),
                    partition: data.partition_index,
                    offset: at.offset,
                    timestamp_ms: at.timestamp_ms,
                    key: record.key,
                    value: record.value,
                    headers: record.headers,
                })
            }));
        }
        reads.push(Read::Nothing { next_offset });
    }
    reads
}
