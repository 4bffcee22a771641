use std::collections::BTreeMap;

use super::{BadLine, parse};
use crate::config::{ClientConfig, Pem, Sasl, ScramHash};

const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule";
const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// Each row was read by `java.util.Properties` of JDK 17 with the same result.
#[test]
fn reads_what_java_reads() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("a=b", &[("a", "b")]),
        ("a : b", &[("a", "b")]),
        ("a b c", &[("a", "b c")]),
        ("  a  =  b  ", &[("a", "b  ")]),
        ("a", &[("a", "")]),
        ("a=", &[("a", "")]),
        ("a==b", &[("a", "=b")]),
        ("# x=y\n! x=y\n\n   \na=b", &[("a", "b")]),
        ("a=b\\\n   c\\\n   d\ne=f", &[("a", "bcd"), ("e", "f")]),
        ("a=b\\\\\nc=d", &[("a", "b\\"), ("c", "d")]),
        ("a=b\\\n# no comment", &[("a", "b# no comment")]),
        ("a\\=b\\:c\\ d=e", &[("a=b:c d", "e")]),
        ("a=\\t\\n\\q\\\"", &[("a", "\t\nq\"")]),
        ("a=\\u00e9\\uD83D\\uDE00", &[("a", "é😀")]),
        ("a=b\r\nc=d\re=f", &[("a", "b"), ("c", "d"), ("e", "f")]),
        ("a=1\na=2", &[("a", "2")]),
        ("a=b\\", &[("a", "b")]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(parse(text), Ok(map(expected)), "{text:?}");
    }
    assert_eq!(parse("x=y\na=\\u12g4"), Err(BadLine { line: 2 }));
    assert_eq!(parse("a=\\u12"), Err(BadLine { line: 1 }));
}

fn config(pairs: &[(&str, &str)]) -> ClientConfig {
    ClientConfig::from_properties(&map(pairs)).unwrap().0
}

fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    ClientConfig::from_properties(&map(pairs)).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_file_is_a_plain_client() {
    let config = config(&[]);
    assert_eq!(config.security.protocol(), "PLAINTEXT");
    assert!(config.bootstrap.is_empty());
}

#[test]
fn takes_what_java_clients_are_given() {
    let jaas = format!("{SCRAM} required\n username=\"al ice\"\n password=\"p;\\\"w'\\\\d\";");
    let config = config(&[
        ("bootstrap.servers", "a:9092, [::1]:9093 ,"),
        ("client.id", "me"),
        ("request.timeout.ms", "1500"),
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.jaas.config", &jaas),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", "/ca.pem"),
        ("ssl.keystore.location", "/me.pem"),
        ("ssl.endpoint.identification.algorithm", ""),
    ]);
    assert_eq!(config.bootstrap, ["a:9092", "[::1]:9093"]);
    assert_eq!((config.client_id.as_str(), config.request_timeout.as_millis()), ("me", 1500));
    assert_eq!(config.security.protocol(), "SASL_SSL");
    let Some(Sasl::Scram { hash, username, password }) = &config.security.sasl else { panic!("{config:?}") };
    assert_eq!((*hash, username.as_str(), password.reveal()), (ScramHash::Sha512, "al ice", "p;\"w'\\d"));
    let tls = config.security.tls.as_ref().unwrap();
    assert!(!tls.verify_hostname);
    assert!(matches!(&tls.ca, Some(Pem::File(path)) if path.to_str() == Some("/ca.pem")));
    assert!(tls.identity.is_some());
}

#[test]
fn tokens_come_from_files() {
    let with = |key, value| {
        config(&[("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "OAUTHBEARER"), (key, value)])
    };
    for config in [
        with("sasl.oauthbearer.token.file", "/run/token"),
        with("sasl.oauthbearer.token.endpoint.url", "file:///run/token"),
    ] {
        let Some(Sasl::OauthBearer { token_file }) = config.security.sasl else { panic!() };
        assert_eq!(token_file.to_str(), Some("/run/token"));
    }
}

#[test]
fn says_what_is_wrong_all_at_once_and_shows_no_secret() {
    let wrong = problems(&[
        ("bootstrap.servers", "kafka"),
        ("request.timeout.ms", "0"),
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.jaas.config", "org.x.ScramLoginModule required username=\"u\" password=\"hunter2\";"),
        ("ssl.truststore.location", "/t.jks"),
        ("ssl.key.password", "hunter2"),
        ("ssl.endpoint.identification.algorithm", "none"),
    ]);
    assert_eq!(wrong.len(), 6, "{wrong:#?}");
    assert!(wrong.iter().all(|w| !w.contains("hunter2")), "{wrong:#?}");
    assert!(
        wrong.iter().any(|w| w.contains("keytool -list -rfc -keystore /t.jks > /t.jks.pem")),
        "{wrong:#?}"
    );
    assert!(wrong.iter().any(|w| w.contains("goes with PlainLoginModule")), "{wrong:#?}");
}

#[test]
fn each_mistake_has_its_answer() {
    let sasl = ("security.protocol", "SASL_PLAINTEXT");
    let ssl = ("security.protocol", "SSL");
    let plain = ("sasl.mechanism", "PLAIN");
    let bearer = ("sasl.mechanism", "OAUTHBEARER");
    let unclosed = format!("{PLAIN} required username=\"u\" password=\"p;");
    let endless = format!("{PLAIN} required username=\"u\" password=\"p\"");
    let nameless = format!("{PLAIN} required password=\"p\";");
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("security.protocol", "TLS")], "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
        (&[sasl], "PLAIN, SCRAM-SHA-256"),
        (&[sasl, ("sasl.mechanism", "GSSAPI")], "PLAIN, SCRAM-SHA-256"),
        (&[sasl, plain], "username=\"…\""),
        (&[sasl, plain, ("sasl.jaas.config", &unclosed)], "a quote is not closed"),
        (&[sasl, plain, ("sasl.jaas.config", &endless)], "semicolon"),
        (&[sasl, plain, ("sasl.jaas.config", &nameless)], "username=\"…\""),
        (&[sasl, plain, ("sasl.jaas.config", "nonsense")], "write it as"),
        (&[sasl, bearer], "must name the file"),
        (&[sasl, bearer, ("sasl.oauthbearer.token.endpoint.url", "https://idp/token")], "token.file"),
        (&[ssl, ("ssl.keystore.type", "JKS"), ("ssl.keystore.location", "/k")], "keytool -importkeystore"),
        (&[ssl, ("ssl.keystore.location", "/k.p12")], "openssl pkcs12 -in /k.p12 -nodes -out /k.p12.pem"),
        (&[ssl, ("ssl.keystore.type", "BCFKS"), ("ssl.keystore.location", "/k")], "PEM"),
        (&[ssl, ("ssl.keystore.key", "-----BEGIN")], "belong together"),
        (&[ssl, ("ssl.truststore.certificates", "x"), ("ssl.truststore.location", "/c.pem")], "one of them"),
        (&[("bootstrap.servers", "a:1,b")], "host:port"),
    ];
    for (pairs, expected) in table {
        let told = problems(pairs);
        assert!(told.len() == 1 && told[0].contains(expected), "{pairs:?} -> {told:?}");
    }
}

#[test]
fn settings_without_effect_are_named() {
    let settings = map(&[("group.id", "g"), ("ssl.truststore.location", "/t.jks"), ("client.id", "c")]);
    let (_, warnings) = ClientConfig::from_properties(&settings).unwrap();
    let keys: Vec<_> = warnings.iter().map(|w| w.key.as_str()).collect();
    assert_eq!(keys, ["group.id", "ssl.truststore.location"]);
}

#[test]
fn secrets_do_not_show() {
    let jaas = format!("{PLAIN} required username=\"u\" password=\"hunter2\";");
    let config = config(&[
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.jaas.config", &jaas),
        ("ssl.keystore.certificate.chain", "chain-hunter2"),
        ("ssl.keystore.key", "key-hunter2"),
    ]);
    let shown = format!("{config:?}{config:#?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("[hidden]"), "{shown}");
}
