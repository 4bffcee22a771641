//! The one place where verdicts and evidence become sentences. Table, JSON and whatever else shows a finding
//! take their words from here.

pub mod words;
mod source;
mod evidence;
mod finding;
mod why;
mod next;
mod journey;
mod causes;

use std::collections::BTreeMap;

use whither_core::verdict::{Cause, Evidence, WhichCommit};
use whither_core::{Name, Offset, Partition, Span, Time, Verdict};

use crate::report::Report;
pub use causes::{CauseInGeneral, cause};
pub use evidence::{at as evidence_at, kind as evidence_kind, text as evidence_text};
pub use finding::{Told, finding, findings, more};
pub use journey::{instead, no_partition, no_topic, outcome, waited};
pub use next::{Next, next};
pub use source::{Plane, Source, source as evidence_source};

/// What sentences are about beside the finding itself.
#[derive(Clone, Debug, Default)]
pub struct Scene<'a> {
    /// When it is told: times of the same day stand without their day, ages count from here.
    pub at: Time,
    /// From when on the commit history is complete.
    pub history_since: Option<Time>,
    /// Where each group loses data next, and when.
    overtaken: BTreeMap<&'a Name, (&'a Partition, Time)>,
    /// When each group's positions were moved or removed, ascending.
    moved: BTreeMap<&'a Name, Vec<Time>>,
}

impl<'a> Scene<'a> {
    /// The scene of a report.
    #[must_use]
    pub fn of(report: &'a Report) -> Scene<'a> {
        Scene::among((report.at, report.complete_since), &report.findings)
    }

    /// The scene at a moment among these findings, with complete history from another.
    #[must_use]
    pub fn among<F>((at, history_since): (Time, Option<Time>), findings: F) -> Scene<'a>
    where
        F: IntoIterator<Item = &'a Verdict>,
    {
        let mut overtaken: BTreeMap<&Name, (&Partition, Time)> = BTreeMap::new();
        let mut moved: BTreeMap<&Name, Vec<Time>> = BTreeMap::new();
        for v in findings {
            let Some(group) = &v.group else { continue };
            if let Some(until) = v.until.filter(|_| v.cause == Cause::Lagging) {
                let soonest = overtaken.entry(group).or_insert((&v.partition, until));
                if until < soonest.1 {
                    *soonest = (&v.partition, until);
                }
            }
            if let Some(at) = moved_at(v) {
                moved.entry(group).or_default().push(at);
            }
        }
        moved.values_mut().for_each(|times| times.sort_unstable());
        Scene { at, history_since, overtaken, moved }
    }

    /// When the action began of which this was part: a reset writes partition after partition.
    fn action_began(&self, group: &Name, at: Time) -> Time {
        let earlier = self.moved.get(group).into_iter().flatten().rev().skip_while(|t| **t > at);
        earlier.fold(at, |began, t| if began.since(*t) <= ONE_ACTION { *t } else { began })
    }
}

/// Moves of a group's positions that are no further apart than this belong to one action.
const ONE_ACTION: Span = Span::seconds(5);

/// When a finding's group was moved, or its offsets removed; none where that is not what it tells.
fn moved_at(v: &Verdict) -> Option<Time> {
    let moves = matches!(
        v.cause,
        Cause::OffsetReset | Cause::SeekForward | Cause::OffsetsExpired | Cause::GroupDeleted
    );
    let at = first(v, |e| match e {
        Evidence::Commit { which: WhichCommit::This, at, .. } | Evidence::Tombstone { at, .. } => Some(*at),
        _ => None,
    });
    at.filter(|_| moves)
}

/// What a piece of evidence is about: sentences say the group's and topic's names.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The partition.
    pub partition: &'a Partition,
    /// The group; none where it holds for every reader.
    pub group: Option<&'a Name>,
    /// Where the range begins.
    pub from: Offset,
}

impl<'a> About<'a> {
    /// What a verdict is about.
    #[must_use]
    pub fn of(v: &'a Verdict) -> About<'a> {
        About { partition: &v.partition, group: v.group.as_ref(), from: v.from }
    }

    fn group_name(&self) -> String {
        self.group.map_or_else(|| "the group".to_owned(), |g| words::name(g))
    }
}

/// The first piece of evidence of some kind.
fn first<'v, T>(v: &'v Verdict, pick: impl Fn(&'v Evidence) -> Option<T>) -> Option<T> {
    v.evidence.iter().find_map(pick)
}
