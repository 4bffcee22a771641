//! More comes than can be kept: who sends is told so, what was acknowledged is kept, and memory stays bounded.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;
use whither::otlp::{Limits, Transport};

use crate::scene::{Calls, QUEUE, Server, request, sorted, span, until};

/// Ten times as many as may wait.
const SENDERS: usize = 10 * QUEUE;

/// Sends one request by HTTP; whether it was acknowledged.
async fn post(server: &Server, name: &str) -> bool {
    let answer = server.post(request(vec![span(name)]).encode_to_vec(), &[]).await;
    if answer.status() == 429 {
        assert_eq!(answer.headers()["retry-after"], "2");
        return false;
    }
    assert_eq!(answer.status(), 200);
    true
}

/// Sends one request by gRPC; whether it was acknowledged.
async fn export(mut calls: Calls<Channel>, name: &str) -> bool {
    match calls.export(request(vec![span(name)])).await {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
            let wait = refused.get_details_retry_info().and_then(|info| info.retry_delay);
            assert_eq!(wait, Some(Duration::from_secs(2)));
            false
        }
    }
}

async fn acknowledged(mut sending: JoinSet<(String, bool)>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(sent) = sending.join_next().await {
        let (name, acknowledged) = sent.unwrap();
        names.extend(acknowledged.then_some(name));
    }
    sorted(names)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_too_many_is_turned_away_and_who_was_acknowledged_is_kept() {
    let server = Arc::new(Server::start().await);
    let calls = server.calls().await;
    for transport in [Transport::Http, Transport::Grpc] {
        let before = server.kept.requests();
        // Nothing is kept until those who may wait do, and all others were turned away.
        server.kept.gate.forget_permits(usize::MAX);
        let mut sending = JoinSet::new();
        for n in 0..SENDERS {
            let (server, calls) = (server.clone(), calls.clone());
            sending.spawn(async move {
                let name = format!("{} {n:03}", transport.word());
                let acknowledged = match transport {
                    Transport::Http => post(&server, &name).await,
                    Transport::Grpc => export(calls, &name).await,
                };
                (name, acknowledged)
            });
        }
        let away = (SENDERS - QUEUE) as u64;
        until("the others are turned away", || server.counted(transport, "busy") == away).await;
        assert!(server.intake.counted().bytes_under_way > 0, "those who wait are held");
        server.kept.gate.add_permits(QUEUE);
        let acknowledged = acknowledged(sending).await;
        assert_eq!(acknowledged.len(), QUEUE);
        let kept = server.kept.names();
        assert!(acknowledged.iter().all(|name| kept.contains(name)), "{acknowledged:?} {kept:?}");
        assert_eq!(server.kept.requests(), before + QUEUE, "no other is kept");
        until("nothing is held any more", || server.intake.counted().bytes_under_way == 0).await;
    }
}

/// Senders that send again, as exporters do: in the end all is kept, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_again_is_served_in_the_end() {
    let server = Arc::new(Server::start().await);
    let mut sending = JoinSet::new();
    for n in 0..SENDERS {
        let server = server.clone();
        sending.spawn(async move {
            let name = format!("{n:03}");
            while !post(&server, &name).await {
                tokio::task::yield_now().await;
            }
            (name, true)
        });
    }
    let acknowledged = acknowledged(sending).await;
    assert_eq!(acknowledged.len(), SENDERS);
    assert_eq!(server.kept.names(), acknowledged);
}

/// Large requests: there is memory for two of them at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_whatever_comes() {
    let most = 2 << 20;
    let limits = Limits { request_bytes: 1 << 20, bytes: most, requests: 64 };
    let server = Arc::new(Server::bounded(limits).await);
    server.kept.gate.forget_permits(usize::MAX);
    let mut sending = JoinSet::new();
    for n in 0..40 {
        let server = server.clone();
        sending.spawn(async move {
            let name = format!("{n:03} {}", "x".repeat(900 << 10));
            let answer = server.post(request(vec![span(&name)]).encode_to_vec(), &[]).await;
            assert!(matches!(answer.status().as_u16(), 200 | 429), "{answer:?}");
            (name, answer.status() == 200)
        });
    }
    let under_way = || {
        let held = server.intake.counted().bytes_under_way;
        assert!(held <= most as u64, "{held}");
        server.counted(Transport::Http, "busy")
    };
    until("most are turned away", || under_way() >= 38).await;
    server.kept.gate.add_permits(2);
    let acknowledged = acknowledged(sending).await;
    assert_eq!(server.kept.names(), acknowledged);
    until("nothing is held any more", || server.intake.counted().bytes_under_way == 0).await;
}
