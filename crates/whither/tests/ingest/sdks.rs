//! Real exporters send, and all that they send arrives.

use std::path::Path;
use std::time::Duration;

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry_otlp::{
    Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::process::Command;
use whither::otlp::{Limits, Transport};

use crate::scene::{PATIENCE, Server, sorted};

const SPANS: usize = 1_000;

/// Spans of these names, by an exporter that is made where the caller says.
async fn send(name: String, exporter: impl FnOnce() -> SpanExporter + Send + 'static) -> Vec<String> {
    let names: Vec<String> = (0..SPANS).map(|n| format!("{name} {n:04}")).collect();
    let sent = names.clone();
    // The client blocks, and may not be dropped where others wait.
    let sending = tokio::task::spawn_blocking(move || {
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter()).build();
        let tracer = provider.tracer("ingest");
        sent.into_iter().for_each(|name| drop(tracer.start(name)));
        provider.shutdown_with_timeout(Duration::from_secs(50)).unwrap();
    });
    tokio::time::timeout(PATIENCE, sending).await.unwrap().unwrap();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_spans_of_the_rust_sdk_arrive() {
    let server = Server::bounded(Limits::of(16 << 20)).await;
    let mut sent = Vec::new();
    for protocol in [Protocol::HttpBinary, Protocol::HttpJson] {
        for packed in [None, Some(Compression::Gzip), Some(Compression::Zstd)] {
            let endpoint = format!("http://{}/v1/traces", server.http);
            let exporter = move || {
                let builder =
                    SpanExporter::builder().with_http().with_protocol(protocol).with_endpoint(endpoint);
                match packed {
                    Some(packed) => builder.with_compression(packed),
                    None => builder,
                }
                .build()
                .unwrap()
            };
            sent.extend(send(format!("{protocol:?} {packed:?}"), exporter).await);
        }
    }
    for packed in [None, Some(Compression::Gzip), Some(Compression::Zstd)] {
        let endpoint = format!("http://{}", server.grpc);
        let exporter = move || {
            let builder = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
            match packed {
                Some(packed) => builder.with_compression(packed),
                None => builder,
            }
            .build()
            .unwrap()
        };
        sent.extend(send(format!("grpc {packed:?}"), exporter).await);
    }
    assert_eq!(server.kept.names(), sorted(sent));
    let counted = server.intake.counted();
    assert_eq!((counted.accepted, counted.refused, counted.bytes_under_way), (9 * SPANS as u64, 0, 0));
    assert!(counted.requests.keys().all(|(_, result)| *result == "ok"), "{counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_spans_of_the_python_sdk_arrive() {
    let server = Server::bounded(Limits::of(16 << 20)).await;
    let python = std::env::var("WHITHER_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ingest/send.py");
    let mut sent = Vec::new();
    for (protocol, endpoint) in
        [("http", format!("http://{}/v1/traces", server.http)), ("grpc", format!("http://{}", server.grpc))]
    {
        for packed in ["none", "gzip"] {
            let mut command = Command::new(&python);
            command.arg(&script).args([protocol, &endpoint, packed, &SPANS.to_string()]).kill_on_drop(true);
            let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{python} could not send; ./x test installs the SDK it needs\n{told}"
            );
            assert!(!told.contains("Failed to export"), "{told}");
            sent.extend((0..SPANS).map(|n| format!("{protocol} {packed} {n:04}")));
        }
    }
    assert_eq!(server.kept.names(), sorted(sent));
    assert!(server.counted(Transport::Http, "ok") > 0 && server.counted(Transport::Grpc, "ok") > 0);
}
