//! A real process that takes spans, killed with SIGKILL after a seeded number of answers: what it acknowledged is there.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use whither::traces::{SpanLog, SpanOptions};

const DIR: &str = "WHITHER_SPANS_KILL_DIR";
const FIRST: &str = "WHITHER_SPANS_KILL_FIRST";
const KILLS: u64 = 20;

fn options() -> SpanOptions {
    // A checkpoint after every few requests.
    SpanOptions { buffered_bytes: 20_000, ..SpanOptions::default() }
}

fn trace_id(n: u64) -> [u8; 16] {
    (u128::from(n) | 1 << 127).to_be_bytes()
}

/// Request `n` has nine spans of a trace of its own.
fn body(n: u64) -> Bytes {
    let span = |id: u64| Span {
        trace_id: trace_id(n).into(),
        span_id: id.to_be_bytes().into(),
        name: "work".to_owned(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: (1..=9).map(span).collect(), ..ScopeSpans::default() }];
    let of = ResourceSpans { scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }.encode_to_vec().into()
}

/// The requests that one process took, by its answers.
type Life = std::ops::Range<u64>;

fn check(dir: &Path, lives: &[Life]) {
    let log = SpanLog::open(dir, options()).unwrap();
    let traces = log.reader();
    let spans = |n: u64| traces.trace(trace_id(n), 99).unwrap().len();
    for life in lives {
        assert!(life.clone().all(|n| spans(n) == 9), "of {life:?}, all of which was acknowledged");
        // It may have taken more than it could tell of.
        assert!((life.end..life.end + 20).all(|n| matches!(spans(n), 0 | 9)), "after {life:?}");
    }
    log.stop();
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut lives: Vec<Life> = Vec::new();
    for seed in 0..KILLS {
        let first = seed * 100_000;
        let answers = 5 + (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["takes_spans_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let last = format!("took {}", first + answers);
        assert!(lines.any(|line| line == last), "seed {seed}: it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        lives.push(first..first + answers + 1);
        check(dir.path(), lives.get(lives.len() - 1..).unwrap());
    }
    check(dir.path(), &lives);
}

/// What the process does that the test above kills.
#[test]
#[ignore = "the other half of `what_was_acknowledged_survives_kill_9`"]
fn takes_spans_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let log = SpanLog::open(dir.as_ref(), options()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    println!();
    for n in first.. {
        runtime.block_on(log.take(body(n))).unwrap();
        println!("took {n}");
    }
}
