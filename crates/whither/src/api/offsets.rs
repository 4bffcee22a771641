//! Where a group stood at a past moment.

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_store::CommitRow;

use super::Shared;
use super::groups::By;
use super::list::{Listed, PAGING, Page, cut, list, text};
use super::parameters::{OfOffsets, Paging};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use crate::clock;
use crate::json::Times;

/// Where a group stood.
#[derive(Serialize, ToSchema)]
struct Position {
    topic: String,
    partition: i32,
    offset: i64,
    committed_at: Times,
    by: By,
}

/// Where a group stood at a past moment.
#[utoipa::path(
    get,
    path = "/offsets/{group}",
    tag = "groups",
    params(("group" = String, Path, description = "The group"), Paging, OfOffsets),
    responses(
        (
            status = 200,
            description = "Its positions",
            content((Listed<Position> = "application/json"), (Position = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn offsets(
    Of(shared): Of<Shared>,
    Path(group): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[PAGING, &["at"]])?;
    let at = query.time("at")?.unwrap_or_else(clock::now);
    let of = group.clone();
    let rows = shared.stored(move |store| store.positions_at(&of, at.0)).await?;
    if rows.is_empty() {
        let hint =
            "no commit of it was seen up to then; /api/whither/v1/status says since when history is complete";
        return Err(Problem::not_found(format!("the group {group} had no position"), hint));
    }
    list(&query, move |after: Option<&(String, i32)>, limit| {
        let keyed = rows.iter().map(|row| ((row.topic.to_string(), row.partition), row));
        // An offset that was removed is no position.
        let (page, last) = cut(keyed.filter(|(_, row)| row.offset.is_some()), after, limit);
        Page { items: page.into_iter().filter_map(position).map(|p| text(&p)).collect(), last }
    })
}

fn position(row: &CommitRow) -> Option<Position> {
    Some(Position {
        topic: row.topic.to_string(),
        partition: row.partition,
        offset: row.offset?,
        committed_at: Times(Some(row.at_ms)),
        by: By::of(row),
    })
}
