//! TLS: the certificate that the settings name, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore, ServerConfig};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use super::Protocol;
use crate::clock;

/// A file larger than this is neither a chain nor a key.
const FILE_BYTES: u64 = 1 << 20;

/// Why TLS can't be spoken.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{key}: {} can't be read: {why}", path.display())]
    Unread {
        /// The setting that names it.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is something else in it.
    #[error("server.tls_cert_file: {} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// There is something else in it.
    #[error("server.tls_key_file: {} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// Nobody is there to type the password.
    #[error(
        "server.tls_key_file: {0} holds a private key with a password: write it without one by `openssl pkcs8 -topk8 -nocrypt -in {0} -out PLAIN.pem`",
        path.display()
    )]
    Encrypted {
        /// Which file.
        path: PathBuf,
    },
    /// They are not of one pair, or of a kind that is not known.
    #[error(
        "server.tls_cert_file, server.tls_key_file: {} and {} can't be used together: {why}; the first certificate in the file must be the one that the key belongs to",
        files.certificates.display(), files.key.display()
    )]
    Pair {
        /// Which files.
        files: Files,
        /// Why.
        why: rustls::Error,
    },
}

/// Where certificates and key are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    /// The server's own certificate, then those that signed it.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What connections are answered with.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    now: RwLock<Loaded>,
}

/// What stood in the files.
#[derive(Clone, Debug)]
struct Loaded {
    /// As it was read, to see that it has changed.
    text: Text,
    http1: Arc<ServerConfig>,
    http2: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
}

/// The files' bytes. The key's are nobody's business.
#[derive(Clone, PartialEq, Eq)]
struct Text {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// They can't be used.
    pub fn of(files: Files) -> Result<Tls, TlsError> {
        let now = RwLock::new(Loaded::of(&files, Text::read(&files)?)?);
        Ok(Tls { files, now })
    }

    /// Reads the files again; whether they have changed. If what is there now can't be used, what was goes on.
    ///
    /// # Errors
    /// They can't be used.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let text = Text::read(&self.files)?;
        if self.now.read().unwrap_or_else(PoisonError::into_inner).text == text {
            return Ok(false);
        }
        let loaded = Loaded::of(&self.files, text)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }

    /// What is wrong with the certificate by today's date: clients will refuse it.
    #[must_use]
    pub fn out_of_date(&self) -> Option<String> {
        let chain = self.now.read().unwrap_or_else(PoisonError::into_inner).chain.clone();
        let what = match untimely(&chain)? {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
            _ => "is not valid yet",
        };
        let path = self.files.certificates.display();
        Some(format!("server.tls_cert_file: the certificate in {path} {what}: clients will refuse it"))
    }

    pub(super) fn acceptor(&self, protocol: Protocol) -> TlsAcceptor {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(match protocol {
            Protocol::Http1 => now.http1.clone(),
            Protocol::Http2 => now.http2.clone(),
        })
    }
}

impl Text {
    fn read(files: &Files) -> Result<Text, TlsError> {
        let certificates = read("server.tls_cert_file", &files.certificates)?;
        Ok(Text { certificates, key: read("server.tls_key_file", &files.key)? })
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unread = |why: String| TlsError::Unread { key, path: path.to_owned(), why };
    let size = std::fs::metadata(path).map_err(|e| unread(e.to_string()))?.len();
    if size > FILE_BYTES {
        return Err(unread(format!("{size} bytes, at most {FILE_BYTES} are read")));
    }
    std::fs::read(path).map_err(|e| unread(e.to_string()))
}

impl Loaded {
    fn of(files: &Files, text: Text) -> Result<Loaded, TlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text.certificates).collect();
        let chain = found.ok().filter(|found| !found.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate { path: files.certificates.clone() })?;
        let key = PrivateKeyDer::from_pem_slice(&text.key).map_err(|_| {
            let path = files.key.clone();
            let shown = String::from_utf8_lossy(&text.key);
            let locked =
                shown.contains("BEGIN ENCRYPTED PRIVATE KEY") || shown.contains("Proc-Type: 4,ENCRYPTED");
            if locked { TlsError::Encrypted { path } } else { TlsError::NoKey { path } }
        })?;
        let pair = |why| TlsError::Pair { files: files.clone(), why };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(pair)?.with_no_client_auth();
        let config = builder.with_single_cert(chain.clone(), key).map_err(pair)?;
        let speaking = |alpn: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![alpn.to_vec()];
            Arc::new(config)
        };
        Ok(Loaded { text, http1: speaking(b"http/1.1"), http2: speaking(b"h2"), chain })
    }
}

/// What a client would say of the dates. They are looked at before anything else, so nobody needs to be trusted, and
/// any name will do.
fn untimely(chain: &[CertificateDer<'static>]) -> Option<CertificateError> {
    let (own, others) = chain.split_first()?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    let now = u64::try_from(clock::now().0 / 1_000).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    let name = ServerName::try_from("localhost").ok()?;
    match verifier.verify_server_cert(own, others, &name, &[], now) {
        Err(rustls::Error::InvalidCertificate(
            why @ (CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }),
        )) => Some(why),
        _ => None,
    }
}
