//! What can go wrong between whither and a broker, in words that say what to do.

use std::io;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use thiserror::Error;

use crate::tls::AUTHORITY_AS_SERVER;

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

/// An answer that did not come, or that says no. Each is one line that says what to do; none holds a secret.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting can't be used: a file that is not there, a key with a password.
    #[error("{what}")]
    Setting {
        /// Which, and why.
        what: String,
    },
    /// The list of brokers is empty or holds no address.
    #[error("no broker address: give one with --brokers host:9092")]
    NoAddress,
    /// An address is not `host:port`.
    #[error("{address:?} is no broker address: write host:port, such as kafka:9092")]
    BadAddress {
        /// What was given.
        address: String,
    },
    /// The name has no address.
    #[error("can't reach {address}: no address is known for this name; check its spelling and the DNS")]
    UnknownHost {
        /// Where.
        address: String,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The system can't get through to it.
    #[error("can't reach {address}: {}", unreachable(source))]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// No answer in time.
    #[error("{address} did not answer within {seconds} s ({what}): {}", silent(what))]
    Timeout {
        /// Where.
        address: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// Something else than Kafka answers there.
    #[error("{address} is not a Kafka listener: it answers like {like}; check the port")]
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
    /// The listener wants to know who we are and we did not say.
    #[error(
        "{address} closed the connection at the first question: it expects SASL; set security.protocol to {protocol}, sasl.mechanism and sasl.jaas.config"
    )]
    ExpectsSasl {
        /// Where.
        address: String,
        /// What to set.
        protocol: &'static str,
    },
    /// The listener does not ask who we are and we said it.
    #[error("{address} does not take SASL: set security.protocol to {protocol}")]
    ExpectsNoSasl {
        /// Where.
        address: String,
        /// What to set.
        protocol: &'static str,
    },
    /// The TLS handshake failed.
    #[error("{address}: {problem}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        problem: TlsProblem,
    },
    /// The listener does not take the mechanism.
    #[error("{address} does not offer {mechanism}: set sasl.mechanism to one of {}", offered.join(", "))]
    MechanismNotOffered {
        /// Where.
        address: String,
        /// What was asked for.
        mechanism: &'static str,
        /// What it takes.
        offered: Vec<String>,
    },
    /// Wrong password, unknown user, stale token.
    #[error("{address} refused {mechanism}: {said}; check {}", credentials(mechanism))]
    NotAuthenticated {
        /// Where.
        address: String,
        /// How we said who we are.
        mechanism: &'static str,
        /// What the broker said.
        said: String,
    },
    /// The other side could not show that it is the broker.
    #[error("{address} is not to be trusted with {mechanism}: {why}")]
    BrokerUnproven {
        /// Where.
        address: String,
        /// How it was asked to.
        mechanism: &'static str,
        /// What was wrong.
        why: String,
    },
    /// The connection ended.
    #[error("{address} closed the connection{}", if *.early { " at once: it may expect TLS (security.protocol), or not be a Kafka listener" } else { "" })]
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
    /// An answer larger than whither takes in.
    #[error("{address} announced an answer of {bytes} bytes; at most {limit} are accepted here")]
    TooLarge {
        /// Where.
        address: String,
        /// How long it says it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The broker is too old, or too new, for a request.
    #[error("{address} does not support {name}: this needs Kafka {} or later", needed(name))]
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
    /// No broker of the list could be reached; one of the failures tells why.
    #[error("none of the brokers could be reached: {0}")]
    NoBroker(#[source] Box<Error>),
    /// A topic was deleted and made anew while it was read.
    #[error("topic {topic} was deleted and made anew: the same offsets are other records now")]
    TopicReplaced {
        /// Its name.
        topic: String,
    },
    /// A log does not hold what a log holds.
    #[error("{what}")]
    Unreadable {
        /// Where, and what is wrong.
        what: String,
    },
    /// Metadata names no such broker, or a partition has no leader.
    #[error("no broker serves {what} at the moment")]
    NoLeader {
        /// What is not served.
        what: String,
    },
}

/// Why a TLS handshake failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TlsProblem {
    /// What answers does not speak TLS.
    #[error("does not speak TLS: set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or check the port")]
    NotTls,
    /// No trusted authority vouches for the broker.
    #[error(
        "the broker's certificate is from an authority that is not trusted here: put its CA certificate into ssl.truststore.location (PEM)"
    )]
    UnknownCa,
    /// The certificate is for another host.
    #[error(
        "the broker's certificate is for {}, not for this host: connect by a name it holds, or switch the check off (ssl.endpoint.identification.algorithm=)",
        names(named)
    )]
    WrongName {
        /// Whom it is for.
        named: Vec<String>,
    },
    /// The broker's certificate has expired.
    #[error("the broker's certificate has expired: renew it there (or set this machine's clock)")]
    Expired,
    /// The broker's certificate is from the future.
    #[error("the broker's certificate is not valid yet: check this machine's clock")]
    NotYetValid,
    /// The broker shows the certificate of an authority.
    #[error("the broker's certificate {AUTHORITY_AS_SERVER}")]
    AuthorityAsServer,
    /// The broker wants a client certificate and we have none.
    #[error("the broker requires a client certificate: set ssl.keystore.location (PEM)")]
    CertificateRequired,
    /// Our certificate has expired.
    #[error("the broker says that our client certificate has expired: renew ssl.keystore.location")]
    OwnExpired,
    /// The broker does not take our certificate.
    #[error(
        "the broker does not trust our client certificate: use one that its CA has signed (ssl.keystore.location)"
    )]
    OwnRefused,
    /// Anything else.
    #[error("TLS failed: {0}")]
    Other(String),
}

impl Error {
    /// Whether another try, after a look at the metadata, may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Error::UnknownHost { .. }
            | Error::Unreachable { .. }
            | Error::Timeout { .. }
            | Error::Closed { .. }
            | Error::NoLeader { .. } => true,
            Error::Refused { code, .. } => code.is_retriable(),
            Error::NoBroker(why) => why.is_passing(),
            _ => false,
        }
    }

    /// How much an error tells of why a cluster can't be reached: a broker that says no tells more than one that
    /// is not there.
    pub(crate) fn weight(&self) -> u8 {
        match self {
            Error::NoAddress => 0,
            Error::UnknownHost { .. } | Error::Unreachable { .. } | Error::Timeout { .. } => 1,
            Error::Closed { .. } => 2,
            _ => 3,
        }
    }
}

fn unreachable(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there (connection refused); check the port and that the broker is up".into()
        }
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "no route leads there; check the address and the network".into()
        }
        _ => format!("{source}; check the address and that the broker is up"),
    }
}

/// The first Kafka that answers a request in a version that is asked.
fn needed(name: &str) -> &'static str {
    match name {
        "DescribeTransactions" | "ListTransactions" => "3.0",
        "ConsumerGroupDescribe" => "3.7",
        "ShareGroupDescribe" | "StreamsGroupDescribe" => "4.1",
        "DescribeShareGroupOffsets" => "4.2",
        _ => "2.8",
    }
}

/// What a silence usually means, by what was waited for.
fn silent(what: &str) -> &'static str {
    match what {
        CONNECTING => "check the address, the broker and the firewalls between",
        HANDSHAKE | VERSIONS | AUTHENTICATION => "is it a Kafka listener, and of this security.protocol?",
        _ => "is the broker overloaded?",
    }
}

/// Waiting for the network.
pub(crate) const CONNECTING: &str = "connecting";
/// Waiting for TLS.
pub(crate) const HANDSHAKE: &str = "TLS handshake";
/// Waiting for the first answer.
pub(crate) const VERSIONS: &str = "ApiVersions";
/// Waiting to be let in.
pub(crate) const AUTHENTICATION: &str = "SASL";

fn credentials(mechanism: &str) -> &'static str {
    if mechanism == "OAUTHBEARER" {
        "the token in sasl.oauthbearer.token.file"
    } else {
        "user name and password"
    }
}

fn names(named: &[String]) -> String {
    if named.is_empty() { "another name".into() } else { named.join(", ") }
}
