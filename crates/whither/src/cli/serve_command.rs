//! `whither serve`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use whither_store::{Options, Retention};

use super::args::{Filter, Global, Serve};
use super::{Exit, ask, complain};
use crate::access::Access;
use crate::api::listen::tls::Tls;
use crate::api::{self, listen};
use crate::clock;
use crate::live::Live;
use crate::moment::Length;
use crate::otlp::{self, Doors, Intake, Limits};
use crate::serve::{self, Follower, ServeError};
use crate::settings::{Serving, Settings};
use crate::sources::kafka::Wants;
use crate::traces::{SpanLog, SpanOptions, Traces};

/// Follows until it is told to stop.
pub(super) fn serve(asked: &Serve, global: &Global) -> Exit {
    let mut flags = Vec::new();
    if let Some(listen) = asked.listen {
        flags.push(("server.listen", "--listen", vec![listen.to_string()]));
    }
    if let Some(dir) = &asked.data_dir {
        flags.push(("server.data_dir", "--data-dir", vec![dir.display().to_string()]));
    }
    let (settings, serving) = match super::dispatch::serving(global, &asked.connection, flags) {
        Ok(both) => both,
        Err(exit) => return exit,
    };
    let client = match ask::client(&settings) {
        Ok(client) => client,
        Err(exit) => return exit,
    };
    let serve = serve::Serve {
        client,
        wants: Wants { index: settings.index.clone(), ..ask::wants(&settings, &Filter::default(), None) },
        data_dir: settings.server.data_dir.clone(),
        store: store_options(&settings),
        live: Arc::new(Live::new(clock::now(), false)),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("can't start: {error}"));
            return Exit::Internal;
        }
    };
    match runtime.block_on(follow(serve, serving)) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            complain(&ask::chain(&error));
            Exit::Usage
        }
    }
}

fn store_options(settings: &Settings) -> Options {
    let usual = Retention::default();
    let keep_ms = Length(settings.server.keep).span().0;
    let keep_bytes = settings.server.keep_bytes;
    let retention = Retention {
        keep_ms,
        keep_summary_ms: usual.keep_summary_ms.max(keep_ms),
        keep_index_ms: Length(settings.server.keep_index).span().0,
        keep_bytes,
        keep_index_bytes: settings.server.keep_index_bytes,
        ..usual
    };
    Options { retention, ..Options::default() }
}

/// Why the server does not go on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Listen(#[from] listen::ListenError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Ends when a signal says so, with everything on disk.
async fn follow(serve: serve::Serve, serving: Serving) -> Result<(), Failure> {
    let Serving { listen: at, access, tls, spans, limits } = serving;
    let listener = listen::bind(at, &access).await?;
    let address = listener.local_addr().unwrap_or(at);
    let scheme = if tls.is_some() { "https" } else { "http" };
    complain(&format!(
        "answering on {scheme}://{address}; what was seen is kept in {}",
        serve.data_dir.display()
    ));
    let (stop, stopped) = watch::channel(false);
    let tls = tls.map(Arc::new);
    let taking = Taking {
        live: serve.live.clone(),
        dir: serve.data_dir.join("spans"),
        doors: spans,
        limits,
        access: access.clone(),
        tls: tls.clone(),
        intake: Arc::default(),
        traces: Arc::default(),
    };
    let shared = api::Shared {
        live: serve.live.clone(),
        demo: None,
        spans: taking.intake.clone(),
        traces: taking.traces.clone(),
    };
    let router = api::router(shared, access);
    match tls {
        None => drop(tokio::spawn(listen::serve(listener, router, stopped.clone()))),
        Some(tls) => {
            tls.out_of_date().iter().for_each(|why| complain(why));
            drop(tokio::spawn(listen::serve_tls(listener, tls, router, stopped.clone())));
        }
    }
    let taking = tokio::spawn(take_spans(taking, stopped.clone()));
    let asked = stop.clone();
    tokio::spawn(async move {
        asked_to_stop().await;
        // It may have stopped by itself.
        let _ = asked.send(true);
    });
    let followed = Follower::new(serve, stopped).follow().await;
    // As above.
    let _ = stop.send(true);
    taking.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    Ok(followed?)
}

/// What is needed to take spans.
struct Taking {
    live: Arc<Live>,
    dir: PathBuf,
    doors: Doors,
    limits: Limits,
    access: Access,
    tls: Option<Arc<Tls>>,
    /// What takes them, once there is something.
    intake: Arc<OnceLock<Intake>>,
    /// What tells of them, once there is something.
    traces: Arc<OnceLock<Traces>>,
}

/// Takes spans, once the data directory is known to be ours, until it is told to stop. What keeps it from that keeps
/// nothing else from running.
async fn take_spans(taking: Taking, mut stop: watch::Receiver<bool>) {
    let Taking { live, dir, doors, limits, access, tls, intake, traces } = taking;
    if doors.http.is_none() && doors.grpc.is_none() {
        return;
    }
    tokio::select! {
        () = live.opened() => {}
        // Whoever could stop it is gone: it stops.
        _ = stop.wait_for(|stop| *stop) => return,
    }
    let opened = spawn_blocking(move || SpanLog::open(&dir, SpanOptions::default())).await;
    match opened.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())) {
        Ok(log) => {
            // Nobody else opens it.
            let _ = traces.set(log.reader());
            let intake = intake.get_or_init(|| Intake::new(Arc::new(log), limits)).clone();
            otlp::serve(doors, access, tls, intake, stop).await;
        }
        Err(error) => complain(&format!("no spans are taken, all else goes on: {}", ask::chain(&error))),
    }
}

/// Ctrl-C, or what service managers send.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to be told, it runs until it is killed: the next start goes on from the last mark.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
