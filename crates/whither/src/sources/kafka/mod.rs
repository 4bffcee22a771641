//! A Kafka cluster as a source of facts.
//!
//! [`Look`] asks in an order that keeps verdicts honest: commits, then log ends, then commits again, so that
//! neither a commit beyond the end nor a log start beyond a position can come from our own timing (R1, R11).
pub mod look;
mod wants;
mod offsets;
mod edges;
mod data;
mod walking;
mod heads;
mod plan;
mod told;
mod back;
mod rounds;
mod groups;
mod share_groups;
mod topics;
mod transactions;
mod epochs;
mod superseded;
mod gone;
mod deeper;
mod find;
mod record;
mod indexing;
pub mod batches;
pub mod commits;
pub mod origins;

pub use find::{Seen, Sought};
pub use groups::{kind as group_kind, state as group_state};
pub use look::{Look, Progress};
pub(crate) use origins::matches;
pub(crate) use plan::gaps;
pub use record::{Found, end_of, record};
pub use rounds::View;
pub use wants::Wants;
