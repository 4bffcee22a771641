//! A Kafka client that only reads.

pub mod batch;
pub mod coordinator;
