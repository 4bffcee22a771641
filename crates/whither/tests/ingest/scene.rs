//! A server that takes spans, and a sink that keeps the bodies of their requests.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
pub(crate) use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient as Calls;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tonic::transport::{Channel, Endpoint};
use whither::access::Access;
use whither::otlp::{Admission, Intake, Limits, Sink, Transport, accept};
use whither::traces::{NotTaken, Taken};
use whither_otlp::Refused;

/// Longer than anything here takes; only what fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Requests that wait for a sink; one more is turned away.
pub(crate) const QUEUE: usize = 8;

/// Keeps bodies, once it is let.
#[derive(Debug)]
pub(crate) struct Kept {
    bodies: Mutex<Vec<Bytes>>,
    queue: Semaphore,
    /// As many requests are kept as there are permits.
    pub(crate) gate: Semaphore,
    pub(crate) answer: Mutex<Option<NotTaken>>,
}

impl Sink for Kept {
    fn take(&self, request: Bytes) -> BoxFuture<'_, Result<Taken, NotTaken>> {
        async move {
            if let Some(refused) = self.answer.lock().unwrap().clone() {
                return Err(refused);
            }
            let busy = NotTaken::Busy { retry_after: Duration::from_secs(2) };
            let _place = self.queue.try_acquire().map_err(|_| busy)?;
            let mut taken = Taken::default();
            for span in whither_otlp::spans(&request) {
                match span {
                    Ok(_) => taken.accepted += 1,
                    Err(broken @ Refused::Request(_)) => return Err(NotTaken::Malformed(broken.to_string())),
                    Err(refused) => {
                        taken.refused += 1;
                        taken.why.get_or_insert_with(|| refused.to_string());
                    }
                }
            }
            self.gate.acquire().await.unwrap().forget();
            self.bodies.lock().unwrap().push(request);
            Ok(taken)
        }
        .boxed()
    }

    fn refused(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::new()
    }
}

impl Kept {
    /// The names of all spans that are kept, each once for each time it is.
    pub(crate) fn names(&self) -> Vec<String> {
        let bodies = self.bodies.lock().unwrap();
        let spans = bodies.iter().flat_map(|body| whither_otlp::spans(body)).filter_map(Result::ok);
        let mut names: Vec<String> = spans.map(|span| span.name.to_str().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn requests(&self) -> usize {
        self.bodies.lock().unwrap().len()
    }
}

/// A server that takes spans both ways.
pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) kept: Arc<Kept>,
    pub(crate) intake: Intake,
    pub(crate) client: reqwest::Client,
    _stop: watch::Sender<bool>,
}

impl Server {
    pub(crate) async fn start() -> Server {
        Server::bounded(Limits::of(1 << 20)).await
    }

    pub(crate) async fn bounded(limits: Limits) -> Server {
        let loopback = "127.0.0.1:0".parse().unwrap();
        Server::of(limits, Admission::at(loopback, &Access::default(), &[])).await
    }

    pub(crate) async fn of(limits: Limits, admission: Admission) -> Server {
        let kept = Arc::new(Kept {
            bodies: Mutex::default(),
            queue: Semaphore::new(QUEUE),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            answer: Mutex::default(),
        });
        let intake = Intake::new(kept.clone(), limits);
        let (stop, stopped) = watch::channel(false);
        let mut at = Vec::new();
        for transport in [Transport::Http, Transport::Grpc] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            at.push(listener.local_addr().unwrap());
            let (intake, admission, stopped) = (intake.clone(), admission.clone(), stopped.clone());
            tokio::spawn(accept(transport, listener, None, intake, admission, stopped));
        }
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Server { http: at[0], grpc: at[1], kept, intake, client, _stop: stop }
    }

    /// Posts a body with these headers; one of an empty value is left out.
    pub(crate) async fn post(
        &self,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        let usual = ("content-type", "application/x-protobuf");
        let has_type = headers.iter().any(|(name, _)| *name == usual.0);
        let mut request = self.client.post(format!("http://{}/v1/traces", self.http)).body(body);
        for (name, value) in headers.iter().chain((!has_type).then_some(&usual)) {
            if !value.is_empty() {
                request = request.header(*name, *value);
            }
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn calls(&self) -> Calls<Channel> {
        let channel = Endpoint::new(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap();
        Calls::new(channel)
    }

    /// How often requests met this end.
    pub(crate) fn counted(&self, transport: Transport, result: &'static str) -> u64 {
        self.intake.counted().requests.get(&(transport, result)).copied().unwrap_or_default()
    }
}

/// A span of this name.
pub(crate) fn span(name: &str) -> Span {
    Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: name.to_owned(), ..Span::default() }
}

pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Each of them once, in order.
pub(crate) fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}
