//! What became of a finding's records, and why: one lead per cause, then the evidence that carries it. Evidence
//! that only supports (a group's habit, how far history reaches) is left to the evidence list.

use std::collections::BTreeMap;

use whither_core::verdict::{Cause, Evidence, Outcome, ShownAs, WhichCommit};
use whither_core::{Name, Offset, Verdict};

use super::evidence::{clause, failure, known_of, open_transaction};
use super::words::{self, count, moment, name, offset, partition, range, records, span};
use super::{About, Scene, first};

/// The second half of a finding's sentence.
pub(super) fn why(v: &Verdict, scene: &Scene<'_>) -> String {
    match v.cause {
        Cause::RetentionTime | Cause::RetentionSize => because(v, scene, "expired"),
        Cause::DeleteRecords => because(v, scene, "deleted"),
        Cause::TopicDeleted => because(v, scene, "gone with their topic"),
        Cause::TopicRecreated => recreated(v, scene),
        Cause::Compaction => because(v, scene, "superseded: newer records have their keys"),
        Cause::UncleanElection => truncated(v, scene, "truncated by an unclean leader election"),
        Cause::LogRegressed => truncated(v, scene, "truncated: the log lost them again"),
        Cause::CorruptBatch => because(v, scene, "can't be read, every consumer stops here"),
        Cause::TransactionAborted => aborted(v, scene),
        Cause::TransactionHanging | Cause::TransactionOpen => open(v, scene),
        Cause::DeliveryTimeout => {
            format!(
                "{}: it gave up on what it sent before, which may be missing or twice",
                because(v, scene, "")
            )
        }
        Cause::Lagging => because(v, scene, &overtaken(v, scene)),
        Cause::OffsetReset => because(v, scene, &reset(v)),
        Cause::SeekForward => because(v, scene, &still_in_the_log(v, "skipped by a seek")),
        Cause::StartedAtLatest => {
            because(v, scene, "were there before the group began: it started at the end")
        }
        Cause::OutOfRangeJump => {
            because(v, scene, &still_in_the_log(v, "skipped: out of range, the group began again further on"))
        }
        Cause::PartitionAddedLatest => {
            because(v, scene, &still_in_the_log(v, "skipped: new partition, begun at its end"))
        }
        Cause::OffsetsExpired | Cause::GroupDeleted => offsets_gone(v, scene),
        Cause::CommittedPastEnd => because(
            v,
            scene,
            &format!("stands {} past the end and will skip what is written there", records_wide(v)),
        ),
        Cause::OutOfOrderCommit => {
            because(v, scene, &format!("committed backwards over {}", range(v.from, v.to)))
        }
        Cause::ReadsUncommitted => reads_uncommitted(v, scene),
        Cause::Redelivered => {
            because(v, scene, &format!("reads {} again after a change of member", range(v.from, v.to)))
        }
        Cause::RoutedToDeadLetter => dead_letters(v),
        Cause::DeadLetterPurged => because(v, scene, "lost: gone from the dead-letter topic too"),
    }
}

/// `lead: clause; clause`, the clauses in the order of the evidence.
fn because(v: &Verdict, scene: &Scene<'_>, lead: &str) -> String {
    let clauses = evidence_only(v, scene);
    match (lead.is_empty(), clauses.is_empty()) {
        (true, _) => clauses,
        (false, true) => lead.to_owned(),
        (false, false) => format!("{lead}: {clauses}"),
    }
}

fn evidence_only(v: &Verdict, scene: &Scene<'_>) -> String {
    clauses_of(v, scene, carries)
}

fn clauses_of(v: &Verdict, scene: &Scene<'_>, wanted: impl Fn(&Evidence) -> bool) -> String {
    let about = About::of(v);
    let carrying = v.evidence.iter().filter(|e| wanted(e));
    carrying.map(|e| clause(e, &about, scene)).collect::<Vec<_>>().join("; ")
}

/// Whether a piece of evidence belongs into the short sentence.
fn carries(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Habit { .. }
        | Evidence::HistorySince { .. }
        | Evidence::LastStable { .. }
        | Evidence::OriginMatches { .. }
        | Evidence::RecordTime { .. } => false,
        Evidence::LogStart { .. }
        | Evidence::LogEnd { .. }
        | Evidence::Commit { .. }
        | Evidence::SharePosition { .. }
        | Evidence::Tombstone { .. }
        | Evidence::Setting { .. }
        | Evidence::SettingUnknown { .. }
        | Evidence::Read { .. }
        | Evidence::MidBatch { .. }
        | Evidence::EpochEnd { .. }
        | Evidence::Incarnation { .. }
        | Evidence::Absent { .. }
        | Evidence::AbortMarker { .. }
        | Evidence::OpenTransaction { .. }
        | Evidence::GroupState { .. }
        | Evidence::EmptySince { .. }
        | Evidence::DeadLetter { .. }
        | Evidence::GaveUp { .. }
        | Evidence::Broken { .. }
        | Evidence::NotRead { .. }
        | Evidence::Pace { .. } => true,
    }
}

fn records_wide(v: &Verdict) -> String {
    count(v.to.saturating_sub(v.from).max(0).unsigned_abs())
}

fn still_in_the_log(v: &Verdict, lead: &str) -> String {
    if v.recoverable { format!("{lead}, still in the log") } else { lead.to_owned() }
}

fn aborted(v: &Verdict, scene: &Scene<'_>) -> String {
    let marker = first(v, |e| match e {
        Evidence::AbortMarker { .. } => Some(clause(e, &About::of(v), scene)),
        _ => None,
    });
    let marker = marker.map(|m| format!(": {m}")).unwrap_or_default();
    format!("rolled back by their producers, seen only by readers of uncommitted data{marker}")
}

/// `transaction of `pay-7` (producer 4011) open for 40 s, ends by itself before 13:35:00Z; 3,112 records wait`.
fn open(v: &Verdict, scene: &Scene<'_>) -> String {
    let told = first(v, |e| match e {
        Evidence::OpenTransaction { producer_id, transactional_id, began, coordinator_knows, .. } => {
            Some(format!(
                "{}{}",
                open_transaction(*producer_id, transactional_id.as_ref(), *began, scene.at),
                known_of(*coordinator_knows)
            ))
        }
        _ => None,
    });
    let ends = v.until.and_then(|until| moment(until, scene.at));
    let ends = match ends {
        _ if v.cause == Cause::TransactionHanging => ": nothing will end it".to_owned(),
        Some(by) => format!(", ends by itself before {by}"),
        None => String::new(),
    };
    let wait = match v.records {
        0 => "nothing waits behind it".to_owned(),
        1 => "1 record waits behind it".to_owned(),
        n => format!("{} wait behind it", records(n)),
    };
    format!("{}{ends}; {wait}", told.unwrap_or_else(|| "a transaction is open".to_owned()))
}

fn recreated(v: &Verdict, scene: &Scene<'_>) -> String {
    let lead = "gone: the topic was deleted and created again";
    let ids: Vec<String> = v.evidence.iter().filter_map(incarnation).collect();
    let rest = clauses_of(v, scene, |e| carries(e) && incarnation(e).is_none());
    match ids.as_slice() {
        [before, .., now] => format!("{lead}: its id was {before} and is {now}; {rest}"),
        _ => format!("{lead}: {rest}"),
    }
}

fn incarnation(e: &Evidence) -> Option<String> {
    match e {
        Evidence::Incarnation { topic_id, .. } => Some(words::topic_id(*topic_id)),
        _ => None,
    }
}

/// The end of the log is told once: where it was seen to go back, from where to where.
fn truncated(v: &Verdict, scene: &Scene<'_>, lead: &str) -> String {
    let ends: Vec<Offset> = v.evidence.iter().filter_map(log_end).collect();
    match ends.as_slice() {
        [before, .., now] => {
            let rest = clauses_of(v, scene, |e| carries(e) && log_end(e).is_none());
            let gap = if rest.is_empty() { "" } else { "; " };
            format!("{lead}: its end went back from {} to {}{gap}{rest}", offset(*before), offset(*now))
        }
        _ => because(v, scene, lead),
    }
}

fn log_end(e: &Evidence) -> Option<Offset> {
    match e {
        Evidence::LogEnd { offset, .. } => Some(*offset),
        _ => None,
    }
}

fn overtaken(v: &Verdict, scene: &Scene<'_>) -> String {
    match v.until {
        Some(until) if until <= scene.at => "are at the edge of retention now".to_owned(),
        Some(until) => format!("begin to expire in {} at this pace", span(until.since(scene.at))),
        None => "wait".to_owned(),
    }
}

fn reset(v: &Verdict) -> String {
    if v.outcome == Outcome::Skipped {
        return still_in_the_log(v, "skipped by a reset");
    }
    let again = if v.outcome == Outcome::Delivered { "read again" } else { "will read again" };
    format!("was set back, {again} {}", range(v.from, v.to))
}

fn offsets_gone(v: &Verdict, scene: &Scene<'_>) -> String {
    let how = if v.cause == Cause::GroupDeleted { "was deleted" } else { "lost its offsets" };
    match (v.shown_as, v.until) {
        (ShownAs::Loss, _) => {
            because(v, scene, &still_in_the_log(v, &format!("skipped after the group {how}")))
        }
        (_, Some(until)) => {
            let left = span(until.since(scene.at));
            because(v, scene, &format!("loses its offset in {left}"))
        }
        (_, None) => because(v, scene, &format!("{how}, begins again by its own policy")),
    }
}

fn reads_uncommitted(v: &Verdict, scene: &Scene<'_>) -> String {
    let about = About::of(v);
    let exposed = first(v, |e| match e {
        Evidence::Read { records, .. } => Some(*records),
        _ => None,
    });
    let position = first(v, |e| match e {
        Evidence::Commit { .. } => Some(clause(e, &about, scene)),
        _ => None,
    });
    let stable = first(v, |e| match e {
        Evidence::LastStable { .. } => Some(clause(e, &about, scene)),
        _ => None,
    });
    let clauses: Vec<String> = [position, stable].into_iter().flatten().collect();
    let seen = match exposed {
        Some(0) | None => String::new(),
        Some(n) => format!(", {} of aborted transactions among what it read", records(n)),
    };
    format!("reads uncommitted data{seen}: {}", clauses.join("; "))
}

/// `are in orders.dlq: 11 DataException at VALUE_CONVERTER, 1 TimeoutException`.
fn dead_letters(v: &Verdict) -> String {
    let (topics, failures) = failures(&[v]);
    format!("are in {topics}: {failures}")
}

/// `12 in orders.dlq from connect-billing-sink: 11 DataException at VALUE_CONVERTER, 1 TimeoutException`.
pub(super) fn dead_letters_from(alike: &[&Verdict]) -> String {
    let Some(v) = alike.first() else { return String::new() };
    let records = alike.iter().map(|v| v.records).fold(0, u64::saturating_add);
    let (topics, failures) = failures(alike);
    let group = v.group.as_ref().map_or_else(|| "no group told".to_owned(), |g| name(g));
    let origin = name(&v.partition.topic);
    format!("{} of {origin} in {topics} from {group}: {failures}", count(records))
}

/// The dead-letter topics, and what failed how often, as far as the evidence shows single records.
fn failures(alike: &[&Verdict]) -> (String, String) {
    let mut topics: BTreeMap<&Name, u64> = BTreeMap::new();
    let mut failures: BTreeMap<String, u64> = BTreeMap::new();
    for e in alike.iter().flat_map(|v| &v.evidence) {
        if let Evidence::DeadLetter { partition, stage, exception, .. } = e {
            *topics.entry(&partition.topic).or_default() += 1;
            *failures.entry(failure(stage.as_ref(), exception.as_ref())).or_default() += 1;
        }
    }
    let shown: u64 = topics.values().sum();
    let all = alike.iter().map(|v| v.records).fold(0, u64::saturating_add);
    let some = if shown < all { format!(" among the first {}", count(shown)) } else { String::new() };
    let topics: Vec<String> = topics.keys().map(|t| name(t)).collect();
    let mut ranked: Vec<(String, u64)> = failures.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let ranked: Vec<String> = ranked.iter().map(|(what, n)| format!("{} {what}", count(*n))).collect();
    (topics.join(" and "), format!("{}{some}", ranked.join(", ")))
}

/// Where the first dead letter of a finding is: `orders.dlq/0@12`.
pub(super) fn first_dead_letter(v: &Verdict) -> Option<String> {
    first(v, |e| match e {
        Evidence::DeadLetter { partition: p, offset: o, .. } => Some(format!("{}@{o}", partition(p))),
        _ => None,
    })
}

/// The position before the event told of, for the sentence that undoes it.
pub(super) fn position_before(v: &Verdict) -> Option<String> {
    first(v, |e| match e {
        Evidence::Commit { which: WhichCommit::Before, offset: o, .. } => Some(offset(*o)),
        _ => None,
    })
}
