//! A real Kafka for tests, and faults injected into it.
//!
//! [`cluster`] starts and stops brokers; a test that only needs a Kafka needs nothing else.

pub mod show;
pub mod judge;
pub mod scoreboard;
pub mod cluster;
pub mod clients;
pub mod recipes;
pub mod truth;
pub mod process;
pub mod cache;
