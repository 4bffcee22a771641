//! The binary beside a broker: the formats agree, and what could not be had is told.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use whither::check::{self, Check};
use whither::demo::broker::{Broker, NewRecord, Options};
use whither::sources::kafka::{Progress, Wants};
use whither_core::verdict::{Outcome, ShownAs};
use whither_kafka::ClientConfig;

const RECORDS: usize = 100;

fn record(number: usize) -> NewRecord {
    NewRecord {
        key: Some(format!("order-{number}").into()),
        value: Some(number.to_string().into()),
        headers: Vec::new(),
        timestamp_ms: None,
    }
}

/// `billing` stood at 10, then read all of `orders`; what it had read up to 50 was deleted.
async fn billing_has_read_all() -> Broker {
    let broker =
        Broker::start(Options { initial_rebalance_delay_ms: 0, ..Options::default() }).await.unwrap();
    broker.faults().create_topic("orders", 1, &[]).unwrap();
    let mut producer = broker.handle().producer().await.unwrap();
    for number in 0..RECORDS {
        producer.send("orders", 0, &[record(number)]).await.unwrap();
    }
    let mut billing = broker.handle().named("billing-1").consumer("billing", &["orders"]);
    for upto in [10, RECORDS] {
        let mut left = upto - usize::try_from(billing.positions().values().sum::<i64>()).unwrap();
        while left > 0 {
            left -= billing.poll(left, Duration::from_millis(50)).await.unwrap().len();
        }
        billing.commit().await.unwrap();
    }
    billing.leave().await.unwrap();
    broker.faults().delete_records("orders", 0, 50).await.unwrap();
    broker
}

async fn ask(broker: &Broker, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whither"));
    command.args(args).args(["-b", &broker.address().to_string()]).current_dir(env!("CARGO_TARGET_TMPDIR"));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn json(broker: &Broker, args: &[&str]) -> Value {
    let answer = ask(broker, &[args, &["--format", "json"]].concat()).await;
    serde_json::from_slice(&answer.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&answer.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_writes_lines_with_a_type_and_ends_with_a_summary() {
    let broker = billing_has_read_all().await;
    for (args, first, code) in [
        (&["check"][..], "balance", 0),
        (&["where", "orders/0@60"], "where", 0),
        (&["where", "--key", "order-61"], "where", 0),
        (&["where", "--key", "nobody"], "summary", 1),
        (&["where", "orders/0@7"], "summary", 1),
        (&["offsets", "billing", "--at", "now"], "offset", 0),
        (&["trace-context", "orders/0@60"], "trace_context", 1),
    ] {
        let answer = ask(&broker, &[args, &["--format", "ndjson"]].concat()).await;
        let lines: Vec<Value> =
            text(&answer.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!((kinds.first(), kinds.last()), (Some(&first), Some(&"summary")), "{args:?}");
        assert_eq!(answer.status.code(), Some(code), "{args:?}");
        assert_eq!(lines.last().unwrap()["exit"], code, "{args:?}");
    }
    let journey = json(&broker, &["where", "orders/0@60"]).await;
    assert_eq!(journey["verdicts"][0]["verdict"], "delivered");
    assert_eq!(journey["not_seen"], Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_by_name_must_be_there() {
    let broker = billing_has_read_all().await;
    for (args, told) in [
        (&["check", "--topic", "nope", "--follow", "1h"][..], "no topic nope is shown to us"),
        (&["check", "--topic", "orders", "--partition", "7"], "topic orders has no partition 7"),
        (&["where", "nope/0@3"], "no topic nope is shown to us"),
        (&["where", "--key", "k", "--topic", "nope"], "no topic nope is shown to us"),
        (&["trace-context", "nope/0@3"], "no topic nope is shown to us"),
        (&["trace-context", "orders/7@3"], "topic orders has no partition 7"),
    ] {
        let answer = ask(&broker, args).await;
        assert_eq!(answer.status.code(), Some(2), "{args:?}");
        assert!(answer.stdout.is_empty(), "{args:?}");
        let said = text(&answer.stderr);
        assert!(said.contains(told) && said.lines().count() == 1, "{args:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_context_is_told_with_what_is_wrong_with_it() {
    let broker = Broker::start(Options::default()).await.unwrap();
    broker.faults().create_topic("orders", 1, &[]).unwrap();
    let mut producer = broker.handle().producer().await.unwrap();
    let header = |(name, value): (&str, &str)| (name.to_owned(), Some(value.to_owned().into()));
    let headers = [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", "ot=th:c"),
        ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-1"),
        ("baggage", "tenant=caf%C3%A9"),
    ];
    let record = NewRecord { headers: headers.into_iter().map(header).collect(), ..record(0) };
    producer.send("orders", 0, &[record]).await.unwrap();
    let answer = ask(&broker, &["trace-context", "orders/0@0"]).await;
    assert_eq!(answer.status.code(), Some(1));
    let told = text(&answer.stdout);
    for line in [
        "orders/0@0",
        "Headers: traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,tracestate=ot=th:c,",
        "  trace    4bf92f3577b34da6a3ce929d0e0e4736",
        "  sampling sampled",
        "B3, one header: not valid",
        "  b3: its span id is all zeros, which means none",
        "  ot = th:c   25 % of traces are kept",
        "  tenant = café",
    ] {
        assert!(told.lines().any(|l| l.starts_with(line)), "{line}: {told}");
    }
    let answer = json(&broker, &["trace-context", "orders/0@0"]).await;
    assert_eq!(answer["contexts"][0]["span_id"], "00f067aa0ba902b7");
    assert_eq!(answer["contexts"][1]["error"], "b3: its span id is all zeros, which means none");
    assert_eq!(answer["tracestate"]["members"][0]["sampling_probability"], 0.25);
    let gone = ask(&broker, &["trace-context", "orders/0@9"]).await;
    assert!(text(&gone.stdout).starts_with("no message at orders/0@9"), "{}", text(&gone.stdout));
}

struct Silent;

impl Progress for Silent {
    fn doing(&mut self, _what: &str) {}

    fn caught_up(&mut self, _follow: Duration) {}
}

/// Where the commit log was not read, a group stands where its coordinator says: nothing is lost, nothing is read.
#[tokio::test]
async fn a_deadline_before_the_commits_were_read_makes_no_loss() {
    let broker = billing_has_read_all().await;
    let asked = Check {
        client: ClientConfig::new(vec![broker.address().to_string()]),
        wants: Wants { deadline: Some(Duration::ZERO), ..Wants::default() },
        follow: None,
        recorder: None,
        progress: Box::new(Silent),
    };
    let report = check::run(asked).await.unwrap();
    assert!(report.findings.is_empty(), "{report:#?}");
    let [row] = report.balance.as_slice() else { panic!("{report:#?}") };
    assert_eq!((row.committed, row.count(Outcome::Unread), row.residual()), (Some(100), 50, 0));
    let cut = report.not_seen.iter().filter(|n| n.why == "the deadline came first");
    let cut: Vec<&str> = cut.map(|n| n.what.as_str()).collect();
    assert_eq!(cut.len(), 3, "{cut:?}");
    assert!(["commit history", "records"].iter().all(|what| cut.contains(what)), "{cut:?}");
    assert_eq!(report.complete_since, None);
}

/// What the deadline left unread, a follower leaves too: it watches what happens now.
#[tokio::test]
async fn a_follower_does_not_go_back_for_what_the_deadline_left() {
    let broker = billing_has_read_all().await;
    let asked = Check {
        client: ClientConfig::new(vec![broker.address().to_string()]),
        wants: Wants { deadline: Some(Duration::ZERO), ..Wants::default() },
        follow: Some(Duration::from_secs(1)),
        recorder: None,
        progress: Box::new(Silent),
    };
    let report = check::run(asked).await.unwrap();
    assert_eq!(report.records_read, 0);
    let [row] = report.balance.as_slice() else { panic!("{report:#?}") };
    assert_eq!((row.committed, row.residual()), (Some(100), 0));
    assert!(report.findings.iter().all(|v| v.shown_as != ShownAs::Loss), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_says_when_it_has_caught_up() {
    let broker = billing_has_read_all().await;
    for (args, said) in [(&["-v"][..], "whither: caught up, following for 1s\n"), (&[], "")] {
        let answer = ask(&broker, &[&["check", "--follow", "1s"], args].concat()).await;
        assert_eq!(text(&answer.stderr), said);
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stdout));
    }
}

/// Before the first group there is no commit log: that is no missing right.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_groups_hides_nothing() {
    let broker = Broker::start(Options::default()).await.unwrap();
    broker.faults().create_topic("orders", 1, &[]).unwrap();
    let answer = ask(&broker, &["check"]).await;
    let told = text(&answer.stdout);
    assert_eq!(answer.status.code(), Some(0), "{told}");
    assert!(
        told.ends_with("nothing to judge: no group has a position\n") && !told.contains("not seen"),
        "{told}"
    );
}
