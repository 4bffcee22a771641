use std::io;

use crate::cluster;

/// Why a client could not do what a recipe asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system or a process failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The jars or a tool are missing, or the cluster failed.
    #[error("{0}")]
    Cluster(#[from] cluster::Error),
    /// The client itself reports an error; often that is what a recipe waits for.
    #[error("{command}: {error}")]
    Refused {
        /// What was asked.
        command: String,
        /// The Java exception with its causes, or the Python one.
        error: String,
    },
    /// The client's process ended or did not answer in time.
    #[error("{command}: {why}")]
    Gone {
        /// What was asked.
        command: String,
        /// Ended or silent.
        why: &'static str,
    },
    /// An answer without the expected field: driver and lab are of different builds.
    #[error("{command}: no {field} in the answer {answer}")]
    Answer {
        /// What was asked.
        command: String,
        /// The missing field.
        field: &'static str,
        /// What came.
        answer: String,
    },
    /// A condition did not come true.
    #[error("waited {seconds} s for {what}")]
    Waited {
        /// For what.
        what: String,
        /// How long.
        seconds: u64,
    },
}
