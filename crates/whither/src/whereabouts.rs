//! `whither where`: one message, and what became of it for each group.

use std::sync::Arc;

use whither_core::fact::{Committed, Run as RunOf, RunKind};
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome, WhichCommit};
use whither_core::{Balance, Key, Name, Time, Verdict};
use whither_kafka::{ClientConfig, Cluster, Error};

use crate::report::Report;
use crate::run::Run;
use crate::sources::kafka::{Look, Progress, Seen, Sought, Wants};

/// The answer: a message, or why there is none.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    /// What was looked for.
    pub sought: Sought,
    /// Messages that were found, with their verdicts.
    pub found: Vec<Message>,
    /// Whether everything that could hold it was searched.
    pub complete: bool,
    /// What the look had to tell beside.
    pub report: Report,
    /// What the log holds at the position asked for, where there is no message.
    pub instead: Option<RunOf>,
}

/// A message with its verdicts.
#[derive(Clone, Debug)]
pub struct Message {
    /// The message itself.
    pub seen: Seen,
    /// What became of it for each group.
    pub verdicts: Vec<GroupVerdict>,
}

/// What became of a message for one group.
#[derive(Clone, Debug)]
pub struct GroupVerdict {
    /// The group.
    pub group: Name,
    /// The verdict.
    pub outcome: Outcome,
    /// Why, where there is more to say.
    pub cause: Option<Cause>,
    /// How sure the verdict is.
    pub certainty: Certainty,
    /// When it met this end, as far as commits tell.
    pub at: Option<Time>,
    /// The wait from its timestamp to the commit that passed it, in milliseconds: at least and at most.
    pub queue_ms: Option<(i64, i64)>,
    /// Records that the same commit passed.
    pub shared_with: Option<u64>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// Looks for a message.
///
/// # Errors
/// The cluster can't be reached, or refuses us altogether.
pub async fn run(
    client: ClientConfig,
    wants: Wants,
    sought: Sought,
    progress: Box<dyn Progress>,
) -> Result<Whereabouts, Error> {
    let cluster = Arc::new(Cluster::connect(client).await?);
    let wants = narrowed(wants, &sought);
    let mut run = Run::new(wants.policy);
    run.keep_commits(None, wants.group.clone());
    let mut look = Look::new(cluster, wants, run, progress);
    let (found, complete) = look.find(&sought).await;
    if !found.is_empty() || matches!(sought, Sought::At(..)) {
        look.once().await;
    }
    let report = look.report();
    let messages = found.into_iter().map(|seen| message(&look, &report, seen)).collect();
    let instead = match &sought {
        Sought::At(partition, offset) => {
            look.judge().run_at(&Key::ledger(&report.cluster.as_str().into(), partition), *offset)
        }
        _ => None,
    };
    Ok(Whereabouts { sought, found: messages, complete, report, instead })
}

fn narrowed(mut wants: Wants, sought: &Sought) -> Wants {
    if let Sought::At(partition, _) = sought {
        wants.topic = Some(partition.topic.clone());
        wants.partition = Some(partition.index);
    }
    wants
}

fn message(look: &Look, report: &Report, seen: Seen) -> Message {
    let said = look.judge().said();
    let key = Key::ledger(&report.cluster.as_str().into(), &seen.partition);
    let run = look.judge().run_at(&key, seen.offset);
    let rows = report.balance.iter().filter(|row| row.partition == seen.partition);
    let verdicts = rows.filter_map(|row| {
        let history: Vec<&Committed> = said
            .commits
            .iter()
            .filter(|(p, c)| *p == seen.partition && c.group == row.group)
            .map(|(_, c)| c)
            .collect();
        of_group(row, run, &seen, &history, &report.findings)
    });
    Message { verdicts: verdicts.collect(), seen }
}

/// What became of a record for the group of a row: by what stands there, the group's commits and the findings.
pub(crate) fn of_group<'f>(
    row: &Balance,
    run: Option<RunOf>,
    seen: &Seen,
    history: &[&Committed],
    findings: impl IntoIterator<Item = &'f Verdict>,
) -> Option<GroupVerdict> {
    let settled = match run.map(|r| r.kind) {
        Some(RunKind::Aborted) => Some((Outcome::Aborted, Some(Cause::TransactionAborted), Certainty::Proof)),
        Some(RunKind::Open { .. }) => {
            Some((Outcome::InFlight, Some(Cause::TransactionOpen), Certainty::Proof))
        }
        _ => None,
    };
    let dead = row.stretches.iter().find(|s| s.outcome == Outcome::DeadLettered && s.from == seen.offset);
    let of_transactions = [Outcome::Aborted, Outcome::DeadLettered];
    let plain = row
        .stretches
        .iter()
        .find(|s| s.from <= seen.offset && seen.offset < s.to && !of_transactions.contains(&s.outcome));
    // A row may be told a little later than the log grows; had the group come here, it had been told.
    let grown = (seen.offset >= row.to).then_some((Outcome::InFlight, None, Certainty::Proof));
    let told = dead.or(plain).map(|s| (s.outcome, s.cause, s.certainty));
    let (outcome, cause, certainty) = settled.or(told).or(grown)?;
    let mut evidence: Vec<Evidence> = findings
        .into_iter()
        .filter(|f| f.partition == row.partition && f.group.as_ref().is_none_or(|g| *g == row.group))
        .filter(|f| f.from <= seen.offset && seen.offset < f.to && Some(f.cause) == cause)
        .flat_map(|f| f.evidence.iter().cloned())
        .collect();
    let passed = history.iter().position(|c| c.value.is_some_and(|v| v.offset > seen.offset));
    let decisive = passed.and_then(|i| history.get(i)).or_else(|| history.last());
    if let Some(c) = decisive.copied() {
        let which = if passed.is_some() { WhichCommit::This } else { WhichCommit::Latest };
        evidence.extend(commit(which, c).filter(|e| !evidence.contains(e)));
    }
    let created = seen.timestamp.or(seen.append_time);
    let passed_at = passed.and_then(|i| history.get(i)).map(|c| c.at);
    let before = passed.and_then(|i| i.checked_sub(1)).and_then(|i| history.get(i));
    // A commit that passed a record over ended no wait: nobody got it.
    let consumed = matches!(outcome, Outcome::Delivered | Outcome::DeadLettered | Outcome::Filtered);
    let queue_ms = created.zip(passed_at).filter(|_| consumed).map(|(from, to)| {
        let least = before.map_or(0, |b| b.at.0.saturating_sub(from.0).max(0));
        (least, to.0.saturating_sub(from.0).max(0))
    });
    let at_commit = |c: &&Committed| c.value.map(|v| v.offset);
    let shared_with = before
        .and_then(at_commit)
        .zip(passed.and_then(|i| history.get(i)).and_then(at_commit))
        .map(|(from, to)| (to - from - 1).max(0).unsigned_abs());
    Some(GroupVerdict {
        group: row.group.clone(),
        outcome,
        cause,
        certainty,
        at: if outcome == Outcome::InFlight { None } else { passed_at },
        queue_ms,
        shared_with,
        evidence,
    })
}

fn commit(which: WhichCommit, c: &Committed) -> Option<Evidence> {
    let value = c.value?;
    Some(Evidence::Commit {
        which,
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        at: c.at,
        by: c.by.clone(),
        source: (c.offsets_partition, c.source_offset),
    })
}
