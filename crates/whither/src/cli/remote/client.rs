//! A blocking HTTP client for one server.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::de::DeserializeOwned;
use ureq::http::{Response, Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, RequestBuilder};

use super::args::Server;
use super::failure::{ApiError, Failure};

/// Where the API stands on a server.
const API: &str = "/api/whither/v1";
/// A server that does not even accept by then is not there.
const CONNECT: Duration = Duration::from_secs(5);
/// One that answers slower than this is not well.
const ANSWER: Duration = Duration::from_secs(60);
/// A stream of events lasts for so long.
const STREAM: Duration = Duration::from_secs(600);
const EVENTS: &str = "text/event-stream";
/// A page of a thousand items with evidence is a few megabytes.
const ANSWER_BYTES: u64 = 64 << 20;
/// No token is longer.
const TOKEN_BYTES: u64 = 16 << 10;

/// What is asked for beside the path.
pub(super) type Query = Vec<(&'static str, String)>;

/// One server.
pub(super) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// An answer and the state it is of.
pub(super) struct Fresh {
    pub(super) body: String,
    pub(super) etag: Option<String>,
}

impl Client {
    /// Nothing is sent yet.
    pub(super) fn of(server: &Server) -> Result<Client, Failure> {
        let base = base(&server.server)?;
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(authorities(&base, server.ca_file.as_deref())?)))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // Where a redirect leads is not where the token was meant to go.
            .max_redirects(0)
            // The default server is on this machine.
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .user_agent(concat!("whither/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Client { agent: agent.into(), base, token: token(server)? })
    }

    /// What the server answers below the API's path.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, Failure> {
        let body = self.text(path, query)?;
        self.understand(&body)
    }

    /// The same, as it was written.
    pub(super) fn text(&self, path: &str, query: &Query) -> Result<String, Failure> {
        let fresh = self.fresh(path, query, None)?;
        fresh.map(|fresh| fresh.body).ok_or_else(|| self.stranger("304 to a question without a condition"))
    }

    /// None if nothing has changed since the state that `etag` names.
    pub(super) fn fresh(
        &self,
        path: &str,
        query: &Query,
        etag: Option<&str>,
    ) -> Result<Option<Fresh>, Failure> {
        let mut request = self.agent.get(format!("{}{API}{path}", self.base));
        request = request.header(header::ACCEPT, "application/json");
        request = request.query_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
        request = self.known(request);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let mut response = request.call().map_err(|error| Failure::reaching(&self.base, &error))?;
        let status = response.status();
        if status.as_u16() == 304 {
            return Ok(None);
        }
        let is_json = content_type(&response).starts_with("application/json");
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
        let body = body.map_err(|error| Failure::reaching(&self.base, &error))?;
        if status.is_success() && is_json {
            let etag = response.headers().get(header::ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
            return Ok(Some(Fresh { body, etag }));
        }
        match serde_json::from_str::<ApiError>(&body) {
            Ok(told) => Err(Failure::Api { server: self.base.clone(), status: status.as_u16(), told }),
            Err(_) if matches!(status.as_u16(), 401 | 403) => Err(Failure::Api {
                server: self.base.clone(),
                status: status.as_u16(),
                told: ApiError::default(),
            }),
            Err(_) => Err(self.stranger(&format!("{status}, {}", content_type(&response)))),
        }
    }

    /// Opens the server's stream of events; it ends after a while, so that one that is dead without a word ends, too.
    pub(super) fn events(&self) -> Result<impl Read + Send + 'static, Failure> {
        let request = self.agent.get(format!("{}{API}/events/stream", self.base));
        let request = self.known(request.header(header::ACCEPT, EVENTS));
        let request =
            request.config().timeout_global(Some(STREAM)).timeout_recv_response(Some(ANSWER)).build();
        let response = request.call().map_err(|error| Failure::reaching(&self.base, &error))?;
        if response.status().is_success() && content_type(&response).starts_with(EVENTS) {
            return Ok(response.into_body().into_reader());
        }
        Err(self.stranger(&format!("{}, {}", response.status(), content_type(&response))))
    }

    fn known<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Reads what the server said.
    pub(super) fn understand<T: DeserializeOwned>(&self, body: &str) -> Result<T, Failure> {
        serde_json::from_str(body)
            .map_err(|error| Failure::Garbled { server: self.base.clone(), why: error.to_string() })
    }

    fn stranger(&self, answered: &str) -> Failure {
        Failure::Stranger { server: self.base.clone(), answered: answered.to_owned() }
    }
}

/// A name as one segment of a path: groups may be called anything.
pub(super) fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// `host:port` means `http://host:port`.
fn base(typed: &str) -> Result<String, Failure> {
    let typed = typed.trim();
    let url = if typed.contains("://") { typed.to_owned() } else { format!("http://{typed}") };
    let parsed: Option<Uri> = url.parse().ok();
    let usable = parsed.is_some_and(|uri| {
        let host = uri.authority().is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && host && uri.query().is_none()
    });
    if usable {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(Failure::BadUrl { url: typed.to_owned() })
    }
}

/// Those of the file that was named, of the operating system, or of `SSL_CERT_FILE`; they are read only if they will be
/// asked.
fn authorities(base: &str, file: Option<&Path>) -> Result<Vec<Certificate<'static>>, Failure> {
    if !base.starts_with("https:") {
        return Ok(Vec::new());
    }
    if let Some(path) = file {
        let unusable = |why: String| Failure::CaFile { path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|e| unusable(e.to_string()))?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let found = found.ok().filter(|found| !found.is_empty());
        let found = found.ok_or_else(|| unusable("it holds no certificate in PEM".to_owned()))?;
        return Ok(found.iter().map(|der| Certificate::from_der(der).to_owned()).collect());
    }
    let found = rustls_native_certs::load_native_certs().certs;
    Ok(found.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

/// The file that was named wins over the environment.
fn token(server: &Server) -> Result<Option<String>, Failure> {
    let Some(path) = &server.token_file else {
        let set = std::env::var("WHITHER_TOKEN").ok();
        return set.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).map(header_safe).transpose();
    };
    let unusable = |why: String| Failure::TokenFile { path: path.clone(), why };
    let size = std::fs::metadata(path).map_err(|e| unusable(e.to_string()))?.len();
    if size > TOKEN_BYTES {
        return Err(unusable(format!("{size} bytes are no token")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
    match text.trim() {
        "" => Err(unusable("it is empty".to_owned())),
        token => header_safe(token.to_owned()).map(Some),
    }
}

fn header_safe(token: String) -> Result<String, Failure> {
    if token.bytes().all(|b| b.is_ascii_graphic()) { Ok(token) } else { Err(Failure::BadToken) }
}

fn content_type(response: &Response<Body>) -> &str {
    let told = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    told.unwrap_or("no content type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_address() {
        for (typed, url) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("localhost:8080/", "http://localhost:8080"),
            ("https://kafka.example/whither/", "https://kafka.example/whither"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(base(typed).unwrap(), url);
        }
        for typed in ["", "http://", "ftp://a", "http://a b", "http://me:secret@a", "http://a?x=1"] {
            assert!(matches!(base(typed), Err(Failure::BadUrl { .. })), "{typed}");
        }
    }

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("orders.v1"), "orders.v1");
        assert_eq!(segment("a/b?c%d é"), "a%2Fb%3Fc%25d%20%C3%A9");
    }
}
