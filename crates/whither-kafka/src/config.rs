//! How to reach a cluster.

use std::time::Duration;

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
        }
    }
}

/// An answer larger than this is refused: brokers cap a fetch at the size asked for, plus one batch.
pub(crate) const MAX_RESPONSE_BYTES: usize = 256 << 20;
