//! A server's way to the broker, in memory: it can be cut.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;
use whither_kafka::{Dial, Dialled, Stream};

use crate::demo::broker::Broker;

#[derive(Debug)]
pub(super) struct Network {
    broker: Arc<Broker>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    sessions: Vec<AbortHandle>,
}

impl Network {
    pub(super) fn new(broker: &Arc<Broker>) -> Network {
        Network { broker: broker.clone(), state: Mutex::default() }
    }

    /// All connections end, and none is made.
    pub(super) fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_cut = true;
        state.sessions.drain(..).for_each(|session| session.abort());
    }

    pub(super) fn mend(&self) {
        self.state.lock().unwrap().is_cut = false;
    }
}

impl Dial for Network {
    fn dial<'a>(&'a self, _: &'a str, _: u16) -> Dialled<'a> {
        Box::pin(async {
            let mut state = self.state.lock().unwrap();
            if state.is_cut {
                return Err(io::Error::from(ErrorKind::ConnectionRefused));
            }
            let (stream, session) = self.broker.dial();
            state.sessions.retain(|session| !session.is_finished());
            state.sessions.push(session);
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}
