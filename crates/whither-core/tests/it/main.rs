//! Tests of the core through its five functions.

mod story;
mod balance;
mod loss;
mod positions;
mod transactions;
mod dead_letters;
mod healthy;
mod hostile;
mod model;
