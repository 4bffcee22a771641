//! The demo as a whole: broker, pipeline, mishaps, and whither looking at them.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use whither_kafka::{ClientConfig, Cluster};

use super::broker::{Broker, Options, Refusal, StartError};
use super::mishaps::{Culprit, MISHAPS};
use super::pipeline::{self, Pace, Switches};
use crate::report::Report;
use crate::run::Run;
use crate::sources::kafka::{Look, Progress, Wants};

/// Mishaps come this far apart, in milliseconds.
const APART_MS: u64 = 4_000;
/// Looks come this far apart.
const ROUND: Duration = Duration::from_secs(1);
/// The services need a moment until there is something to see.
const FIRST: Duration = Duration::from_millis(400);

/// What the demo is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// Where the broker listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Runs the broker and the pipeline without looking at them.
    pub headless: bool,
    /// How much faster than life.
    pub speed: u32,
    /// Stops after this long; none to run until stopped.
    pub duration: Option<Duration>,
}

/// Why there is no demo.
#[derive(Debug, Error)]
pub enum Failure {
    /// The broker can't start.
    #[error(transparent)]
    Broker(#[from] StartError),
    /// The pipeline can't start.
    #[error("the demo's pipeline can't start: {0}")]
    Pipeline(#[from] Refusal),
    /// whither can't read the broker.
    #[error("the demo broker can't be read: {0}")]
    Read(#[from] whither_kafka::Error),
}

/// What is to be shown.
#[derive(Debug)]
pub enum Scene<'a> {
    /// The broker listens here.
    Began(SocketAddr),
    /// Something is about to go wrong.
    Mishap(&'static str),
    /// What whither sees now, and the findings that are new.
    Look(&'a Report, &'a [u64]),
}

/// Runs the demo until its time is over, `show` breaks off, or the caller drops it.
///
/// # Errors
/// The broker or the pipeline can't start, or can't be read.
pub async fn run(demo: Demo, mut show: impl FnMut(Scene<'_>) -> ControlFlow<()>) -> Result<(), Failure> {
    let broker = Broker::start(Options { listen: demo.listen, ..Options::default() }).await?;
    let mut going = show(Scene::Began(broker.address())).is_continue();
    let switches = Arc::new(Switches::default());
    let pace = Pace { speed: demo.speed };
    let services = pipeline::start(&broker, &switches, pace)?;
    let (sender, mut mishaps) = tokio::sync::mpsc::channel(4);
    let culprit = Culprit::new(&broker, switches, pace);
    let trouble = tokio::spawn(make_trouble(culprit, pace, sender));
    let until = demo.duration.and_then(|d| Instant::now().checked_add(d));
    let mut look = if demo.headless { None } else { Some(first_look(&broker).await?) };
    while going && until.is_none_or(|until| Instant::now() < until) {
        if let Some(look) = &mut look {
            look.again().await;
        }
        // What happens is told before what was found of it.
        while let Ok(says) = mishaps.try_recv() {
            going &= show(Scene::Mishap(says)).is_continue();
        }
        if let Some(look) = &mut look {
            let news = std::mem::take(&mut look.judge_mut().said_mut().news);
            going &= show(Scene::Look(&look.report(), &news)).is_continue();
        }
        tokio::time::sleep(ROUND).await;
    }
    trouble.abort();
    drop(services);
    broker.stop().await;
    Ok(())
}

async fn first_look(broker: &Broker) -> Result<Look, Failure> {
    tokio::time::sleep(FIRST).await;
    let cluster = Cluster::connect(ClientConfig::new(vec![broker.address().to_string()])).await?;
    let wants = Wants::default();
    let run = Run::new(wants.policy);
    let mut look = Look::new(Arc::new(cluster), wants, run, Box::new(Silent));
    look.once().await;
    Ok(look)
}

/// The demo shows findings, not what is being read.
struct Silent;

impl Progress for Silent {
    fn doing(&mut self, _what: &str) {}

    fn caught_up(&mut self, _follow: Duration) {}
}

async fn make_trouble(mut culprit: Culprit, pace: Pace, sender: tokio::sync::mpsc::Sender<&'static str>) {
    for mishap in MISHAPS.into_iter().cycle() {
        tokio::time::sleep(pace.of(APART_MS)).await;
        if sender.send(mishap.says()).await.is_err() {
            return;
        }
        // One that the broker refuses does not keep the others from happening.
        drop(culprit.cause(mishap).await);
    }
}
