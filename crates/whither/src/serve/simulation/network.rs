//! A server's way to the broker, in memory: it can be cut, and stand still.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::task::AbortHandle;
use tokio::time::Sleep;
use whither_kafka::{Dial, Dialled, Stream};

use crate::demo::broker::Broker;

/// How often a stream that stands still looks whether it still does.
const LOOKS: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Network {
    broker: Arc<Broker>,
    stands: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    sessions: Vec<AbortHandle>,
}

impl Network {
    pub(super) fn new(broker: &Arc<Broker>) -> Network {
        Network { broker: broker.clone(), stands: Arc::default(), state: Mutex::default() }
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

    /// Connections stay, and new ones are made, but nothing comes back: as of a process that is stopped.
    pub(super) fn stand_still(&self, still: bool) {
        self.stands.store(still, Ordering::Relaxed);
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
            Ok(Box::new(Line { stream, stands: self.stands.clone(), looks: None }) as Box<dyn Stream>)
        })
    }
}

/// A connection.
struct Line {
    stream: DuplexStream,
    stands: Arc<AtomicBool>,
    looks: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.stands.load(Ordering::Relaxed) {
            let looks = self.looks.get_or_insert_with(|| Box::pin(tokio::time::sleep(LOOKS)));
            if looks.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.looks = None;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
