//! The balance: row by row, or summed by group or topic.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::RangeBounds;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Balance, Name, Partition, Verdict};

use super::Shared;
use super::filter::{Filter, OUTCOMES};
use super::list::{Listed, PAGING, Page, cut, list, text};
use super::parameters::{Paging, Place, Sums};
use super::problem::Problem;
use super::query::{Query, Values};
use crate::json::Row;
use crate::json::words::Counts;
use crate::live::Live;

/// A row's key as a cursor holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct RowKey(pub(super) String, pub(super) String, pub(super) i32);

impl RowKey {
    pub(super) fn of((group, p): &(Name, Partition)) -> RowKey {
        RowKey(group.to_string(), p.topic.to_string(), p.index)
    }

    /// The rows behind this one.
    pub(super) fn on(after: Option<&RowKey>) -> impl RangeBounds<(Name, Partition)> {
        let from = after.map(|RowKey(g, t, p)| (Name::from(g.as_str()), Partition::new(t.as_str(), *p)));
        (from.map_or(Unbounded, Excluded), Unbounded)
    }
}

/// What became of every record: a row for each group and partition, or added up.
#[utoipa::path(
    get,
    path = "/balance",
    tag = "verdicts",
    params(Paging, Place, Sums),
    responses(
        (
            status = 200,
            description = "Rows, or sums where `by` is given",
            content((Listed<Told> = "application/json"), (Told = "application/x-ndjson"))
        ),
        Problem
    )
)]
pub(super) async fn balance(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["by", "group", "topic", "partition", "verdict"]])?;
    let filter = Filter::of(&query)?;
    let verdicts = query.words("verdict", &OUTCOMES)?;
    let by = match query.text("by") {
        None => {
            return list(&query, move |after, limit| rows(&shared.live, &filter, &verdicts, after, limit));
        }
        Some("group") => By::Group,
        Some("topic") => By::Topic,
        Some(other) => return Err(Problem::parameter("by", other, "group, topic")),
    };
    list(&query, move |after, limit| sums(&shared.live, by, &filter, after, limit))
}

fn rows(
    live: &Live,
    filter: &Filter,
    verdicts: &Values,
    after: Option<&RowKey>,
    limit: usize,
) -> Page<RowKey> {
    let wanted = |b: &Balance| {
        verdicts.is_empty() || Outcome::ALL.iter().any(|o| verdicts.fit(o.word()) && b.count(*o) > 0)
    };
    let (cluster, (rows, last)) = {
        let state = live.read();
        let rows = state.rows.range(RowKey::on(after)).filter(|(of, _)| filter.fits_row(of));
        let rows = rows.filter(|(_, row)| wanted(&row.balance));
        let rows = rows.map(|(of, row)| (RowKey::of(of), row.balance.clone()));
        (state.about.cluster.clone(), cut(rows, None, limit))
    };
    Page { items: rows.iter().map(|row| text(&Row::of(row, &cluster))).collect(), last }
}

#[derive(Clone, Copy)]
enum By {
    Group,
    Topic,
}

/// What is told: rows as they are, or sums of them.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = BalanceOrSum)]
#[expect(dead_code, reason = "each is written by itself")]
enum Told<'a> {
    #[schema(title = "Row")]
    Row(Row<'a>),
    #[schema(title = "Sum")]
    Sum(Sum),
}

/// Several rows as one.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = BalanceSum)]
struct Sum {
    group: Option<String>,
    topic: Option<String>,
    rows: usize,
    records: u64,
    at_most: bool,
    #[schema(value_type = Counts)]
    verdicts: BTreeMap<&'static str, u64>,
    residual: i64,
    dormant: bool,
    findings: Findings,
}

/// Findings by how they are shown.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = FindingCounts)]
struct Findings {
    loss: usize,
    risk: usize,
    stuck: usize,
    dead: usize,
    note: usize,
}

impl Sum {
    fn add(&mut self, row: &Balance) {
        self.dormant = row.dormant && (self.dormant || self.rows == 0);
        self.rows += 1;
        self.records = self.records.saturating_add(row.records);
        self.at_most |= row.at_most;
        self.residual = self.residual.saturating_add(i64::try_from(row.residual()).unwrap_or(i64::MAX));
        for s in row.stretches.iter().filter(|s| s.records > 0) {
            let sum = self.verdicts.entry(s.outcome.word()).or_default();
            *sum = sum.saturating_add(s.records);
        }
    }
}

impl Findings {
    fn add(&mut self, v: &Verdict) {
        let n = match v.shown_as {
            ShownAs::Loss => &mut self.loss,
            ShownAs::Risk => &mut self.risk,
            ShownAs::Stuck => &mut self.stuck,
            ShownAs::Dead => &mut self.dead,
            // A dormant group is told by its own flag.
            ShownAs::Dormant => return,
            ShownAs::Note => &mut self.note,
        };
        *n += 1;
    }
}

fn sums(live: &Live, by: By, filter: &Filter, after: Option<&String>, limit: usize) -> Page<String> {
    let (rows, findings): (Vec<Arc<Balance>>, Vec<Arc<Verdict>>) = {
        let state = live.read();
        let rows = state.rows.iter().filter(|(of, _)| filter.fits_row(of));
        let findings = state.findings.values().filter(|v| filter.fits_place(v));
        (rows.map(|(_, row)| row.balance.clone()).collect(), findings.cloned().collect())
    };
    let mut sums: BTreeMap<&Name, Sum> = BTreeMap::new();
    for row in &rows {
        let name = match by {
            By::Group => &row.group,
            By::Topic => &row.partition.topic,
        };
        sums.entry(name).or_default().add(row);
    }
    for v in &findings {
        let sum = match by {
            By::Group => v.group.as_ref().and_then(|group| sums.get_mut(group)),
            By::Topic => sums.get_mut(&v.partition.topic),
        };
        if let Some(sum) = sum {
            sum.findings.add(v);
        }
    }
    let named = sums.into_iter().map(|(name, mut sum)| {
        let told = match by {
            By::Group => &mut sum.group,
            By::Topic => &mut sum.topic,
        };
        *told = Some(name.to_string());
        (name.to_string(), sum)
    });
    let (sums, last) = cut(named, after, limit);
    Page { items: sums.iter().map(text).collect(), last }
}
