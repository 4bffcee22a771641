//! TLS by rustls: whom to trust, who we are, and what a failed handshake means.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::config::{Identity, Pem, Tls};
use crate::error::{Error, TlsProblem};

/// Reads the files and prepares what every connection of a cluster uses.
pub(crate) fn connector(tls: &Tls) -> Result<TlsConnector, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| setting(format!("TLS can't be set up: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(tls, provider)?);
    let config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = load(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| {
                setting(format!("the client certificate and its key can't be used together: {e}"))
            })?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name a certificate must hold: the host of `host:port`.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned()).map_err(|_| Error::BadAddress { address: host.to_owned() })
}

fn verifier(tls: &Tls, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(tls)?), provider)
        .build()
        .map_err(|e| setting(format!("the CA certificates can't be used: {e}")))?;
    Ok(if tls.verify_hostname { verifier } else { Arc::new(AnyName(verifier)) })
}

fn roots(tls: &Tls) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    match &tls.ca {
        Some(pem) => {
            for certificate in certificates(pem, "CA certificate")? {
                store.add(certificate).map_err(|e| {
                    setting(format!("{} holds a CA certificate that can't be used: {e}", place(pem)))
                })?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(setting(
                    "this system has no CA certificates: name a PEM file in ssl.truststore.location".into(),
                ));
            }
        }
    }
    Ok(store)
}

fn load(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain = certificates(&identity.chain, "client certificate")?;
    let text = text(&identity.key)?;
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(setting(format!(
            "{} holds a private key with a password: write it without one by `openssl pkcs8 -topk8 -nocrypt -in KEY.pem -out PLAIN.pem`",
            place(&identity.key)
        )));
    }
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| setting(format!("{} holds no private key in PEM", place(&identity.key))))?;
    Ok((chain, key))
}

fn certificates(pem: &Pem, what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = text(pem)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(setting(format!("{} holds no {what} in PEM (-----BEGIN CERTIFICATE-----)", place(pem)))),
    }
}

fn text(pem: &Pem) -> Result<String, Error> {
    match pem {
        Pem::Inline(text) => Ok(text.reveal().to_owned()),
        Pem::File(path) => match std::fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| setting(format!("{} is not PEM: is it a JKS or PKCS12 store?", path.display()))),
            Err(e) => Err(setting(format!("{} can't be read: {e}", path.display()))),
        },
    }
}

fn place(pem: &Pem) -> String {
    match pem {
        Pem::File(path) => path.display().to_string(),
        Pem::Inline(_) => "the setting".to_owned(),
    }
}

fn setting(what: String) -> Error {
    Error::Setting { what }
}

/// Checks everything but the name: what an empty `ssl.endpoint.identification.algorithm` asks for.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The name is looked at last: whoever fails by it alone is trusted otherwise.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// What an error of a TLS stream means; none if it is not about TLS.
pub(crate) fn problem(error: &io::Error, with_certificate: bool) -> Option<TlsProblem> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(why) => certificate_problem(why),
        rustls::Error::AlertReceived(alert) => alert_problem(*alert, with_certificate),
        rustls::Error::InvalidMessage(_) => TlsProblem::NotTls,
        other => TlsProblem::Other(other.to_string()),
    })
}

fn certificate_problem(why: &CertificateError) -> TlsProblem {
    match why {
        // A bad signature is an authority that was made anew under its old name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsProblem::UnknownCa,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsProblem::NotYetValid
        }
        CertificateError::NotValidForName => TlsProblem::WrongName { named: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsProblem::WrongName { named: presented.clone() }
        }
        other if is_authority(other) => TlsProblem::AuthorityAsServer,
        other => TlsProblem::Other(other.to_string()),
    }
}

/// What is wrong with a certificate for which [`is_authority`] holds.
pub const AUTHORITY_AS_SERVER: &str = "is that of an authority (CA:TRUE), which may not stand for a server: make one \
    with `openssl req -x509 -addext basicConstraints=critical,CA:FALSE`, or have the authority sign one";

/// Whether a certificate was refused because it is one that signs others, as `openssl req -x509` makes them.
#[must_use]
pub fn is_authority(why: &CertificateError) -> bool {
    // The verifier's own error type stands behind a pointer to some error.
    matches!(why, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}

/// What the broker says of us. Without a certificate of ours it can only mean that it wants one.
fn alert_problem(alert: AlertDescription, with_certificate: bool) -> TlsProblem {
    match alert {
        AlertDescription::CertificateRequired => TlsProblem::CertificateRequired,
        AlertDescription::BadCertificate | AlertDescription::HandshakeFailure if !with_certificate => {
            TlsProblem::CertificateRequired
        }
        AlertDescription::CertificateExpired => TlsProblem::OwnExpired,
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::UnknownCA => TlsProblem::OwnRefused,
        other => TlsProblem::Other(format!("the broker sent the alert {other:?}")),
    }
}
