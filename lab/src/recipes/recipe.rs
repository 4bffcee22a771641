use std::fmt;

use super::stage::{Lab, Stage};
use crate::clients::Error;
use crate::truth::Truth;

/// A fault or a healthy oddity that can be made to happen.
#[derive(Clone, Copy)]
pub struct Recipe {
    /// Lower case with underscores; its topics and groups begin with it.
    pub name: &'static str,
    /// What happens, in a line.
    pub story: &'static str,
    /// The Kafka it needs.
    pub stage: Stage,
    /// How it goes.
    pub play: Play,
}

/// A recipe's two shapes.
#[derive(Clone, Copy, Debug)]
pub enum Play {
    /// All of it, before one `check`.
    Snapshot(SnapshotPlay),
    /// What stands before `check --follow` starts; the rest happens while it watches.
    Follower(FollowerPlay),
}

/// What happens while `check --follow` watches.
pub type During<'a> = Box<dyn FnOnce() -> Result<Outcome<'a>, Error> + Send + 'a>;

/// A client, a loop, a process: whatever has to be dropped late.
pub trait Alive: Send {}

impl<T: Send> Alive for T {}

/// What a recipe leaves.
#[derive(Default)]
pub struct Outcome<'a> {
    /// What has to be found, and where nothing may.
    pub truths: Vec<Truth>,
    /// Clients that have to live until `check` has run.
    pub alive: Vec<Box<dyn Alive + 'a>>,
}

impl Outcome<'_> {
    /// Truths and nobody alive.
    pub fn of(truths: impl Into<Vec<Truth>>) -> Self {
        Self { truths: truths.into(), alive: Vec::new() }
    }
}

impl<'a> Outcome<'a> {
    /// Keeps `client` until `check` has run.
    #[must_use]
    pub fn keeping(mut self, client: impl Alive + 'a) -> Self {
        self.alive.push(Box::new(client));
        self
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("truths", &self.truths).field("alive", &self.alive.len()).finish()
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe").field("name", &self.name).field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// Plays a recipe to its end.
pub type SnapshotPlay = for<'a> fn(&'a Lab) -> Result<Outcome<'a>, Error>;
/// Plays a recipe up to where it has to be watched.
pub type FollowerPlay = for<'a> fn(&'a Lab) -> Result<During<'a>, Error>;

impl Recipe {
    /// Its name and play, if it needs no follower.
    pub(crate) fn snapshot_play(&self) -> Option<(&'static str, SnapshotPlay)> {
        match self.play {
            Play::Snapshot(play) => Some((self.name, play)),
            Play::Follower(_) => None,
        }
    }

    /// Its name and play, if it needs a follower.
    pub(crate) fn follower_play(&self) -> Option<(&'static str, FollowerPlay)> {
        match self.play {
            Play::Snapshot(_) => None,
            Play::Follower(play) => Some((self.name, play)),
        }
    }

    /// Whether it is an oddity that may raise no loss.
    pub(super) fn is_healthy(&self) -> bool {
        self.name.starts_with("healthy_")
    }

    /// One `check` after the fact is enough.
    pub(super) const fn snapshot(name: &'static str, story: &'static str, play: SnapshotPlay) -> Self {
        Self { name, story, stage: Stage::Shared, play: Play::Snapshot(play) }
    }

    /// `check --follow` has to watch.
    pub(super) const fn followed(name: &'static str, story: &'static str, play: FollowerPlay) -> Self {
        Self { name, story, stage: Stage::Shared, play: Play::Follower(play) }
    }

    /// On another Kafka than the shared one.
    pub(super) const fn on(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}
