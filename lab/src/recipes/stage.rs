use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::recipe::Recipe;
use crate::clients::{Error, Jvm};
use crate::cluster::{Cluster, Options, Version};
use crate::moment::Moment;

/// A kind of Kafka. Recipes of one stage share a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// One node; recipes run side by side.
    Shared,
    /// Also one node, of Kafka 4 only: share groups, and features that 3.9 lacks.
    SharedSince4,
    /// One node that forgets offsets after a minute; side by side.
    Forgetful,
    /// One node whose recipes stop, pause or damage it; one after the other.
    Fragile,
    /// Three nodes; one after the other.
    Replicated,
    /// One node on which what is healthy happens again, under the eyes of `check --follow`: a follower sees
    /// states that a snapshot does not.
    Watched,
}

impl Stage {
    /// Those that have a Kafka of their own, in two rows that go on at the same time: the second one mostly
    /// waits.
    pub const ROWS: [&[Self]; 2] =
        [&[Self::Shared, Self::Fragile, Self::Replicated], &[Self::Forgetful, Self::Watched]];

    /// Whether a recipe runs here.
    pub fn hosts(self, recipe: &Recipe, version: Version) -> bool {
        match self {
            Self::Shared => {
                recipe.stage == self || (recipe.stage == Self::SharedSince4 && version == Version::V4_3)
            }
            Self::Watched => recipe.is_healthy() && Self::Shared.hosts(recipe, version),
            Self::SharedSince4 | Self::Forgetful | Self::Fragile | Self::Replicated => recipe.stage == self,
        }
    }

    /// How many recipes go on at once; most of their time is waiting for the broker.
    pub fn workers(self) -> usize {
        match self {
            Self::Shared | Self::SharedSince4 | Self::Forgetful | Self::Watched => 4,
            Self::Fragile | Self::Replicated => 1,
        }
    }

    /// How long `check --follow` has to watch for everything of this stage to happen.
    pub fn follow(self) -> Duration {
        Duration::from_secs(match self {
            Self::Shared | Self::SharedSince4 | Self::Fragile | Self::Replicated => 60,
            Self::Forgetful => 110,
            Self::Watched => 150,
        })
    }

    fn options(self, version: Version) -> Options {
        let options = Options::of(version);
        match self {
            Self::Shared | Self::SharedSince4 | Self::Fragile | Self::Watched => options,
            Self::Forgetful => options.with("offsets.retention.minutes", "1"),
            Self::Replicated => {
                Options { nodes: 3, ..options }.with("unclean.leader.election.interval.ms", "1000")
            }
        }
    }
}

/// A running Kafka with clients at hand.
#[derive(Debug)]
pub struct Lab {
    /// Java's clients.
    pub jvm: Jvm,
    /// Which Kafka.
    pub version: Version,
    bootstrap: String,
    // After the clients.
    cluster: Mutex<Cluster>,
}

impl Lab {
    /// Starts the Kafka of a stage.
    ///
    /// # Errors
    /// If Kafka or the driver do not start.
    pub fn start(stage: Stage, version: Version) -> Result<Self, Error> {
        let cluster = Cluster::start(&stage.options(version))?;
        let jvm = Jvm::start(&cluster)?;
        Ok(Self { jvm, version, bootstrap: cluster.bootstrap(), cluster: Mutex::new(cluster) })
    }

    /// `host:port,…`
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The cluster, for recipes that stop its nodes.
    pub fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time `hours` ago (or ahead, if negative), in milliseconds since 1970: for records whose own time is not now.
pub(super) fn hours_ago_ms(hours: i64) -> i64 {
    Moment::now().0 - hours * 3_600_000
}
