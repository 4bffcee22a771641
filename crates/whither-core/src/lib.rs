//! Facts in, verdicts out: what became of every record of a Kafka partition, for every consumer group.
//!
//! The core is an acyclic chain of keyed stages. [`Engine::apply`] takes facts of one [`Key`] and appends
//! [`Output`]s: facts for a later stage, verdicts, balances, refusals, and requests to read deeper. It does
//! no IO, reads no clock and never fails; bad input becomes [`Output::Refused`]. The same facts give the
//! same bytes, on any machine, in one process or keyed inside a distributed engine.
#![no_std]
#![deny(missing_docs, clippy::float_arithmetic)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod key;
pub mod time;
pub mod fact;
pub mod limits;
mod admit;
mod logs;
mod letters;
mod joins;
mod ledgers;
pub mod verdict;
pub mod engine;
mod codec;
pub mod journal;

pub use engine::{
    Clock, Deadline, Engine, NotASnapshot, Output, Policy, Position, ReadDeeper, Refusal, Refused,
};
pub use fact::Fact;
pub use key::{Key, Name, Offset, Partition, TopicId};
pub use time::{Span, Time};
pub use verdict::{Balance, Verdict};
