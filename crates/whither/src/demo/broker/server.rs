//! Starting and stopping.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::faults::Faults;
use super::handle::Handle;
use super::listener;
use super::options::Options;
use super::state::{Shared, State};
use super::ticker;

/// A running demo broker. Dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Broker {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why a broker did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("the demo broker can't listen on {address}: {source}; --broker 127.0.0.1:0 takes a free port")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The demo broker has no authentication: it only listens to this machine.
    #[error("the demo broker has no authentication and listens on loopback only, not on {address}: write --broker 127.0.0.1:{}", address.port())]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
}

impl Broker {
    /// Listens and serves at once, on the current tokio runtime.
    ///
    /// # Errors
    /// When it can't listen on `options.listen`, or that is not a loopback address.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback { address });
        }
        let to_error = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(to_error)?;
        let address = listener.local_addr().map_err(to_error)?;
        let tick_interval_ms = options.tick_interval_ms;
        let shared = Arc::new(Shared::new(State::new(options, address)));
        shared.with(|state| state.say(format_args!("cluster {} listens on {address}", state.cluster_id)));
        let for_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = listener::run(Arc::clone(&for_task), listener) => {}
                () = ticker::run(&for_task, tick_interval_ms) => {}
            }
        });
        Ok(Self { shared, address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `whither-demo-` and more.
    pub fn cluster_id(&self) -> String {
        self.shared.with(|state| state.cluster_id.clone())
    }

    /// Where a partition begins and ends.
    #[cfg(test)]
    pub(crate) fn edges_of(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        self.shared.with(|state| state.topics.log(topic, partition).map(|log| (log.start(), log.end())))
    }

    /// A connection without a socket: the other end is served until it is dropped or the task is aborted.
    #[cfg(test)]
    pub(crate) fn dial(&self) -> (tokio::io::DuplexStream, tokio::task::AbortHandle) {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let max_request_bytes = self.shared.with(|state| state.options.max_request_bytes);
        let shared = Arc::clone(&self.shared);
        let session = tokio::spawn(super::session::serve(shared, theirs, self.address, max_request_bytes));
        (ours, session.abort_handle())
    }

    /// A client inside this process.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared))
    }

    /// What can be done to it that clients can't.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared))
    }

    /// Looks at once at everything that time changes; of use with [`super::Clock::still`].
    pub fn tick(&self) {
        self.shared.with(State::tick);
    }

    /// Closes the port and every connection; returns when they are closed.
    pub async fn stop(mut self) {
        self.task.abort();
        let _cancelled = (&mut self.task).await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}
