//! Secrets of all kinds, given to a real server, show nowhere: in no answer, no header, no line that it writes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use whither::access::Role;
use whither::access::tokens::mint;
use whither::api;

use crate::asking::whither;
use crate::scene::Scene;

const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "hush-sasl-password";
const JAAS: &str = "hush-jaas-password";
const STORE_KEY: &str = "aHVzaC1rZXlzdG9yZS1rZXk";
const PROXIED: &str = "hush-proxied-user";

/// Settings that name every kind of secret there is.
fn settings(dir: &Path, broker: &str, tokens: &str) -> String {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (password, tokens) = (file("password", PASSWORD), file("tokens", tokens));
    format!(
        "[cluster]\nbrokers = [\"{broker}\"]\nsecurity.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"PLAIN\"\n\
         sasl.username = \"seen-user\"\nsasl.password_file = \"{password}\"\n\
         [server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{}\"\n\
         [auth]\ntokens_file = \"{tokens}\"\nproxy_header = \"x-user\"\nproxy_role = \"operate\"\n",
        dir.join("data").display()
    )
}

/// What no text may hold.
fn hides(text: &str, secrets: &[&str], whose: &str) {
    for secret in secrets {
        assert!(!text.contains(secret), "{whose} tells {secret}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_and_no_line_tells_a_secret() {
    let scene = Scene::new().await;
    let dir = tempfile::tempdir().unwrap();
    let ann = mint("ann", Role::Admin).unwrap();
    let config = dir.path().join("whither.toml");
    let broker = scene.broker.address().to_string();
    std::fs::write(&config, settings(dir.path(), &broker, &ann.line)).unwrap();
    let (secret, hash) = (ann.token.rsplit('.').next().unwrap(), ann.line.rsplit(' ').next().unwrap());
    let secrets = [PASSWORD, JAAS, STORE_KEY, PROXIED, secret, hash, "hush"];
    let config = config.to_str().unwrap();
    let mut server = whither(&["serve", "-v", "--config", config])
        .env("RUST_BACKTRACE", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let mut logged = String::new();
    let at = loop {
        let read = tokio::time::timeout(PATIENCE, log.read_line(&mut logged)).await.unwrap().unwrap();
        assert!(read > 0, "it ended: {logged}");
        if let Some((_, rest)) = logged.split_once("http://") {
            break rest.split(';').next().unwrap().to_owned();
        }
    };
    let client = reqwest::Client::new();
    let ask = async |method: &str, path: &str, with: (&str, &str)| {
        let method: Method = method.to_uppercase().parse().unwrap();
        let request = client.request(method, format!("http://{at}{path}")).header(with.0, with.1);
        let answer = request.body(format!("{{\"topic\":\"{PROXIED}\"")).send().await.unwrap();
        let head = format!("{:?}", answer.headers());
        let status = answer.status();
        let endless = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if endless { String::new() } else { answer.text().await.unwrap() };
        (status, format!("{head}\n{body}"))
    };
    let bearer = format!("Bearer {}", ann.token);
    // The failure to log in is a problem that it tells of.
    let told = async {
        loop {
            let (_, told) = ask("get", &format!("{}/status", api::BASE), ("authorization", &bearer)).await;
            if !told.contains("\"problems\":[]") {
                break told;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let status = tokio::time::timeout(PATIENCE, told).await.expect("it tells that it can't log in");
    hides(&status, &secrets, "/status");
    let described: Value = serde_json::from_str(api::openapi::text()).unwrap();
    let mut asked = 0;
    for (path, of) in described["paths"].as_object().unwrap() {
        let path =
            path.replace("{partition}", "0").replace("{offset}", "7").replace("{id}", "0123456789abcdef");
        let path = path.replace(['{', '}'], "");
        for method in of.as_object().unwrap().keys() {
            for with in
                [("authorization", &*bearer), ("x-user", PROXIED), ("authorization", "Bearer ann.hush")]
            {
                let (_, told) = ask(method, &path, with).await;
                hides(&told, &secrets, &path);
                asked += 1;
            }
        }
    }
    assert!(asked > 60, "{asked} answers");
    server.kill().await.unwrap();
    log.read_to_string(&mut logged).await.unwrap();
    let mut out = String::new();
    server.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    hides(&format!("{logged}{out}"), &secrets, "the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_about_settings_tells_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let ann = mint("ann", Role::Admin).unwrap();
    let good = settings(dir.path(), "127.0.0.1:1", &ann.line);
    let bad = good.replace("PLAIN\"", "PLAINLY\"").replace("tokens\"", "password\"");
    let inline = good.replace("sasl.password_file", "sasl.password").replace("password\"\n", "hush\"\n");
    let broken = format!("{good}sasl.password = \"{PASSWORD}");
    let (secret, hash) = (ann.token.rsplit('.').next().unwrap(), ann.line.rsplit(' ').next().unwrap());
    for (name, text) in [("good", &good), ("bad", &bad), ("inline", &inline), ("broken", &broken)] {
        let config = dir.path().join(name);
        std::fs::write(&config, text).unwrap();
        let config = config.to_str().unwrap();
        for args in [
            &["config", "print", "--origin"][..],
            &["config", "check"],
            &["check", "--deadline", "1s"],
            &["serve"],
        ] {
            if (name, args) == ("good", &["serve"][..]) {
                continue;
            }
            let output = whither(&[args, &["--config", config]].concat())
                .env(
                    "WHITHER_CLUSTER_SASL_JAAS_CONFIG",
                    format!("x required username=\"a\" password=\"{JAAS}\";"),
                )
                .env("WHITHER_CLUSTER_SSL_KEYSTORE_KEY", format!("-----BEGIN PRIVATE KEY-----\n{STORE_KEY}"))
                .env("RUST_BACKTRACE", "1")
                .output()
                .await
                .unwrap();
            let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
            assert!(!told.is_empty(), "{name} {args:?}");
            hides(&told, &[PASSWORD, JAAS, STORE_KEY, secret, hash], name);
        }
    }
}
