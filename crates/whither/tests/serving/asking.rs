//! The commands that ask a server, asking one that follows a broker.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::answering::a_loss;
use crate::scene::{Scene, until};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn whither(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whither"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WHITHER_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a command answers: exit code and what it wrote.
async fn ask(server: SocketAddr, args: &[&str]) -> (i32, String) {
    let server = server.to_string();
    let output = whither(&[args, &["--server", &server]].concat()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (told, complaint) = (text(output.stdout), text(output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{args:?}: {complaint}"));
    assert!(code < 2 || code == 5, "{args:?}: {code} {complaint}");
    (code, told)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_answers_in_each_format() {
    let scene = Scene::new().await;
    let (answering, _member) = a_loss(&scene).await;
    let server = answering.at;
    let (_, drops) = ask(server, &["drops", "--format", "ndjson"]).await;
    let id = lines(&drops)[0]["id"].as_str().unwrap().to_owned();
    for (args, code, kind, shows) in [
        (&["balance"][..], 0, "balance", "15 of 50 records"),
        (&["balance", "--by", "topic"], 0, "balance", "orders"),
        (&["drops"], 1, "finding", "deleted"),
        (&["lag"], 0, "lag", "billing"),
        (&["groups"], 0, "group", "billing"),
        (&["topics"], 0, "topic", "orders"),
        (&["dead-letters"], 0, "dead_letter", ""),
        (&["offsets", "billing", "--at", "-0s"], 0, "offset", "20"),
        (&["where", "orders/0@40"], 0, "where", "orders"),
        (&["doctor"], 0, "check", ""),
    ] {
        let (exit, table) = ask(server, args).await;
        assert!(exit == code && table.contains(shows), "{args:?}: {exit}\n{table}");
        let (exit, json) = ask(server, &[args, &["--format", "json"]].concat()).await;
        let document: Result<Value, _> = serde_json::from_str(&json);
        assert!(exit == code && document.is_ok_and(|d| d.is_object()), "{args:?}: {exit}\n{json}");
        let (exit, told) = ask(server, &[args, &["--format", "ndjson"]].concat()).await;
        let told = lines(&told);
        let (summary, items) = told.split_last().unwrap();
        assert_eq!(
            (exit, &summary["type"], &summary["exit"]),
            (code, &"summary".into(), &code.into()),
            "{args:?}"
        );
        assert!(
            items.iter().all(|item| item["type"] == kind || item["type"] == "not_seen"),
            "{args:?}: {items:?}"
        );
    }
    for (args, code) in [
        (&["drops", &id][..], 1),
        (&["drops", "0123456789abcdef"], 1),
        (&["groups", "billing"], 0),
        (&["groups", "nobody"], 1),
        (&["topics", "orders"], 0),
        (&["where", "orders/0@25"], 1),
        (&["where", "orders/0@4000"], 1),
    ] {
        let (exit, told) = ask(server, args).await;
        assert_eq!(exit, code, "{args:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_leave_out_what_is_not_asked_for() {
    let scene = Scene::new().await;
    let (answering, _member) = a_loss(&scene).await;
    let _other = scene.read("mail", "orders", 5).await;
    until(&answering.server.live, "the other group is seen", |s| s.rows.len() == 4).await;
    for (args, items) in [
        (&["lag"][..], 4),
        (&["lag", "billing"], 2),
        (&["lag", "--group", "billing,mail", "--partition", "0"], 2),
        (&["balance", "--group", "mail", "--verdict", "deleted"], 0),
        (&["balance", "--group", "mail"], 2),
        (&["balance", "--verdict", "deleted"], 1),
        (&["drops", "--group", "billing", "--cause", "delete_records", "--since", "1h"], 1),
        (&["drops", "--group", "mail"], 0),
        (&["drops", "--certainty", "proof"], 0),
        (&["drops", "--until", "1h"], 0),
        (&["groups", "--topic", "orders"], 2),
        (&["groups", "--group", "mail"], 1),
    ] {
        let (exit, told) = ask(answering.at, &[args, &["--format", "ndjson"]].concat()).await;
        let told = lines(&told);
        assert_eq!(told.last().unwrap()["items"], items, "{args:?}: {told:?}");
        assert_eq!(exit, i32::from(args[0] == "drops" && items > 0), "{args:?}");
    }
    for args in
        [&["lag", "nobody"][..], &["balance", "--topic", "none"], &["topics", "--group", "nobody,none"]]
    {
        assert_eq!(ask(answering.at, args).await, (1, String::new()), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_tells_of_changes_until_it_is_stopped() {
    let scene = Scene::new().await;
    let (answering, _member) = a_loss(&scene).await;
    let server = answering.at.to_string();
    let mut command =
        whither(&["lag", "--watch", "--partition", "0", "--format", "ndjson", "--server", &server]);
    let mut watching = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut end = async || {
        let line = tokio::time::timeout(PATIENCE, told.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["end"].as_i64().unwrap()
    };
    assert_eq!(end().await, 50);
    scene.write("orders", 0, 10).await;
    while end().await < 60 {}
    watching.kill().await.unwrap();
}
