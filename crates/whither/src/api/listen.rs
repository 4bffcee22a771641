//! Connections: as many as can be served well. Those that let others wait give way.

mod slots;
mod stalling;
pub mod tls;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt, service_fn};

use crate::access::Access;
use crate::cli::complain;
use slots::{Slot, Slots};
use stalling::Stalling;
use tls::Tls;

/// Connections at a time: far below the usual limit of open files.
const CONNECTIONS: usize = 512;
/// A request's head comes within this time.
const HEAD: Duration = Duration::from_secs(15);
/// What is answered is taken within this time, bit by bit.
const TAKEN: Duration = Duration::from_secs(30);
/// A head holds no more than this.
const HEAD_BYTES: u32 = 32 << 10;
/// Requests of one HTTP/2 connection at a time.
const STREAMS: u32 = 128;
/// Who does not answer a ping of HTTP/2 within this time is gone.
const PING: Duration = Duration::from_secs(20);
/// Certificates that were renewed are taken up within this time.
const RENEWED: Duration = Duration::from_secs(2);
/// Errors of accepting are those of all connections, as too many open files.
const BREATH: Duration = Duration::from_millis(100);

/// Who is at the other end of the connection, as a request carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where connections come in, and what is spoken on them.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// Whoever answers the page keeps its certificates fresh.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) protocol: Protocol,
}

/// What is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 from the first byte on.
    Http2,
}

/// Why nothing can be answered.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody else does.
    #[error(
        "{at} is taken: stop what listens there, or choose another address with --listen (port 0 takes a free one)"
    )]
    Taken {
        /// Where.
        at: SocketAddr,
    },
    /// Others could ask, and nobody would ask them who they are.
    #[error(
        "{at} can be reached from other machines: set [auth] tokens_file (`whither token NAME ROLE` makes its lines) or [auth] proxy_header, or listen on 127.0.0.1"
    )]
    Public {
        /// Where.
        at: SocketAddr,
    },
    /// The address is none of this machine, or may not be used.
    #[error("can't listen on {at}: choose an address of this machine with --listen")]
    Address {
        /// Where.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Whether an address may be taken: one that other machines reach only if whoever asks must say who they are.
///
/// # Errors
/// It may not.
pub fn may_bind(at: SocketAddr, access: &Access) -> Result<(), ListenError> {
    if access.is_open() && !at.ip().is_loopback() { Err(ListenError::Public { at }) } else { Ok(()) }
}

/// Takes an address. One that other machines reach is taken only if whoever asks must say who they are.
///
/// # Errors
/// It can't be had.
pub async fn bind(at: SocketAddr, access: &Access) -> Result<TcpListener, ListenError> {
    may_bind(at, access)?;
    TcpListener::bind(at).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { at },
        _ => ListenError::Address { at, source },
    })
}

/// Answers until `stop` turns true, or is dropped.
pub async fn serve(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    accept(Door { listener, tls: None, protocol: Protocol::Http1 }, router, stop).await;
}

/// The same by TLS. Certificates that are put in the place of the old ones are taken up.
pub async fn serve_tls(listener: TcpListener, tls: Arc<Tls>, router: Router, stop: watch::Receiver<bool>) {
    let door = Door { listener, tls: Some(tls.clone()), protocol: Protocol::Http1 };
    tokio::select! {
        () = accept(door, router, stop) => {}
        () = renew(tls) => {}
    }
}

async fn renew(tls: Arc<Tls>) {
    let mut failing = false;
    loop {
        tokio::time::sleep(RENEWED).await;
        let looked = tls.clone();
        let renewed = tokio::task::spawn_blocking(move || looked.renew()).await;
        match renewed.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())) {
            Ok(true) => tls.out_of_date().iter().for_each(|why| complain(why)),
            // Files are seldom changed at once: what is half done now is told if it stays so.
            Err(why) if failing => complain(&format!("{why}; the certificate that was read before is used")),
            Err(_) => {
                failing = true;
                continue;
            }
            Ok(false) => {}
        }
        failing = false;
    }
}

/// Answers whoever comes in by a door, until `stop` turns true, or is dropped.
pub(crate) async fn accept(door: Door, router: Router, mut stop: watch::Receiver<bool>) {
    let Door { listener, tls, protocol } = door;
    let slots = Slots::of(CONNECTIONS);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever could stop it is gone: it stops.
            _ = stop.wait_for(|stop| *stop) => return slots.close(),
        };
        match accepted {
            Ok((socket, peer)) => {
                let tls = tls.as_ref().map(|tls| tls.acceptor(protocol));
                let to = To { router: router.clone(), peer: Peer(peer.ip()), protocol };
                slots.begin(|slot| connection(socket, tls, to, slot));
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

/// Whom a connection leads to, and from where.
struct To {
    router: Router,
    peer: Peer,
    protocol: Protocol,
}

async fn connection(socket: TcpStream, tls: Option<TlsAcceptor>, to: To, slot: Slot) {
    // Without it answers wait for more; with it they are only sent sooner.
    let _ = socket.set_nodelay(true);
    let socket = Stalling::new(socket, TAKEN);
    let Some(tls) = tls else { return answer(socket, to, slot).await };
    // A client that breaks off is none of our concern, nor is one that never finishes its handshake.
    if let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(socket)).await {
        answer(stream, to, slot).await;
    }
}

async fn answer<S>(stream: S, to: To, slot: Slot)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let To { router, peer, protocol } = to;
    let slot = Arc::new(slot);
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        let turn = slot.turn();
        request.extensions_mut().insert(peer);
        let answer = router.clone().oneshot(request.map(|body| Body::new(turn.clone().at_the_end_of(body))));
        async move { Ok::<_, Infallible>(answer.await?.map(|body| turn.until_the_end_of(body))) }
    });
    let (stream, answer) = (TokioIo::new(stream), TowerToHyperService::new(answer));
    // As above.
    let _ = match protocol {
        Protocol::Http1 => {
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(HEAD_BYTES as usize)
                .serve_connection(stream, answer)
                .await
        }
        Protocol::Http2 => {
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(HEAD_BYTES)
                .max_concurrent_streams(STREAMS)
                .keep_alive_interval(PING)
                .keep_alive_timeout(PING)
                .serve_connection(stream, answer)
                .await
        }
    };
}
