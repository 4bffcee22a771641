//! Which part of a partition is read when: what makes verdicts soonest comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use whither_core::fact::Bounds;
use whither_core::{Name, Offset};

use super::look::LastCommit;

/// What is read first, and what later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Positions,
    DeadLetters,
    Recent,
    Rest,
}

impl Phase {
    pub(super) const IN_ORDER: [Phase; 4] =
        [Phase::Positions, Phase::DeadLetters, Phase::Recent, Phase::Rest];

    pub(super) const fn says(self) -> &'static str {
        match self {
            Phase::Positions => "reading from each group's position to the end",
            Phase::DeadLetters => "reading dead-letter topics",
            Phase::Recent => "reading recent records",
            Phase::Rest => "reading further back",
        }
    }
}

/// What a phase that wants to begin at `wanted` reads of a partition: up to where reading has `begun` already,
/// and nothing that is only in tiered storage (R20).
pub(super) fn part(edges: &Bounds, begun: Option<Offset>, wanted: Offset) -> Option<Range<Offset>> {
    let start = readable_start(edges);
    let to = begun.unwrap_or(edges.end);
    let from = wanted.clamp(start, to.max(start));
    (from < to).then_some(from..to)
}

/// What of a range was not read, ascending.
pub(crate) fn gaps(read: &[(Offset, Offset)], range: Range<Offset>) -> Vec<Range<Offset>> {
    let mut gaps = Vec::new();
    let mut at = range.start;
    for (from, next) in read {
        if at < (*from).min(range.end) {
            gaps.push(at..(*from).min(range.end));
        }
        at = at.max(*next);
    }
    if at < range.end {
        gaps.push(at..range.end);
    }
    gaps
}

/// The first offset that is on the leader's own disk.
pub(super) fn readable_start(edges: &Bounds) -> Offset {
    edges.local_start.max(edges.log_start)
}

/// The lowest position any group stands at: what is before it was read by all.
pub(super) fn lowest_position(groups: &BTreeMap<Name, LastCommit>) -> Option<Offset> {
    groups.values().filter_map(|c| c.latest).min()
}

/// The offsets that cut rows of a partition, ascending.
pub(super) fn cuts(groups: Option<&BTreeMap<Name, LastCommit>>, log_start: Offset) -> Vec<Offset> {
    let committed = groups.into_iter().flat_map(BTreeMap::values);
    let positions = committed.flat_map(|c| [Some(c.lowest), c.latest]).flatten();
    let ascending: BTreeSet<Offset> = positions.chain([log_start]).collect();
    ascending.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use whither_core::{Time, TopicId};

    fn edges(log_start: Offset, local_start: Offset, end: Offset) -> Bounds {
        Bounds {
            at: Time(0),
            topic_id: TopicId::UNKNOWN,
            log_start,
            local_start,
            last_stable: end,
            end,
            leader_epoch: 0,
        }
    }

    fn groups<const N: usize>(positions: [(&str, Offset, Option<Offset>); N]) -> BTreeMap<Name, LastCommit> {
        let of = |(group, lowest, latest): (&str, _, _)| {
            (Name::from(group), LastCommit { lowest, latest, leader_epoch: -1 })
        };
        positions.map(of).into()
    }

    #[test]
    fn phases_meet_and_none_reads_what_was_read_before() {
        let edges = edges(10, 10, 100);
        assert_eq!(part(&edges, None, 80), Some(80..100), "from the position to the end");
        assert_eq!(part(&edges, Some(80), 60), Some(60..80), "recent records, up to where reading began");
        assert_eq!(part(&edges, Some(60), 70), None, "they were read already");
        assert_eq!(part(&edges, Some(60), 10), Some(10..60), "the rest");
        assert_eq!(part(&edges, Some(10), 10), None, "nothing is left");
    }

    #[test]
    fn what_was_not_read_is_between_what_was() {
        let of = |read: &[(Offset, Offset)]| -> Vec<(Offset, Offset)> {
            gaps(read, 10..90).into_iter().map(|gap| (gap.start, gap.end)).collect()
        };
        assert_eq!(of(&[]), [(10, 90)]);
        assert_eq!(of(&[(20, 30), (30, 40), (60, 90)]), [(10, 20), (40, 60)]);
        assert_eq!(of(&[(0, 15), (80, 120)]), [(15, 80)]);
        assert_eq!(of(&[(0, 5), (95, 99)]), [(10, 90)]);
        assert_eq!(of(&[(0, 100)]), []);
    }

    #[test]
    fn a_position_outside_the_log_is_read_from_its_edge() {
        let edges = edges(10, 10, 100);
        assert_eq!(part(&edges, None, 3), Some(10..100), "what was below the log start is gone");
        assert_eq!(part(&edges, None, 120), None, "beyond the end there is nothing");
        assert_eq!(part(&edges, None, 100), None, "the group has read all");
    }

    #[test]
    fn tiered_storage_is_left_alone() {
        assert_eq!(part(&edges(10, 40, 100), None, 10), Some(40..100));
        assert_eq!(part(&edges(10, 40, 100), Some(40), 10), None);
    }

    #[test]
    fn an_empty_log_is_not_read() {
        assert_eq!(part(&edges(10, 10, 10), None, 10), None);
        assert_eq!(part(&edges(50, 50, 50), Some(20), 0), None, "reading began before retention took it all");
    }

    #[test]
    fn the_lowest_position_is_of_groups_that_stand_somewhere() {
        assert_eq!(lowest_position(&groups([])), None);
        let some = groups([("billing", 0, None), ("search", 5, Some(70)), ("shipping", 60, Some(60))]);
        assert_eq!(lowest_position(&some), Some(60), "the offsets of billing were removed");
    }

    #[test]
    fn rows_are_cut_where_groups_began_where_they_stand_and_where_the_log_starts() {
        let some = groups([("billing", 30, Some(90)), ("search", 30, None), ("shipping", 7, Some(30))]);
        assert_eq!(cuts(Some(&some), 10), [7, 10, 30, 90]);
        assert_eq!(cuts(None, 10), [10]);
    }
}
