//! What to do about a finding: a sentence, the command that does it or looks closer, and the moment before
//! which it must be done. Commands that change something are dry runs, or name what must be stopped first;
//! `$BROKERS` stands for the cluster's address.

use whither_core::verdict::{Cause, Evidence, Outcome, ShownAs};
use whither_core::{Time, Verdict};

use super::why::{first_dead_letter, position_before};
use super::words::{moment, name, offset, partition, rfc3339, shell, span};
use super::{Scene, first, moved_at};

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Next {
    /// In words.
    pub text: String,
    /// The command that does it, or that looks closer.
    pub command: Option<String>,
    /// Before when.
    pub before: Option<Time>,
}

impl Next {
    fn new(text: impl Into<String>, command: impl Into<Option<String>>) -> Next {
        Next { text: text.into(), command: command.into(), before: None }
    }
}

/// What to do about a finding.
#[must_use]
pub fn next(v: &Verdict, scene: &Scene<'_>) -> Next {
    let next = match v.cause {
        Cause::RetentionTime | Cause::RetentionSize => expired(v, scene),
        Cause::DeleteRecords => Next::new(
            format!("see who may delete records of {}", topic(v)),
            format!("kafka-acls.sh --bootstrap-server $BROKERS --list --topic {}", shell(&v.partition.topic)),
        ),
        Cause::TopicDeleted => Next::new("only the producers can send these records again", None),
        Cause::TopicRecreated => move_to(v, "begin the new topic from its start", "--to-earliest"),
        Cause::Compaction => Next::new("nothing: compaction is a promise of the topic", None),
        Cause::UncleanElection => set(
            v,
            "only the producers can send these records again; rule unclean elections out",
            "unclean.leader.election.enable=false",
        ),
        Cause::LogRegressed => Next::new(
            "only the producers can send these records again; look for a broker that came back with an old or empty disk",
            None,
        ),
        Cause::CorruptBatch => corrupt(v),
        Cause::TransactionAborted => {
            Next::new("nothing: this is what a rolled back transaction looks like", None)
        }
        Cause::TransactionHanging => Next::new(
            "make sure that its producer is gone, then abort it",
            format!(
                "kafka-transactions.sh --bootstrap-server $BROKERS abort --topic {} --partition {} --start-offset {}",
                shell(&v.partition.topic),
                v.partition.index,
                v.from
            ),
        ),
        Cause::TransactionOpen => open(v),
        Cause::DeliveryTimeout => Next::new(
            format!(
                "look for TimeoutException in the logs of what writes to {}; a longer delivery.timeout.ms waits longer",
                topic(v)
            ),
            None,
        ),
        Cause::Lagging => lagging(v),
        Cause::OffsetReset | Cause::SeekForward => undo(v, scene),
        Cause::StartedAtLatest => {
            move_to(v, "if it should have read them, move it to the start", "--to-earliest")
        }
        Cause::OutOfRangeJump | Cause::PartitionAddedLatest => jumped(v),
        Cause::OffsetsExpired | Cause::GroupDeleted => offsets_gone(v, scene),
        Cause::CommittedPastEnd => move_to(v, "move it to the end before more is written", "--to-latest"),
        Cause::OutOfOrderCommit => {
            Next::new("commit offsets in order: a restart in between would have read these again", None)
        }
        Cause::ReadsUncommitted => {
            Next::new("set isolation.level=read_committed unless it means to see aborted records", None)
        }
        Cause::Redelivered => {
            Next::new("make the work of its members repeatable; slow polls and rebalances cause this", None)
        }
        Cause::RoutedToDeadLetter => dead(v),
        Cause::DeadLetterPurged => {
            Next::new("keep dead letters for longer than it takes to replay them", None)
        }
    };
    Next { before: next.before.or(v.until), ..next }
}

fn topic(v: &Verdict) -> String {
    name(&v.partition.topic)
}

/// The group as a word of a command; `GROUP` where the finding holds for all.
fn group(v: &Verdict) -> String {
    v.group.as_ref().map_or_else(|| "GROUP".to_owned(), |g| shell(g))
}

fn set(v: &Verdict, text: &str, config: &str) -> Next {
    Next::new(
        text,
        format!(
            "kafka-configs.sh --bootstrap-server $BROKERS --alter --entity-type topics --entity-name {} --add-config {config}",
            shell(&v.partition.topic)
        ),
    )
}

/// Moves the group on this partition: a dry run, for which the group must be stopped.
fn move_to(v: &Verdict, text: &str, target: &str) -> Next {
    Next::new(
        text,
        format!(
            "kafka-consumer-groups.sh --bootstrap-server $BROKERS --group {} --topic {} --reset-offsets {target} --dry-run",
            group(v),
            shell(&format!("{}:{}", v.partition.topic, v.partition.index)),
        ),
    )
}

/// What expired is gone; what matters is what expires next.
fn expired(v: &Verdict, scene: &Scene<'_>) -> Next {
    let Some((partition_next, until)) = v.group.as_ref().and_then(|g| scene.overtaken.get(g)) else {
        return Next::new(
            format!("these are gone; {} must read faster or {} keep records longer", group_name(v), topic(v)),
            None,
        );
    };
    let place = partition(partition_next);
    let left = span(until.since(scene.at));
    let command = format!("whither check --brokers $BROKERS --group {} -v", group(v));
    Next { before: Some(*until), ..Next::new(format!("{place} loses data in {left} at this pace"), command) }
}

fn group_name(v: &Verdict) -> String {
    v.group.as_ref().map_or_else(|| "its readers".to_owned(), |g| name(g))
}

fn corrupt(v: &Verdict) -> Next {
    let past = format!("--to-offset {}", v.to);
    move_to(v, "check the leader's disk; a group gets past it only by being moved", &past)
}

fn open(v: &Verdict) -> Next {
    let id = first(v, |e| match e {
        Evidence::OpenTransaction { transactional_id, .. } => transactional_id.as_ref(),
        _ => None,
    });
    let command = id.map(|id| {
        format!("kafka-transactions.sh --bootstrap-server $BROKERS describe --transactional-id {}", shell(id))
    });
    Next::new("nothing: it ends, or its coordinator aborts it", command)
}

/// Doubling retention gives the group as long again.
fn lagging(v: &Verdict) -> Next {
    let retention = first(v, |e| match e {
        Evidence::Setting { name: whither_core::verdict::SettingName::RetentionMs, value } => Some(*value),
        _ => None,
    });
    let text = format!("speed {} up, or keep records longer", group_name(v));
    match retention.filter(|ms| *ms > 0) {
        Some(ms) => set(v, &text, &format!("retention.ms={}", ms.saturating_mul(2))),
        None => Next::new(text, None),
    }
}

/// The positions from right before the event, as the file that `kafka-consumer-groups` takes.
fn undo(v: &Verdict, scene: &Scene<'_>) -> Next {
    let lost = v.outcome == Outcome::Skipped;
    let text = match (lost, v.recoverable, position_before(v)) {
        (true, true, Some(at)) => {
            format!("stop {} and put it back to {at} while the records are in the log", group_name(v))
        }
        (true, false, Some(at)) => {
            format!(
                "stop {} and put it back to {at}; the oldest of the records are gone already",
                group_name(v)
            )
        }
        _ => format!(
            "nothing is lost, records come twice; if it was not meant, stop {} and undo it",
            group_name(v)
        ),
    };
    Next::new(text, undo_command(v, scene))
}

fn undo_command(v: &Verdict, scene: &Scene<'_>) -> Option<String> {
    let began = scene.action_began(v.group.as_ref()?, moved_at(v)?);
    let before = rfc3339(Time(began.0.saturating_sub(1)))?;
    let (group, topic) = (group(v), shell(&v.partition.topic));
    Some(format!(
        "whither offsets {group} --brokers $BROKERS --topic {topic} --at {before} --csv > undo.csv && kafka-consumer-groups.sh \
         --bootstrap-server $BROKERS --group {group} --reset-offsets --from-file undo.csv --execute"
    ))
}

fn jumped(v: &Verdict) -> Next {
    if v.recoverable {
        let text = format!("stop {} and move it back to {}", group_name(v), offset(v.from));
        return move_to(v, &text, &format!("--to-offset {}", v.from));
    }
    let text = format!("{} should set auto.offset.reset to earliest, or none and stop", group_name(v));
    Next::new(text, None)
}

fn offsets_gone(v: &Verdict, scene: &Scene<'_>) -> Next {
    match (v.shown_as, v.until) {
        (ShownAs::Loss, _) => jumped(v),
        (_, Some(until)) => {
            let by = moment(until, v.last_seen).map(|by| format!(" before {by}")).unwrap_or_default();
            let text =
                format!("start a member of {}{by}, or keep its offsets to restore them", group_name(v));
            let group = group(v);
            Next::new(
                text,
                format!("whither offsets {group} --brokers $BROKERS --at now --csv > offsets.csv"),
            )
        }
        (_, None) => {
            let text = format!("before {} starts again, put it back to where it was", group_name(v));
            Next::new(text, undo_command(v, scene))
        }
    }
}

fn dead(v: &Verdict) -> Next {
    let command = first_dead_letter(v).map(|at| format!("whither where {} --brokers $BROKERS", shell(&at)));
    Next::new("look at the first of them", command)
}
