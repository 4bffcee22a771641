//! The binary as people and scripts meet it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn whither(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whither"));
    let ours = std::env::vars().map(|(name, _)| name).filter(|n| n.starts_with("WHITHER_"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.args(args).env("NO_COLOR", "1").stdin(Stdio::null()).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

fn run(args: &[&str]) -> Output {
    whither(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn settings(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn help_is_data_and_mistakes_are_not() {
    let help = run(&["check", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).starts_with("Examples:"));
    let version = run(&["--version"]);
    assert_eq!(text(&version.stdout), format!("whither {}\n", env!("CARGO_PKG_VERSION")));
    for args in
        [&["chekc"][..], &["check", "--dedline", "5s"], &["check", "--deadline", "5"], &["where"], &[]]
    {
        let mistake = run(args);
        assert_eq!(mistake.status.code(), Some(2), "{args:?}");
        assert!(mistake.stdout.is_empty(), "{args:?}");
        assert!(!mistake.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn typos_are_understood() {
    assert!(text(&run(&["chekc"]).stderr).contains("'check'"));
    assert!(text(&run(&["check", "--dedline", "5s"]).stderr).contains("'--deadline'"));
    assert!(text(&run(&["check", "--format", "jsn"]).stderr).contains("'json'"));
}

#[test]
fn without_a_broker_nothing_is_asked() {
    let none = run(&["check"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(text(&none.stderr), "whither: no broker address: give one with --brokers host:9092\n");
    let wrong = run(&["check", "--brokers", "kafka"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(
        text(&wrong.stderr),
        "whither: cluster.brokers = \"kafka\" is not allowed; allowed: addresses as host:port (--brokers)\n"
    );
}

#[test]
fn a_length_below_nothing_is_told_as_such() {
    for (flag, value) in [("--deadline", "-5s"), ("--since", "-1h"), ("--follow", "--all")] {
        let wrong = run(&["check", "-b", "127.0.0.1:1", flag, value]);
        assert_eq!(wrong.status.code(), Some(2));
        let told = text(&wrong.stderr);
        assert!(
            told.contains(&format!("invalid value '{value}' for '{flag} <TIME>': not a length of time")),
            "{told}"
        );
    }
    let nothing = run(&["check", "-b", "127.0.0.1:1", "--deadline", "0s"]);
    assert!(text(&nothing.stderr).starts_with("whither: check.deadline = \"0s\" is not allowed"));
}

#[test]
fn the_demo_says_which_port_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, hint) in [("--broker", "--broker 127.0.0.1:0"), ("--listen", "another address with --listen")]
    {
        let refused = run(&["demo", flag, &address]);
        assert_eq!(refused.status.code(), Some(2));
        let told = text(&refused.stderr);
        assert!(told.contains(&address) && told.contains(hint), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_broker_that_is_not_there_can_not_be_reached() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = run(&["check", "-b", &format!("127.0.0.1:{port}")]);
    assert_eq!(gone.status.code(), Some(3), "{}", text(&gone.stderr));
    assert!(gone.stdout.is_empty());
    assert_eq!(text(&gone.stderr).lines().count(), 1, "{}", text(&gone.stderr));
}

#[test]
fn all_that_is_wrong_with_the_settings_is_told_at_once() {
    let file = settings("[check]\ndeadlin = \"1m\"\nsince = \"soon\"\n[cluster]\nsasl.password = \"hush\"\n");
    let config = file.path().to_str().unwrap();
    for args in
        [&["config", "check", "--config", config][..], &["check", "-b", "127.0.0.1:1", "--config", config]]
    {
        let wrong = run(args);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(wrong.stdout.is_empty());
        let told = text(&wrong.stderr);
        assert!(told.contains("did you mean check.deadline?"), "{told}");
        assert!(told.contains(":3)"), "{told}");
        assert!(told.contains("cluster.sasl.password_file"), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let none = run(&["config", "check", "--config", "/nowhere/whither.toml"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("/nowhere/whither.toml can't be read"));
}

#[test]
fn values_in_force_tell_where_they_come_from() {
    let file = settings("[check]\nsince = \"2h\"\n");
    let mut command =
        whither(&["config", "print", "--origin", "-b", "a:1", "--config", file.path().to_str().unwrap()]);
    let printed = command
        .env("WHITHER_RISK_HORIZON", "3d")
        .env("WHITHER_CLUSTER_SASL_PASSWORD", "hush")
        .env("WHITHER_CHECK_SINC", "1m")
        .output()
        .unwrap();
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    let out = text(&printed.stdout);
    assert!(out.contains("brokers = [\"a:1\"]  # --brokers\n"), "{out}");
    assert!(out.contains("horizon = \"3d\"  # WHITHER_RISK_HORIZON\n"), "{out}");
    assert!(out.contains("since = \"2h\"  # ") && out.contains(".toml:2\n"), "{out}");
    assert!(out.contains("# sasl.password is set and not shown  # WHITHER_CLUSTER_SASL_PASSWORD\n"), "{out}");
    assert!(!out.contains("hush"));
    assert!(text(&printed.stderr).contains("did you mean WHITHER_CHECK_SINCE?"));
}

#[test]
fn shells_are_helped() {
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef whither"), ("fish", "complete -c whither")]
    {
        let script = run(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0));
        assert!(text(&script.stdout).contains(sign), "{shell}");
    }
}

/// Larger than a pipe holds, so that the writer meets the closed end.
#[test]
fn a_reader_that_went_away_is_no_error() {
    for args in [&["completions", "bash"][..], &["completions", "zsh"]] {
        let mut child = whither(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(status.code(), Some(0), "{told}");
        assert_eq!(told, "");
    }
    let mut child = whither(&["config", "print"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "[cluster]\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let failed = whither(&["config", "print"]).stdout(full).output().unwrap();
    assert_eq!(failed.status.code(), Some(4));
    assert!(text(&failed.stderr).contains("standard output can't be written"));
}

#[test]
fn a_replay_of_what_is_no_scenario_is_a_usage_error() {
    let file = settings("no scenario\n");
    let wrong = run(&["replay", file.path().to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty());
    let none = run(&["replay", "/nowhere"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        text(&none.stderr),
        "whither: /nowhere: can't be opened: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_server_that_others_reach_wants_to_know_who_asks() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let public = ["serve", "-b", "127.0.0.1:1", "--listen", "0.0.0.0:0", "--data-dir", data];
    let refused = run(&public);
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    assert!(told.contains("[auth] tokens_file") && told.contains("proxy_header"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let file = settings(
        "[server]\nlisten = \"0.0.0.0:0\"\ntls_cert_file = \"/nowhere/cert.pem\"\n[check]\nsince = \"soon\"\n",
    );
    let config = file.path().to_str().unwrap();
    for args in
        [&["config", "check", "--config", config][..], &["serve", "-b", "127.0.0.1:1", "--config", config]]
    {
        let wrong = run(args);
        assert_eq!(wrong.status.code(), Some(2));
        let told = text(&wrong.stderr);
        for says in ["0.0.0.0:0 can be reached", ":2)", "needs server.tls_key_file", "check.since"] {
            assert!(told.contains(says), "{told}");
        }
    }
    let tokens = dir.path().join("tokens");
    std::fs::write(&tokens, "ann read hushhush\n").unwrap();
    let wrong = whither(&public).env("WHITHER_AUTH_TOKENS_FILE", &tokens).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let told = text(&wrong.stderr);
    assert!(told.contains("tokens:1: ") && !told.contains("hushhush"), "{told}");
}

#[test]
fn a_token_is_told_once_and_its_hash_is_what_is_kept() {
    let made = run(&["token", "ann", "operate"]);
    assert_eq!(made.status.code(), Some(0));
    let (line, told) = (text(&made.stdout), text(&made.stderr));
    assert!(line.starts_with("ann operate $argon2id$") && line.lines().count() == 1, "{line}");
    let secret = told.split("ann.").nth(1).unwrap().lines().next().unwrap();
    assert!(secret.len() == 32 && !line.contains(secret), "{told}");
    let json = run(&["token", "ann", "read", "--format", "json"]);
    let made: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&made["name"], &made["role"]), (&"ann".into(), &"read".into()));
    for bad in [["token", "a.b", "read"], ["token", "ann", "root"]] {
        assert_eq!(run(&bad).status.code(), Some(2), "{bad:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::write(&tokens, &line).unwrap();
    let printed = whither(&["config", "print"]).env("WHITHER_AUTH_TOKENS_FILE", &tokens).output().unwrap();
    let printed = text(&printed.stdout);
    assert!(printed.contains("tokens_file = ") && !printed.contains("argon2id$"), "{printed}");
}
