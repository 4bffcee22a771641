use std::io::Write;

use whither_kafka::{Sasl, Secret};

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn from(text: &str) -> Loaded {
    let file = file(text);
    load(&Asked { file: Some(file.path().to_owned()), ..Asked::default() })
}

fn problems_of(loaded: &Loaded) -> Vec<String> {
    loaded.settings.as_ref().unwrap_err().iter().map(|p| p.what.clone()).collect()
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn nothing_set_is_the_defaults() {
    let settings = load(&Asked::default()).settings.unwrap();
    assert_eq!(settings.deadline, Duration::from_secs(60));
    assert_eq!(settings.since, Duration::from_secs(3_600));
    assert_eq!(settings.dormant_after, Duration::from_secs(86_400));
    assert_eq!(settings.cluster.client.client_id, "whither");
    assert!(
        settings.cluster.client.security.tls.is_none() && settings.cluster.client.security.sasl.is_none()
    );
    assert_eq!(settings.dead_letters.mapping, None);
    let roles = crate::sources::kafka::origins::Roles::default();
    assert_eq!(settings.dead_letters.topics, roles.dead_letters);
    assert_eq!(settings.dead_letters.retry_topics, roles.retries);
    assert_eq!(settings.index, Choice::usual());
    assert_eq!(settings.server.keep_index_bytes, 5 << 30);
}

#[test]
fn the_index_is_chosen_by_topic_and_value() {
    let chosen = |text: &str| from(&format!("[index]\n{text}")).settings.unwrap().index;
    let some = chosen("topics = [\"orders*\"]\nexclude = []\nkeys = \"no\"\nheaders = [\"x-order-id\"]\n");
    assert_eq!(some.of("orders.v2"), [By::Trace, By::Header("x-order-id".into())]);
    assert!(some.of("payments").is_empty());
    assert!(chosen("topics = []").of("orders").is_empty());
    let problems = problems_of(&from(
        "[index]\ntopics = \"a b\"\nkeys = true\nrecords_per_second = 0\nheader = \"x\"\n",
    ));
    assert_eq!(
        problems,
        [
            "index.topics = \"a b\" is not allowed; allowed: topic names, * standing for anything",
            "index.keys = \"true\" is not allowed; allowed: yes, no",
            "index.records_per_second = \"0\" is not allowed; allowed: a whole number from 1 to 4294967295",
            "unknown key index.header: did you mean index.headers?",
        ]
    );
}

#[test]
fn quoted_dotted_and_nested_keys_are_the_same() {
    for text in [
        "[cluster]\nbrokers = [\"a:1\", \"b:2\"]\n\"client.id\" = \"me\"\n\"security.protocol\" = \"SSL\"\n",
        "[cluster]\nbrokers = \"a:1, b:2\"\nclient.id = \"me\"\nsecurity.protocol = \"ssl\"\n",
        "cluster.\"bootstrap.servers\" = \"a:1,b:2\"\n[cluster.client]\nid = \"me\"\n[cluster.security]\nprotocol = \"SSL\"\n",
    ] {
        let cluster = from(text).settings.unwrap().cluster;
        assert_eq!(cluster.client.bootstrap, ["a:1", "b:2"], "{text}");
        assert_eq!(cluster.client.client_id, "me");
        assert!(cluster.client.security.tls.is_some());
    }
}

#[test]
fn later_layers_win_and_say_where_they_come_from() {
    let file = file(
        "[check]\ndeadline = \"1m\"\nsince = \"2m\"\n[cluster]\nclient.id = \"file\"\nbrokers = \"a:1\"\n",
    );
    let java = self::file("client.id=java\nacks=all\nbootstrap.servers=c:3\n");
    let loaded = load(&Asked {
        file: Some(file.path().to_owned()),
        command_config: Some(java.path().to_owned()),
        environment: environment(&[("WHITHER_CHECK_SINCE", "3m"), ("WHITHER_CLUSTER_BROKERS", "b:2")]),
        flags: vec![("cluster.brokers", "--brokers", vec!["d:4".into()])],
        ..Asked::default()
    });
    let origin = |key: &str| {
        let found = loaded.in_force.iter().find(|v| v.key == key).unwrap();
        (found.values.join(","), found.origin.rsplit('/').next().unwrap().to_owned())
    };
    let name = |f: &tempfile::NamedTempFile| f.path().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(origin("check.deadline"), ("1m".into(), format!("{}:2", name(&file))));
    assert_eq!(origin("check.since"), ("3m".into(), "WHITHER_CHECK_SINCE".into()));
    assert_eq!(origin("cluster.client.id"), ("java".into(), name(&java)));
    assert_eq!(origin("cluster.brokers"), ("d:4".into(), "--brokers".into()));
    assert_eq!(origin("risk.horizon"), ("24h".into(), "default".into()));
    assert_eq!(loaded.settings.unwrap().cluster.brokers, ["d:4"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let loaded = from(
        "[check]\ndeadline = \"5\"\ndeadlin = \"1m\"\nsince = 60\n[cluster]\nbrokers = [\"kafka\", \"kafka:9092\"]\n\
         sasl.password = \"hush\"\nsasl.mechanism = \"GSSAPI\"\nsasl.jaas.config_file = \"/nowhere\"\n\
         [groups]\nexpected = [[\"a\"]]\n[dead_letters.mapping]\ntopic = \"x-topic\"\n",
    );
    let problems = problems_of(&loaded);
    assert_eq!(
        problems,
        [
            "check.deadline = \"5\" is not allowed; allowed: a length of time above 0 with its unit, as 30s, 15m, 1h, 7d",
            "unknown key check.deadlin: did you mean check.deadline?",
            "check.since = \"60\" is not allowed; allowed: a length of time above 0 with its unit, as 30s, 15m, 1h, 7d",
            "cluster.brokers = \"kafka\" is not allowed; allowed: addresses as host:port",
            "cluster.sasl.password is a secret and may not stand here; set cluster.sasl.password_file or WHITHER_CLUSTER_SASL_PASSWORD",
            "cluster.sasl.mechanism = \"GSSAPI\" is not allowed; allowed: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
            "cluster.sasl.jaas.config_file: /nowhere can't be read: No such file or directory (os error 2)",
            "groups.expected holds a value of the wrong kind; allowed: names",
            "a mapping needs dead_letters.mapping.partition, too",
        ]
    );
    assert!(loaded.settings.unwrap_err().iter().all(|p| !p.origin.is_empty()));
}

#[test]
fn what_is_no_toml_says_where() {
    for text in ["[check]\ndeadline = \n", "[check]\nsince = = \"1h\"\ndeadlin = \"1m\"\n"] {
        let loaded = from(text);
        let problems = loaded.settings.as_ref().unwrap_err();
        assert!(problems[0].what.starts_with("not TOML: "), "{problems:?}");
        assert!(problems[0].origin.ends_with(":2"), "{problems:?}");
        assert_eq!(problems.len(), 1, "one mistake is told once: {problems:?}");
    }
}

#[test]
fn a_password_comes_from_a_file_and_never_shows() {
    let secret = file("pa\"ss\\word\n");
    let text = format!(
        "[cluster]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"SCRAM-SHA-512\"\nsasl.username = \"ops\"\nsasl.password_file = {:?}\n",
        secret.path()
    );
    let loaded = from(&text);
    let settings = loaded.settings.as_ref().unwrap();
    let Some(Sasl::Scram { username, password, .. }) = &settings.cluster.client.security.sasl else {
        panic!("not SCRAM")
    };
    assert_eq!((username.as_str(), password), ("ops", &Secret::new("pa\"ss\\word")));
    assert!(!format!("{settings:?}").contains("pa\\"), "secrets do not show");
    let mut out = Vec::new();
    print(&loaded.in_force, true, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("pa\"") && !text.contains("pa\\"), "{text}");
    assert!(text.contains("# sasl.password is set and not shown  # "), "{text}");
}

#[test]
fn half_a_login_is_told_with_where_it_came_from() {
    let loaded = from("[cluster]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"PLAIN\"\n");
    let problems = loaded.settings.unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.starts_with("cluster.sasl.jaas.config"), "{}", problems[0]);
    let loaded = from("[cluster]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"OAUTHBEARER\"\n");
    assert!(problems_of(&loaded)[0].starts_with("cluster.sasl.oauthbearer.token.file"));
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let loaded = from("[cluster]\nsasl.mechanism = \"PLAIN\"\n");
    assert!(loaded.settings.is_ok());
    assert!(loaded.warnings[0].starts_with("cluster.sasl.mechanism has no effect"), "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].ends_with(":2)"), "{:?}", loaded.warnings);
}

#[test]
fn a_java_clients_secrets_may_stand_in_its_own_file() {
    let java = file(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nkey.deserializer=x\n\
         sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n  username=\"u\" password=\"p\";\n",
    );
    let loaded = load(&Asked { command_config: Some(java.path().to_owned()), ..Asked::default() });
    assert_eq!(loaded.warnings, [""; 0]);
    let client = loaded.settings.unwrap().cluster.client;
    assert!(matches!(client.security.sasl, Some(Sasl::Plain { username, .. }) if username == "u"));
}

#[test]
fn stores_of_java_are_refused_with_the_command_that_converts_them() {
    let java = file(
        "security.protocol=SSL\nssl.truststore.type=JKS\nssl.truststore.location=/t.jks\nssl.truststore.password=hush\n",
    );
    let loaded = load(&Asked { command_config: Some(java.path().to_owned()), ..Asked::default() });
    let problems = problems_of(&loaded);
    assert!(problems.concat().contains("keytool"), "{problems:?}");
    assert!(!problems.concat().contains("hush"));
}

#[test]
fn variables_near_a_key_are_warned_of_and_others_are_left_alone() {
    let loaded = load(&Asked {
        environment: environment(&[
            ("WHITHER_CHECK_DEADLIN", "1m"),
            ("WHITHER_SERVICE_HOST", "10.0.0.1"),
            ("WHITHER_CONFIG", "x"),
            ("OTHER_CHECK_DEADLINE", "1m"),
        ]),
        ..Asked::default()
    });
    assert_eq!(
        loaded.warnings,
        ["WHITHER_CHECK_DEADLIN is no setting and is not used: did you mean WHITHER_CHECK_DEADLINE?"]
    );
    assert!(loaded.settings.is_ok());
}

#[test]
fn what_is_printed_can_be_read_back() {
    let loaded = from("[groups]\nexpected = [\"a \\\"b\\\"\", \"c\"]\n[check]\nsince = \"90m\"\n");
    let mut out = Vec::new();
    print(&loaded.in_force, true, &mut out).unwrap();
    let again = from(&String::from_utf8(out).unwrap());
    let values = |l: &Loaded| l.in_force.iter().map(|v| v.values.clone()).collect::<Vec<_>>();
    assert_eq!(values(&loaded), values(&again));
}
