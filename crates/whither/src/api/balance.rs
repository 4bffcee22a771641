//! The balance: row by row, or summed by group or topic.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::RangeBounds;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Balance, Name, Partition, Verdict};

use super::Shared;
use super::filter::{Filter, OUTCOMES};
use super::list::{PAGING, Page, cut, list, text};
use super::problem::Problem;
use super::query::{Query, Values};
use crate::json::Row;
use crate::live::State;

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

pub(super) async fn balance(Of(shared): Of<Shared>, query: Query) -> Result<Response, Problem> {
    query.only(&[PAGING, &["by", "group", "topic", "partition", "verdict"]])?;
    let filter = Filter::of(&query)?;
    let verdicts = query.words("verdict", &OUTCOMES)?;
    let by = match query.text("by") {
        None => {
            return list(&query, move |after, limit| {
                rows(&shared.live.read(), &filter, &verdicts, after, limit)
            });
        }
        Some("group") => By::Group,
        Some("topic") => By::Topic,
        Some(other) => return Err(Problem::parameter("by", other, "group, topic")),
    };
    list(&query, move |after, limit| sums(&shared.live.read(), by, &filter, after, limit))
}

fn rows(
    state: &State,
    filter: &Filter,
    verdicts: &Values,
    after: Option<&RowKey>,
    limit: usize,
) -> Page<RowKey> {
    let cluster = &state.about.cluster;
    let wanted = |b: &Balance| {
        verdicts.is_empty() || Outcome::ALL.iter().any(|o| verdicts.fit(o.word()) && b.count(*o) > 0)
    };
    let rows = state.rows.range(RowKey::on(after)).filter(|(of, _)| filter.fits_row(of));
    let rows = rows.filter(|(_, row)| wanted(&row.balance)).map(|(of, row)| (RowKey::of(of), row));
    let (rows, last) = cut(rows, None, limit);
    Page { items: rows.into_iter().map(|row| text(&Row::of(&row.balance, cluster))).collect(), last }
}

#[derive(Clone, Copy)]
enum By {
    Group,
    Topic,
}

/// Several rows as one.
#[derive(Default, Serialize)]
struct Sum {
    group: Option<String>,
    topic: Option<String>,
    rows: usize,
    records: u64,
    at_most: bool,
    verdicts: BTreeMap<&'static str, u64>,
    residual: i64,
    dormant: bool,
    findings: Findings,
}

#[derive(Default, Serialize)]
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

fn sums(state: &State, by: By, filter: &Filter, after: Option<&String>, limit: usize) -> Page<String> {
    let mut sums: BTreeMap<&Name, Sum> = BTreeMap::new();
    for (of, row) in state.rows.iter().filter(|(of, _)| filter.fits_row(of)) {
        let name = match by {
            By::Group => &of.0,
            By::Topic => &of.1.topic,
        };
        sums.entry(name).or_default().add(&row.balance);
    }
    for v in state.findings.values().filter(|v: &&Arc<Verdict>| filter.fits_place(v)) {
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
