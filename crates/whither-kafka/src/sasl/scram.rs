//! SCRAM (RFC 5802, RFC 7677) without channel binding, as Kafka speaks it.
//!
//! Names and passwords are sent as UTF-8 without SASLprep: Kafka's own client and broker do the same, so a
//! prepared password would not match what `kafka-configs --add-config SCRAM-SHA-256=[…]` stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rustls::crypto::ring::default_provider;
use sha2::{Digest, Sha256, Sha512};

use crate::config::{ScramHash, Secret};

/// Kafka stores no fewer (`ScramMechanism`); a server that asks for fewer wants to guess the password.
const MIN_ITERATIONS: u32 = 4096;
/// Half a second of work; Kafka itself stores at most 16,384.
const MAX_ITERATIONS: u32 = 1_000_000;
/// Bits of chance in our nonce, as RFC 5802's examples and Kafka's client have at least.
const NONCE_BYTES: usize = 24;
/// GS2 header: no channel binding, no identity to act for.
const GS2: &str = "n,,";

/// Why an exchange can't go on. All of these are the server's doing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ScramError {
    /// The server says no.
    #[error("{0}")]
    Refused(String),
    /// A message that is not SCRAM's.
    #[error("its SCRAM message has no valid {0}")]
    Malformed(&'static str),
    /// The server's nonce does not begin with ours.
    #[error("its nonce is not an answer to ours")]
    Nonce,
    /// The number of iterations is out of bounds.
    #[error("it asks for {0} iterations; {MIN_ITERATIONS} to {MAX_ITERATIONS} are accepted")]
    Iterations(u32),
    /// The server does not know the password either.
    #[error("it can't prove that it knows the password")]
    Unproven,
}

/// One exchange.
pub(crate) struct Scram {
    hash: ScramHash,
    password: Secret,
    nonce: String,
    /// `client-first-message-bare`.
    first: String,
    /// What the server must sign with; empty until it has told salt and iterations.
    server_signature: Vec<u8>,
}

impl Scram {
    /// With a nonce of its own; none if the system has no randomness to give.
    pub(crate) fn new(hash: ScramHash, username: &str, password: Secret) -> Option<Scram> {
        let mut bytes = [0; NONCE_BYTES];
        default_provider().secure_random.fill(&mut bytes).ok()?;
        Some(Scram::with_nonce(hash, username, password, STANDARD.encode(bytes)))
    }

    fn with_nonce(hash: ScramHash, username: &str, password: Secret, nonce: String) -> Scram {
        let name = username.replace('=', "=3D").replace(',', "=2C");
        let first = format!("n={name},r={nonce}");
        Scram { hash, password, nonce, first, server_signature: Vec::new() }
    }

    /// The client's first message.
    pub(crate) fn first(&self) -> Vec<u8> {
        format!("{GS2}{}", self.first).into_bytes()
    }

    /// The client's last message: the proof. Takes up to half a second of work.
    pub(crate) fn prove(&mut self, server_first: &[u8]) -> Result<Vec<u8>, ScramError> {
        let server_first = text(server_first)?;
        let told = ServerFirst::parse(server_first, &self.nonce)?;
        let salted = self.salted(&told.salt, told.iterations);
        let without_proof = format!("c={},r={}", STANDARD.encode(GS2), told.nonce);
        let signed = format!("{},{server_first},{without_proof}", self.first);
        let client_key = mac(self.hash, &salted, b"Client Key");
        let stored_key = digest(self.hash, &client_key);
        let signature = mac(self.hash, &stored_key, signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(k, s)| k ^ s).collect();
        let server_key = mac(self.hash, &salted, b"Server Key");
        self.server_signature = mac(self.hash, &server_key, signed.as_bytes());
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }

    /// Whether the server knows the password too.
    pub(crate) fn verify(&self, server_last: &[u8]) -> Result<(), ScramError> {
        let server_last = text(server_last)?;
        refused(server_last)?;
        let signature = attribute(server_last, 'v').and_then(|v| STANDARD.decode(v).ok());
        let signature = signature.ok_or(ScramError::Malformed("signature"))?;
        let proven = !signature.is_empty() && signature == self.server_signature;
        if proven { Ok(()) } else { Err(ScramError::Unproven) }
    }

    fn salted(&self, salt: &[u8], iterations: u32) -> Vec<u8> {
        let password = self.password.reveal().as_bytes();
        match self.hash {
            ScramHash::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
            ScramHash::Sha512 => pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).to_vec(),
        }
    }
}

struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(message: &'a str, ours: &str) -> Result<ServerFirst<'a>, ScramError> {
        refused(message)?;
        let nonce = attribute(message, 'r').ok_or(ScramError::Malformed("nonce"))?;
        // It must add to ours: a repeated nonce could be a replay.
        if !nonce.starts_with(ours) || nonce.len() == ours.len() {
            return Err(ScramError::Nonce);
        }
        let salt = attribute(message, 's').and_then(|s| STANDARD.decode(s).ok()).filter(|s| !s.is_empty());
        let iterations = attribute(message, 'i').and_then(|i| i.parse().ok());
        let told = ServerFirst {
            nonce,
            salt: salt.ok_or(ScramError::Malformed("salt"))?,
            iterations: iterations.ok_or(ScramError::Malformed("iteration count"))?,
        };
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&told.iterations) {
            return Err(ScramError::Iterations(told.iterations));
        }
        Ok(told)
    }
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    std::str::from_utf8(message).map_err(|_| ScramError::Malformed("text"))
}

fn refused(message: &str) -> Result<(), ScramError> {
    match attribute(message, 'e') {
        Some(why) => Err(ScramError::Refused(super::refusal(why.as_bytes()))),
        None => Ok(()),
    }
}

fn attribute(message: &str, name: char) -> Option<&str> {
    message.split(',').find_map(|a| a.strip_prefix(name)?.strip_prefix('='))
}

fn mac(hash: ScramHash, key: &[u8], message: &[u8]) -> Vec<u8> {
    const ANY_LENGTH: &str = "HMAC takes a key of any length";
    match hash {
        ScramHash::Sha256 => {
            let mac = Hmac::<Sha256>::new_from_slice(key).expect(ANY_LENGTH);
            mac.chain_update(message).finalize().into_bytes().to_vec()
        }
        ScramHash::Sha512 => {
            let mac = Hmac::<Sha512>::new_from_slice(key).expect(ANY_LENGTH);
            mac.chain_update(message).finalize().into_bytes().to_vec()
        }
    }
}

fn digest(hash: ScramHash, message: &[u8]) -> Vec<u8> {
    match hash {
        ScramHash::Sha256 => Sha256::digest(message).to_vec(),
        ScramHash::Sha512 => Sha512::digest(message).to_vec(),
    }
}

#[cfg(test)]
mod tests;
