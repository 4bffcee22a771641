//! Faults and healthy oddities, made to happen on a real Kafka, each with its ground truth.
//!
//! A recipe uses topics and groups that begin with its own name, so that many share one cluster.

mod recipe;
mod catalogue;
mod stage;
mod retention;
mod topics;
mod transactions;
mod positions;
mod damage;
mod dead_letters;
mod healthy_positions;
mod healthy_logs;
mod healthy_members;

pub use catalogue::all;
pub use recipe::{Alive, During, FollowerPlay, Outcome, Play, Recipe, SnapshotPlay};
pub use stage::{Lab, Stage};
