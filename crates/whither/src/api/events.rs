//! What changes, as it changes: server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State as Of;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use super::Shared;
use super::findings::Told;
use super::list::text;
use super::problem::{Body, Problem};
use super::query::Query;
use super::status::{LostItem, Totals, residual};
use crate::json::Times;
use crate::live::{Live, News, State};

/// Browsers that lose the stream come back after this long.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies cut streams off that are silent.
const ALIVE: Duration = Duration::from_secs(15);
/// Streams at a time: a quarter of the connections.
const STREAMS: usize = 128;

/// What all rows come to after a round.
#[derive(Serialize, ToSchema)]
pub(super) struct Round {
    revision: u64,
    at: Times,
    totals: Totals,
    lost: LostItem,
    residual: i64,
}

/// A finding that does not hold any more.
#[derive(Serialize, ToSchema)]
pub(super) struct Withdrawn {
    id: String,
}

/// What came after the last event that was heard is forgotten: lists are to be read anew.
#[derive(Serialize, ToSchema)]
pub(super) struct Reset {
    revision: u64,
}

/// Places for streams. They are fewer than those for connections: there is always one left for somebody who asks.
#[derive(Clone, Debug)]
pub(super) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Streams {
        Streams(Arc::new(Semaphore::new(STREAMS)))
    }
}

impl Streams {
    fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.0.clone().try_acquire_owned().map_err(|_| {
            let message = format!("{STREAMS} streams are open, and there is no place for more");
            let hint = "close one, or ask again and again in place of listening";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message, hint)
        })
    }
}

/// What changes, as it changes: server-sent events.
///
/// `finding` holds a finding that is new or has changed, `withdrawn` the id of one that does not hold any more, `round`
/// the totals, with which each round ends. It begins with a `round`. Whoever sends `Last-Event-ID` is told before what
/// came after that, or gets a `reset` where that is forgotten, or is of another start of the server.
#[utoipa::path(
    get,
    path = "/events/stream",
    tag = "server",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses(
        (status = 200, description = "Events without end", body = String, content_type = "text/event-stream"),
        (status = 429, description = "There is no place for more streams", body = Body),
        Problem
    )
)]
pub(super) async fn stream(
    Of(shared): Of<Shared>,
    Extension(streams): Extension<Streams>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let place = streams.place()?;
    let live = shared.live;
    let heard = headers.get("last-event-id").map(|id| heard(id.to_str().ok()?, &live.read()));
    let (missed, news) = match heard {
        None => (Some(Vec::new()), live.listen()),
        Some(None) => (None, live.listen()),
        Some(Some(revision)) => live.listen_after(revision),
    };
    let due = beginning(&live, missed.as_deref());
    let events = stream::unfold((live, news, due, place), |(live, mut news, mut due, place)| async move {
        while due.is_empty() {
            due = next(&live, &mut news).await?;
        }
        let event = due.pop_front()?;
        Some((Ok::<_, Infallible>(event), (live, news, due, place)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

/// The revision of an event that was told since this start.
fn heard(id: &str, state: &State) -> Option<u64> {
    let (started_at, revision) = id.split_once('-')?;
    let ours = i64::from_str_radix(started_at, 16).ok()? == state.started_at.0;
    u64::from_str_radix(revision, 16).ok().filter(|_| ours)
}

fn beginning(live: &Live, missed: Option<&[Arc<News>]>) -> VecDeque<Event> {
    let mut events = match missed {
        Some(missed) => told(live, missed),
        None => [event("reset", &Reset { revision: live.read().revision })].into(),
    };
    events.push_back(round(&live.read()).retry(RETRY));
    events
}

/// The events of the next round. One that reads too slowly to hear of every round is told so, and of the latest.
async fn next(live: &Live, news: &mut Receiver<Arc<News>>) -> Option<VecDeque<Event>> {
    let mut events = match news.recv().await {
        Ok(news) => told(live, &[news]),
        Err(RecvError::Lagged(_)) => [event("reset", &Reset { revision: live.read().revision })].into(),
        Err(RecvError::Closed) => return None,
    };
    events.push_back(round(&live.read()));
    Some(events)
}

/// Findings and withdrawals of rounds, the earliest first.
fn told(live: &Live, rounds: &[Arc<News>]) -> VecDeque<Event> {
    if rounds.iter().all(|news| news.findings.is_empty() && news.withdrawn.is_empty()) {
        return VecDeque::new();
    }
    let now = Told::of(&live.read());
    let scene = now.scene();
    let of_round = |news: &Arc<News>| {
        let found = news.findings.iter().map(|v| event("finding", &now.item(v, &scene)));
        let withdrawn =
            news.withdrawn.iter().map(|id| event("withdrawn", &Withdrawn { id: format!("{id:016x}") }));
        found.chain(withdrawn).collect::<Vec<_>>()
    };
    rounds.iter().flat_map(of_round).collect()
}

fn round(state: &State) -> Event {
    let told = Round {
        revision: state.revision,
        at: state.at.into(),
        totals: Totals::of(state),
        lost: LostItem::of(state),
        residual: residual(state),
    };
    event("round", &told).id(format!("{:x}-{:x}", state.started_at.0, state.revision))
}

fn event(kind: &str, data: &impl Serialize) -> Event {
    Event::default().event(kind).data(text(data))
}
