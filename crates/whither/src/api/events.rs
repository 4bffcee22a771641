//! What changes, as it changes: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Of;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Shared;
use super::findings::Told;
use super::list::text;
use super::problem::Problem;
use super::query::Query;
use super::status::{LostItem, Totals, residual};
use crate::json::Times;
use crate::live::{Live, News, State};

/// Browsers that lose the stream come back after this long.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies cut streams off that are silent.
const ALIVE: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Round {
    revision: u64,
    at: Times,
    totals: Totals,
    lost: LostItem,
    residual: i64,
}

#[derive(Serialize)]
struct Withdrawn {
    id: String,
}

/// Begins with what is true now, whatever `Last-Event-ID` says: a page that was away reads its lists anew, and what it
/// missed is in them.
pub(super) async fn stream(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[])?;
    let news = shared.live.listen();
    let first = round(&shared.live.read()).retry(RETRY);
    let events = stream::unfold((shared.live, news, vec![first]), |(live, mut news, mut due)| async move {
        // Last in, first out: they stand in reverse.
        while due.is_empty() {
            due = next(&live, &mut news).await?;
        }
        let event = due.pop()?;
        Some((Ok::<_, Infallible>(event), (live, news, due)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

/// The events of the next round, last first. One that reads too slowly to hear of every round hears of the latest.
async fn next(live: &Live, news: &mut Receiver<Arc<News>>) -> Option<Vec<Event>> {
    let told = match news.recv().await {
        Ok(told) => told,
        Err(RecvError::Lagged(_)) => return Some(vec![round(&live.read())]),
        Err(RecvError::Closed) => return None,
    };
    let (round, now) = {
        let state = live.read();
        (round(&state), Told::of(&state))
    };
    let scene = now.scene();
    let found = told.findings.iter().map(|v| event("finding", &now.item(v, &scene)));
    let withdrawn =
        told.withdrawn.iter().map(|id| event("withdrawn", &Withdrawn { id: format!("{id:016x}") }));
    let mut events: Vec<Event> = found.chain(withdrawn).collect();
    events.push(round);
    events.reverse();
    Some(events)
}

fn round(state: &State) -> Event {
    let told = Round {
        revision: state.revision,
        at: state.at.into(),
        totals: Totals::of(state),
        lost: LostItem::of(state),
        residual: residual(state),
    };
    event("round", &told).id(state.revision.to_string())
}

fn event(kind: &str, data: &impl Serialize) -> Event {
    Event::default().event(kind).data(text(data))
}
