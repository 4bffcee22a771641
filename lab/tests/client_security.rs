//! whither's own client at every door of a real Kafka: the right key opens, each wrong one says what is wrong.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use whither_kafka::fetch::{Event, Fetcher, Options as FetchOptions, Span, next_offset};
use whither_kafka::{ClientConfig, Error, TlsProblem, TopicPartition};
use whither_lab::clients::{Jvm, Records};
use whither_lab::cluster::{Cluster, Listener, Mechanism, Options, Version};

type Settings = BTreeMap<String, String>;

const SASL: [Mechanism; 4] =
    [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512, Mechanism::OauthBearer];

/// Reaches the cluster; however it ends, it ends within ten seconds.
async fn reach(settings: &Settings) -> Result<whither_kafka::Cluster, Error> {
    let (config, _) = ClientConfig::from_properties(settings).unwrap();
    let begun = Instant::now();
    let reached = whither_kafka::Cluster::connect(config).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
    reached
}

async fn refused(settings: &Settings) -> Error {
    let error = reach(settings).await.unwrap_err();
    for secret in ["admin-secret", "wrong-secret"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
    error
}

/// What a Java client of `admin` is given, with a token where Java makes one up by itself.
fn settings(cluster: &Cluster, listener: Listener, mechanism: Mechanism) -> Settings {
    let mut settings: Settings =
        cluster.client_properties(listener, mechanism, "admin").unwrap().into_iter().collect();
    if mechanism == Mechanism::OauthBearer && listener != Listener::Ssl {
        #[expect(clippy::disallowed_methods, reason = "a broker compares the token with its own clock")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        token(cluster, &mut settings, "good", now, now + 600);
    }
    settings
}

/// An unsigned token, which the lab's brokers take.
fn token(cluster: &Cluster, settings: &mut Settings, name: &str, from: u64, to: u64) {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"admin","iat":{from},"exp":{to}}}"#));
    let file = cluster.folder().join(name);
    fs::write(&file, format!("{header}.{claims}.\n")).unwrap();
    settings.insert("sasl.oauthbearer.token.file".into(), file.display().to_string());
}

fn with(settings: &Settings, pairs: &[(&str, &str)]) -> Settings {
    let mut settings = settings.clone();
    settings.extend(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    settings
}

fn without(settings: &Settings, prefix: &str) -> Settings {
    settings.iter().filter(|(k, _)| !k.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

async fn every_right_key_opens(cluster: &Cluster) {
    for listener in [Listener::SaslPlaintext, Listener::SaslSsl] {
        for mechanism in SASL {
            let reached = reach(&settings(cluster, listener, mechanism)).await;
            let reached = reached.unwrap_or_else(|e| panic!("{listener} {mechanism}: {e}"));
            assert_eq!(reached.metadata().brokers.len(), 1);
        }
    }
    reach(&settings(cluster, Listener::Ssl, Mechanism::Plain)).await.unwrap();
    reach(&settings(cluster, Listener::Plaintext, Mechanism::Plain)).await.unwrap();
}

async fn wrong_passwords_and_tokens(cluster: &Cluster) {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
        let right = settings(cluster, Listener::SaslPlaintext, mechanism);
        let jaas = right["sasl.jaas.config"].replace("admin-secret", "wrong-secret");
        let error = refused(&with(&right, &[("sasl.jaas.config", &jaas)])).await;
        assert!(matches!(error, Error::NotAuthenticated { .. }), "{mechanism}: {error:?}");
        let jaas = right["sasl.jaas.config"].replace("\"admin\"", "\"stranger\"");
        let error = refused(&with(&right, &[("sasl.jaas.config", &jaas)])).await;
        assert!(matches!(error, Error::NotAuthenticated { .. }), "{mechanism}: {error:?}");
    }
    let mut stale = settings(cluster, Listener::SaslSsl, Mechanism::OauthBearer);
    token(cluster, &mut stale, "stale", 1_000, 2_000);
    let error = refused(&stale).await;
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error:?}");
    assert!(error.to_string().contains("token"), "{error}");
}

async fn wrong_protocols(cluster: &Cluster) {
    let at = |listener: Listener| vec![("bootstrap.servers", cluster.bootstrap_at(listener).unwrap())];
    let aim = |settings: &Settings, listener| {
        let pairs = at(listener);
        with(settings, &[(pairs[0].0, &pairs[0].1)])
    };
    let plain = settings(cluster, Listener::Plaintext, Mechanism::Plain);
    let sasl = settings(cluster, Listener::SaslPlaintext, Mechanism::Plain);
    let sasl_ssl = settings(cluster, Listener::SaslSsl, Mechanism::Plain);
    let ssl = without(&with(&sasl_ssl, &[("security.protocol", "SSL")]), "sasl.");

    let error =
        refused(&with(&aim(&plain, Listener::SaslPlaintext), &[("security.protocol", "PLAINTEXT")])).await;
    assert!(matches!(error, Error::ExpectsSasl { protocol: "SASL_PLAINTEXT", .. }), "{error:?}");
    let error = refused(&aim(&ssl, Listener::SaslSsl)).await;
    assert!(matches!(error, Error::ExpectsSasl { protocol: "SASL_SSL", .. }), "{error:?}");
    for listener in [Listener::Ssl, Listener::SaslSsl] {
        let error = refused(&with(&aim(&plain, listener), &[("security.protocol", "PLAINTEXT")])).await;
        assert!(matches!(error, Error::ExpectsTls { .. } | Error::Closed { early: true, .. }), "{error:?}");
        let error = refused(&aim(&sasl, listener)).await;
        assert!(matches!(error, Error::ExpectsTls { .. } | Error::Closed { early: true, .. }), "{error:?}");
    }
    for listener in [Listener::Plaintext, Listener::SaslPlaintext] {
        let error = refused(&aim(&sasl_ssl, listener)).await;
        assert!(matches!(error, Error::Tls { problem: TlsProblem::NotTls, .. }), "{error:?}");
    }
    let error = refused(&aim(&sasl, Listener::Plaintext)).await;
    assert!(matches!(error, Error::ExpectsNoSasl { protocol: "PLAINTEXT", .. }), "{error:?}");
}

async fn wrong_certificates(cluster: &Cluster) {
    let other = cluster.folder().join("other");
    fs::create_dir_all(&other).unwrap();
    let made = Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -keyout key -out pem -days 2 -subj /CN=lab-ca".split(' '))
        .current_dir(&other)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let other_ca = other.join("pem").display().to_string();
    let store = other.join("store.pem");
    fs::write(&store, [fs::read(other.join("key")).unwrap(), fs::read(other.join("pem")).unwrap()].concat())
        .unwrap();

    let ssl = settings(cluster, Listener::Ssl, Mechanism::Plain);
    let tls_problem = |error: Error| match error {
        Error::Tls { problem, .. } => problem,
        other => panic!("{other:?}"),
    };
    let error = refused(&with(&ssl, &[("ssl.truststore.location", &other_ca)])).await;
    assert_eq!(tls_problem(error), TlsProblem::UnknownCa);
    let error = refused(&without(&ssl, "ssl.keystore.")).await;
    assert_eq!(tls_problem(error), TlsProblem::CertificateRequired);
    let error = refused(&with(&ssl, &[("ssl.keystore.location", &store.display().to_string())])).await;
    assert_eq!(tls_problem(error), TlsProblem::OwnRefused);
}

/// Reads over TLS and SASL what a real producer wrote.
async fn records_arrive(cluster: &Cluster) {
    let jvm = Jvm::start(cluster).unwrap();
    jvm.create_topic("orders", 2, &[]).unwrap();
    let reached = reach(&settings(cluster, Listener::SaslSsl, Mechanism::ScramSha256)).await.unwrap();
    let mut spans = Vec::new();
    for partition in 0..2 {
        jvm.send(Records::new("orders", partition, 500)).unwrap();
        let partition = TopicPartition { topic: "orders".into(), partition };
        spans.push(Span { partition, from: 0, to: Some(500) });
    }
    reached.refresh().await.unwrap();
    let mut fetcher = Fetcher::start(Arc::new(reached), spans, FetchOptions::default());
    let (mut ends, mut done) = (BTreeMap::new(), 0);
    while let Some(fetched) = fetcher.next().await {
        for one in fetched {
            match one.event {
                Event::Records { records, .. } => {
                    ends.insert(one.partition.partition, next_offset(&records).unwrap());
                }
                Event::Done => done += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((ends, done), ([(0, 500), (1, 500)].into(), 2));
}

fn secured(version: Version) -> Cluster {
    Cluster::start(&Options { version, secured: true, ..Options::default() }).unwrap()
}

#[tokio::test]
async fn kafka_4_lets_us_in_by_every_door_and_says_why_it_does_not() {
    let cluster = secured(Version::V4_3);
    every_right_key_opens(&cluster).await;
    wrong_passwords_and_tokens(&cluster).await;
    wrong_protocols(&cluster).await;
    wrong_certificates(&cluster).await;
    records_arrive(&cluster).await;
}

#[tokio::test]
async fn kafka_3_lets_us_in_by_every_door_and_says_why_it_does_not() {
    let cluster = secured(Version::V3_9);
    every_right_key_opens(&cluster).await;
    wrong_passwords_and_tokens(&cluster).await;
    wrong_protocols(&cluster).await;
    wrong_certificates(&cluster).await;
    records_arrive(&cluster).await;
}
