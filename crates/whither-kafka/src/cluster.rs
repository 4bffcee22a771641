//! A cluster: its brokers' connections and its metadata.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use tokio::time::Instant;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::connector::Connector;
use crate::error::{Api, Error};
use crate::metadata::Metadata;
use crate::read_only::ReadOnly;

/// Tries before a passing failure is told: leader moves are over within seconds.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No try begins later than this after the first: with a connect timeout of 5 s, a cluster that is down is told
/// within 10 s.
const TRY_FOR: Duration = Duration::from_secs(5);
/// Between the attempts at two addresses, and for all of them.
const STAGGER: Duration = Duration::from_millis(250);
const STAGGER_ALL: Duration = Duration::from_secs(2);
/// Under this number stands the connection to whichever broker answered first.
const BOOTSTRAP: i32 = -1;

/// A cluster to read from. Connections are made as they are needed and kept.
#[derive(Debug)]
pub struct Cluster {
    connector: Connector,
    connections: Mutex<BTreeMap<i32, Arc<Connection>>>,
    gates: Mutex<BTreeMap<i32, Arc<tokio::sync::Mutex<()>>>>,
    metadata: RwLock<Arc<Metadata>>,
}

impl Cluster {
    /// Reaches the first broker that answers and learns what the cluster looks like.
    ///
    /// # Errors
    /// No broker can be reached, or the one that can says no.
    pub async fn connect(config: ClientConfig) -> Result<Cluster, Error> {
        let cluster = Cluster {
            connector: Connector::new(config)?,
            connections: Mutex::default(),
            gates: Mutex::default(),
            metadata: RwLock::new(Arc::new(Metadata::default())),
        };
        match cluster.refresh().await {
            Ok(_) => Ok(cluster),
            Err(error) => Err(cluster.explain(error)),
        }
    }

    /// A SASL listener tells its versions to anybody, and hangs up at the first question.
    fn explain(&self, error: Error) -> Error {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = connections.get(&BOOTSTRAP).is_some_and(|c| c.fell_silent_after_versions());
        let security = &self.connector.config().security;
        match error {
            Error::Closed { address, .. } if silent && security.sasl.is_none() => Error::ExpectsSasl {
                address,
                protocol: if security.tls.is_some() { "SASL_SSL" } else { "SASL_PLAINTEXT" },
            },
            other => other,
        }
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
        if let Some(open) = self.connections().values().find(|c| !c.is_closed()) {
            return Ok(open.clone());
        }
        let known = self.metadata();
        let bootstrap = self.connector.config().bootstrap.iter().cloned();
        let mut addresses: Vec<String> = bootstrap.collect();
        for broker in known.brokers.values().map(ToString::to_string) {
            if !addresses.contains(&broker) {
                addresses.push(broker);
            }
        }
        let connection = Arc::new(self.first_of(&addresses).await?);
        self.connections().insert(BOOTSTRAP, connection.clone());
        Ok(connection)
    }

    /// Tries all addresses, each a moment after the one before: a silent one does not use up the time of the
    /// others.
    async fn first_of(&self, addresses: &[String]) -> Result<Connection, Error> {
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let apart = STAGGER.min(STAGGER_ALL / count);
        let mut trying: FuturesUnordered<_> = (0_u32..)
            .zip(addresses)
            .map(|(turn, address)| async move {
                tokio::time::sleep(apart * turn).await;
                self.connector.open(address).await
            })
            .collect();
        let mut failure = Error::NoAddress;
        while let Some(tried) = trying.next().await {
            match tried {
                Ok(connection) => return Ok(connection),
                Err(error) if error.weight() >= failure.weight() => failure = error,
                Err(_) => {}
            }
        }
        Err(if addresses.len() > 1 { Error::NoBroker(Box::new(failure)) } else { failure })
    }

    /// A connection to one broker. While it is being made, others are served.
    pub(crate) async fn broker(&self, id: i32) -> Result<Arc<Connection>, Error> {
        let gate = self.gate(id);
        let _opening = gate.lock().await;
        if let Some(open) = self.connections().get(&id).filter(|c| !c.is_closed()) {
            return Ok(open.clone());
        }
        let connection = Arc::new(self.open(id).await?);
        self.connections().insert(id, connection.clone());
        Ok(connection)
    }

    /// What callers that need the same broker wait at, so that it is connected to once.
    fn gate(&self, id: i32) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(id).or_default().clone()
    }

    /// The connections, without those that have ended.
    fn connections(&self) -> MutexGuard<'_, BTreeMap<i32, Arc<Connection>>> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|_, c| !c.is_closed());
        connections
    }

    /// A connection of one's own to a broker: a long poll must not hold up other requests.
    pub(crate) async fn open(&self, id: i32) -> Result<Connection, Error> {
        let metadata = self.metadata();
        let broker =
            metadata.brokers.get(&id).ok_or_else(|| Error::NoLeader { what: format!("broker {id}") })?;
        self.connector.open(&broker.to_string()).await
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
    let deadline = Instant::now() + TRY_FOR;
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if error.is_passing() && Instant::now() + pause < deadline => {
                tokio::time::sleep(pause).await;
                pause *= 2;
                // If the metadata can't be had either, the next attempt tells why.
                let _ = tokio::time::timeout_at(deadline, cluster.refresh()).await;
            }
            done => return done,
        }
    }
    attempt().await
}

pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}
