//! Partitions followed at their ends: a connection and a fetch session at each leader, kept from poll to poll.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchResponse, PartitionData};

use super::Options;
use super::session::{Asked, Session, Wanted, is_over};
use crate::TopicPartition;
use crate::calls::{ByPartition, Refusal, code};
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{Api, Error};
use crate::metadata::Metadata;

/// What a leader tells of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The log start.
    pub log_start: i64,
    /// The last stable offset.
    pub last_stable: i64,
    /// The high watermark.
    pub high_watermark: i64,
    /// The epoch in which the leader told it.
    pub leader_epoch: i32,
    /// Batches from the position on, as many as the answer had room for; the first may begin before it.
    pub records: Bytes,
}

/// Follows partitions. Each poll is one question to each leader, which answers for what has changed since the last:
/// new records, another high watermark or log start. What it leaves out stands as it was told last; a last stable
/// offset alone is no change to a broker.
#[derive(Debug)]
pub struct Follow {
    cluster: Arc<Cluster>,
    options: Options,
    at: BTreeMap<i32, AtBroker>,
}

/// What is kept of a broker.
#[derive(Debug, Default)]
struct AtBroker {
    connection: Option<Connection>,
    session: Session,
}

impl Follow {
    /// Follows nothing yet. A poll waits for `options.max_wait` where there is nothing new.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, options: Options) -> Follow {
        Follow { cluster, options, at: BTreeMap::new() }
    }

    /// What has changed of these partitions, each read from the offset beside it. One that is refused is asked for
    /// again in the next poll: what to do about it is known to the caller.
    ///
    /// Topics and leaders are those of `metadata`: a topic that was made anew since is refused.
    pub async fn poll(
        &mut self,
        metadata: &Metadata,
        positions: impl IntoIterator<Item = (TopicPartition, i64)>,
    ) -> ByPartition<Head> {
        let (mut wanted, mut heads) = (BTreeMap::<i32, Wanted>::new(), ByPartition::new());
        for (partition, next) in positions {
            let topic_id = metadata.topics.get(&partition.topic).map_or(0, |t| t.id);
            match metadata.leader(&partition.topic, partition.partition) {
                Some(leader) => {
                    let asked = Asked { topic_id, next, leader_epoch: leader.leader_epoch };
                    wanted.entry(leader.leader).or_default().insert(partition, asked);
                }
                None => {
                    let error = Error::NoLeader { what: partition.to_string() };
                    heads.insert(partition, Err(Refusal::Failed(error)));
                }
            }
        }
        self.at.retain(|leader, _| wanted.contains_key(leader));
        for leader in wanted.keys() {
            self.at.entry(*leader).or_default();
        }
        let names = metadata.topics.iter().map(|(name, topic)| (topic.id, name.clone())).collect();
        // Both are in the order of the brokers' ids.
        let polls = self.at.iter_mut().zip(&wanted).map(|((leader, at), (_, wanted))| {
            let poll = Poll { cluster: &self.cluster, names: &names, leader: *leader, options: self.options };
            poll.of(at, wanted)
        });
        join_all(polls).await.into_iter().for_each(|mut some| heads.append(&mut some));
        heads
    }
}

/// One poll at one broker.
struct Poll<'a> {
    cluster: &'a Cluster,
    /// Answers name topics by their ids.
    names: &'a BTreeMap<u128, Arc<str>>,
    leader: i32,
    options: Options,
}

impl Poll<'_> {
    async fn of(self, at: &mut AtBroker, wanted: &Wanted) -> ByPartition<Head> {
        let mut heads = ByPartition::new();
        if let Err(error) = self.ask(at, wanted, &mut heads).await {
            // What the broker took in is not known.
            *at = AtBroker::default();
            heads = wanted.keys().map(|p| (p.clone(), Err(Refusal::Failed(error.clone())))).collect();
        }
        heads
    }

    async fn ask(
        &self,
        at: &mut AtBroker,
        wanted: &Wanted,
        heads: &mut ByPartition<Head>,
    ) -> Result<(), Error> {
        let connection = match at.connection.take().filter(|c| !c.is_closed()) {
            Some(open) => open,
            None => self.cluster.open(self.leader).await?,
        };
        let session = &mut at.session;
        session.begin();
        let mut is_new = !session.is_open();
        loop {
            let step = session.step(wanted);
            let (response, api) =
                connection.call(|version| session.request(version, &step, self.options)).await?;
            if let Some(code) = ResponseError::try_from_code(response.error_code) {
                if is_new || !is_over(code) {
                    return Err(Error::Refused { api, code });
                }
                // The broker made room for others, or was started anew.
                (*session, is_new) = (Session::default(), true);
                continue;
            }
            let id = response.session_id;
            self.take_in(response, api, wanted, heads);
            if id == 0 {
                // Without a session every partition is answered for.
                let left_out =
                    step.named.keys().filter(|p| !heads.contains_key(p)).cloned().collect::<Vec<_>>();
                let refused = |p: TopicPartition| {
                    let error = Error::NoLeader { what: p.to_string() };
                    (p, Err(Refusal::Failed(error)))
                };
                heads.extend(left_out.into_iter().map(refused));
            }
            session.answered(id, step);
            if session.knows(wanted) {
                break;
            }
        }
        at.connection = Some(connection);
        Ok(())
    }

    fn take_in(&self, response: FetchResponse, api: Api, wanted: &Wanted, heads: &mut ByPartition<Head>) {
        for topic in response.responses {
            let name = if api.version >= 13 {
                self.names.get(&topic.topic_id.as_u128()).cloned()
            } else {
                Some(Arc::from(topic.topic.0.as_str()))
            };
            let Some(name) = name else { continue };
            for data in topic.partitions {
                let partition = TopicPartition { topic: name.clone(), partition: data.partition_index };
                let Some(asked) = wanted.get(&partition) else { continue };
                let told = code(data.error_code).map(|()| head(data, asked.leader_epoch));
                heads.insert(partition, told);
            }
        }
    }
}

fn head(data: PartitionData, leader_epoch: i32) -> Head {
    Head {
        log_start: data.log_start_offset,
        last_stable: data.last_stable_offset,
        high_watermark: data.high_watermark,
        leader_epoch,
        records: data.records.unwrap_or_default(),
    }
}
