//! A server follows the demo broker, and what it publishes is what a look at the broker tells.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

mod scene;
mod following;
mod restarting;
mod killing;
mod refusing;
mod hostile;
mod answering;
mod finding;
mod guarding;
mod scraping;
mod streaming;
mod describing;
mod secrets;
mod abusing;
mod tls;
mod asking;
