use std::sync::Arc;

use kafka_protocol::messages::MetadataResponse;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use whither_kafka::{ClientConfig, Error, Identity, Pem, Secret, Security, Tls, TlsProblem};

use crate::server::{Server, answer, asked, reach, start, told, versions};

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

struct Issued {
    certificate: Certificate,
    key: KeyPair,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Authority { certificate, issuer: Issuer::new(params, key) }
}

impl Authority {
    fn issue(&self, name: &str, expired: bool) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        Issued { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    fn pem(&self) -> Pem {
        Pem::Inline(Secret::new(self.certificate.pem()))
    }
}

impl Issued {
    fn identity(&self) -> Identity {
        let inline = |text: String| Pem::Inline(Secret::new(text));
        Identity { chain: inline(self.certificate.pem()), key: inline(self.key.serialize_pem()) }
    }
}

/// A broker behind TLS; with `clients`, only those whom that authority vouches for.
async fn broker(
    own: &Issued,
    clients: Option<&Authority>,
    protocol: &'static rustls::SupportedProtocolVersion,
) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[protocol]).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![own.certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    start(move |socket| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut socket) = acceptor.accept(socket).await else { return };
            while let Some(request) = asked(&mut socket).await {
                match request.key {
                    18 => answer(&mut socket, &request, &versions()).await,
                    _ => answer(&mut socket, &request, &MetadataResponse::default()).await,
                }
            }
        }
    })
    .await
}

async fn reached(server: &Server, tls: Tls) -> Result<(), Error> {
    let security = Security { tls: Some(tls), sasl: None };
    reach(ClientConfig { security, ..ClientConfig::new(vec![server.address.clone()]) }).await.map(drop)
}

fn problem(result: Result<(), Error>) -> TlsProblem {
    match result.unwrap_err() {
        Error::Tls { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_broker_is_known_by_its_authority_its_name_and_its_dates() {
    let (ours, theirs, renewed) = (authority("ours"), authority("theirs"), authority("ours"));
    let trusting = |authority: &Authority| Tls { ca: Some(authority.pem()), ..Tls::default() };
    for version in VERSIONS {
        let server = broker(&ours.issue("127.0.0.1", false), None, version).await;
        reached(&server, trusting(&ours)).await.unwrap();
        assert_eq!(problem(reached(&server, trusting(&theirs)).await), TlsProblem::UnknownCa);
        assert_eq!(problem(reached(&server, trusting(&renewed)).await), TlsProblem::UnknownCa);

        let elsewhere = broker(&ours.issue("kafka.example", false), None, version).await;
        let wrong = problem(reached(&elsewhere, trusting(&ours)).await);
        assert!(matches!(wrong, TlsProblem::WrongName { .. }), "{wrong:?}");
        assert!(wrong.to_string().contains("kafka.example"), "{wrong}");
        let any_name = |authority| Tls { verify_hostname: false, ..trusting(authority) };
        reached(&elsewhere, any_name(&ours)).await.unwrap();
        assert_eq!(problem(reached(&elsewhere, any_name(&theirs)).await), TlsProblem::UnknownCa);

        let expired = broker(&ours.issue("127.0.0.1", true), None, version).await;
        assert_eq!(problem(reached(&expired, any_name(&ours)).await), TlsProblem::Expired);
    }
}

#[tokio::test]
async fn a_broker_that_knows_its_clients_by_certificate() {
    let (ours, theirs, renewed) = (authority("ours"), authority("theirs"), authority("ours"));
    let with = |identity| Tls { ca: Some(ours.pem()), identity, verify_hostname: true };
    for version in VERSIONS {
        let server = broker(&ours.issue("127.0.0.1", false), Some(&ours), version).await;
        let client = |authority: &Authority, expired| Some(authority.issue("reader", expired).identity());
        reached(&server, with(client(&ours, false))).await.unwrap();
        assert_eq!(problem(reached(&server, with(None)).await), TlsProblem::CertificateRequired);
        assert_eq!(problem(reached(&server, with(client(&theirs, false))).await), TlsProblem::OwnRefused);
        assert_eq!(problem(reached(&server, with(client(&renewed, false))).await), TlsProblem::OwnRefused);
        assert_eq!(problem(reached(&server, with(client(&ours, true))).await), TlsProblem::OwnExpired);
    }
}

#[tokio::test]
async fn a_plain_client_at_a_tls_listener_is_told() {
    let server = broker(&authority("ours").issue("127.0.0.1", false), None, &rustls::version::TLS13).await;
    let error = told(&server).await;
    assert!(error.contains("expects TLS") || error.contains("may expect TLS"), "{error}");
}

#[tokio::test]
async fn a_tls_client_at_a_plain_listener_is_told() {
    // What Kafka does: our greeting is a request of 350 MB to it, and it hangs up.
    let plain = start(|mut socket| async move {
        let mut heard = [0; 16];
        let _ = socket.read(&mut heard).await;
    })
    .await;
    let tls = Tls { ca: Some(authority("ours").pem()), ..Tls::default() };
    assert_eq!(problem(reached(&plain, tls).await), TlsProblem::NotTls);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let ours = authority("ours");
    let table = [
        (Some(Pem::File("/no/such.pem".into())), None, "/no/such.pem can't be read"),
        (Some(Pem::File(write("empty.pem", b""))), None, "holds no CA certificate"),
        (Some(Pem::File(write("store.jks", &[0xfe, 0xed, 0xfe, 0xed]))), None, "JKS or PKCS12"),
        (Some(ours.pem()), Some(Pem::File(write("key.pem", locked.as_bytes()))), "-nocrypt"),
        (Some(ours.pem()), Some(Pem::Inline(Secret::new("hunter2"))), "holds no private key"),
    ];
    for (ca, key, expected) in table {
        let identity = key.map(|key| Identity { chain: ours.pem(), key });
        let tls = Tls { ca, identity, verify_hostname: true };
        let security = Security { tls: Some(tls), sasl: None };
        let config = ClientConfig { security, ..ClientConfig::new(vec!["127.0.0.1:1".into()]) };
        let error = reach(config).await.unwrap_err();
        assert!(matches!(&error, Error::Setting { what } if what.contains(expected)), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
