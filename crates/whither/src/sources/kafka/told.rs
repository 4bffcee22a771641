//! What brokers answer again and again, as it was told last: only what has changed is told again.

use std::collections::{BTreeMap, BTreeSet};

use whither_core::fact::{Bounds, Config, TopicState};
use whither_core::{Name, Offset, Partition, Time};
use whither_kafka::{DescribedGroup, GroupListing};

/// What was told last, by what it was told of.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) topics: Last<Partition, TopicState>,
    pub(super) edges: Last<Partition, Bounds>,
    /// Partitions whose log start may have come above a group's position since it was looked at.
    pub(super) crossed: BTreeSet<Partition>,
    /// Log starts above a group's position that were looked at.
    pub(super) overtaken: Last<Partition, Offset>,
    pub(super) configs: Last<Partition, Config>,
    pub(super) sizes: Last<Partition, u64>,
    /// With how many partitions they have positions in.
    pub(super) groups: Last<Name, (GroupListing, DescribedGroup, usize)>,
    /// Partitions that something was committed for since their edges were told: these are told after it, for
    /// what is past the end is judged by edges that are newer than the commit.
    pub(super) committed: BTreeSet<Partition>,
}

/// What was told last.
#[derive(Debug)]
pub(super) struct Last<K, V>(pub(super) BTreeMap<K, V>);

impl<K, V> Default for Last<K, V> {
    fn default() -> Last<K, V> {
        Last(BTreeMap::new())
    }
}

impl<K: Ord + Clone, V: PartialEq> Last<K, V> {
    /// Whether this is not what was told last; from now on it is.
    pub(super) fn is_news(&mut self, of: &K, value: V) -> bool {
        match self.0.get_mut(of) {
            Some(last) if *last == value => false,
            Some(last) => {
                *last = value;
                true
            }
            None => {
                self.0.insert(of.clone(), value);
                true
            }
        }
    }
}

impl Told {
    /// Whether edges have moved since they were told, or must be told again. What is open is judged by how long it
    /// has been seen to be.
    pub(super) fn has_moved(&mut self, partition: &Partition, edges: &Bounds) -> bool {
        let start = self.edges.0.get(partition).map(|before| before.log_start);
        if start != Some(edges.log_start) {
            self.crossed.insert(partition.clone());
        }
        let moved = self.edges.is_news(partition, Bounds { at: Time(0), ..*edges });
        self.committed.remove(partition) || moved || edges.last_stable < edges.end
    }

    /// Whether a size is another one by more than a sixteenth.
    pub(super) fn has_grown(&mut self, partition: &Partition, bytes: u64) -> bool {
        let rough = bytes >> bytes.checked_ilog2().unwrap_or(0).saturating_sub(4);
        self.sizes.is_news(partition, rough | u64::from(bytes.leading_zeros()) << 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whither_core::TopicId;

    fn orders() -> Partition {
        Partition::new("orders", 0)
    }

    fn edges(at: i64, last_stable: i64, end: i64) -> Bounds {
        let (log_start, local_start) = (0, 0);
        Bounds {
            at: Time(at),
            topic_id: TopicId(7),
            log_start,
            local_start,
            last_stable,
            end,
            leader_epoch: 0,
        }
    }

    #[test]
    fn edges_are_told_when_they_have_moved_or_something_was_committed() {
        let mut told = Told::default();
        assert!(told.has_moved(&orders(), &edges(1, 10, 10)));
        assert!(!told.has_moved(&orders(), &edges(2, 10, 10)));
        told.committed.insert(orders());
        assert!(told.has_moved(&orders(), &edges(3, 10, 10)));
        assert!(!told.has_moved(&orders(), &edges(4, 10, 10)));
        assert!(told.has_moved(&orders(), &edges(5, 10, 11)));
        assert!(told.has_moved(&orders(), &edges(6, 10, 11)), "a transaction is open");
    }

    #[test]
    fn a_log_start_that_moves_may_have_crossed_a_position() {
        let mut told = Told::default();
        told.has_moved(&orders(), &edges(1, 10, 10));
        assert_eq!(std::mem::take(&mut told.crossed), BTreeSet::from([orders()]));
        told.has_moved(&orders(), &edges(2, 10, 11));
        assert!(told.crossed.is_empty());
        told.has_moved(&orders(), &Bounds { log_start: 1, ..edges(3, 10, 11) });
        assert_eq!(told.crossed, BTreeSet::from([orders()]));
    }

    #[test]
    fn sizes_are_told_roughly() {
        let mut told = Told::default();
        assert!(told.has_grown(&orders(), 1_000_000));
        assert!(!told.has_grown(&orders(), 1_010_000));
        assert!(told.has_grown(&orders(), 1_100_000));
        assert!(told.has_grown(&orders(), 2_200_000), "twice as much is not the same");
        assert!(told.has_grown(&orders(), 0));
        assert!(!told.has_grown(&orders(), 0));
    }
}
