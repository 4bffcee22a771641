//! One message: read from the broker now, judged by what is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Of;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use whither_core::fact::{CommitValue, Committed, Committer, RunKind};
use whither_core::{Balance, Partition, Time, TopicId};
use whither_store::CommitRow;

use super::Shared;
use super::findings::Told;
use super::list::document;
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::topics;
use crate::json::{Journey, Step, VerdictItem};
use crate::live::{Edges, State};
use crate::prose::{self, About};
use crate::sources::kafka::{self, Seen};
use crate::whereabouts::{Message, of_group};

/// What is answered.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Where)]
enum Answer {
    There(There),
    Nothing(Nothing),
}

/// A message and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageFound)]
struct There {
    #[serde(flatten)]
    journey: Journey,
    neighbours: Neighbours,
}

/// The answer where there is no record: what became of what was there, and why it can't be shown.
#[derive(Serialize, ToSchema)]
#[schema(as = NoMessage)]
struct Nothing {
    /// Null.
    message: (),
    verdicts: Vec<VerdictItem>,
    /// None.
    #[schema(value_type = Vec<Step>)]
    steps: [(); 0],
    complete: bool,
    text: String,
    neighbours: Neighbours,
}

/// Where to look next.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct Neighbours {
    previous: Option<i64>,
    next: Option<i64>,
}

/// What is known beside the record itself.
struct Known {
    told: Told,
    rows: Vec<Arc<Balance>>,
    edges: Edges,
}

impl Known {
    fn of(state: &State, partition: &Partition) -> Result<Known, Problem> {
        let topic = state.topics.get(&partition.topic).ok_or_else(|| topics::unknown(&partition.topic))?;
        let edges = *topic.partitions.get(&partition.index).ok_or_else(|| no_partition(partition))?;
        let rows = state.rows.values().filter(|row| row.balance.partition == *partition);
        Ok(Known { told: Told::of(state), rows: rows.map(|row| row.balance.clone()).collect(), edges })
    }
}

/// There is no such partition.
pub(super) fn no_partition(p: &Partition) -> Problem {
    let hint = format!("/api/whither/v1/topics/{} lists its partitions", p.topic);
    Problem::not_found(format!("the topic {} has no partition {}", p.topic, p.index), hint)
}

/// One message: read from the broker now, judged by what is known.
#[utoipa::path(
    get,
    path = "/messages/{topic}/{partition}/{offset}",
    tag = "messages",
    params(
        ("topic" = String, Path, description = "The topic"),
        ("partition" = i32, Path, description = "The partition"),
        ("offset" = i64, Path, description = "The offset")
    ),
    responses((status = 200, description = "The message, or what is there in its place", body = Answer), Problem)
)]
pub(super) async fn message(
    Of(shared): Of<Shared>,
    Path((topic, partition, offset)): Path<(String, i32, i64)>,
    query: Query,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let partition = Partition::new(topic, partition);
    let known = Known::of(&shared.live.read(), &partition)?;
    let Edges { log_start, end, .. } = known.edges;
    if offset < log_start || end <= offset {
        return Ok(document(&Answer::Nothing(beyond(&known, &partition, offset))));
    }
    let cluster = shared.live.cluster().ok_or_else(|| Problem::unavailable("no broker was reached yet"))?;
    let read = kafka::record(cluster, &partition, offset, end).await;
    let found = read.map_err(|error| Problem::unavailable(format!("{partition} can't be read: {error}")))?;
    let neighbours = Neighbours {
        previous: found.previous.or_else(|| offset.checked_sub(1).filter(|at| *at >= log_start)),
        next: found.next.or_else(|| Some(offset + 1).filter(|at| *at < end)),
    };
    if found.seen.is_none() && found.run.is_none() {
        // The log reaches over it: that nothing came is no answer.
        return Err(Problem::unavailable(format!("the leader of {partition} did not answer in time")));
    }
    let Some(seen) = found.seen else {
        let there = prose::instead(found.run.map(|run| run.kind));
        let text = format!("no message at {partition}@{offset}: there is {there}");
        let complete = found.run.is_some();
        let (verdicts, steps) = (Vec::new(), []);
        let nothing = Nothing { message: (), verdicts, steps, complete, text, neighbours };
        return Ok(document(&Answer::Nothing(nothing)));
    };
    let since = seen.timestamp.or(seen.append_time).map_or(i64::MIN, |at| at.0.saturating_sub(CLOCKS_MS));
    let of = partition.clone();
    let commits =
        shared.stored(move |store| store.commits_around((&of.topic, of.index, offset), since)).await?;
    let complete = !matches!(found.run.map(|run| run.kind), None | Some(RunKind::Unsettled));
    let message = judged(&known, found.run, seen, &commits);
    let scene = known.told.scene();
    let journey = Journey::of(&message, &known.told.about.cluster, complete, &scene);
    Ok(document(&Answer::There(There { journey, neighbours })))
}

/// Producers' clocks may be ahead of the brokers': commits from this long before a record count.
const CLOCKS_MS: i64 = 600_000;

fn judged(
    known: &Known,
    run: Option<whither_core::fact::Run>,
    seen: Seen,
    commits: &BTreeMap<Arc<str>, Vec<CommitRow>>,
) -> Message {
    let verdicts = known.rows.iter().filter_map(|row| {
        let history: Vec<Committed> = commits.get(&row.group).into_iter().flatten().map(committed).collect();
        let history: Vec<&Committed> = history.iter().collect();
        of_group(row, run, &seen, &history, known.told.all.iter().map(|v| &**v))
    });
    Message { verdicts: verdicts.collect(), seen }
}

/// A commit as it was kept: where it stood in the offsets topic is not.
fn committed(row: &CommitRow) -> Committed {
    let value = row.offset.map(|offset| CommitValue { offset, leader_epoch: -1, topic_id: TopicId::UNKNOWN });
    let by = match (&row.client_id, row.memberless) {
        (Some(client_id), _) => {
            let host = row.host.clone().unwrap_or_default();
            Committer::Member { client_id: client_id.clone(), host }
        }
        (None, true) => Committer::NoMember { empty_since: None },
        (None, false) => Committer::Unknown,
    };
    Committed {
        group: row.group.clone(),
        at: Time(row.at_ms),
        seen: Time(row.at_ms),
        offsets_partition: -1,
        source_offset: -1,
        holes_before: 0,
        group_since: Time(0),
        by,
        transactional: false,
        value,
    }
}

/// Below the log's start or above its end: what is gone may have been judged.
fn beyond(known: &Known, p: &Partition, offset: i64) -> Nothing {
    let Edges { log_start, end, .. } = known.edges;
    let scene = known.told.scene();
    let gone = offset < log_start;
    let verdicts = known.rows.iter().filter(|_| gone).filter_map(|row| {
        let stretch = row.stretches.iter().find(|s| s.from <= offset && offset < s.to)?;
        let about = About { partition: p, group: Some(&row.group), from: offset };
        let findings =
            known.told.all.iter().filter(|v| v.partition == *p && v.from <= offset && offset < v.to);
        let findings = findings.filter(|v| v.group.as_ref().is_none_or(|group| *group == row.group));
        let evidence: Vec<_> = findings
            .filter(|v| Some(v.cause) == stretch.cause)
            .flat_map(|v| v.evidence.iter().cloned())
            .collect();
        let verdict = (stretch.outcome, stretch.cause, stretch.certainty);
        Some(VerdictItem::new(&row.group, verdict, None, &evidence, &about, &scene))
    });
    let text = if gone {
        format!("{p}@{offset} is no longer in the log, which starts at {log_start}")
    } else {
        format!("{p}@{offset} is not written yet: the log ends at {end}")
    };
    let neighbours = Neighbours {
        previous: (!gone && end > log_start).then(|| end - 1),
        next: (gone && end > log_start).then_some(log_start),
    };
    Nothing { message: (), verdicts: verdicts.collect(), steps: [], complete: true, text, neighbours }
}
