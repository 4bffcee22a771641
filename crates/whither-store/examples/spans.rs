//! Fills a store with spans as instrumentations of a Kafka pipeline send them, six to a trace, and tells what they cost.
//!
//! `cargo run --release -p whither-store --example spans -- 2000000 /tmp/spans`
#![expect(clippy::unwrap_used, reason = "an example that can't go on has failed")]

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use parquet::file::reader::{FileReader, SerializedFileReader};
use prost::Message;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use whither_otlp::{Text, Value};
use whither_store::{Options, SpanKind, SpanRow, SpanStatus, Store};

/// Spans of a request, as the batch processors of the SDKs send them.
const REQUEST_SPANS: usize = 512;
/// Spans a second, by their own times.
const RATE: u64 = 5_000;
const START_NANOS: u64 = 1_790_000_000_000_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(2_000_000, |count| count.parse().unwrap());
    let dir = arguments.next().unwrap_or_else(|| "/tmp/whither-spans".to_owned());
    let options = Options { buffered_bytes: 48 << 20, ..Options::default() };
    let mut taker = Taker::new(Store::open(dir.as_ref(), options).unwrap().store);
    let mut pipeline = Pipeline { random: 7, traces: 0, waiting: HashMap::new() };
    while taker.spans < count {
        let requests = pipeline.requests();
        taker.timed(|taker| taker.take(&requests));
    }
    taker.timed(Taker::checkpoint);
    report(&taker, dir.as_ref());
    look_up(&taker, &mut pipeline);
}

fn report(taker: &Taker, dir: &Path) {
    let (spans, sizes) = (taker.spans as f64, taker.store.sizes());
    println!("{} spans, {} B each as they came", taker.spans, taker.body_bytes / taker.spans);
    println!("{:.0} spans per CPU second (walk, log, segments, merges)", spans / taker.cpu_seconds);
    println!("{:.1} B a span on disk, in {} segments", sizes.segment_bytes as f64 / spans, sizes.segments);
    println!("{} MB at most", peak_mb());
    let mut columns: BTreeMap<String, i64> = BTreeMap::new();
    for file in std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()) {
        if !file.file_name().unwrap().to_string_lossy().starts_with("spans-") {
            continue;
        }
        let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
        for column in
            reader.metadata().row_groups().iter().flat_map(parquet::file::metadata::RowGroupMetaData::columns)
        {
            *columns.entry(column.column_path().string()).or_default() += column.compressed_size();
        }
    }
    for (column, bytes) in columns {
        println!("  {column:20} {:5.2} B", bytes as f64 / spans);
    }
}

fn look_up(taker: &Taker, pipeline: &mut Pipeline) {
    let reader = taker.store.reader();
    let mut micros: Vec<u128> = (0..2_000)
        .map(|_| {
            let n = pipeline.below(pipeline.traces - REQUEST_SPANS as u64 * 8);
            let began = Instant::now();
            let found = reader.trace(trace_id(n), 1_000).unwrap();
            assert_eq!(found.len(), 6);
            began.elapsed().as_micros()
        })
        .collect();
    micros.sort_unstable();
    println!("a trace in {} us (p50), {} us (p99)", micros[1_000], micros[1_980]);
}

/// Does what a span log does with a request.
struct Taker {
    store: Store,
    spans: u64,
    body_bytes: u64,
    cpu_seconds: f64,
    names: HashMap<Vec<u8>, Arc<str>>,
    messages: HashMap<Vec<u8>, Arc<[u8]>>,
}

impl Taker {
    fn new(store: Store) -> Taker {
        let (names, messages) = Default::default();
        Taker { store, spans: 0, body_bytes: 0, cpu_seconds: 0.0, names, messages }
    }

    fn timed(&mut self, work: impl FnOnce(&mut Taker)) {
        let before = cpu_seconds();
        work(self);
        self.cpu_seconds += cpu_seconds() - before;
    }

    fn take(&mut self, requests: &[Vec<u8>]) {
        for body in requests {
            self.store.append(1, body).unwrap();
            let (mut rests, mut rows) = (Vec::with_capacity(body.len()), Vec::new());
            for span in whither_otlp::spans(body) {
                let span = span.unwrap();
                let row = self.row(&span);
                let from = rests.len();
                span.rest(&row.name, &mut rests);
                rows.push((row, from..rests.len()));
            }
            rests.shrink_to_fit();
            let rests = Bytes::from(rests);
            self.spans += rows.len() as u64;
            self.body_bytes += body.len() as u64;
            for (row, range) in rows {
                self.store.put_span(SpanRow { rest: rests.slice(range), ..row });
            }
        }
        self.store.mark(&[]).unwrap();
        if self.store.checkpoint_due(0) {
            self.checkpoint();
        }
        while let Some(merge) = self.store.merge_due() {
            self.store.apply_merge(merge.run().unwrap()).unwrap();
        }
    }

    fn checkpoint(&mut self) {
        self.store.begin_checkpoint().unwrap().finish(0).unwrap();
        self.names.clear();
        self.messages.clear();
    }

    fn row(&mut self, span: &whither_otlp::Span<'_>) -> SpanRow {
        let mut text: HashMap<&[u8], Text<'_>> = HashMap::new();
        let (mut offset, mut partition) = (None, None);
        for attribute in span.attributes.iter().map(Result::unwrap) {
            match (attribute.key.as_bytes(), attribute.value) {
                (b"messaging.kafka.message.offset", Value::Int(n)) => offset = Some(n),
                (b"messaging.destination.partition.id", Value::Text(n)) => {
                    partition = n.as_str().and_then(|n| n.parse().ok());
                }
                (key, Value::Text(value)) if key.starts_with(b"messaging.") => drop(text.insert(key, value)),
                _ => {}
            }
        }
        let Some(Value::Text(service)) = span.resource.attributes.get("service.name") else { panic!() };
        SpanRow {
            trace_id: span.trace_id.0,
            start_nanos: span.start_nanos.cast_signed(),
            span_id: span.span_id.0,
            parent_id: span.parent_id.map(|id| id.0),
            duration_nanos: span.end_nanos.wrapping_sub(span.start_nanos).cast_signed(),
            received_ms: None,
            service: self.name(service),
            name: self.name(span.name),
            kind: [
                SpanKind::Unspecified,
                SpanKind::Internal,
                SpanKind::Server,
                SpanKind::Client,
                SpanKind::Producer,
            ]
            .get(usize::from(span.kind.number()))
            .copied()
            .unwrap_or(SpanKind::Consumer),
            status: SpanStatus::Unset,
            did: text.get(&b"messaging.operation"[..]).map(|word| self.name(*word)),
            topic: text.get(&b"messaging.destination.name"[..]).map(|topic| self.name(*topic)),
            partition,
            offset,
            group: text.get(&b"messaging.kafka.consumer.group"[..]).map(|group| self.name(*group)),
            resource: self.message(span.resource.encoded()),
            scope: self.message(span.scope.encoded()),
            rest: Bytes::new(),
        }
    }

    fn name(&mut self, name: Text<'_>) -> Arc<str> {
        if let Some(known) = self.names.get(name.as_bytes()) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.to_str().into();
        self.names.insert(name.as_bytes().to_vec(), Arc::clone(&new));
        new
    }

    fn message(&mut self, message: &[u8]) -> Arc<[u8]> {
        if let Some(known) = self.messages.get(message) {
            return Arc::clone(known);
        }
        let new: Arc<[u8]> = message.into();
        self.messages.insert(message.to_vec(), Arc::clone(&new));
        new
    }
}

/// Orders that are taken by HTTP, written to Kafka and worked on by two groups.
struct Pipeline {
    random: u64,
    traces: u64,
    /// By service and instance: spans that are not sent yet.
    waiting: HashMap<(&'static str, &'static str, u64), Vec<Span>>,
}

impl Pipeline {
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(1);
        mix(self.random)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Some full requests.
    fn requests(&mut self) -> Vec<Vec<u8>> {
        let mut requests = Vec::new();
        while requests.len() < 8 {
            self.trace();
            self.waiting.retain(|(service, scope, instance), spans| {
                if spans.len() >= REQUEST_SPANS {
                    requests.push(request(service, scope, *instance, std::mem::take(spans)));
                }
                true
            });
        }
        requests
    }

    fn trace(&mut self) {
        let n = self.traces;
        self.traces += 1;
        let start = START_NANOS + n * 6 * 1_000_000_000 / RATE + self.below(2_000_000);
        let order = Order {
            n,
            start,
            sent: start + 3_000_000 + self.below(2_000_000),
            id: mix(n ^ 99) % 10_000_000,
            port: 32_768 + self.below(28_000),
            thread: 20 + self.below(40),
        };
        let received = order.sent + 5_000_000 + self.below(90_000_000);
        let long = 20_000_000 + self.below(30_000_000);
        let ids: Vec<u64> = (0..6).map(|_| self.next() | 1).collect();
        let steps = order.taken(long).into_iter().chain(order.worked_on(received));
        for (step, id) in steps.zip(&ids) {
            let span = Span {
                trace_id: trace_id(n).into(),
                span_id: id.to_be_bytes().into(),
                parent_span_id: step.parent.map_or(Vec::new(), |parent| ids[parent].to_be_bytes().into()),
                name: step.name.to_owned(),
                kind: step.kind,
                start_time_unix_nano: step.start,
                end_time_unix_nano: step.start + step.length,
                attributes: step.attributes,
                flags: 0x103,
                ..Span::default()
            };
            self.waiting.entry((step.service, step.scope, mix(n ^ 5) % 3)).or_default().push(span);
        }
    }
}

/// A span of an order's way.
struct Step {
    service: &'static str,
    scope: &'static str,
    name: &'static str,
    kind: i32,
    start: u64,
    length: u64,
    parent: Option<usize>,
    attributes: Vec<KeyValue>,
}

/// By microseconds, as the Java agent tells time; Go tells nanoseconds.
const fn micros(nanos: u64) -> u64 {
    nanos / 1_000 * 1_000
}

/// One order on its way.
struct Order {
    n: u64,
    start: u64,
    sent: u64,
    id: u64,
    port: u64,
    thread: u64,
}

impl Order {
    /// By HTTP, and into Kafka.
    fn taken(&self, long: u64) -> [Step; 3] {
        let http = Step {
            service: "gateway",
            scope: GO_HTTP,
            name: "POST /orders/{id}",
            kind: 2,
            start: self.start,
            length: long,
            parent: None,
            attributes: Vec::new(),
        };
        let served = Step {
            service: "orders",
            scope: JAVA_HTTP,
            start: micros(self.start + 900_000),
            length: micros(long - 2_000_000),
            parent: Some(0),
            attributes: self.on_thread(self.http()),
            ..http
        };
        let client = vec![text("messaging.client_id", "orders-producer-1")];
        let sent = Step {
            service: "orders",
            scope: JAVA_KAFKA,
            name: "orders publish",
            kind: 4,
            start: micros(self.sent),
            length: micros(900_000 + mix(self.n) % 4_000_000),
            parent: Some(1),
            attributes: self.on_thread(self.kafka("publish", client)),
        };
        let http = Step { attributes: self.http(), ..http };
        [http, served, sent]
    }

    /// By two groups.
    fn worked_on(&self, received: u64) -> [Step; 3] {
        let billing = self.consumer("billing", "billing-0");
        let processed = Step {
            service: "billing",
            scope: JAVA_KAFKA,
            name: "orders process",
            kind: 5,
            start: micros(received),
            length: micros(4_000_000 + mix(self.n + 1) % 9_000_000),
            parent: Some(2),
            attributes: self.on_thread(self.kafka("process", billing)),
        };
        let inserted = Step {
            service: "billing",
            scope: JAVA_JDBC,
            name: "INSERT ledger.charges",
            kind: 3,
            start: micros(received + 800_000),
            length: micros(1_000_000 + mix(self.n + 2) % 2_000_000),
            parent: Some(3),
            attributes: self.on_thread(database()),
        };
        let shipping = self.consumer("shipping", "sarama");
        let shipped = Step {
            service: "shipping",
            scope: SARAMA,
            name: "orders receive",
            kind: 5,
            start: received + mix(self.n + 3) % 40_000_000,
            length: 200_000 + mix(self.n + 4) % 3_000_000,
            parent: Some(2),
            attributes: self.kafka("receive", shipping),
        };
        [processed, inserted, shipped]
    }

    fn http(&self) -> Vec<KeyValue> {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36";
        vec![
            text("http.request.method", "POST"),
            text("url.scheme", "http"),
            text("url.path", &format!("/orders/{}", self.id)),
            text("http.route", "/orders/{id}"),
            number("http.response.status_code", 201),
            text("server.address", "orders.shop.svc"),
            number("server.port", 8080),
            number("network.peer.port", self.port),
            text("network.peer.address", &format!("10.2.{}.{}", self.port % 7, self.port % 200)),
            text("network.protocol.version", "1.1"),
            text("user_agent.original", agent),
        ]
    }

    fn kafka(&self, operation: &str, more: Vec<KeyValue>) -> Vec<KeyValue> {
        let mut all = vec![
            text("messaging.system", "kafka"),
            text("messaging.operation", operation),
            text("messaging.destination.name", "orders"),
            text("messaging.destination.partition.id", &(mix(self.n) % 12).to_string()),
            number("messaging.kafka.message.offset", self.n / 12),
            text("messaging.kafka.message.key", &format!("order-{}", self.id)),
        ];
        all.extend(more);
        all
    }

    fn consumer(&self, group: &str, client: &str) -> Vec<KeyValue> {
        vec![
            text("messaging.kafka.consumer.group", group),
            text("messaging.client_id", client),
            number("messaging.message.body.size", 300 + self.id % 200),
        ]
    }

    fn on_thread(&self, mut all: Vec<KeyValue>) -> Vec<KeyValue> {
        let name = format!("http-nio-8080-exec-{}", self.thread % 10);
        all.extend([number("thread.id", self.thread), text("thread.name", &name)]);
        all
    }
}

fn database() -> Vec<KeyValue> {
    vec![
        text("db.system", "postgresql"),
        text("db.name", "ledger"),
        text("db.operation", "INSERT"),
        text("db.sql.table", "charges"),
        text(
            "db.statement",
            "INSERT INTO charges (id, customer, amount, currency, at) VALUES (?, ?, ?, ?, ?)",
        ),
        text("db.user", "billing"),
        text("server.address", "ledger-db.shop.svc"),
        number("server.port", 5432),
    ]
}

const GO_HTTP: &str = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp";
const JAVA_HTTP: &str = "io.opentelemetry.tomcat-10.0";
const JAVA_KAFKA: &str = "io.opentelemetry.kafka-clients-0.11";
const JAVA_JDBC: &str = "io.opentelemetry.jdbc";
const SARAMA: &str = "github.com/dnwe/otelsarama";

fn request(service: &str, scope: &str, instance: u64, spans: Vec<Span>) -> Vec<u8> {
    let attributes = vec![
        text("service.name", service),
        text("service.version", "3.14.1"),
        text("service.instance.id", &format!("{:016x}{:016x}", mix(instance), mix(instance + 9))),
        text("host.name", &format!("{service}-6d5f7c9b8-{instance}")),
        text("k8s.namespace.name", "shop"),
        text("os.type", "linux"),
        text("process.runtime.name", "OpenJDK Runtime Environment"),
        text("process.runtime.version", "21.0.4+7-LTS"),
        text("telemetry.sdk.language", "java"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.version", "1.54.1"),
    ];
    let scope =
        InstrumentationScope { name: scope.to_owned(), version: "2.20.1".to_owned(), ..Default::default() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, ..Default::default() }];
    let resource = Some(Resource { attributes, ..Default::default() });
    let of = ResourceSpans { resource, scope_spans, ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }.encode_to_vec()
}

fn text(key: &str, value: &str) -> KeyValue {
    with(key, Any::StringValue(value.to_owned()))
}

fn number(key: &str, value: u64) -> KeyValue {
    with(key, Any::IntValue(value.cast_signed()))
}

fn with(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn trace_id(n: u64) -> [u8; 16] {
    (u128::from(mix(n)) << 64 | u128::from(mix(n ^ 1 << 60))).to_be_bytes()
}

/// The finaliser of splitmix64: random enough, and the same each time.
const fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What this thread has computed so far.
fn cpu_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
