//! Where spans come in. A port that another program has is told of and tried again: records are followed meanwhile.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Admission, Intake, Transport, grpc, http};
use crate::access::Access;
use crate::api::listen::tls::Tls;
use crate::api::listen::{self, Door, Protocol};
use crate::cli::complain;

/// A port that is taken is tried again after this time.
const AGAIN: Duration = Duration::from_secs(5);

/// Where spans come in, and whose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doors {
    /// OTLP/HTTP; none is off.
    pub http: Option<SocketAddr>,
    /// OTLP/gRPC; none is off.
    pub grpc: Option<SocketAddr>,
    /// Origins of pages that may send.
    pub origins: Vec<String>,
}

/// Takes spans until `stop` turns true, or is dropped; what is under way then is waited for.
pub async fn serve(
    doors: Doors,
    access: Access,
    tls: Option<Arc<Tls>>,
    intake: Intake,
    mut stop: watch::Receiver<bool>,
) {
    // Connections are closed once their last requests were answered.
    let (close, closed) = watch::channel(false);
    let at = [(Transport::Http, doors.http), (Transport::Grpc, doors.grpc)];
    for (transport, at) in at.into_iter().filter_map(|(transport, at)| Some((transport, at?))) {
        let admission = Admission::at(at, &access, &doors.origins);
        let (intake, tls, mut closed) = (intake.clone(), tls.clone(), closed.clone());
        tokio::spawn(async move {
            let listener = tokio::select! {
                listener = bind(transport, at, &intake) => listener,
                _ = closed.wait_for(|closed| *closed) => return,
            };
            accept(transport, listener, tls, intake, admission, closed).await;
        });
    }
    // Whoever could stop it is gone: it stops.
    let _ = stop.wait_for(|stop| *stop).await;
    intake.stop().await;
    // Nobody may be listening.
    let _ = close.send(true);
}

/// Takes what comes in at a listener, until `stop` turns true, or is dropped.
pub async fn accept(
    transport: Transport,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    intake: Intake,
    admission: Admission,
    stop: watch::Receiver<bool>,
) {
    let (protocol, router): (Protocol, Router) = match transport {
        Transport::Http => (Protocol::Http1, http::router(intake, admission)),
        Transport::Grpc => (Protocol::Http2, grpc::router(intake, admission)),
    };
    listen::accept(Door { listener, tls, protocol }, router, stop).await;
}

/// Waits until an address can be had.
async fn bind(transport: Transport, at: SocketAddr, intake: &Intake) -> TcpListener {
    intake.counts().listens(transport, false);
    let mut told = false;
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => {
                let at = listener.local_addr().unwrap_or(at);
                complain(&format!("taking spans by {} at {at}", transport.name()));
                intake.counts().listens(transport, true);
                return listener;
            }
            Err(error) if !told => {
                complain(&untaken(transport, at, &error));
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Why no spans come in, and what to do.
fn untaken(transport: Transport, at: SocketAddr, error: &io::Error) -> String {
    let (name, word) = (transport.name(), transport.word());
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{at} is taken, most often by an OpenTelemetry Collector: stop what listens there")
        }
        _ => format!("can't listen on {at} ({error}): choose an address of this machine"),
    };
    format!(
        "no spans are taken by {name}, all else goes on: {why}, or set otlp.{word}_listen to another address or to \"off\"; \
         it is tried again every {} s",
        AGAIN.as_secs()
    )
}
