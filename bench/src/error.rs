//! What can go wrong with a measurement.

use std::io;
use std::path::PathBuf;

/// A measurement that could not be made. There is no partial result: a page with gaps would be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no Kafka to measure on")]
    Cluster(#[from] whither_lab::cluster::Error),
    #[error("can't {what} {}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error("can't run {command}")]
    Spawn { command: String, source: io::Error },
    #[error("{command} failed ({status}): {said}")]
    Child { command: String, status: String, said: String },
    #[error("{command} printed something else than its result: {line:?}")]
    Result { command: String, line: String, source: serde_json::Error },
    #[error("the broker at {address} does not answer {what}")]
    Wire { address: String, what: &'static str, source: io::Error },
    #[error("the broker refuses {what}: error code {code}")]
    Refused { what: &'static str, code: i16 },
    #[error("can't read from the cluster")]
    Read(#[from] whither_kafka::Error),
    #[error("{command} is not {what} in time")]
    Never { command: String, what: String },
    #[error("can't keep or look up")]
    Store(#[from] whither_store::StoreError),
    #[error("can't open a store")]
    Open(#[from] whither_store::OpenError),
    #[error("{what}: {seen} instead of {expected}")]
    Wrong { what: String, expected: u64, seen: u64 },
}
