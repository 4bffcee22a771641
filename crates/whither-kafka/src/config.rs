//! How to reach a cluster.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::dial::Dial;

/// How to reach a cluster. Secrets do not show in its `Debug`.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Addresses to begin with, `host:port`.
    pub bootstrap: Vec<String>,
    /// The `client.id` that brokers see in their logs and quotas.
    pub client_id: String,
    /// How long reaching a broker may take, name look-up, handshakes and authentication included.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How to prove who is who, and whether to encrypt.
    pub security: Security,
    /// How bytes get to a broker; over TCP if none is given. For simulations.
    pub dial: Option<Arc<dyn Dial>>,
}

impl ClientConfig {
    /// A plain connection to these addresses.
    #[must_use]
    pub fn new(bootstrap: Vec<String>) -> ClientConfig {
        ClientConfig {
            bootstrap,
            client_id: "whither".into(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            security: Security::default(),
            dial: None,
        }
    }
}

/// What Kafka calls the security protocol, with what it needs. The default is `PLAINTEXT`.
#[derive(Clone, Default, Debug)]
pub struct Security {
    /// Encrypt, and know the broker by its certificate.
    pub tls: Option<Tls>,
    /// Tell the broker who we are.
    pub sasl: Option<Sasl>,
}

impl Security {
    /// Kafka's name for it: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`, `SASL_SSL`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match (&self.tls, &self.sasl) {
            (None, None) => "PLAINTEXT",
            (Some(_), None) => "SSL",
            (None, Some(_)) => "SASL_PLAINTEXT",
            (Some(_), Some(_)) => "SASL_SSL",
        }
    }
}

/// TLS 1.2 or 1.3.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificates of the authorities that may vouch for brokers; the system's if none are given.
    pub ca: Option<Pem>,
    /// Who we are, where brokers ask for a client certificate.
    pub identity: Option<Identity>,
    /// Whether the certificate must name the host that was connected to.
    pub verify_hostname: bool,
}

impl Default for Tls {
    fn default() -> Tls {
        Tls { ca: None, identity: None, verify_hostname: true }
    }
}

/// A client certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate and those between it and its authority, in this order.
    pub chain: Pem,
    /// The private key, without a password.
    pub key: Pem,
}

/// Text in PEM, or the file it stands in. Files are read when the cluster is first reached.
#[derive(Clone, Debug)]
pub enum Pem {
    /// The file's path.
    File(PathBuf),
    /// The text itself, which may hold a private key.
    Inline(Secret),
}

/// How to tell the broker who we are.
#[derive(Clone, Debug)]
pub enum Sasl {
    /// RFC 4616: the password goes over the wire as it is.
    Plain {
        /// The user's name.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// RFC 5802 and 7677: both sides prove that they know the password.
    Scram {
        /// The hash function.
        hash: ScramHash,
        /// The user's name.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// RFC 7628, KIP-255: a token from a file, which is read again at each connection.
    OauthBearer {
        /// The file that holds the token and nothing else.
        token_file: PathBuf,
    },
}

impl Sasl {
    /// Kafka's name for the mechanism.
    #[must_use]
    pub fn mechanism(&self) -> &'static str {
        match self {
            Sasl::Plain { .. } => "PLAIN",
            Sasl::Scram { hash: ScramHash::Sha256, .. } => "SCRAM-SHA-256",
            Sasl::Scram { hash: ScramHash::Sha512, .. } => "SCRAM-SHA-512",
            Sasl::OauthBearer { .. } => "OAUTHBEARER",
        }
    }
}

/// The hash function of SCRAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScramHash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// Text that never shows: neither `Debug` nor an error prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, to be sent and for nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
