//! One message's journey in words.

use whither_core::fact::RunKind;
use whither_core::verdict::Outcome;
use whither_core::{Name, Partition, Span, Time};

use super::evidence::not_read;
use super::words::{count, moment, name, span};

/// What became of a message for one group, as a clause: `delivered by 13:02:40Z`.
#[must_use]
pub fn outcome(outcome: Outcome, at: Option<Time>, now: Time) -> String {
    let by = at.and_then(|at| moment(at, now));
    match (outcome, by) {
        (Outcome::Delivered, Some(by)) => format!("delivered by {by}"),
        (Outcome::InFlight, _) => "in flight: not passed yet".to_owned(),
        (Outcome::BeforeStart, _) => "before the group began".to_owned(),
        (Outcome::Unread, _) => "not told: what is around it was not read".to_owned(),
        (Outcome::Unknown, _) => "not known".to_owned(),
        (outcome, Some(by)) => format!("{} by {by}", outcome.word().replace('_', " ")),
        (outcome, None) => outcome.word().replace('_', " "),
    }
}

/// How long a message waited for a group, in bounds: commits are all that shows it.
#[must_use]
pub fn waited(group: &Name, (least, most): (Span, Span), shared_with: Option<u64>) -> String {
    let bounds = if least.0 <= 0 {
        format!("at most {}", span(most))
    } else if span(least) == span(most) {
        format!("about {}", span(least))
    } else {
        format!("between {} and {}", span(least), span(most))
    };
    let others = match shared_with {
        None | Some(0) => String::new(),
        Some(1) => ", as 1 other that the same commit passed".to_owned(),
        Some(n) => format!(", as {} others that the same commit passed", count(n)),
    };
    format!("waited {bounds} until a commit of {} passed it{others}", name(group))
}

/// What the log holds where no message is.
#[must_use]
pub fn instead(kind: Option<RunKind>) -> String {
    match kind {
        Some(RunKind::Empty) => "a transaction marker, or a hole that compaction left".to_owned(),
        Some(RunKind::Sparse) => "a hole: compaction removed the record".to_owned(),
        Some(RunKind::Corrupt) => "a batch that can't be read".to_owned(),
        Some(RunKind::Unread(why)) => not_read(why).to_owned(),
        Some(RunKind::Data | RunKind::Aborted | RunKind::Open { .. } | RunKind::Unsettled) => {
            "a record that was gone when asked for".to_owned()
        }
        None => {
            "nothing: no such partition, or the offset is below its log's start or above its end".to_owned()
        }
    }
}

/// A topic was named that is not there, or not for us.
#[must_use]
pub fn no_topic(topic: &str) -> String {
    format!("no topic {} is shown to us: check the name, and that we may describe it", name(topic))
}

/// A partition was named that is not there.
#[must_use]
pub fn no_partition(p: &Partition) -> String {
    format!("topic {} has no partition {}: partitions count from 0", name(&p.topic), p.index)
}
