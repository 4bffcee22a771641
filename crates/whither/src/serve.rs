//! `whither serve`: follows a cluster for as long as it runs, remembers what it saw, and publishes what is true.

mod blocking;
mod changes;
mod delays;
mod history;
mod journal;
mod recover;
mod scene;
mod problems;
mod follower;
pub(crate) mod upkeep;

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use whither_kafka::ClientConfig;
use whither_store::Options;

use crate::live::Live;
use crate::sources::kafka::Wants;
pub use follower::Follower;
pub use recover::RecoverError;

/// What a server is asked to do.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Where the cluster is.
    pub client: ClientConfig,
    /// What to look at.
    pub wants: Wants,
    /// Where to remember it.
    pub data_dir: PathBuf,
    /// For how long.
    pub store: Options,
    /// Where what is true now is published.
    pub live: Arc<Live>,
}

/// Why a server does not go on.
#[derive(Debug, Error)]
pub enum ServeError {
    /// What is stored can't be taken up.
    #[error("{}", .dir.display())]
    Recover {
        /// Where it is stored.
        dir: PathBuf,
        /// Why.
        source: RecoverError,
    },
    /// The directory is about another cluster.
    #[error(
        "{} is about cluster {stored}, and the brokers are those of cluster {found}: choose another data directory, or the brokers of {stored}",
        .dir.display()
    )]
    OtherCluster {
        /// Where it is stored.
        dir: PathBuf,
        /// The cluster's id.
        stored: String,
        /// The id that the brokers tell.
        found: String,
    },
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
