//! A demo broker, somebody who writes, a group that reads, and a server that follows them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use whither::check::{self, Check};
use whither::demo::broker::{Broker, Consumer, NewRecord, Options};
use whither::index::Choice;
use whither::live::{Live, State};
use whither::report::Report;
use whither::serve::{Follower, Serve, ServeError};
use whither::sources::kafka::{Progress, Wants};
use whither_core::{Time, Verdict};
use whither_kafka::ClientConfig;

/// Longer than anything here takes; only what fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    pub(crate) broker: Broker,
}

impl Scene {
    /// A broker with topic `orders` of two partitions.
    pub(crate) async fn new() -> Scene {
        let options = Options { initial_rebalance_delay_ms: 0, ..Options::default() };
        let broker = Broker::start(options).await.unwrap();
        broker.faults().create_topic("orders", 2, &[]).unwrap();
        Scene { broker }
    }

    pub(crate) fn client(&self) -> ClientConfig {
        ClientConfig::new(vec![self.broker.address().to_string()])
    }

    /// Writes records of one batch each ten.
    pub(crate) async fn write(&self, topic: &str, partition: i32, records: usize) {
        let mut producer = self.broker.handle().producer().await.unwrap();
        for batch in vec![record(); records].chunks(10) {
            producer.send(topic, partition, batch).await.unwrap();
        }
    }

    /// Writes orders of these numbers, each with a key, a trace and a header of its own.
    pub(crate) async fn order(&self, topic: &str, partition: i32, numbers: Range<u32>) {
        let mut producer = self.broker.handle().producer().await.unwrap();
        let text = |text: String| Some(text.into());
        let order = |n: u32| NewRecord {
            key: text(format!("order-{n}")),
            value: text("{}".to_owned()),
            headers: vec![
                ("traceparent".into(), text(format!("00-{:032x}-{:016x}-01", n + 1, n + 1))),
                ("x-order-id".into(), text(n.to_string())),
            ],
            timestamp_ms: None,
        };
        for batch in numbers.map(order).collect::<Vec<_>>().chunks(7) {
            producer.send(topic, partition, batch).await.unwrap();
        }
    }

    /// A group reads this many records and commits.
    pub(crate) async fn read(&self, group: &str, topic: &str, records: usize) -> Consumer {
        let mut consumer = self.broker.handle().consumer(group, &[topic]);
        let mut read = 0;
        while read < records {
            read += consumer.poll(records - read, Duration::from_millis(200)).await.unwrap().len();
        }
        consumer.commit().await.unwrap();
        consumer
    }

    /// A server that follows the broker and remembers in a directory of its own.
    pub(crate) fn serve(&self) -> Server {
        self.serve_in(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// A server that goes on where another one has stopped.
    pub(crate) fn serve_in(&self, dir: Arc<TempDir>) -> Server {
        self.serve_indexing(dir, Choice::usual())
    }

    /// The same with an index of one's own choice.
    pub(crate) fn serve_indexing(&self, dir: Arc<TempDir>, index: Choice) -> Server {
        Scene::serve_with(self.client(), dir, index)
    }

    /// One that reaches the broker in a way of its own.
    pub(crate) fn serve_by(client: ClientConfig, dir: Arc<TempDir>) -> Server {
        Scene::serve_with(client, dir, Choice::usual())
    }

    fn serve_with(client: ClientConfig, dir: Arc<TempDir>, index: Choice) -> Server {
        let live = Arc::new(Live::new(Time(0), false));
        let serve = Serve {
            client,
            // A look would read nothing by then; a server has no deadline.
            wants: Wants { deadline: Some(Duration::ZERO), index, ..Wants::default() },
            data_dir: dir.path().to_owned(),
            store: whither_store::Options::default(),
            live: live.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let following = tokio::spawn(async move { Follower::new(serve, stopped).follow().await });
        Server { live, dir, stop, following }
    }

    /// What a look that reads all tells now.
    pub(crate) async fn check(&self) -> Report {
        let wants = Wants { deadline: None, ..Wants::default() };
        let progress = Box::new(Quiet);
        check::run(Check { client: self.client(), wants, follow: None, recorder: None, progress })
            .await
            .unwrap()
    }
}

/// A record that says nothing.
pub(crate) fn record() -> NewRecord {
    NewRecord { key: None, value: Some("{}".into()), headers: Vec::new(), timestamp_ms: None }
}

/// A server under way.
pub(crate) struct Server {
    pub(crate) live: Arc<Live>,
    pub(crate) dir: Arc<TempDir>,
    stop: watch::Sender<bool>,
    pub(crate) following: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    /// Stops it as a signal does; everything is on disk then.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.stop.send(true).unwrap();
        self.following.await.unwrap().unwrap();
        self.dir
    }

    /// Stops it in the middle of whatever it does.
    pub(crate) async fn abort(self) -> Arc<TempDir> {
        self.following.abort();
        assert!(self.following.await.is_err_and(|e| e.is_cancelled()));
        self.dir
    }
}

struct Quiet;

impl Progress for Quiet {
    fn doing(&mut self, _: &str) {}

    fn caught_up(&mut self, _: Duration) {}
}

/// Waits until what is published is so.
pub(crate) async fn until(live: &Live, what: &str, is_so: impl Fn(&State) -> bool) {
    let began = Instant::now();
    let mut news = live.listen();
    while !is_so(&live.read()) {
        assert!(began.elapsed() < PATIENCE, "{what}: {:#?}", live.read());
        // Lagging behind the news is none the worse: what is true is looked at anew.
        let _ = tokio::time::timeout(Duration::from_secs(1), news.recv()).await;
    }
}

/// A row in one line: where it runs and what became of its records.
pub(crate) fn rows(
    balance: impl IntoIterator<Item = Arc<whither_core::Balance>>,
) -> BTreeMap<String, String> {
    let line = |row: Arc<whither_core::Balance>| {
        assert_eq!(row.residual(), 0, "{row:?}");
        let mut by: BTreeMap<&str, u64> = BTreeMap::new();
        for s in &row.stretches {
            *by.entry(s.outcome.word()).or_default() += s.records;
        }
        (
            format!("{} {}", row.group, row.partition),
            format!("{}..{} {} {by:?}", row.from, row.to, row.records),
        )
    };
    balance.into_iter().map(line).collect()
}

/// The rows that are published.
pub(crate) fn published(live: &Live) -> BTreeMap<String, String> {
    rows(live.read().rows.values().map(|row| row.balance.clone()))
}

/// A finding in one line.
pub(crate) fn told(v: &Verdict) -> String {
    let group = v.group.as_deref().unwrap_or("-");
    format!("{} {group} {} {}..{} {}", v.outcome.word(), v.partition, v.from, v.to, v.records)
}

/// The findings that are published.
pub(crate) fn findings(live: &Live) -> Vec<String> {
    let mut findings: Vec<String> = live.read().findings.values().map(|v| told(v)).collect();
    findings.sort();
    findings
}
