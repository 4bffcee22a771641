//! What is answered by TLS, asked by a real client.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use whither::access::Access;
use whither::api::listen::tls::{Files, Tls};
use whither::api::{self, Shared, listen};
use whither::live::Live;
use whither_core::Time;

use crate::asking::whither;

const PATIENCE: Duration = Duration::from_secs(60);

/// An authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this machine that ends in a year, and its key.
    fn sign(&self, until_year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until_year, 1, 1);
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

fn files(dir: &Path) -> Files {
    Files { certificates: dir.join("cert.pem"), key: dir.join("key.pem") }
}

fn write(dir: &Path, (certificate, key): &(String, String)) -> Files {
    let files = files(dir);
    std::fs::write(&files.certificates, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    files
}

struct Serving {
    at: SocketAddr,
    _stop: watch::Sender<bool>,
    dir: TempDir,
}

async fn serve(authority: &Authority) -> Serving {
    let dir = tempfile::tempdir().unwrap();
    let tls = Tls::of(write(dir.path(), &authority.sign(2100))).unwrap();
    assert_eq!(tls.out_of_date(), None);
    let access = Access::default();
    let listener = listen::bind("127.0.0.1:0".parse().unwrap(), &access).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let live = Arc::new(Live::new(Time(0), false));
    let router =
        api::router(Shared { live, demo: None, spans: Arc::default(), traces: Arc::default() }, access);
    tokio::spawn(listen::serve_tls(listener, Arc::new(tls), router, stopped));
    Serving { at, _stop: stop, dir }
}

/// Asks for the status of the process, by a connection of its own, trusting one authority.
async fn ask(at: SocketAddr, authority: &Authority) -> Result<u16, String> {
    let trusted = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(vec![trusted])));
        let agent: Agent = Agent::config_builder().tls_config(tls.build()).proxy(None).build().into();
        agent.get(format!("https://{at}/healthz")).call().map(|answer| answer.status().as_u16())
    });
    asked.await.unwrap().map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_answered_and_a_new_certificate_taken_up() {
    let (before, after) = (Authority::new(), Authority::new());
    let serving = serve(&before).await;
    let at = serving.at;
    assert_eq!(ask(at, &before).await, Ok(200));
    assert!(ask(at, &after).await.is_err(), "another authority is not trusted");
    assert!(reqwest::get(format!("http://{at}/healthz")).await.is_err(), "nothing is answered without TLS");
    // What is half done is not taken up.
    std::fs::write(files(serving.dir.path()).certificates, "-----BEGIN CERT").unwrap();
    assert_eq!(ask(at, &before).await, Ok(200));
    write(serving.dir.path(), &after.sign(2100));
    let began = Instant::now();
    while let Err(why) = ask(at, &after).await {
        assert!(began.elapsed() < PATIENCE, "the new certificate was not taken up: {why}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(ask(at, &before).await.is_err(), "the old one is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_trust_the_authority_that_is_named() {
    let authority = Authority::new();
    let serving = serve(&authority).await;
    let server = format!("https://{}", serving.at);
    let file = serving.dir.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let trusting = ["lag", "--server", &server, "--ca-file", file.to_str().unwrap()];
    let output = whither(&trusting).output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = whither(&trusting[..3]).output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && told.contains("--ca-file"), "{told}");
    std::fs::write(&file, "nothing").unwrap();
    let output = whither(&trusting).output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("no certificate in PEM"), "{told}");
}

/// Far more of them than there are places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_finish_a_handshake_give_way() {
    let authority = Authority::new();
    let serving = serve(&authority).await;
    let mut half_open = Vec::new();
    for n in 0..700 {
        let mut socket = TcpStream::connect(serving.at).await.unwrap();
        if n % 2 == 0 {
            // The head of a record that never comes. One that was closed meanwhile can't be written to.
            let _ = socket.write_all(&[22, 3, 1, 0x0f]).await;
        }
        half_open.push(socket);
        if n % 200 == 0 {
            assert_eq!(ask(serving.at, &authority).await, Ok(200), "with {n} others");
        }
    }
    let first = half_open.first_mut().unwrap();
    let closed = tokio::time::timeout(PATIENCE, first.read(&mut [0; 16])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "the first has given way: {closed:?}");
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().unwrap();
    let told = |pair: &(String, String)| Tls::of(write(dir.path(), pair)).unwrap_err().to_string();
    let (certificate, key) = authority.sign(2100);
    let (_, other) = authority.sign(2100);
    let cases = [
        ((String::new(), key.clone()), "cert.pem holds no certificate in PEM"),
        ((key.clone(), key.clone()), "cert.pem holds no certificate in PEM"),
        ((certificate.clone(), certificate.clone()), "key.pem holds no private key in PEM"),
        ((certificate.clone(), other), "can't be used together"),
        (
            (certificate.clone(), key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
            "openssl pkcs8 -topk8 -nocrypt",
        ),
    ];
    for (pair, says) in cases {
        let told = told(&pair);
        let secret = key.lines().nth(1).unwrap();
        assert!(told.contains(says) && told.contains("server.tls_") && !told.contains(secret), "{told}");
    }
    std::fs::remove_file(files(dir.path()).key).unwrap();
    let error = Tls::of(files(dir.path())).unwrap_err().to_string();
    assert!(error.contains("server.tls_key_file: ") && error.contains("key.pem can't be read"), "{error}");
    let old = Tls::of(write(dir.path(), &authority.sign(2021))).unwrap();
    assert!(old.out_of_date().unwrap().contains("has expired"), "{old:?}");
    assert!(!format!("{old:?}").contains("PRIVATE KEY"));
}
