//! What spans say of Kafka: every generation of the messaging attributes, and the habits of clients, as one.

mod habits;
mod messaging;
mod names;

pub use messaging::{Messaging, Operation, Place};
pub use names::{Field, NAMES, Name};

#[cfg(test)]
mod tests;
