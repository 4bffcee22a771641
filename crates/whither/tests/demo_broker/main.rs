//! The demo broker, through raw requests and through clients that know nothing of it.
#![expect(clippy::unwrap_used, reason = "a test's way to say what must hold")]

mod client;
mod clients;
mod groups;
mod inside;
mod logs;
mod protocol;
mod records;
mod requests;
mod transactions;
