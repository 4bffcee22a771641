//! A server on a simulated disk, and what must hold of everything that it publishes.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use whither_core::verdict::{Certainty, ShownAs};
use whither_core::{Balance, Name, Partition, Time, Verdict};
use whither_kafka::ClientConfig;
use whither_store::disk::SimulatedDisk;
use whither_store::{Options, Store};

use super::super::{Follower, Serve, ServeError};
use super::network::Network;
use crate::clock;
use crate::demo::broker::Broker;
use crate::live::{LagState, Live, State};
use crate::sources::kafka::Wants;

/// Publications that a restart must not fall behind.
const REMEMBERED: usize = 20;

pub(super) struct Server {
    name: &'static str,
    pub(super) disk: Disk,
    pub(super) network: Arc<Network>,
    client: ClientConfig,
    life: Option<Life>,
    seen: Arc<Mutex<Seen>>,
    /// Why it gave up last.
    gave_up: Option<ServeError>,
}

/// From a start to a stop or a crash.
struct Life {
    live: Arc<Live>,
    stop: watch::Sender<bool>,
    following: JoinHandle<Result<(), ServeError>>,
    watching: JoinHandle<()>,
}

/// A disk that knows whether a fault is set.
pub(super) struct Disk(SimulatedDisk);

impl std::ops::Deref for Disk {
    type Target = SimulatedDisk;

    fn deref(&self) -> &SimulatedDisk {
        &self.0
    }
}

impl Disk {
    /// No fault is still to come.
    pub(super) fn calm(&self) {
        self.0.crash_after(u64::MAX);
        self.0.fail_sync_after(u64::MAX);
    }

    /// It has room again. A crash or a failing sync that is still to come stays.
    pub(super) fn restore(&self) {
        self.0.set_capacity(u64::MAX);
    }
}

pub(super) type Rows = BTreeMap<(Name, Partition), Arc<Balance>>;
pub(super) type Findings = BTreeMap<u64, Arc<Verdict>>;

/// What was published.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) crashes: u64,
    pub(super) publications: u64,
    pub(super) trace: u64,
    /// Proofs that were taken back.
    pub(super) revised: Vec<String>,
    last: Option<Published>,
    /// Losses that were proved.
    proved: Findings,
    /// When the rounds before the last one were published.
    before: VecDeque<Time>,
}

#[derive(Clone)]
struct Published {
    at: Time,
    records_read: u64,
    rows: Rows,
    findings: Findings,
}

impl Published {
    fn of(state: &State) -> Published {
        Published {
            at: state.at,
            records_read: state.about.records_read,
            rows: state.rows.iter().map(|(of, row)| (of.clone(), row.balance.clone())).collect(),
            findings: state.findings.clone(),
        }
    }
}

impl Seen {
    /// Something was published: `begins` if it is the first of a life.
    fn take(&mut self, state: &State, begins: bool) {
        self.publications += 1;
        let now = Published::of(state);
        for row in now.rows.values() {
            assert_eq!(row.residual(), 0, "{row:#?}");
        }
        if begins {
            self.recovered(&now);
        }
        self.keep_proofs(&now);
        self.remember(&now);
        // Of trouble only the time is new.
        if state.problems.is_empty() {
            let at = now.at;
            if let Some(last) = self.last.replace(now).filter(|last| last.at != at) {
                self.before.push_back(last.at);
            }
            while self.before.len() > REMEMBERED {
                self.before.pop_front();
            }
        }
    }

    fn keep_proofs(&mut self, now: &Published) {
        let stands = |proved: &Verdict| {
            let told = now.findings.get(&proved.id);
            told.is_some_and(|v| v.certainty == Certainty::Proof && v.outcome == proved.outcome)
        };
        let taken_back: Vec<u64> =
            self.proved.iter().filter(|(_, proved)| !stands(proved)).map(|(id, _)| *id).collect();
        for id in taken_back {
            let (proved, told) = (self.proved.remove(&id), now.findings.get(&id));
            self.revised.push(format!("{proved:#?}\nis told as {told:#?}"));
        }
        let is_proved = |v: &Verdict| v.shown_as == ShownAs::Loss && v.certainty == Certainty::Proof;
        self.proved.extend(now.findings.iter().filter(|(_, v)| is_proved(v)).map(|(id, v)| (*id, v.clone())));
    }

    /// Nothing that was published before a crash is lost by it.
    fn recovered(&self, now: &Published) {
        let Some(last) = &self.last else { return };
        assert!(!self.before.contains(&now.at), "it went back to a round before the last one");
        assert!(now.records_read >= last.records_read, "it has read less than it told");
        if now.at == last.at {
            assert_eq!(now.rows, last.rows);
            assert_eq!(now.findings, last.findings);
        }
    }

    fn remember(&mut self, now: &Published) {
        let mut hasher = DefaultHasher::new();
        (self.trace, now.at, now.records_read).hash(&mut hasher);
        for row in now.rows.values() {
            (&row.group, &row.partition, row.from, row.to, row.records, &row.stretches).hash(&mut hasher);
        }
        for v in now.findings.values() {
            (v.id, v.from, v.to, v.records, v.outcome, v.certainty).hash(&mut hasher);
        }
        self.trace = hasher.finish();
    }
}

impl Server {
    pub(super) fn start(name: &'static str, seed: u64, broker: &Arc<Broker>) -> Server {
        let network = Arc::new(Network::new(broker));
        let client = ClientConfig {
            dial: Some(network.clone()),
            ..ClientConfig::new(vec![broker.address().to_string()])
        };
        let disk = Disk(SimulatedDisk::new(seed));
        let mut server =
            Server { name, disk, network, client, life: None, seen: Arc::default(), gave_up: None };
        server.live();
        server
    }

    /// Begins a life.
    fn live(&mut self) {
        let live = Arc::new(Live::new(Time(0), false));
        let serve = Serve {
            client: self.client.clone(),
            wants: Wants::default(),
            data_dir: PathBuf::from("simulated"),
            store: Options::default(),
            live: live.clone(),
        };
        let disk = Arc::new(self.disk.0.clone());
        let open = Box::new(move |_: &std::path::Path, options| Store::open_on(disk.clone(), options));
        let (stop, stopped) = watch::channel(false);
        let watching = tokio::spawn(watch_over(live.clone(), self.seen.clone()));
        let following = tokio::spawn(async move { Follower::on(serve, open, stopped).follow().await });
        self.life = Some(Life { live, stop, following, watching });
    }

    /// Ends at once, wherever it is; with `power` what was not synced is lost too.
    pub(super) async fn kill(&mut self, power: bool) {
        let Some(life) = self.life.take() else { return };
        life.following.abort();
        match life.following.await {
            Ok(ended) => self.gave_up = ended.err(),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
        life.watching.abort();
        ended_well(life.watching.await);
        drop(life.live);
        let mut seen = self.seen.lock().unwrap();
        seen.crashes += 1;
        if power || self.disk.has_crashed() {
            self.disk.0.restart();
        }
    }

    /// Ends as a signal ends it.
    pub(super) async fn stop(&mut self) {
        let Some(life) = self.life.take() else { return };
        // It may have given up before: on a disk that fails.
        let _ = life.stop.send(true);
        self.gave_up = life.following.await.unwrap().err();
        life.watching.abort();
        ended_well(life.watching.await);
        if self.disk.has_crashed() {
            self.disk.0.restart();
        }
    }

    /// Starts it again if it is down, or its power has failed.
    pub(super) async fn revive(&mut self) {
        if self.life.as_ref().is_some_and(|life| life.watching.is_finished()) {
            ended_well(self.life.take().unwrap().watching.await);
            panic!("{} is not watched any more", self.name);
        }
        if self.disk.has_crashed() || self.life.as_ref().is_some_and(|life| life.following.is_finished()) {
            self.kill(true).await;
        }
        if self.life.is_none() {
            self.live();
        }
    }

    pub(super) async fn end(mut self) -> Seen {
        self.stop().await;
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Whether it has read all and goes on without trouble.
    pub(super) fn is_well(&self) -> bool {
        self.life.as_ref().is_some_and(|life| {
            let state = life.live.read();
            state.about.caught_up && state.about.read_back && state.problems.is_empty()
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// What keeps it from being well, for whoever reads of it.
    pub(super) fn trouble(&self) -> String {
        format!("{:?} {:?}", self.problems(), self.gave_up)
    }

    pub(super) fn rows(&self) -> Rows {
        self.life.as_ref().map(|life| Published::of(&life.live.read()).rows).unwrap_or_default()
    }

    pub(super) fn findings(&self) -> Findings {
        self.life.as_ref().map(|life| life.live.read().findings.clone()).unwrap_or_default()
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let live = self.life.as_ref().map(|life| life.live.read());
        live.map(|state| state.problems.iter().map(|p| p.text.clone()).collect()).unwrap_or_default()
    }

    /// What `/readyz` says.
    pub(super) fn not_ready(&self) -> Option<String> {
        crate::api::not_ready(&self.life.as_ref()?.live.read(), clock::now())
    }

    /// Lets time pass until it is so.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Server) -> bool) {
        let began = tokio::time::Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < super::PATIENCE, "{}: {what}: {:?}", self.name, self.problems());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Where a partition begins and ends, as it is published.
    pub(super) fn edges_of(&self, partition: &Partition) -> Option<(i64, i64)> {
        self.life.as_ref()?.live.read().edges(partition).map(|edges| (edges.log_start, edges.end))
    }

    /// Rows that an operator would be woken for.
    pub(super) fn alarming(&self) -> Vec<String> {
        let Some(life) = &self.life else { return Vec::new() };
        let state = life.live.read();
        let lags = state.rows.values().map(|row| (row, state.lag(row)));
        let alarms = lags.filter(|(_, lag)| {
            lag.loses_data_in_seconds.is_some()
                || matches!(lag.state, LagState::Stalled | LagState::FallingBehind | LagState::Rewound)
        });
        alarms.map(|(row, lag)| format!("{} {}: {lag:?}", row.balance.group, row.balance.partition)).collect()
    }
}

async fn watch_over(live: Arc<Live>, seen: Arc<Mutex<Seen>>) {
    let mut news = live.listen();
    let mut begins = true;
    while news.recv().await.is_ok() {
        seen.lock().unwrap().take(&live.read(), std::mem::take(&mut begins));
    }
    // It is watched until it is told to end.
    std::future::pending::<()>().await;
}

fn ended_well(watched: Result<(), tokio::task::JoinError>) {
    if let Err(error) = watched
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
