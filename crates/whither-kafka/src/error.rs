//! What can go wrong between whither and a broker, in words that say what to do.

use std::io;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use thiserror::Error;

/// The request an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Api {
    /// Its name, as the protocol's.
    pub name: &'static str,
    /// The version it was sent with.
    pub version: i16,
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// An answer that did not come, or that says no.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing listens there, or the name is unknown.
    #[error("can't reach {address}: check the address and that the broker is up")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// No answer in time.
    #[error(
        "{address} did not answer within {seconds} s ({what}): is it a Kafka listener, and of this security protocol?"
    )]
    Timeout {
        /// Where.
        address: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// Something else than Kafka answers there.
    #[error("{address} is not a Kafka listener: it answers like {like}")]
    NotKafka {
        /// Where.
        address: String,
        /// What it looks like.
        like: &'static str,
    },
    /// The listener speaks TLS and we do not.
    #[error("{address} expects TLS: set security.protocol to SSL or SASL_SSL")]
    ExpectsTls {
        /// Where.
        address: String,
    },
    /// The connection ended. Right after connecting this is how a SASL or TLS listener treats a plain client.
    #[error("{address} closed the connection{}", if *.early { " at once: the listener may expect SASL or TLS (security.protocol)" } else { "" })]
    Closed {
        /// Where.
        address: String,
        /// Whether nothing had been answered yet.
        early: bool,
    },
    /// An answer that is not what the protocol says.
    #[error("{address} sent a malformed answer to {api}: {what}")]
    Malformed {
        /// Where.
        address: String,
        /// To which request.
        api: Api,
        /// What is wrong with it.
        what: String,
    },
    /// The broker is too old, or too new, for a request.
    #[error("{address} does not support {name}: whither needs Kafka 2.8 or later")]
    Unsupported {
        /// Where.
        address: String,
        /// Which request.
        name: &'static str,
    },
    /// The broker said no to all of a request.
    #[error("{api} was refused: {code}")]
    Refused {
        /// Which request.
        api: Api,
        /// Why.
        code: ResponseError,
    },
    /// No broker of the list could be reached; the last failure tells why.
    #[error("none of the brokers could be reached")]
    NoBroker(#[source] Box<Error>),
    /// Metadata names no such broker, or a partition has no leader.
    #[error("no broker serves {what} at the moment")]
    NoLeader {
        /// What is not served.
        what: String,
    },
    /// The list of brokers is empty or holds no address.
    #[error("no broker address: give one with --brokers host:9092")]
    NoAddress,
}

impl Error {
    /// Whether another try, after a look at the metadata, may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable { .. }
            | Error::Timeout { .. }
            | Error::Closed { .. }
            | Error::NoLeader { .. } => true,
            Error::Refused { code, .. } => code.is_retriable(),
            _ => false,
        }
    }
}
