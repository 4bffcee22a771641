//! The demo as a whole: broker, pipeline, mishaps, and whither looking at them.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::broker::{Broker, Options, Refusal, StartError};
use super::mishaps::{Culprit, MISHAPS};
use super::pipeline::{self, Pace, Switches};
use super::watched::{self, Watched};
use crate::api::listen::ListenError;
use crate::live::Live;
use crate::report::Report;
use crate::serve::ServeError;

/// Mishaps come this far apart, in milliseconds.
const APART_MS: u64 = 4_000;
/// Looks come this far apart.
const ROUND: Duration = Duration::from_secs(1);
/// The services need a moment until there is something to see.
const FIRST: Duration = Duration::from_millis(400);

/// What the demo is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// Where the page and the API listen; none for the usual port, or the next one that is free.
    pub listen: Option<SocketAddr>,
    /// Where the broker listens; port 0 takes a free one.
    pub broker: SocketAddr,
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
    /// Nothing can be answered.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// There is no place to remember what is seen.
    #[error("the demo can't make a directory to remember in: {0}")]
    Directory(#[from] io::Error),
    /// whither gave up.
    #[error("the demo broker can't be followed: {0}")]
    Follow(#[from] ServeError),
}

/// What is to be shown.
#[derive(Debug)]
pub enum Scene<'a> {
    /// The broker listens here.
    Began(SocketAddr),
    /// whither answers here.
    Answers(SocketAddr),
    /// Something is about to go wrong.
    Mishap(&'static str),
    /// What whither sees now, and the findings that are new.
    Look(&'a Report, &'a [u64]),
}

/// Runs the demo until its time is over, `show` breaks off, or the caller drops it. What is true is published in
/// `live`.
///
/// # Errors
/// The broker or the pipeline can't start, or can't be followed.
pub async fn run(
    demo: Demo,
    live: Arc<Live>,
    mut show: impl FnMut(Scene<'_>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let listener = if demo.headless { None } else { Some(watched::listen(demo.listen).await?) };
    let broker = Broker::start(Options { listen: demo.broker, ..Options::default() }).await?;
    let mut going = show(Scene::Began(broker.address())).is_continue();
    let switches = Arc::new(Switches::default());
    let pace = Pace { speed: demo.speed };
    let services = pipeline::start(&broker, &switches, pace)?;
    let (sender, mut mishaps) = tokio::sync::mpsc::channel(4);
    let culprit = Culprit::new(&broker, switches, pace);
    let trouble = tokio::spawn(make_trouble(culprit, pace, sender));
    let until = demo.duration.and_then(|d| Instant::now().checked_add(d));
    tokio::time::sleep(FIRST).await;
    let mut watched = match listener {
        Some(listener) => Some(Watched::start(&broker, listener, live)?),
        None => None,
    };
    if let Some(watched) = &watched {
        going &= show(Scene::Answers(watched.address())).is_continue();
    }
    while going && until.is_none_or(|until| Instant::now() < until) {
        let seen = watched.as_mut().and_then(Watched::look);
        // What happens is told before what was found of it.
        while let Ok(says) = mishaps.try_recv() {
            going &= show(Scene::Mishap(says)).is_continue();
        }
        if let Some((report, news)) = &seen {
            going &= show(Scene::Look(report, news)).is_continue();
        }
        going &= !watched.as_ref().is_some_and(Watched::is_over);
        tokio::time::sleep(ROUND).await;
    }
    trouble.abort();
    drop(services);
    let ended = match watched {
        Some(watched) => watched.stop().await,
        None => Ok(()),
    };
    broker.stop().await;
    Ok(ended?)
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
