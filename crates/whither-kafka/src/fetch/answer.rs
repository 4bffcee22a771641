//! Turns an answer to Fetch into events and moves positions on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};

use super::hop::next_offset;
use super::position::{Position, Positions, failure};
use super::{Event, Fetched};
use crate::TopicPartition;
use crate::calls::{Refusal, When};
use crate::cluster::Cluster;
use crate::error::{Api, Error};

/// What it takes to read an answer.
pub(super) struct Answer<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) names: &'a BTreeMap<u128, Arc<str>>,
    pub(super) api: Api,
}

/// What came of an answer.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) events: Vec<Fetched>,
    /// Partitions that another broker may lead by now.
    pub(super) moved: Positions,
}

impl Answer<'_> {
    pub(super) async fn take_in(
        &self,
        response: FetchResponse,
        asked: &[TopicPartition],
        positions: &mut Positions,
    ) -> Taken {
        let mut taken = Taken::default();
        if let Some(code) = ResponseError::try_from_code(response.error_code) {
            // Of the whole request: topic ids that are no longer known, or an overloaded broker.
            let error = Error::Refused { api: self.api, code };
            let lasting = !error.is_passing();
            for (partition, mut position) in std::mem::take(positions) {
                if lasting {
                    taken.events.push(failure(&partition, error.clone()));
                } else {
                    position.failed(Some(&error));
                    taken.moved.insert(partition, position);
                }
            }
            return taken;
        }
        let mut unanswered: BTreeSet<&TopicPartition> = asked.iter().collect();
        for topic in response.responses {
            let Some(name) = self.name(&topic) else { continue };
            for data in topic.partitions {
                let partition = TopicPartition { topic: name.clone(), partition: data.partition_index };
                unanswered.remove(&partition);
                // Out while it is looked at: whoever is done or fails stays out.
                let Some(position) = positions.remove(&partition) else { continue };
                if let Some(position) = self.partition(&partition, data, position, &mut taken).await {
                    positions.insert(partition, position);
                }
            }
        }
        // Without a session every partition is answered for. One that is not would be asked for without end.
        for partition in unanswered {
            if let Some((partition, mut position)) = positions.remove_entry(partition) {
                position.failed(None);
                taken.moved.insert(partition, position);
            }
        }
        taken
    }

    fn name(&self, topic: &FetchableTopicResponse) -> Option<Arc<str>> {
        if self.api.version >= 13 {
            self.names.get(&topic.topic_id.as_u128()).cloned()
        } else {
            Some(Arc::from(topic.topic.0.as_str()))
        }
    }

    /// The position to read on from here; none if the partition is done, has failed or has moved.
    async fn partition(
        &self,
        partition: &TopicPartition,
        data: PartitionData,
        mut position: Position,
        taken: &mut Taken,
    ) -> Option<Position> {
        match ResponseError::try_from_code(data.error_code) {
            None => {
                position.succeeded();
                self.records(partition, data, &mut position, &mut taken.events).then_some(position)
            }
            Some(ResponseError::OffsetOutOfRange) => {
                let event = self.out_of_range(partition, &mut position).await;
                let goes_on = matches!(event, Event::Gone { .. });
                taken.events.push(Fetched { partition: partition.clone(), event });
                goes_on.then_some(position)
            }
            Some(code) => {
                let error = Error::Refused { api: self.api, code };
                if code.is_retriable() {
                    position.failed(Some(&error));
                    taken.moved.insert(partition.clone(), position);
                } else {
                    taken.events.push(failure(partition, error));
                }
                None
            }
        }
    }

    /// Hands records on; false if the partition is not read any more.
    fn records(
        &self,
        partition: &TopicPartition,
        data: PartitionData,
        position: &mut Position,
        events: &mut Vec<Fetched>,
    ) -> bool {
        let records = data.records.unwrap_or_default();
        let from = position.next;
        let end = next_offset(&records).filter(|next| *next > from);
        if let Some(next) = end {
            position.next = next;
            let event = Event::Records {
                from,
                records,
                high_watermark: data.high_watermark,
                last_stable: data.last_stable_offset,
                log_start: data.log_start_offset,
            };
            events.push(Fetched { partition: partition.clone(), event });
        } else if !records.is_empty() && !position.ask_for_more() {
            let what = format!("{partition} has no whole batch at {from} that leads on");
            let error = Error::Unreadable { what };
            events.push(failure(partition, error));
            return false;
        }
        let done = position.to.is_some_and(|to| position.next >= to.min(data.high_watermark));
        if done {
            events.push(Fetched { partition: partition.clone(), event: Event::Done });
        }
        !done
    }

    /// Retention overtook us, or the log ends below where we are.
    async fn out_of_range(&self, partition: &TopicPartition, position: &mut Position) -> Event {
        let from = position.next;
        let start = match self.offset(partition, When::Earliest).await {
            Ok(start) => start,
            Err(error) => return Event::Failed(error),
        };
        if start > from {
            position.next = start;
            return Event::Gone { from, to: start };
        }
        match self.offset(partition, When::Latest).await {
            Ok(end) => Event::Truncated { from, end },
            Err(error) => Event::Failed(error),
        }
    }

    async fn offset(&self, partition: &TopicPartition, when: When) -> Result<i64, Error> {
        let mut listed = self.cluster.list_offsets(std::slice::from_ref(partition), when).await;
        match listed.remove(partition) {
            Some(Ok(listed)) => Ok(listed.offset),
            Some(Err(Refusal::Failed(error))) => Err(error),
            Some(Err(Refusal::Code(code))) => Err(Error::Refused { api: self.api, code }),
            None => Err(Error::NoLeader { what: partition.to_string() }),
        }
    }
}
