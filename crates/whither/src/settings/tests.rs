use std::io::Write;

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

fn problems(loaded: &Loaded) -> Vec<String> {
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
    assert!(settings.cluster.properties.is_empty(), "what nobody set is left to the client");
    assert_eq!(settings.dead_letters.mapping, None);
    let roles = crate::sources::kafka::origins::Roles::default();
    assert_eq!(settings.dead_letters.topics, roles.dead_letters);
    assert_eq!(settings.dead_letters.retry_topics, roles.retries);
}

#[test]
fn quoted_dotted_and_nested_keys_are_the_same() {
    for text in [
        "[cluster]\nbrokers = [\"a:1\", \"b:2\"]\n\"ssl.truststore.location\" = \"/ca.pem\"\n",
        "[cluster]\nbrokers = \"a:1, b:2\"\nssl.truststore.location = \"/ca.pem\"\n",
        "cluster.\"bootstrap.servers\" = \"a:1,b:2\"\n[cluster.ssl]\ntruststore.location = \"/ca.pem\"\n",
    ] {
        let cluster = from(text).settings.unwrap().cluster;
        assert_eq!(cluster.brokers, ["a:1", "b:2"], "{text}");
        assert_eq!(cluster.properties.get("ssl.truststore.location").map(String::as_str), Some("/ca.pem"));
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
    assert_eq!(origin("cluster.client.id"), ("java".into(), format!("{}:1", name(&java))));
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
    let problems = problems(&loaded);
    assert_eq!(
        problems,
        [
            "check.deadline = \"5\" is not allowed; allowed: a length of time with its unit, as 30s, 15m, 1h, 7d",
            "unknown key check.deadlin: did you mean check.deadline?",
            "check.since = \"60\" is not allowed; allowed: a length of time with its unit, as 30s, 15m, 1h, 7d",
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
    let loaded = from("[check]\ndeadline = \n");
    let problem = &loaded.settings.as_ref().unwrap_err()[0];
    assert!(problem.what.starts_with("not TOML: "), "{problem}");
    assert!(problem.origin.ends_with(":2"), "{problem}");
}

#[test]
fn a_login_becomes_the_line_a_java_client_has() {
    let secret = file("pa\"ss\\word\n");
    let text = format!(
        "[cluster]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"SCRAM-SHA-512\"\nsasl.username = \"ops\"\nsasl.password_file = {:?}\n",
        secret.path()
    );
    let loaded = from(&text);
    let cluster = loaded.settings.as_ref().unwrap().cluster.clone();
    assert_eq!(
        cluster.properties.get("sasl.jaas.config").map(String::as_str),
        Some(
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"ops\" password=\"pa\\\"ss\\\\word\";"
        )
    );
    assert!(!format!("{:?}", loaded.settings).contains("pa\\"), "secrets do not show");
    let mut out = Vec::new();
    print(&loaded.in_force, true, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("pa\"") && !text.contains("pa\\"), "{text}");
    assert!(text.contains("# sasl.password is set and not shown  # "), "{text}");
}

#[test]
fn half_a_login_is_told() {
    let loaded = from("[cluster]\nsecurity.protocol = \"SASL_SSL\"\n");
    assert_eq!(
        problems(&loaded),
        ["cluster.security.protocol asks for SASL: set cluster.sasl.mechanism, too"]
    );
    let loaded = from("[cluster]\nsasl.mechanism = \"PLAIN\"\n");
    assert_eq!(problems(&loaded).len(), 2);
    let loaded = from("[cluster]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"OAUTHBEARER\"\n");
    assert_eq!(problems(&loaded), ["OAUTHBEARER needs cluster.sasl.oauthbearer.token_file"]);
}

#[test]
fn a_java_clients_secrets_may_stand_in_its_own_file() {
    let java = file(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nkey.deserializer=x\n\
         sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n  username=\"u\" password=\"p\";\n",
    );
    let loaded = load(&Asked { command_config: Some(java.path().to_owned()), ..Asked::default() });
    let cluster = loaded.settings.unwrap().cluster;
    assert!(cluster.properties.get("sasl.jaas.config").unwrap().ends_with("username=\"u\" password=\"p\";"));
}

#[test]
fn stores_of_java_are_refused_with_the_command_that_converts_them() {
    let java = file("ssl.truststore.type=JKS\nssl.truststore.password=hush\n");
    let loaded = load(&Asked { command_config: Some(java.path().to_owned()), ..Asked::default() });
    let problems = problems(&loaded);
    assert_eq!(problems[0], "cluster.ssl.truststore.type = \"JKS\" is not allowed; allowed: PEM");
    assert!(problems[1].contains("keytool -exportcert"), "{problems:?}");
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
