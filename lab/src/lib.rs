//! A real Kafka for tests, and faults injected into it.
//!
//! [`cluster`] starts and stops brokers; a test that only needs a Kafka needs nothing else.

pub mod cluster;
pub mod process;
pub mod cache;
