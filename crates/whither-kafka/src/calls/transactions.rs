//! DescribeProducers, ListTransactions, DescribeTransactions (KIP-664).

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest, ProducerId,
    TransactionalId,
};
use kafka_protocol::protocol::StrBytes;

use super::offsets::by_topic;
use super::{ByPartition, Refusal, code};
use crate::TopicPartition;
use crate::cluster::{Cluster, patiently, topic_name};
use crate::error::Error;

/// A transactional id that no producer has.
const NOBODYS_ID: &str = "whither.asks-whether-ids-are-shown";

/// A transaction that is open on a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// Its first offset in the partition.
    pub start: i64,
    /// When its producer last wrote to the partition, milliseconds since 1970.
    pub last_write_ms: i64,
}

/// What a transaction coordinator knows of a producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coordinated {
    /// The transactional id.
    pub transactional_id: String,
    /// When the transaction began, milliseconds since 1970; -1 if none is under way.
    pub began_ms: i64,
    /// After this long the coordinator aborts it, milliseconds.
    pub timeout_ms: i32,
    /// `Ongoing`, `PrepareAbort`, `Empty`, …
    pub state: String,
}

impl Cluster {
    /// The open transactions of partitions, from their leaders.
    pub async fn open_transactions(
        &self,
        partitions: &[TopicPartition],
    ) -> ByPartition<Vec<OpenTransaction>> {
        self.by_leader(partitions, |leader, some| self.open_at(leader, some)).await
    }

    async fn open_at(
        &self,
        leader: i32,
        partitions: Vec<TopicPartition>,
    ) -> Result<ByPartition<Vec<OpenTransaction>>, Error> {
        let topics = by_topic(&partitions).into_iter().map(|(topic, indexes)| {
            TopicRequest::default().with_name(topic_name(topic)).with_partition_indexes(indexes)
        });
        let topics: Vec<TopicRequest> = topics.collect();
        let (answer, _) =
            self.ask(leader, |_| DescribeProducersRequest::default().with_topics(topics)).await?;
        let mut told = BTreeMap::new();
        for topic in &answer.topics {
            for p in &topic.partitions {
                let key =
                    TopicPartition { topic: topic.name.0.as_str().into(), partition: p.partition_index };
                let open = p.active_producers.iter().filter(|a| a.current_txn_start_offset >= 0).map(|a| {
                    OpenTransaction {
                        producer_id: a.producer_id.0,
                        start: a.current_txn_start_offset,
                        last_write_ms: a.last_timestamp,
                    }
                });
                told.insert(key, code(p.error_code).map(|()| open.collect()));
            }
        }
        Ok(told)
    }

    /// What the coordinators know of these producers, asked at every broker. A producer that none of them knows
    /// is absent, if nothing failed: without the right to describe every transactional id, brokers leave out what
    /// they do not show us and say nothing, so that is told as a failure.
    pub async fn coordinated(&self, producers: &[i64]) -> (BTreeMap<i64, Coordinated>, Vec<(i32, Refusal)>) {
        let metadata = self.metadata();
        let asked =
            metadata.brokers.keys().map(|id| async move { (*id, self.coordinated_at(*id, producers).await) });
        let mut known = BTreeMap::new();
        let mut failed = Vec::new();
        for (broker, answered) in futures_util::future::join_all(asked).await {
            match answered {
                Ok(some) => known.extend(some),
                Err(refusal) => failed.push((broker, refusal)),
            }
        }
        if failed.is_empty()
            && producers.iter().any(|p| !known.contains_key(p))
            && let Some(broker) = metadata.brokers.keys().next()
            && let Err(refusal) = self.shows_any_transaction(*broker).await
        {
            failed.push((*broker, refusal));
        }
        (known, failed)
    }

    /// Whether ids we have no name for are shown to us. DescribeTransactions looks at the right before it looks
    /// for the id (KIP-664), so an id that nobody has tells.
    async fn shows_any_transaction(&self, broker: i32) -> Result<(), Refusal> {
        let nobody = TransactionalId(StrBytes::from_static_str(NOBODYS_ID));
        let described = patiently(self, || {
            self.ask(broker, |_| {
                DescribeTransactionsRequest::default().with_transactional_ids(vec![nobody.clone()])
            })
        });
        let (described, _) = described.await.map_err(Refusal::Failed)?;
        for t in &described.transaction_states {
            if let Err(refusal) = code(t.error_code)
                && refusal.is_unauthorized()
            {
                return Err(refusal);
            }
        }
        Ok(())
    }

    async fn coordinated_at(
        &self,
        broker: i32,
        producers: &[i64],
    ) -> Result<BTreeMap<i64, Coordinated>, Refusal> {
        let ids: Vec<ProducerId> = producers.iter().map(|p| ProducerId(*p)).collect();
        let listed = patiently(self, || {
            self.ask(broker, |_| ListTransactionsRequest::default().with_producer_id_filters(ids.clone()))
        });
        let (listed, _) = listed.await.map_err(Refusal::Failed)?;
        code(listed.error_code)?;
        if listed.transaction_states.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<_> = listed.transaction_states.iter().map(|t| t.transactional_id.clone()).collect();
        let described = patiently(self, || {
            self.ask(broker, |_| DescribeTransactionsRequest::default().with_transactional_ids(names.clone()))
        });
        let (described, _) = described.await.map_err(Refusal::Failed)?;
        let mut known = BTreeMap::new();
        for t in &described.transaction_states {
            code(t.error_code)?;
            let one = Coordinated {
                transactional_id: t.transactional_id.0.to_string(),
                began_ms: t.transaction_start_time_ms,
                timeout_ms: t.transaction_timeout_ms,
                state: t.transaction_state.to_string(),
            };
            known.insert(t.producer_id.0, one);
        }
        Ok(known)
    }
}
