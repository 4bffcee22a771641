//! Takes connections and lets them go when the broker stops.
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::session;
use super::state::Shared;

/// Accepts until dropped; the sessions end with it.
pub(crate) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let (max_connections, max_request_bytes) =
        shared.with(|state| (state.options.max_connections, state.options.max_request_bytes));
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if sessions.len() < max_connections => {
                    // Without it small answers wait for acknowledgements; a socket that refuses still works.
                    let _ = stream.set_nodelay(true);
                    sessions.spawn(session::serve(Arc::clone(&shared), stream, peer, max_request_bytes));
                }
                Ok((_, peer)) => shared.with(|state| state.say(format_args!("refused {peer}: too many connections"))),
                Err(error) => {
                    shared.with(|state| state.say(format_args!("can't accept a connection: {error}")));
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}
