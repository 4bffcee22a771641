//! Real Kafka clients, told what to do by recipes.

mod jvm;
mod admin;
mod producer;
mod consumer;
mod apps;
mod connect;
mod python;
mod tools;
mod driver;
mod waiting;
mod error;

pub use admin::Ends;
pub use apps::{ShareConsumer, StreamsApp, StreamsKind, Syncer};
pub use connect::Connect;
pub use consumer::{Consumer, Loop, Start};
pub use error::Error;
pub use jvm::Jvm;
pub use producer::{Producer, Records};
pub use python::{Library, Python};
pub use tools::console_consumer;
pub use waiting::wait_until;
