//! A real Kafka for tests, and faults injected into it.
//!
//! [`cluster`] starts and stops brokers, [`clients`] are the real clients that use them: a test that only needs
//! a Kafka needs no more. [`recipes`] make things go wrong, or look odd, and return what is then true
//! ([`truth`]); [`show`] plays them, lets `whither check` look, and `whither serve` follow ([`watch`]); [`judge`]
//! compares; [`scoreboard`] writes it down. [`soak`] lets `whither serve` follow a Kafka while it and the brokers are
//! killed.

pub mod cluster;
pub mod clients;
pub mod recipes;
pub mod truth;
pub mod show;
pub mod server;
pub mod watch;
pub mod judge;
pub mod scoreboard;
pub mod soak;
pub mod moment;
pub mod process;
pub mod cache;
