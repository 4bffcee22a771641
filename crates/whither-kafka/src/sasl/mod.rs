//! SASL: what is said after SaslHandshake, by mechanism.

mod oauthbearer;
mod scram;

pub(crate) use oauthbearer::{initial, read_token, refusal};
pub(crate) use scram::{Scram, ScramError};

/// RFC 4616, without an identity to act for.
pub(crate) fn plain(username: &str, password: &str) -> Vec<u8> {
    format!("\0{username}\0{password}").into_bytes()
}
