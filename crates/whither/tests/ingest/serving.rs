//! `whither serve` takes spans beside following records, and goes on without them where another program has the port.

use std::net::SocketAddr;
use std::process::Stdio;

use prost::Message;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, Command};
use whither::demo::broker::{Broker, Options};

use crate::scene::{PATIENCE, request, span};

pub(crate) fn whither(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whither"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WHITHER_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a process complains of, line by line.
pub(crate) struct Told(BufReader<ChildStderr>);

impl Told {
    pub(crate) fn by(child: &mut Child) -> Told {
        Told(BufReader::new(child.stderr.take().unwrap()))
    }

    /// The next line that says this.
    pub(crate) async fn until(&mut self, says: &str) -> String {
        let found = async {
            loop {
                let mut line = String::new();
                assert!(self.0.read_line(&mut line).await.unwrap() > 0, "it ended before it said {says}");
                if line.contains(says) {
                    return line;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("it never said {says}"))
    }
}

/// The address behind these words.
pub(crate) fn address(line: &str, behind: &str) -> SocketAddr {
    let (_, rest) = line.split_once(behind).unwrap_or_else(|| panic!("{line}"));
    rest.split([';', '\n', ' ']).next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
}

async fn metrics(at: SocketAddr) -> String {
    reqwest::get(format!("http://{at}/metrics")).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_ends_nothing_and_is_had_once_it_is_free() {
    let broker = Broker::start(Options::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (taken, other) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), broker.address().to_string());
    let at = taken.local_addr().unwrap();
    let data = dir.path().to_str().unwrap();
    let mut server = whither(&["serve", "--brokers", &other, "--listen", "127.0.0.1:0", "--data-dir", data])
        .env("WHITHER_OTLP_HTTP_LISTEN", at.to_string())
        .env("WHITHER_OTLP_GRPC_LISTEN", "127.0.0.1:0")
        .current_dir(dir.path())
        .spawn()
        .unwrap();
    let mut told = Told::by(&mut server);
    let page = address(&told.until("answering on").await, "http://");
    let mut lines = Vec::new();
    for _ in 0..2 {
        lines.push(told.until("OTLP").await);
    }
    lines.sort();
    assert!(
        lines[0].contains("no spans are taken by OTLP/HTTP")
            && lines[0].contains(&format!("{at} is taken"))
            && lines[0].contains("otlp.http_listen"),
        "{lines:?}"
    );
    let grpc = address(&lines[1], "OTLP/gRPC at ");
    let before = metrics(page).await;
    assert!(before.contains("whither_otlp_listening{transport=\"http\"} 0\n"), "{before}");
    assert!(before.contains("whither_otlp_listening{transport=\"grpc\"} 1\n"), "{before}");
    drop(taken);
    assert_eq!(address(&told.until("taking spans by OTLP/HTTP").await, "OTLP/HTTP at "), at);

    let mut zero = span("zero");
    zero.trace_id = vec![0; 16];
    let sent = request(vec![span("a"), span("b"), zero]);
    let post = reqwest::Client::new().post(format!("http://{at}/v1/traces")).body(sent.encode_to_vec());
    let answer = post.header("content-type", "application/x-protobuf").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let channel = tonic::transport::Channel::from_shared(format!("http://{grpc}")).unwrap().connect().await;
    let mut calls = crate::scene::Calls::new(channel.unwrap());
    assert_eq!(calls.export(sent).await.unwrap().into_inner().partial_success.unwrap().rejected_spans, 1);
    let after = metrics(page).await;
    for says in [
        "whither_otlp_requests_total{transport=\"http\",result=\"partial\"} 1\n",
        "whither_otlp_requests_total{transport=\"grpc\",result=\"partial\"} 1\n",
        "whither_otlp_spans_total{result=\"accepted\"} 4\n",
        "whither_otlp_spans_total{result=\"refused\"} 2\n",
        "whither_otlp_bytes_under_way{} 0\n",
        "whither_otlp_listening{transport=\"http\"} 1\n",
        "whither_refused_total{source=\"spans\",reason=\"trace_id\"} 2\n",
    ] {
        assert!(after.contains(says), "{says} is not in {after}");
    }
    let pid = server.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, server.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_others_reach_needs_somebody_to_be_asked() {
    let dir = tempfile::tempdir().unwrap();
    let ends = async |http: &str, grpc: &str| {
        let ended = whither(&["serve", "--brokers", "127.0.0.1:1", "--listen", "127.0.0.1:0"])
            .env("WHITHER_OTLP_HTTP_LISTEN", http)
            .env("WHITHER_OTLP_GRPC_LISTEN", grpc)
            .env("WHITHER_SERVER_DATA_DIR", dir.path())
            .current_dir(dir.path())
            .output()
            .await
            .unwrap();
        assert_eq!(ended.status.code(), Some(2));
        String::from_utf8(ended.stderr).unwrap()
    };
    let told = ends("0.0.0.0:4318", "[::]:4317").await;
    for says in [
        "otlp.http_listen: 0.0.0.0:4318 can be reached from other machines: set [auth] tokens_file",
        "otlp.grpc_listen: [::]:4317 can be reached",
        "(WHITHER_OTLP_GRPC_LISTEN)",
    ] {
        assert!(told.contains(says), "{told}");
    }
    let told = ends("4318", "off").await;
    assert!(told.contains("otlp.http_listen = \"4318\" is not allowed") && told.contains("or off"), "{told}");
}
