//! A finding in two halves that read on as one sentence: what it is about, and what became of that, and why.

use whither_core::Verdict;
use whither_core::verdict::{Cause, ShownAs};

use super::words::{count, name, offset, partition, range, records};
use super::{Scene, why};

/// A finding in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Which records, of which group: `at most 209 of orders/3 [88210..88419) for billing`.
    pub what: String,
    /// What became of them and why: `expired: the log starts at 88,419; …`.
    pub why: String,
    joint: &'static str,
}

impl Told {
    /// Both halves as one sentence.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}{}", self.what, self.joint, self.why)
    }
}

/// A finding in words.
#[must_use]
pub fn finding(v: &Verdict, scene: &Scene<'_>) -> Told {
    let place_only = matches!(
        v.cause,
        Cause::TransactionOpen | Cause::TransactionHanging | Cause::DeliveryTimeout | Cause::CorruptBatch
    );
    let joint = if place_only { ": " } else { " " };
    Told { what: what(v), why: why::why(v, scene), joint }
}

/// Findings alike but for their partition as one sentence: that of the first, and how many more there are. Dead
/// letters are added up.
#[must_use]
pub fn findings(alike: &[&Verdict], scene: &Scene<'_>) -> String {
    match (alike.first(), more(alike)) {
        (None, _) => String::new(),
        (Some(v), _) if v.cause == Cause::RoutedToDeadLetter => why::dead_letters_from(alike),
        (Some(v), None) => finding(v, scene).text(),
        (Some(v), Some(more)) => format!("{}; {more}", finding(v, scene).text()),
    }
}

/// `11 more like it on orders, at most 480 records in all`; none where there is only one.
#[must_use]
pub fn more(alike: &[&Verdict]) -> Option<String> {
    let (first, rest) = alike.split_first()?;
    if rest.is_empty() {
        return None;
    }
    let all = alike.iter().map(|v| v.records).fold(0, u64::saturating_add);
    let bound = if alike.iter().any(|v| v.at_most) { "at most " } else { "" };
    let (n, topic) = (count(rest.len() as u64), name(&first.partition.topic));
    Some(format!("{n} more like it on {topic}, {bound}{} in all", records(all)))
}

fn what(v: &Verdict) -> String {
    let place = partition(&v.partition);
    match (v.cause, &v.group) {
        (Cause::TransactionOpen | Cause::TransactionHanging, _) => {
            format!("{place} from {}", offset(v.from))
        }
        (Cause::DeliveryTimeout, _) => format!("{place} at {}", offset(v.from)),
        (Cause::CorruptBatch, _) => format!("{place} {}", range(v.from, v.to)),
        (cause, Some(group)) if is_about_position(cause, v) => format!("{} on {place}", name(group)),
        _ => of_records(v, &place),
    }
}

/// Where the position is what matters, and the range only says how far it reaches.
fn is_about_position(cause: Cause, v: &Verdict) -> bool {
    let of_position = matches!(
        cause,
        Cause::ReadsUncommitted
            | Cause::CommittedPastEnd
            | Cause::OutOfOrderCommit
            | Cause::OffsetsExpired
            | Cause::GroupDeleted
            | Cause::Redelivered
    );
    let moved_back = cause == Cause::OffsetReset;
    v.to <= v.from || ((of_position || moved_back) && v.shown_as != ShownAs::Loss)
}

fn of_records(v: &Verdict, place: &str) -> String {
    let bound = if v.at_most { "at most " } else { "" };
    let whose = v.group.as_ref().map(|g| format!(" for {}", name(g))).unwrap_or_default();
    format!("{bound}{} of {place} {}{whose}", count(v.records), range(v.from, v.to))
}
