//! A cluster: its brokers' connections and its metadata.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::Mutex;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::error::{Api, Error};
use crate::metadata::Metadata;
use crate::read_only::ReadOnly;

/// Tries before a passing failure is told: leader moves are over within seconds.
pub(crate) const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A cluster to read from. Connections are made as they are needed and kept.
#[derive(Debug)]
pub struct Cluster {
    config: ClientConfig,
    connections: Mutex<BTreeMap<i32, Arc<Connection>>>,
    metadata: RwLock<Arc<Metadata>>,
}

impl Cluster {
    /// Reaches the first broker that answers and learns what the cluster looks like.
    ///
    /// # Errors
    /// No broker can be reached, or the one that can says no.
    pub async fn connect(config: ClientConfig) -> Result<Cluster, Error> {
        let cluster = Cluster {
            config,
            connections: Mutex::new(BTreeMap::new()),
            metadata: RwLock::new(Arc::new(Metadata::default())),
        };
        cluster.refresh().await?;
        Ok(cluster)
    }

    /// What the cluster looked like when last asked.
    #[must_use]
    pub fn metadata(&self) -> Arc<Metadata> {
        self.metadata.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for the metadata of all topics that may be described.
    ///
    /// # Errors
    /// No broker can be reached, or the one that can says no.
    pub async fn refresh(&self) -> Result<Arc<Metadata>, Error> {
        let metadata = Arc::new(self.ask_metadata(None).await?);
        *self.metadata.write().unwrap_or_else(PoisonError::into_inner) = metadata.clone();
        Ok(metadata)
    }

    /// Asks for named topics: an absent one is told as such, an unauthorised one too.
    ///
    /// # Errors
    /// No broker can be reached, or the one that can says no.
    pub async fn look_up(&self, topics: &[Arc<str>]) -> Result<Metadata, Error> {
        self.ask_metadata(Some(topics)).await
    }

    async fn ask_metadata(&self, topics: Option<&[Arc<str>]>) -> Result<Metadata, Error> {
        let topics = topics.map(|names| {
            let asked = names.iter().map(|n| MetadataRequestTopic::default().with_name(Some(topic_name(n))));
            asked.collect::<Vec<_>>()
        });
        let connection = self.any().await?;
        let answer = connection
            .call(|_| MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(false))
            .await?;
        Ok(Metadata::of(&answer.0))
    }

    /// A connection to any broker: one that is open, else the first that can be reached.
    pub(crate) async fn any(&self) -> Result<Arc<Connection>, Error> {
        {
            let connections = self.connections.lock().await;
            if let Some(open) = connections.values().find(|c| !c.is_closed()) {
                return Ok(open.clone());
            }
        }
        let known = self.metadata();
        let addresses = known.brokers.values().map(|b| format!("{}:{}", b.host, b.port));
        let mut failure = Error::NoAddress;
        for address in self.config.bootstrap.iter().cloned().chain(addresses) {
            match Connection::open(&address, &self.config).await {
                Ok(connection) => {
                    let connection = Arc::new(connection);
                    self.connections.lock().await.insert(-1, connection.clone());
                    return Ok(connection);
                }
                Err(error) => failure = error,
            }
        }
        Err(if self.config.bootstrap.len() > 1 { Error::NoBroker(Box::new(failure)) } else { failure })
    }

    /// A connection to one broker.
    pub(crate) async fn broker(&self, id: i32) -> Result<Arc<Connection>, Error> {
        let mut connections = self.connections.lock().await;
        if let Some(open) = connections.get(&id).filter(|c| !c.is_closed()) {
            return Ok(open.clone());
        }
        let connection = Arc::new(self.open(id).await?);
        connections.insert(id, connection.clone());
        Ok(connection)
    }

    /// A connection of one's own to a broker: a long poll must not hold up other requests.
    pub(crate) async fn open(&self, id: i32) -> Result<Connection, Error> {
        let metadata = self.metadata();
        let broker =
            metadata.brokers.get(&id).ok_or_else(|| Error::NoLeader { what: format!("broker {id}") })?;
        Connection::open(&format!("{}:{}", broker.host, broker.port), &self.config).await
    }

    /// Asks one broker.
    pub(crate) async fn ask<R: ReadOnly>(
        &self,
        broker: i32,
        request: impl FnOnce(i16) -> R,
    ) -> Result<(R::Response, Api), Error> {
        self.broker(broker).await?.call(request).await
    }
}

/// Tries again while the failure is a passing one, with growing pauses and fresh metadata in between.
pub(crate) async fn patiently<T, F>(cluster: &Cluster, mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if error.is_passing() => {
                tokio::time::sleep(pause).await;
                pause *= 2;
                // If the metadata can't be had either, the next attempt tells why.
                let _ = cluster.refresh().await;
            }
            done => return done,
        }
    }
    attempt().await
}

pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}
