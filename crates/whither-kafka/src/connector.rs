//! From an address to a connection that may be asked: name look-up, TCP, TLS, versions, SASL.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::StrBytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::config::{ClientConfig, Sasl};
use crate::connection::Connection;
use crate::dial::Stream;
use crate::error::{AUTHENTICATION, Api, CONNECTING, Error, HANDSHAKE, TlsProblem, VERSIONS};
use crate::sasl::{self, Scram, ScramError};
use crate::tls;

/// Opens connections as the settings say.
pub(crate) struct Connector {
    config: ClientConfig,
    tls: Option<TlsConnector>,
}

/// One attempt: where to, and until when.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    address: &'a str,
    deadline: Instant,
    allowed: Duration,
}

impl Attempt<'_> {
    async fn within<T>(
        &self,
        what: &'static str,
        step: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout_at(self.deadline, step).await.map_err(|_| Error::Timeout {
            address: self.address.into(),
            what,
            seconds: self.allowed.as_secs(),
        })?
    }
}

impl Connector {
    /// Reads certificates and keys, so that a wrong path shows before anything is connected to.
    pub(crate) fn new(config: ClientConfig) -> Result<Connector, Error> {
        let tls = config.security.tls.as_ref().map(tls::connector).transpose()?;
        Ok(Connector { config, tls })
    }

    pub(crate) fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// Connects to `host:port`, learns the broker's versions and tells it who we are.
    pub(crate) async fn open(&self, address: &str) -> Result<Connection, Error> {
        let (host, port) = split(address)?;
        let allowed = self.config.connect_timeout;
        let attempt = Attempt { address, deadline: Instant::now() + allowed, allowed };
        let socket = attempt.within(CONNECTING, self.reach(attempt, host, port)).await?;
        let stream = attempt.within(HANDSHAKE, self.secure(address, host, socket)).await?;
        let mut connection = Connection::over(stream, address, &self.config);
        attempt.within(VERSIONS, connection.learn_versions()).await?;
        if let Some(sasl) = &self.config.security.sasl {
            attempt.within(AUTHENTICATION, self.authenticate(&connection, address, sasl)).await?;
        }
        Ok(connection)
    }

    async fn reach(&self, attempt: Attempt<'_>, host: &str, port: u16) -> Result<Box<dyn Stream>, Error> {
        let Some(dial) = &self.config.dial else { return Ok(Box::new(reach(attempt, host, port).await?)) };
        let unreachable = |e| Error::Unreachable { address: attempt.address.into(), source: Arc::new(e) };
        dial.dial(host, port).await.map_err(unreachable)
    }

    async fn secure(
        &self,
        address: &str,
        host: &str,
        socket: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, Error> {
        let Some(tls) = &self.tls else { return Ok(socket) };
        let failed = |error: io::Error| {
            let with_certificate = self.has_certificate();
            // A plain listener takes our greeting for a request of absurd length, and hangs up.
            let problem = tls::problem(&error, with_certificate).unwrap_or(TlsProblem::NotTls);
            Error::Tls { address: address.into(), problem }
        };
        let stream = tls.connect(tls::server_name(host)?, socket).await.map_err(failed)?;
        Ok(Box::new(stream))
    }

    fn has_certificate(&self) -> bool {
        self.config.security.tls.as_ref().is_some_and(|t| t.identity.is_some())
    }

    async fn authenticate(&self, connection: &Connection, address: &str, sasl: &Sasl) -> Result<(), Error> {
        let dialogue = Dialogue { connection, address, mechanism: sasl.mechanism() };
        dialogue.choose(self.tls.is_some()).await?;
        match sasl {
            Sasl::Plain { username, password } => {
                dialogue.say(sasl::plain(username, password.reveal())).await.map(drop)
            }
            Sasl::Scram { hash, username, password } => {
                let scram = Scram::new(*hash, username, password.clone());
                dialogue.scram(scram.ok_or_else(|| dialogue.unproven("no randomness for a nonce"))?).await
            }
            Sasl::OauthBearer { token_file } => dialogue.bearer(&sasl::read_token(token_file).await?).await,
        }
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Saying who we are, by one mechanism.
struct Dialogue<'a> {
    connection: &'a Connection,
    address: &'a str,
    mechanism: &'static str,
}

impl Dialogue<'_> {
    async fn choose(&self, encrypted: bool) -> Result<(), Error> {
        let api = Api { name: "SaslHandshake", version: 1 };
        let request =
            SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(self.mechanism));
        let answer: SaslHandshakeResponse = self.connection.handshake(api, &request).await?;
        match ResponseError::try_from_code(answer.error_code) {
            None => Ok(()),
            Some(ResponseError::UnsupportedSaslMechanism) => Err(Error::MechanismNotOffered {
                address: self.address.into(),
                mechanism: self.mechanism,
                offered: answer.mechanisms.iter().map(|m| sasl::refusal(m.as_bytes())).collect(),
            }),
            Some(ResponseError::IllegalSaslState) => Err(Error::ExpectsNoSasl {
                address: self.address.into(),
                protocol: if encrypted { "SSL" } else { "PLAINTEXT" },
            }),
            Some(code) => Err(Error::Refused { api, code }),
        }
    }

    async fn say(&self, message: Vec<u8>) -> Result<Vec<u8>, Error> {
        let api = Api { name: "SaslAuthenticate", version: 2 };
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message.into());
        let answer: SaslAuthenticateResponse = self.connection.handshake(api, &request).await?;
        match ResponseError::try_from_code(answer.error_code) {
            None => Ok(answer.auth_bytes.to_vec()),
            Some(ResponseError::SaslAuthenticationFailed) => {
                let said = answer.error_message.as_deref().unwrap_or("authentication failed");
                Err(self.refused(sasl::refusal(said.as_bytes())))
            }
            Some(code) => Err(Error::Refused { api, code }),
        }
    }

    async fn scram(&self, mut scram: Scram) -> Result<(), Error> {
        let challenge = self.say(scram.first()).await?;
        // Up to half a second of hashing: not on a thread that serves other connections.
        let proved = tokio::task::spawn_blocking(move || scram.prove(&challenge).map(|proof| (scram, proof)));
        let proved = proved.await.map_err(|e| self.unproven(&e.to_string()))?;
        let (scram, proof) = proved.map_err(|e| self.scram_failed(&e))?;
        let last = self.say(proof).await?;
        scram.verify(&last).map_err(|e| self.scram_failed(&e))
    }

    fn scram_failed(&self, error: &ScramError) -> Error {
        match error {
            ScramError::Refused(said) => self.refused(said.clone()),
            other => self.unproven(&other.to_string()),
        }
    }

    async fn bearer(&self, token: &str) -> Result<(), Error> {
        let answer = self.say(sasl::initial(token)).await?;
        if answer.is_empty() {
            return Ok(());
        }
        // RFC 7628, 3.2.3: the refusal comes as a challenge; an empty answer to it ends the exchange.
        match self.say(vec![1]).await {
            Err(Error::NotAuthenticated { .. }) | Ok(_) => Err(self.refused(sasl::refusal(&answer))),
            Err(other) => Err(other),
        }
    }

    fn refused(&self, said: String) -> Error {
        Error::NotAuthenticated { address: self.address.into(), mechanism: self.mechanism, said }
    }

    fn unproven(&self, why: &str) -> Error {
        Error::BrokerUnproven { address: self.address.into(), mechanism: self.mechanism, why: why.into() }
    }
}

/// Host and port of `host:port` or `[v6]:port`.
pub(crate) fn split(address: &str) -> Result<(&str, u16), Error> {
    let bad = || Error::BadAddress { address: address.into() };
    let (host, port) = address.trim().rsplit_once(':').ok_or_else(bad)?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match bare {
        Some(v6) => v6,
        None if host.contains(['/', ':', ' ', '@']) => return Err(bad()),
        None => host,
    };
    match port.parse() {
        Ok(port) if port > 0 && !host.is_empty() => Ok((host, port)),
        _ => Err(bad()),
    }
}

/// Tries the addresses of a name in turn, each for its share of the time: one that swallows packets must not
/// hide one that answers.
async fn reach(attempt: Attempt<'_>, host: &str, port: u16) -> Result<TcpStream, Error> {
    let address = || attempt.address.to_owned();
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<_> =
        found.map_err(|e| Error::UnknownHost { address: address(), source: Arc::new(e) })?.collect();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (tried, one) in found.iter().enumerate() {
        let left = u32::try_from(found.len() - tried).unwrap_or(u32::MAX);
        let share = attempt.deadline.saturating_duration_since(Instant::now()) / left;
        let connecting = tokio::time::timeout(share, TcpStream::connect(one)).await;
        match connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(socket) => {
                // Without it small requests wait for acknowledgements; a socket that refuses still works.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    if failure.kind() == io::ErrorKind::TimedOut {
        let seconds = attempt.allowed.as_secs();
        return Err(Error::Timeout { address: address(), what: CONNECTING, seconds });
    }
    Err(Error::Unreachable { address: address(), source: Arc::new(failure) })
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn takes_addresses_apart() {
        assert_eq!(split("kafka:9092").unwrap(), ("kafka", 9092));
        assert_eq!(split(" 127.0.0.1:1 ").unwrap(), ("127.0.0.1", 1));
        assert_eq!(split("[::1]:9092").unwrap(), ("::1", 9092));
        for bad in [
            "",
            "kafka",
            ":9092",
            "kafka:",
            "kafka:0",
            "kafka:70000",
            "::1:9092",
            "http://kafka:9092",
            "[]:1",
        ] {
            assert!(split(bad).unwrap_err().to_string().contains("host:port"), "{bad}");
        }
    }
}
