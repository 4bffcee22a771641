//! Reaching a cluster that is not there, is something else, lies, or does not let us in: one clear line each,
//! soon, with bounded memory.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod changing;
mod hostile;
mod sasl;
mod server;
mod tls;
mod under_way;
mod sessions;
mod versions;
