//! Tests of the core through its five functions.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod story;
mod balance;
mod loss;
mod positions;
mod transactions;
mod dead_letters;
mod healthy;
mod share;
mod hostile;
mod journal;
mod model;
