//! Findings, and those of them that are losses: the drops.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::Verdict;
use whither_core::verdict::ShownAs;
use whither_store::FindingRow;

use super::Shared;
use super::filter::{Filter, OF_FINDINGS};
use super::list::{Listed, PAGING, Page, cut, document, list, text};
use super::parameters::{Paging, Period, Place, Told as Wanted};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use crate::json::{self, Times, words as said};
use crate::live::State;
use crate::prose::Scene;
use crate::report::{Report, holds_for};

/// What is found now, to be told without keeping others from going on.
pub(super) struct Told {
    pub(super) about: Report,
    pub(super) all: Vec<Arc<Verdict>>,
}

impl Told {
    pub(super) fn of(state: &State) -> Told {
        let about = Report {
            cluster: state.about.cluster.clone(),
            at: state.at,
            complete_since: state.about.complete_since,
            ..Report::default()
        };
        Told { about, all: state.findings.values().filter(|v| holds(v, state)).cloned().collect() }
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        let of = (self.about.at, self.about.complete_since);
        Scene::among(of, self.all.iter().map(|v| &**v))
    }

    /// A finding as it is written.
    pub(super) fn item<'a>(&'a self, v: &'a Verdict, scene: &Scene<'_>) -> json::Finding<'a> {
        json::Finding::of(v, &self.about, scene)
    }

    fn find(&self, id: &str) -> Option<&Verdict> {
        let id = u64::from_str_radix(id, 16).ok().filter(|_| id.len() == 16)?;
        self.all.iter().find(|v| v.id == id).map(|v| &**v)
    }
}

/// Whether a finding holds where its group stands now.
pub(super) fn holds(v: &Verdict, state: &State) -> bool {
    holds_for(v, |of| state.rows.get(of).map(|row| row.balance.committed))
}

/// What was found: losses, risks, and what is worth knowing; what began last comes first.
#[utoipa::path(
    get,
    path = "/findings",
    tag = "verdicts",
    params(Paging, Place, Period, Wanted),
    responses(
        (
            status = 200,
            description = "What was found",
            content((Listed<json::Finding> = "application/json"), (json::Finding = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn findings(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    all(&shared, &query, |_| true)
}

/// Losses; what began last comes first.
#[utoipa::path(
    get,
    path = "/drops",
    tag = "verdicts",
    params(Paging, Place, Period, Wanted),
    responses(
        (
            status = 200,
            description = "What was found",
            content((Listed<json::Finding> = "application/json"), (json::Finding = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn drops(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    all(&shared, &query, is_drop)
}

fn is_drop(v: &Verdict) -> bool {
    v.shown_as == ShownAs::Loss
}

/// What began last comes first.
type Key = (Reverse<i64>, u64);

fn all(shared: &Shared, query: &Query, of: fn(&Verdict) -> bool) -> Result<Response, Problem> {
    query.only(&[PAGING, OF_FINDINGS])?;
    let filter = Filter::of(query)?;
    let live = shared.live.clone();
    list(query, move |after: Option<&Key>, limit| {
        let told = Told::of(&live.read());
        let mut wanted: Vec<(Key, &Verdict)> = told
            .all
            .iter()
            .filter(|v| of(v) && filter.fits(v))
            .map(|v| ((Reverse(v.first_seen.0), v.id), &**v))
            .collect();
        wanted.sort_unstable_by_key(|(key, _)| *key);
        let (page, last) = cut(wanted, after, limit);
        let scene = told.scene();
        Page { items: page.into_iter().map(|v| text(&told.item(v, &scene))).collect(), last }
    })
}

/// One finding.
#[utoipa::path(
    get,
    path = "/findings/{id}",
    tag = "verdicts",
    params(("id" = String, Path, description = "16 hexadecimal digits, as lists tell them")),
    responses((status = 200, description = "The finding", body = json::Finding), Problem)
)]
pub(super) async fn finding(
    Of(shared): Of<Shared>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let told = Told::of(&shared.live.read());
    let v = told.find(&id).ok_or_else(|| unknown("finding", &id))?;
    Ok(document(&told.item(v, &told.scene())))
}

/// A drop, and how it came to be what it is.
#[derive(Serialize, ToSchema)]
struct Drop<'a> {
    #[serde(flatten)]
    finding: json::Finding<'a>,
    history: Vec<Revision>,
}

/// What a finding was from then on.
#[derive(Serialize, ToSchema)]
struct Revision {
    at: Times,
    to: i64,
    records: i64,
    at_most: bool,
    #[schema(value_type = said::Verdict)]
    verdict: String,
    #[schema(value_type = said::Certainty)]
    certainty: String,
    #[schema(value_type = Option<said::Cause>)]
    cause: Option<String>,
    #[schema(value_type = Option<said::Certainty>)]
    cause_certainty: Option<String>,
    #[schema(value_type = said::ShownAs)]
    shown_as: String,
}

impl Revision {
    fn of(row: &FindingRow) -> Revision {
        Revision {
            at: Times(Some(row.at_ms)),
            to: row.to,
            records: row.records,
            at_most: row.at_most,
            verdict: row.verdict.to_string(),
            certainty: row.certainty.to_string(),
            cause: row.cause.as_deref().map(Into::into),
            cause_certainty: row.cause_certainty.as_deref().map(Into::into),
            shown_as: row.shown_as.to_string(),
        }
    }
}

/// One loss, and how it came to be what it is.
#[utoipa::path(
    get,
    path = "/drops/{id}",
    tag = "verdicts",
    params(("id" = String, Path, description = "16 hexadecimal digits, as lists tell them")),
    responses((status = 200, description = "The loss with its history", body = Drop), Problem)
)]
pub(super) async fn drop(
    Of(shared): Of<Shared>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let told = Told::of(&shared.live.read());
    let v = told.find(&id).filter(|v| is_drop(v)).ok_or_else(|| unknown("drop", &id))?;
    let number = v.id;
    let rows = shared.stored(move |store| store.finding_history(number)).await?;
    let history = rows.iter().filter(|row| !row.withdrawn).map(Revision::of).collect();
    Ok(document(&Drop { finding: told.item(v, &told.scene()), history }))
}

fn unknown(what: &str, id: &str) -> Problem {
    let hint =
        "ids are 16 hexadecimal digits, as lists tell them; one that does not hold any more is withdrawn";
    Problem::not_found(format!("there is no {what} {id}"), hint)
}
