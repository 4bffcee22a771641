//! An in-process, in-memory Kafka broker for demos and tests: one node, one replica, nothing kept.
//!
//! It speaks the broker side of the protocol to any client, writes `__consumer_offsets` as Kafka 4.3 does and
//! can be told to misbehave ([`Faults`]). It says that it is a demo wherever a user can look: its cluster id
//! starts with `whither-demo-`, and so does every line that it prints.
//!
//! A request travels `listener` -> `session` -> `wire` (bytes to values) -> `dispatch` -> `api/*` -> the state's
//! parts: `topics` hold `log`s, `groups` and `transactions` coordinate, `ticker` lets time pass.
mod server;
mod options;
mod handle;
mod producer;
mod consumer;
mod faults;

mod listener;
mod session;
mod wire;
mod shape;
mod versions;
mod dispatch;
mod api;

mod state;
mod ticker;
mod topics;
mod configs;
mod log;
pub(crate) mod batch;
mod sequences;
mod groups;
mod offsets_topic;
mod transactions;
mod clock;
mod ids;

pub use batch::NewRecord;
pub use clock::Clock;
pub use consumer::{Consumed, Consumer};
pub use faults::Faults;
pub use handle::{Handle, Refusal};
pub use options::Options;
pub use producer::Producer;
pub use server::{Broker, StartError};
