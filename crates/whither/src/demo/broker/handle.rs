//! A client inside this process: requests and answers as values, through the same handlers as the network's.
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use thiserror::Error;

use super::consumer::Consumer;
use super::dispatch::{Client, answer};
use super::producer::Producer;
use super::state::Shared;
use super::versions::is_supported;

/// The broker said no.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the demo broker answers {error}: {message}")]
pub struct Refusal {
    /// The protocol's error.
    pub error: ResponseError,
    /// What the broker adds to it.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }

    pub(crate) fn no_answer() -> Self {
        Self::new(ResponseError::UnknownServerError, "no answer to this request")
    }

    /// `Ok` for code 0.
    pub(crate) fn check(code: i16) -> Result<(), Self> {
        match ResponseError::try_from_code(code) {
            None => Ok(()),
            Some(error) => Err(Self::new(error, format!("code {code}"))),
        }
    }

    /// Whether it is refused because the member is not in the group, or the group is about to change.
    pub fn is_about_membership(&self) -> bool {
        matches!(
            self.error,
            ResponseError::UnknownMemberId
                | ResponseError::IllegalGeneration
                | ResponseError::RebalanceInProgress
        )
    }

    /// The Kafka error code.
    pub fn code(&self) -> i16 {
        self.error.code()
    }
}

/// An in-process client with a client id. Clones are the same client.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    client: Client,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, client: Client { id: "whither-demo".to_owned(), host: "/127.0.0.1".to_owned() } }
    }

    /// The same with another client id, which group members are named after.
    #[must_use]
    pub fn named(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.client.id);
        self
    }

    /// Sends one request and waits for its answer. A Produce request must not say `acks=0`.
    ///
    /// # Errors
    /// When the broker does not support this request in this version, or would close the connection.
    pub async fn send(
        &self,
        key: ApiKey,
        version: i16,
        request: RequestKind,
    ) -> Result<ResponseKind, Refusal> {
        if !is_supported(key, version) {
            return Err(Refusal::new(
                ResponseError::UnsupportedVersion,
                format!("{key:?} version {version}"),
            ));
        }
        let answered = answer(&self.shared, &self.client, version, request).await;
        // No socket makes a client in this process wait: without this, one that polls would starve the others.
        tokio::task::yield_now().await;
        answered.ok().flatten().ok_or_else(Refusal::no_answer)
    }

    /// A producer that is idempotent.
    ///
    /// # Errors
    /// What InitProducerId answers.
    pub async fn producer(&self) -> Result<Producer, Refusal> {
        Producer::start(self.clone(), None, 0).await
    }

    /// A producer of transactions, which the broker aborts when they last longer than `timeout_ms`.
    ///
    /// # Errors
    /// What InitProducerId answers.
    pub async fn transactional_producer(
        &self,
        transactional_id: &str,
        timeout_ms: i32,
    ) -> Result<Producer, Refusal> {
        Producer::start(self.clone(), Some(transactional_id.to_owned()), timeout_ms).await
    }

    /// A member of `group` that reads `topics` from the start where the group has no position.
    pub fn consumer(&self, group: &str, topics: &[&str]) -> Consumer {
        Consumer::new(self.clone(), group, topics)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.shared.with(|state| state.now_ms())
    }
}
