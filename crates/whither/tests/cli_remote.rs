//! The commands that ask a server, beside servers that answer what a real one seldom does.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Status line with further headers, and body.
type Said = (&'static str, String);

const JSON: &str = "200 OK\r\nContent-Type: application/json";
const STATUS: &str = r#"{"cluster":"orders-prod","version":"0.1.0","at":"2026-11-21T13:00:00.000Z","caught_up":true,"complete_since":"2026-11-21T09:00:00.000Z"}"#;

/// Answers as `says` does, given the request's first line and its head, until the test is over.
fn server(says: fn(&str, &str) -> Said) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(&stream, says))));
    address
}

fn answer(mut stream: &TcpStream, says: fn(&str, &str) -> Said) -> std::io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream);
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let (status, body) = says(head.lines().next().unwrap_or_default(), &head);
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn whither(server: SocketAddr, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whither"));
    let ours = std::env::vars().map(|(name, _)| name).filter(|n| n.starts_with("WHITHER_"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.args(args).env("WHITHER_SERVER", server.to_string()).stdin(Stdio::null());
    command
}

fn run(server: SocketAddr, args: &[&str]) -> Output {
    whither(server, args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn lag(partition: usize) -> String {
    format!(
        r#"{{"cluster":"c","group":"billing","topic":"orders","partition":{partition},"member":null,"client_id":null,"host":null,"log_start":0,"committed":1,"end":2,"lag_offsets":1,"lag_records":1,"lag_seconds":0.5,"rate_per_second":1.0,"catches_up_in_seconds":null,"loses_data_in_seconds":null,"state":"ok","newer":{{"b":1,"a":2}}}}"#
    )
}

fn two_pages(line: &str, _: &str) -> Said {
    let page = match line {
        line if line.contains("/status") => STATUS.to_owned(),
        line if line.contains("cursor=next") => format!(r#"{{"items":[{}],"next":null}}"#, lag(1)),
        _ => format!(r#"{{"items":[{}],"next":"next"}}"#, lag(0)),
    };
    (JSON, page)
}

#[test]
fn every_page_is_told_and_what_is_not_known_is_passed_on() {
    let json = run(server(two_pages), &["lag", "--format", "json"]);
    assert_eq!(json.status.code(), Some(0), "{}", text(&json.stderr));
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let partitions: Vec<_> = told["items"].as_array().unwrap().iter().map(|i| &i["partition"]).collect();
    assert_eq!(partitions, [0, 1]);
    assert!(
        text(&json.stdout).find("\"b\": 1") < text(&json.stdout).find("\"a\": 2"),
        "in the server's order"
    );
    let lines = run(server(two_pages), &["lag", "--format", "ndjson"]);
    let kinds: Vec<serde_json::Value> =
        text(&lines.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&kinds[1]["type"], &kinds[2]["type"], &kinds[2]["items"]),
        (&"lag".into(), &"summary".into(), &2.into())
    );
}

#[test]
fn filters_become_the_servers_parameters() {
    fn all_there(line: &str, _: &str) -> Said {
        if line.contains("/status") {
            return (JSON, STATUS.to_owned());
        }
        if line.contains("/groups/a%20b") || line.contains("/topics/orders") {
            return (JSON, "{}".to_owned());
        }
        let wanted =
            ["group=a%20b", "topic=orders", "partition=3", "cause=lagging", "certainty=proof", "since=20"];
        let there = wanted.iter().all(|part| line.replace('+', "%20").contains(part));
        if there {
            (JSON, r#"{"items":[],"next":null}"#.to_owned())
        } else {
            ("500 No\r\nContent-Type: text/plain", line.to_owned())
        }
    }
    let args = [
        "--group",
        "a b",
        "--topic",
        "orders",
        "--partition",
        "3",
        "--cause",
        "lagging",
        "--certainty",
        "proof",
        "--since",
        "1h",
    ];
    let none = run(server(all_there), &[&["drops"][..], &args].concat());
    assert_eq!(
        (none.status.code(), text(&none.stdout)),
        (Some(0), "nothing lost\n"),
        "{}",
        text(&none.stderr)
    );
}

#[test]
fn a_token_is_sent_and_its_want_is_told() {
    fn guarded(_: &str, head: &str) -> Said {
        let let_in = head.to_lowercase().contains("authorization: bearer s3cret");
        match let_in {
            true => (JSON, STATUS.replace("\"version\"", "\"items\":[],\"next\":null,\"version\"")),
            false => (
                "401 Unauthorized\r\nContent-Type: application/json",
                r#"{"error":{"code":"unauthorized","message":"a token is needed","hint":"ask for one"}}"#
                    .to_owned(),
            ),
        }
    }
    let address = server(guarded);
    let refused = run(address, &["lag"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "whither: a token is needed; give a token in WHITHER_TOKEN or by --token-file\n"
    );
    let let_in = whither(address, &["lag"]).env("WHITHER_TOKEN", "s3cret").output().unwrap();
    assert_eq!(let_in.status.code(), Some(0), "{}", text(&let_in.stderr));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "s3cret").unwrap();
    let let_in = run(address, &["lag", "--token-file", file.path().to_str().unwrap()]);
    assert_eq!(let_in.status.code(), Some(0), "{}", text(&let_in.stderr));
    let none = run(address, &["lag", "--token-file", "/nowhere"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn what_is_no_server_is_told_in_one_line() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let other = server(|_, _| ("200 OK\r\nContent-Type: text/html", "<html>hello</html>".to_owned()));
    let redirect = server(|_, _| ("302 Found\r\nLocation: http://127.0.0.1:1/", String::new()));
    let silent = server(|_, _| ("", String::new()));
    let garbled = server(|_, _| (JSON, "{\"items\":7}".to_owned()));
    for (address, code, said) in [
        (gone, 3, "whither demo"),
        (other, 3, "is no whither server"),
        (redirect, 3, "is no whither server"),
        (silent, 3, "no server answers"),
        (garbled, 4, "this version can't read"),
    ] {
        for args in
            [&["lag"][..], &["drops"], &["doctor"], &["where", "orders/3@7"], &["where", "--key", "k"]]
        {
            let failed = run(address, args);
            let told = text(&failed.stderr);
            assert_eq!(failed.status.code(), Some(code), "{args:?}: {told}");
            assert!(
                told.contains(said) && told.lines().count() == 1 && failed.stdout.is_empty(),
                "{args:?}: {told}"
            );
        }
    }
}

#[test]
fn an_answer_that_may_hide_a_loss_is_none() {
    fn reading(line: &str, _: &str) -> Said {
        let none = r#"{"items":[],"next":null}"#;
        let status = STATUS.replace("\"caught_up\":true", "\"caught_up\":false");
        (JSON, if line.contains("/status") { status } else { none.to_owned() })
    }
    let unsure = run(server(reading), &["drops"]);
    assert_eq!(unsure.status.code(), Some(5));
    assert!(text(&unsure.stdout).starts_with("could not tell"), "{}", text(&unsure.stdout));
    assert!(text(&unsure.stderr).contains("still reading"), "{}", text(&unsure.stderr));
    assert_eq!(run(server(reading), &["doctor"]).status.code(), Some(5));
}

#[test]
fn watching_appends_what_is_new_until_nobody_reads() {
    fn changing(line: &str, head: &str) -> Said {
        if line.contains("/status") {
            return (JSON, STATUS.to_owned());
        }
        if head.to_lowercase().contains("if-none-match") {
            let items = format!(r#"{{"items":[{},{}],"next":null}}"#, lag(0), lag(1));
            return (JSON, items);
        }
        (
            "200 OK\r\nContent-Type: application/json\r\nETag: W/\"1\"",
            format!(r#"{{"items":[{}],"next":null}}"#, lag(0)),
        )
    }
    let mut child = whither(server(changing), &["lag", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut partition = || {
        let line: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        line["partition"].clone()
    };
    assert_eq!([partition(), partition()], [0, 1]);
    child.kill().unwrap();
    child.wait().unwrap();
    let json = run(server(changing), &["lag", "--watch", "--format", "json"]);
    assert_eq!(json.status.code(), Some(2));
}

/// A server whose stream tells of a round whenever the test does.
struct Telling {
    at: SocketAddr,
    opened: Receiver<TcpStream>,
    asked: Arc<AtomicUsize>,
}

fn telling() -> Telling {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (sender, opened) = channel();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            if head.contains("/events/stream") {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").unwrap();
                sender.send(stream).unwrap();
                continue;
            }
            let n = match head.contains("/status") {
                true => 0,
                false => counted.fetch_add(1, Ordering::SeqCst),
            };
            let item = lag(n);
            let list = format!(r#"{{"items":[{item}],"next":null}}"#);
            let body = if head.contains("/status") { STATUS.to_owned() } else { list };
            let length = body.len();
            write!(stream, "HTTP/1.1 {JSON}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                .unwrap();
        }
    });
    Telling { at, opened, asked }
}

#[test]
fn watching_asks_when_the_server_tells_of_a_round() {
    let Telling { at, opened, asked } = telling();
    let mut child = whither(at, &["lag", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut partition = || {
        let line: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        line["partition"].as_u64().unwrap()
    };
    assert_eq!(partition(), 0);
    let mut stream = opened.recv().unwrap();
    for round in 1..=5 {
        write!(stream, "event: finding\ndata: {{}}\n\nevent: round\ndata: {{}}\nid: 1-{round}\n\n").unwrap();
        assert_eq!(partition(), round);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 6, "once for each round");
    // The stream breaks off: it asks by itself, and listens again.
    drop(stream);
    assert_eq!(partition(), 6);
    drop(opened.recv().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Longer than a pipe holds.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    fn many(line: &str, _: &str) -> Said {
        let items: Vec<String> = (0..3_000).map(lag).collect();
        let all = format!(r#"{{"items":[{}],"next":null}}"#, items.join(","));
        (JSON, if line.contains("/status") { STATUS.to_owned() } else { all })
    }
    let mut child =
        whither(server(many), &["lag"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("GROUP"), "{first}");
    let status = child.wait().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}
