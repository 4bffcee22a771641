//! Every door of a secured cluster answers a real client, and ACLs hold.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::process::{Command, Output};

use whither_kafka::{ClientConfig, TopicPartition};
use whither_lab::clients::{Error, Jvm, Records, Start};
use whither_lab::cluster::{Cluster, Listener, Mechanism, Options, password_of};

const DOORS: [(Listener, Mechanism); 9] = [
    (Listener::SaslPlaintext, Mechanism::Plain),
    (Listener::SaslPlaintext, Mechanism::ScramSha256),
    (Listener::SaslPlaintext, Mechanism::ScramSha512),
    (Listener::SaslPlaintext, Mechanism::OauthBearer),
    (Listener::SaslSsl, Mechanism::Plain),
    (Listener::SaslSsl, Mechanism::ScramSha256),
    (Listener::SaslSsl, Mechanism::ScramSha512),
    (Listener::SaslSsl, Mechanism::OauthBearer),
    (Listener::Ssl, Mechanism::Plain),
];

/// Reads three records of `topic` as `user`.
fn read(
    cluster: &Cluster,
    jvm: &Jvm,
    door: (Listener, Mechanism),
    user: &str,
    topic: &str,
) -> Result<i64, Error> {
    let properties =
        cluster.client_properties(door.0, door.1, user).expect("a secured cluster has every listener");
    let mut pairs: Vec<_> = properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    pairs.push(("default.api.timeout.ms", "10000"));
    let name = format!("{user}-{}-{}-{topic}", door.0, door.1);
    let group = format!("group-{name}");
    let reader = jvm.consumer(&name, &group, Start::Assign(topic, 0), &pairs)?;
    let records = reader.read_for(3, 10);
    reader.close()?;
    records
}

fn kcat(address: &str, settings: &[String]) -> Output {
    let mut kcat = Command::new("kcat");
    kcat.args(["-b", address, "-L", "-m", "5"]);
    for setting in settings {
        kcat.args(["-X", setting]);
    }
    kcat.output().expect("kcat is installed")
}

#[test]
fn every_door_opens_for_its_users_and_no_others() {
    let options = Options { secured: true, authorized: true, ..Options::default() };
    let cluster = Cluster::start(&options).unwrap();
    let jvm = Jvm::start(&cluster).unwrap();
    for topic in ["allowed", "denied"] {
        jvm.create_topic(topic, 1, &[]).unwrap();
        jvm.send(Records::new(topic, 0, 3)).unwrap();
    }
    jvm.allow("reader", "TOPIC", "allowed", &["READ", "DESCRIBE"]).unwrap();
    jvm.allow("reader", "GROUP", "*", &["READ", "DESCRIBE"]).unwrap();

    for door in DOORS {
        let read = |user, topic| read(&cluster, &jvm, door, user, topic);
        assert_eq!(read("reader", "allowed").unwrap(), 3, "{door:?}");
        let denied = read("reader", "denied").unwrap_err().to_string();
        assert!(denied.contains("TopicAuthorizationException"), "{door:?}: {denied}");
        assert!(read("nobody", "allowed").is_err(), "{door:?}");
        assert_eq!(read("admin", "denied").unwrap(), 3, "{door:?}");
    }
    librdkafka_agrees(&cluster);
    an_id_that_is_not_shown_is_not_taken_for_forgotten(&cluster, &jvm);
}

/// Brokers leave out transactional ids that a user may not describe, and say nothing.
fn an_id_that_is_not_shown_is_not_taken_for_forgotten(cluster: &Cluster, jvm: &Jvm) {
    let open = jvm.producer("open", &[("transactional.id", "pay-7")]).unwrap();
    open.begin().unwrap();
    open.send(Records::new("allowed", 0, 1)).unwrap();
    let partition = TopicPartition { topic: "allowed".into(), partition: 0 };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (user, shown) in [("admin", true), ("reader", false)] {
        let settings = cluster.client_properties(Listener::SaslPlaintext, Mechanism::Plain, user).unwrap();
        let (config, _) = ClientConfig::from_properties(&settings.into_iter().collect()).unwrap();
        runtime.block_on(async {
            let cluster = whither_kafka::Cluster::connect(config).await.unwrap();
            let open = cluster.open_transactions(std::slice::from_ref(&partition)).await;
            let producer = open[&partition].as_ref().unwrap()[0].producer_id;
            let (known, failed) = cluster.coordinated(&[producer]).await;
            assert_eq!(known.contains_key(&producer), shown, "{user}: {known:?}");
            assert_eq!(failed.iter().any(|(_, why)| why.is_unauthorized()), !shown, "{user}: {failed:?}");
            // One that nobody has is known to be nobody's only by who sees all.
            let (_, failed) = cluster.coordinated(&[i64::MAX]).await;
            assert_eq!(failed.is_empty(), shown, "{user}: {failed:?}");
        });
    }
    open.abort().unwrap();
    open.close().unwrap();
}

fn librdkafka_agrees(cluster: &Cluster) {
    let tls = cluster.tls().expect("a secured cluster has certificates");
    let sasl = |password: &str| {
        ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", "sasl.username=reader"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("sasl.password={password}")])
            .collect::<Vec<_>>()
    };
    let address = cluster.bootstrap_at(Listener::SaslPlaintext).expect("a secured cluster has it");
    let listed = kcat(&address, &sasl(&password_of("reader")));
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.status.success() && text.contains("\"allowed\"") && !text.contains("\"denied\""),
        "{text}"
    );
    assert!(!kcat(&address, &sasl("wrong")).status.success());

    let address = cluster.bootstrap_at(Listener::Ssl).expect("a secured cluster has it");
    let ca = format!("ssl.ca.location={}", tls.ca().display());
    let protocol = "security.protocol=ssl".to_owned();
    let with_certificate = [
        protocol.clone(),
        ca.clone(),
        format!("ssl.certificate.location={}", tls.certificate("reader").display()),
        format!("ssl.key.location={}", tls.key("reader").display()),
    ];
    assert!(kcat(&address, &with_certificate).status.success());
    assert!(!kcat(&address, &[protocol, ca]).status.success(), "a client without a certificate came in");
}
