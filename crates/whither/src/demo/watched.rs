//! whither looking at the demo: a server whose memory goes with the demo.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use whither_kafka::ClientConfig;
use whither_store::Options;

use super::broker::Broker;
use crate::access::Access;
use crate::api::listen::ListenError;
use crate::api::{self, Shared};
use crate::index::Choice;
use crate::live::{Live, News};
use crate::report::Report;
use crate::serve::{Follower, Serve, ServeError};
use crate::sources::kafka::Wants;

/// Where people look first, and how many ports from there on.
const PORT: u16 = 8_080;
const PORTS: u16 = 20;

/// A server under way.
#[derive(Debug)]
pub(super) struct Watched {
    live: Arc<Live>,
    news: broadcast::Receiver<Arc<News>>,
    stop: watch::Sender<bool>,
    following: JoinHandle<Result<(), ServeError>>,
    address: SocketAddr,
    /// Removed in the end.
    _dir: TempDir,
}

impl Watched {
    /// Follows the broker; what is true is published in `live`, and answered over HTTP.
    pub(super) fn start(broker: &Broker, listener: TcpListener, live: Arc<Live>) -> io::Result<Watched> {
        let address = listener.local_addr()?;
        let dir = tempfile::Builder::new().prefix("whither-demo-").tempdir()?;
        let serve = Serve {
            client: ClientConfig::new(vec![broker.address().to_string()]),
            wants: Wants { index: Choice::usual(), ..Wants::default() },
            data_dir: dir.path().to_owned(),
            store: Options::default(),
            live: live.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let news = live.listen();
        let shared = Shared {
            live: live.clone(),
            demo: Some(broker.handle().named("page")),
            spans: Arc::default(),
            traces: Arc::default(),
        };
        tokio::spawn(api::listen::serve(listener, api::router(shared, Access::default()), stopped.clone()));
        let following = tokio::spawn(async move { Follower::new(serve, stopped).follow().await });
        Ok(Watched { live, news, stop, following, address, _dir: dir })
    }

    /// Where it answers.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is true now, and the findings that are new since the last look; none before the first round.
    pub(super) fn look(&mut self) -> Option<(Report, Vec<u64>)> {
        let mut fresh = Vec::new();
        loop {
            match self.news.try_recv() {
                Ok(news) => fresh.extend(news.findings.iter().map(|v| v.id)),
                // What was missed is in what is true now.
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        let state = self.live.read();
        state.about.caught_up.then(|| (state.report(), fresh))
    }

    /// Whether it gave up.
    pub(super) fn is_over(&self) -> bool {
        self.following.is_finished()
    }

    /// Stops it.
    ///
    /// # Errors
    /// Why it gave up before.
    pub(super) async fn stop(self) -> Result<(), ServeError> {
        // It may have stopped by itself.
        let _ = self.stop.send(true);
        match self.following.await {
            Ok(ended) => ended,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// The address that was asked for, else the usual port, else the first one behind it that is free.
///
/// # Errors
/// It can't be had.
pub(super) async fn listen(asked: Option<SocketAddr>) -> Result<TcpListener, ListenError> {
    let access = Access::default();
    let usual = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if asked.is_none() {
        for port in PORT..PORT + PORTS {
            match api::listen::bind(usual(port), &access).await {
                Err(ListenError::Taken { .. }) => {}
                done => return done,
            }
        }
    }
    api::listen::bind(asked.unwrap_or_else(|| usual(0)), &access).await
}
