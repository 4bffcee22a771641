//! Round after round, for ever. What brokers do never ends it, nor does a full disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use whither_core::fact::Run as Stretch;
use whither_core::{Key, Partition, Time};
use whither_kafka::{Cluster, Error};
use whither_store::{OpenError, Opened, Options, Store, StoreError};

use super::blocking::block;
use super::changes::News;
use super::history;
use super::journal::Shared;
use super::problems::{Place, Problems};
use super::recover::{self, Recovered, replay};
use super::scene::Scene;
use super::upkeep::Upkeep;
use super::{Serve, ServeError};
use crate::clock;
use crate::live::{About, Round, StoreState};
use crate::run::Run;
use crate::sources::kafka::{Look, Progress};

/// Rounds come this far apart, or sooner while there is more to read.
const ROUND: Duration = Duration::from_secs(1);
/// Even then others get a turn.
const BREATH: Duration = Duration::from_millis(20);
/// A round takes less, unless a broker does not answer.
const SLOW: Duration = Duration::from_secs(10);
/// Tries of what does not work come this far apart at first, and at last.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Opens the store of a data directory.
type Open = Box<dyn Fn(&Path, Options) -> Result<Opened, OpenError> + Send + Sync>;

/// Follows a cluster and publishes what is true. Needs a runtime of several threads: it writes to disk on its own.
pub struct Follower {
    serve: Serve,
    open: Open,
    scene: Scene,
    problems: Problems,
    upkeep: Upkeep,
    stop: watch::Receiver<bool>,
}

/// Why a stretch of rounds is over.
enum Ended {
    /// It was asked to stop.
    Stopped,
    /// The store must be opened again: what was not marked is read once more.
    Store(String),
}

impl Follower {
    /// One that has not begun. It stops when `stop` turns true, or is dropped.
    #[must_use]
    pub fn new(serve: Serve, stop: watch::Receiver<bool>) -> Follower {
        Follower::on(serve, Box::new(Store::open), stop)
    }

    /// One whose store is opened by `open`.
    pub(super) fn on(serve: Serve, open: Open, stop: watch::Receiver<bool>) -> Follower {
        let (scene, problems, upkeep) = Default::default();
        Follower { serve, open, scene, problems, upkeep, stop }
    }

    /// Follows until it is stopped: then everything is on disk.
    ///
    /// # Errors
    /// What is stored can't be taken up, or is about another cluster.
    pub async fn follow(&mut self) -> Result<(), ServeError> {
        let mut recovered = self.recover()?;
        let mut pause = PAUSE;
        loop {
            self.show(&recovered);
            match self.rounds(recovered).await? {
                Ended::Stopped => return Ok(()),
                Ended::Store(why) => self.trouble(Place::Store, why),
            }
            recovered = loop {
                if self.rest(pause).await {
                    return Ok(());
                }
                match self.recover() {
                    Ok(recovered) => break recovered,
                    Err(error) => self.trouble(Place::Store, error.to_string()),
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            };
        }
    }

    fn recover(&self) -> Result<Recovered, ServeError> {
        let serve = &self.serve;
        let recovered = block(|| replay((self.open)(&serve.data_dir, serve.store)?, serve.wants.policy))
            .map_err(|source| ServeError::Recover { dir: serve.data_dir.clone(), source })?;
        if let Some(at) = recovered.at {
            clock::go_on_from(at);
        }
        Ok(recovered)
    }

    /// What was known when the server stopped is true until more is.
    fn show(&mut self, recovered: &Recovered) {
        let said = recovered.run.said();
        let journal = &mut *recovered.journal.lock();
        // All of it is published here.
        drop(journal.changes.publish());
        // A mark that failed may have been kept all the same: then what was published before it is not true any more.
        let known: Vec<u64> = self.serve.live.read().findings.keys().copied().collect();
        let withdrawn = known.into_iter().filter(|id| !said.findings.contains_key(id)).collect();
        let history = journal.store.reader();
        self.serve.live.remember_losses(history::losses(&history, said, recovered.at));
        self.serve.live.keep_history(history);
        self.serve.live.publish(Round {
            at: recovered.at.unwrap_or_else(clock::now),
            about: About {
                cluster: recover::cluster(&recovered.run),
                complete_since: said.tails.values().filter_map(|t| t.since).max(),
                records_read: journal.records_read,
                ..About::default()
            },
            rows: said.balance.values().cloned().collect(),
            findings: said.findings.values().map(|v| Arc::new(v.clone())).collect(),
            withdrawn,
            problems: self.problems.all(),
            store: store_state(journal),
            indexed: recovered.run.indexed().clone().into_iter().collect(),
            ..Round::default()
        });
    }

    /// Rounds until something ends them.
    async fn rounds(&mut self, Recovered { run, journal, .. }: Recovered) -> Result<Ended, ServeError> {
        let Some(cluster) = self.connect().await else { return Ok(self.end(&run, &journal)) };
        self.is_the_same(&run, &cluster)?;
        self.serve.live.keep_cluster(cluster.clone());
        let turns = Box::new(Turns(journal.clone()));
        let mut look = Look::new(cluster, self.serve.wants.clone(), run, turns);
        self.scene = Scene::default();
        let mut stop = self.stop.clone();
        let ended = tokio::select! {
        biased;
                    why = self.go_on(&mut look, &journal) => Ended::Store(why),
                    () = stopped(&mut stop) => Ended::Stopped,
                };
        Ok(match ended {
            Ended::Stopped => self.end(look.judge(), &journal),
            Ended::Store(_) => ended,
        })
    }

    /// Returns why the store must be opened again.
    async fn go_on(&mut self, look: &mut Look, journal: &Shared) -> String {
        look.begin().await;
        journal.lock().unpublished.begin(clock::now());
        let mut pause = PAUSE;
        loop {
            self.wait_for_room(journal).await;
            let began = Instant::now();
            match self.round(look).await {
                Ok(more) => {
                    self.problems.over(Place::Brokers);
                    if let Some(error) = look.judge_mut().record_failure() {
                        return error.to_string();
                    }
                    if let Err(error) = self.end_round(look, journal).await {
                        return error.to_string();
                    }
                    pause = PAUSE;
                    let rest = if more { BREATH } else { ROUND.saturating_sub(began.elapsed()).max(BREATH) };
                    tokio::time::sleep(rest).await;
                }
                Err(error) => self.unreachable(&error, &mut pause).await,
            }
        }
    }

    /// A round. That it is stuck is told while it is.
    async fn round(&mut self, look: &mut Look) -> Result<bool, Error> {
        let began = Instant::now();
        let mut round = std::pin::pin!(look.round());
        loop {
            tokio::select! {
            biased;
                            done = &mut round => return done,
                            () = tokio::time::sleep(SLOW) => {
                                let seconds = began.elapsed().as_secs();
                                let text = format!("a broker has not answered for {seconds} s: see whether all of them run");
                                self.trouble(Place::Brokers, text);
                            }
                        }
        }
    }

    /// Nothing is told before it is on disk.
    async fn end_round(&mut self, look: &mut Look, journal: &Shared) -> Result<(), StoreError> {
        let now = clock::now();
        journal.lock().put_rows(look.judge(), now);
        while let Err(error) = block(|| journal.lock().mark(now)) {
            if !error.is_full() {
                return Err(error);
            }
            self.wait_for_room(journal).await;
        }
        self.publish(look, journal, now);
        let kept = block(|| {
            let journal = &mut *journal.lock();
            journal.checkpoint_if_due(look.judge(), now)?;
            self.upkeep.turn(&mut journal.store, now)
        });
        // Without room the log goes on until there is none for it either.
        kept.or_else(|error| if error.is_full() { Ok(()) } else { Err(error) })
    }

    /// Reading goes on when what is read can be kept.
    async fn wait_for_room(&mut self, journal: &Shared) {
        while !block(|| journal.lock().store.accepting()) {
            let dir = self.serve.data_dir.display();
            self.trouble(Place::Store, format!("no room in {dir}: free some; reading goes on then"));
            tokio::time::sleep(ROUND).await;
        }
        self.problems.over(Place::Store);
    }

    async fn connect(&mut self) -> Option<Arc<Cluster>> {
        let mut pause = PAUSE;
        loop {
            let mut stop = self.stop.clone();
            let connected = tokio::select! {
            biased;
                            connected = Cluster::connect(self.serve.client.clone()) => connected,
                            () = stopped(&mut stop) => return None,
                        };
            match connected {
                Ok(cluster) => return Some(Arc::new(cluster)),
                Err(error) => {
                    tokio::select! {
                    biased;
                                            () = self.unreachable(&error, &mut pause) => {}
                                            () = stopped(&mut stop) => return None,
                                        }
                }
            }
        }
    }

    fn is_the_same(&self, run: &Run, cluster: &Cluster) -> Result<(), ServeError> {
        let (stored, found) = (recover::cluster(run), cluster.metadata().cluster_id.clone());
        if stored.is_empty() || stored == found {
            return Ok(());
        }
        Err(ServeError::OtherCluster { dir: self.serve.data_dir.clone(), stored, found })
    }

    /// Tells that no broker answers, and waits a while before the next try.
    async fn unreachable(&mut self, error: &Error, pause: &mut Duration) {
        self.trouble(Place::Brokers, error.to_string());
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }

    fn trouble(&mut self, place: Place, text: String) {
        let now = clock::now();
        self.problems.has(place, text, now);
        self.serve.live.trouble(now, self.problems.all(), place != Place::Store);
    }

    /// True if it was stopped meanwhile.
    async fn rest(&self, length: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
        biased;
                    () = tokio::time::sleep(length) => false,
                    () = stopped(&mut stop) => true,
                }
    }

    /// All that was read is kept, so that the next start has little to do.
    fn end(&mut self, run: &Run, journal: &Shared) -> Ended {
        let now = clock::now();
        let kept = block(|| {
            let journal = &mut *journal.lock();
            journal.put_rows(run, now);
            journal.mark(now)?;
            journal.checkpoint(run, now)
        });
        // What could not be kept is read again.
        if let Err(error) = kept {
            self.trouble(Place::Store, error.to_string());
        }
        Ended::Stopped
    }

    fn publish(&mut self, look: &mut Look, journal: &Shared, now: Time) {
        let journal = &mut *journal.lock();
        let News { said: changed, newest, indexed } = journal.changes.publish();
        let all = look.judge().waiting() == 0;
        journal.unpublished.published(&changed, now, all, &mut journal.counted.delays);
        let said = look.judge().said();
        let metadata = look.view().metadata;
        let mut round = Round {
            at: now,
            about: About {
                cluster: metadata.cluster_id.clone(),
                caught_up: true,
                read_back: look.has_read_back(),
                complete_since: said.tails.values().filter_map(|t| t.since).max(),
                brokers: metadata.brokers.len(),
                records_read: journal.records_read,
            },
            rows: changed.rows.iter().filter_map(|of| said.balance.get(of)).cloned().collect(),
            findings: changed
                .findings
                .iter()
                .filter_map(|id| said.findings.get(id))
                .cloned()
                .map(Arc::new)
                .collect(),
            withdrawn: changed.withdrawn.into_iter().collect(),
            not_seen: look.not_seen_lately(),
            problems: self.problems.all(),
            store: store_state(journal),
            indexed: indexed
                .into_iter()
                .filter_map(|p| Some((p.clone(), look.judge().indexed().get(&p)?.clone())))
                .collect(),
            counted: std::mem::take(&mut journal.counted),
            ..Round::default()
        };
        self.scene.changes(&look.view(), &newest, |topic| look.reading_of(topic), &mut round);
        round.runs = runs(look.judge(), &round);
        // What is news was told here.
        look.judge_mut().said_mut().news.clear();
        self.serve.live.publish(round);
    }
}

/// What the logs hold that a round tells news of.
fn runs(run: &Run, round: &Round) -> Vec<(Partition, Arc<[Stretch]>)> {
    let cluster = round.about.cluster.as_str().into();
    let moved = round.edges.iter().map(|(partition, _)| partition);
    let judged = round.rows.iter().map(|row| &row.partition);
    let changed: BTreeSet<&Partition> = moved.chain(judged).collect();
    let of = |p: &Partition| (p.clone(), run.runs(&Key::ledger(&cluster, p)).into());
    changed.into_iter().map(of).collect()
}

fn store_state(journal: &super::journal::Journal) -> StoreState {
    let sizes = journal.store.sizes();
    StoreState {
        bytes: sizes.log_bytes + sizes.checkpoint_bytes + sizes.segment_bytes,
        oldest: journal.store.oldest_ms().map(Time),
        accepting: true,
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("serve", &self.serve).finish_non_exhaustive()
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could stop it is gone: it stops.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A long read is made durable in parts.
struct Turns(Shared);

impl Progress for Turns {
    fn doing(&mut self, _: &str) {}

    fn caught_up(&mut self, _: Duration) {}

    fn between(&mut self, run: &Run) {
        let journal = &mut *self.0.lock();
        if !journal.is_long() {
            return;
        }
        let now = clock::now();
        block(|| {
            journal.put_rows(run, now);
            // What fails here fails at the end of the round too, and is told there.
            if journal.mark(now).is_ok() {
                let _ = journal.checkpoint_if_due(run, now);
            }
        });
    }
}
