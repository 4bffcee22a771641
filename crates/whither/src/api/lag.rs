//! How far groups are behind, now and before, and what comes of it.

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::{Balance, Name, Partition, Span, Time};
use whither_store::LagRow;

use super::Shared;
use super::balance::RowKey;
use super::filter::Filter;
use super::list::{Listed, PAGING, Page, cut, document, list, text};
use super::parameters::{OfLag, Paging, Period, Place};
use super::problem::Problem;
use super::query::Query;
use crate::json::Times;
use crate::json::words as said;
use crate::live::{Forecast, Lag, Row, State};

/// A group's lag in one partition.
#[derive(Serialize, ToSchema)]
#[schema(as = Lag)]
pub(super) struct LagItem<'a> {
    cluster: &'a str,
    group: &'a str,
    topic: &'a str,
    partition: i32,
    member: Option<&'a str>,
    client_id: Option<&'a str>,
    host: Option<&'a str>,
    log_start: Option<i64>,
    committed: Option<i64>,
    end: Option<i64>,
    /// What Kafka's own tools show.
    lag_offsets: Option<u64>,
    lag_records: Option<u64>,
    lag_seconds: Option<f64>,
    rate_per_second: Option<f64>,
    catches_up_in_seconds: Option<f64>,
    loses_data_in_seconds: Option<f64>,
    #[schema(value_type = said::LagState)]
    state: &'static str,
}

impl<'a> LagItem<'a> {
    pub(super) fn of(cluster: &'a str, row: &'a Balance, lag: &'a Lag) -> LagItem<'a> {
        let member = lag.member.as_ref();
        LagItem {
            cluster,
            group: &row.group,
            topic: &row.partition.topic,
            partition: row.partition.index,
            member: member.map(|(id, ..)| &**id),
            client_id: member.map(|(_, client_id, _)| &**client_id),
            host: member.map(|(.., host)| &**host),
            log_start: lag.log_start,
            committed: lag.committed,
            end: lag.end,
            lag_offsets: lag.offsets,
            lag_records: lag.records,
            lag_seconds: lag.seconds,
            rate_per_second: lag.rate_per_second,
            catches_up_in_seconds: lag.catches_up_in_seconds,
            loses_data_in_seconds: lag.loses_data_in_seconds,
            state: lag.state.word(),
        }
    }
}

/// How far groups are behind, by partition.
#[utoipa::path(
    get,
    path = "/lag",
    tag = "groups",
    params(Paging, Place),
    responses(
        (
            status = 200,
            description = "Lags",
            content((Listed<LagItem> = "application/json"), (LagItem = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn lag(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["group", "topic", "partition"]])?;
    let filter = Filter::of(&query)?;
    list(&query, move |after, limit| {
        let (cluster, rows, last) = {
            let state = shared.live.read();
            let rows = state.rows.range(RowKey::on(after)).filter(|(of, _)| filter.fits_row(of));
            let (rows, last) = cut(rows.map(|(of, row)| (RowKey::of(of), row)), None, limit);
            let rows: Vec<_> = rows.into_iter().map(|row| (row.balance.clone(), state.lag(row))).collect();
            (state.about.cluster.clone(), rows, last)
        };
        let items = rows.iter().map(|(row, lag)| text(&LagItem::of(&cluster, row, lag)));
        Page { items: items.collect(), last }
    })
}

/// A group's lag over time.
#[derive(Serialize, ToSchema)]
#[schema(as = LagHistory)]
struct History {
    items: Vec<Point>,
    forecast: Option<ForecastItem>,
}

/// A group's lag at a moment.
#[derive(Serialize, ToSchema)]
#[schema(as = LagPoint)]
struct Point {
    at: Times,
    committed: Option<i64>,
    end: i64,
    log_start: i64,
    lag_records: Option<i64>,
    lag_seconds: Option<f64>,
}

/// Where the rates of now lead.
#[derive(Serialize, ToSchema)]
#[schema(as = Forecast)]
struct ForecastItem {
    catches_up_at: Times,
    loses_data_at: Times,
    log_start_per_second: Option<f64>,
    committed_per_second: Option<f64>,
    end_per_second: Option<f64>,
}

/// What is told if nothing is said.
const LATELY: Span = Span::hours(1);
const POINTS: usize = 200;
const MOST_POINTS: usize = 2_000;

/// A group's lag in a partition over time, and what comes of it.
#[utoipa::path(
    get,
    path = "/lag/history",
    tag = "groups",
    params(OfLag, Period),
    responses((status = 200, description = "Points and forecast", body = History), Problem)
)]
pub(super) async fn history(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[&["group", "topic", "partition", "since", "until", "points"]])?;
    let group = Name::from(query.needed("group", "the name of a group")?);
    let topic = Name::from(query.needed("topic", "the name of a topic")?);
    query.needed("partition", "a number")?;
    let partition = query.parsed::<i32>("partition", "a number", |n| *n >= 0)?.unwrap_or_default();
    let points = query.parsed("points", "a number from 1 to 2000", |n| (1..=MOST_POINTS).contains(n))?;
    let (now, last) = {
        let state = shared.live.read();
        let row = state.rows.get(&(group.clone(), Partition::new(topic.clone(), partition)));
        (state.at, row.map(|row| (current(row, &state), forecast(row, &state))))
    };
    let until = query.time("until")?.unwrap_or(now);
    let since = query.time("since")?.unwrap_or(Time(until.0.saturating_sub(LATELY.0)));
    let during = since.0..until.0.saturating_add(1).max(since.0);
    let points = points.unwrap_or(POINTS);
    let rows = shared
        .stored(move |store| {
            let mut rows = store.lag(&group, &topic, partition, during, points)?;
            // Positions that stood still were not kept again: they began where they were before.
            let before = store.lag_at(&group, &topic, partition, since.0)?;
            rows.splice(0..0, before.map(|row| standing(row, since)));
            Ok(rows)
        })
        .await?;
    if rows.is_empty() && last.is_none() {
        let hint = "/api/whither/v1/lag lists the positions that are known";
        return Err(Problem::not_found("the group has no position in this partition", hint));
    }
    let mut items: Vec<Point> = rows.iter().map(Point::of).collect();
    let (current, forecast) = last.unwrap_or_default();
    // What is kept by the minute ends with what is true now.
    items.extend(current.filter(|_| until >= now));
    Ok(document(&History { items, forecast }))
}

/// A row whose position has not moved until a moment: only the record that waits has aged.
fn standing(row: LagRow, at: Time) -> LagRow {
    let aged = at.0.saturating_sub(row.at_ms);
    let lag_ms = row.lag_ms.map(|ms| if row.lag_records == Some(0) { ms } else { ms.saturating_add(aged) });
    LagRow { at_ms: at.0, lag_ms, ..row }
}

impl Point {
    fn of(row: &LagRow) -> Point {
        Point {
            at: Times(Some(row.at_ms)),
            committed: row.committed,
            end: row.end,
            log_start: row.log_start,
            lag_records: row.lag_records,
            lag_seconds: row
                .lag_ms
                .map(|ms| std::time::Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64()),
        }
    }
}

fn current(row: &Row, state: &State) -> Option<Point> {
    let lag = state.lag(row);
    Some(Point {
        at: state.at.into(),
        committed: lag.committed,
        end: lag.end?,
        log_start: lag.log_start?,
        lag_records: lag.records.map(|n| i64::try_from(n).unwrap_or(i64::MAX)),
        lag_seconds: lag.seconds,
    })
}

fn forecast(row: &Row, state: &State) -> Option<ForecastItem> {
    let f = Forecast::of(row, state.edges(&row.balance.partition)?, state.at);
    let at = |seconds: Option<f64>| {
        let ahead = std::time::Duration::try_from_secs_f64(seconds?).ok()?;
        Some(state.at.after(Span(i64::try_from(ahead.as_millis()).ok()?)))
    };
    Some(ForecastItem {
        catches_up_at: at(f.catches_up_in_seconds).into(),
        loses_data_at: at(f.loses_data_in_seconds).into(),
        log_start_per_second: f.log_start_per_second,
        committed_per_second: f.committed_per_second,
        end_per_second: f.end_per_second,
    })
}
