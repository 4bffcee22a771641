//! A Kafka cluster as a source of facts.
pub mod batches;
pub mod commits;
pub mod origins;
