//! Which offsets of a partition the index holds.

use std::collections::BTreeMap;

use whither_core::{Offset, TopicId};

use super::{By, Entry};

/// Stretches kept for each value that records are found by: where more were left out between them, the oldest are
/// forgotten, which claims less than is there.
const STRETCHES: usize = 64;

/// Which offsets of a partition the index holds, for each value that records are found by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covered {
    pub(super) topic_id: TopicId,
    pub(super) by: BTreeMap<By, Vec<(Offset, Offset)>>,
}

impl Default for Covered {
    fn default() -> Covered {
        Covered { topic_id: TopicId::UNKNOWN, by: BTreeMap::new() }
    }
}

impl Covered {
    /// The stretches in which every record can be found by this, ascending, with gaps between them.
    #[must_use]
    pub fn stretches(&self, by: &By) -> &[(Offset, Offset)] {
        self.by.get(by).map_or(&[], Vec::as_slice)
    }

    /// The newest stretch in which every record can be found by each of these.
    #[must_use]
    pub fn newest(&self, all: &[By]) -> Option<(Offset, Offset)> {
        let last = |by| self.stretches(by).last().copied();
        let common = all.iter().map(last).reduce(|a, b| Some((a?.0.max(b?.0), a?.1.min(b?.1))))?;
        common.filter(|(from, to)| from < to)
    }

    /// Behind the last offset that is covered.
    #[must_use]
    pub fn end(&self) -> Option<Offset> {
        self.by.values().filter_map(|stretches| stretches.last()).map(|(_, to)| *to).max()
    }

    /// Whether the record at an offset of a topic's incarnation can be found by this, if there is one.
    #[must_use]
    pub fn holds(&self, topic_id: TopicId, by: &By, offset: Offset) -> bool {
        let stretches = self.stretches(by);
        let next = stretches.partition_point(|(_, to)| *to <= offset);
        self.topic_id == topic_id && stretches.get(next).is_some_and(|(from, _)| *from <= offset)
    }

    /// Takes in what the index was told.
    pub(crate) fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Read { topic_id, from, to, by, .. } => {
                if self.topic_id != *topic_id {
                    *self = Covered { topic_id: *topic_id, ..Covered::default() };
                }
                for by in by.iter().filter(|_| from < to) {
                    join(self.by.entry(by.clone()).or_default(), (*from, *to));
                }
            }
            Entry::WentBack { to, .. } => {
                for stretches in self.by.values_mut() {
                    stretches.retain_mut(|(from, end)| {
                        *end = (*end).min(*to);
                        from < end
                    });
                }
            }
        }
    }
}

/// Adds a stretch; it becomes one with those that it meets.
fn join(stretches: &mut Vec<(Offset, Offset)>, (from, to): (Offset, Offset)) {
    let first = stretches.partition_point(|(_, end)| *end < from);
    let behind = stretches.partition_point(|(begin, _)| *begin <= to);
    let met = stretches.get(first..behind).unwrap_or_default();
    let from = met.first().map_or(from, |(begin, _)| from.min(*begin));
    let to = met.last().map_or(to, |(_, end)| to.max(*end));
    stretches.splice(first..behind, [(from, to)]);
    if stretches.len() > STRETCHES {
        stretches.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whither_core::Partition;

    fn read(topic_id: u128, by: &[By], from: Offset, to: Offset) -> Entry {
        let (partition, places) = (Partition::new("orders", 0), Vec::new());
        Entry::Read { partition, topic_id: TopicId(topic_id), from, to, by: by.to_vec(), places }
    }

    fn of(stretches: &[(Offset, Offset)]) -> Covered {
        let mut covered = Covered::default();
        stretches.iter().for_each(|(from, to)| covered.take(&read(7, &[By::Key], *from, *to)));
        covered
    }

    #[test]
    fn stretches_that_meet_become_one_in_whatever_order_they_come() {
        for stretches in
            [[(10, 20), (30, 40), (20, 30)], [(30, 40), (10, 25), (20, 30)], [(15, 16), (12, 13), (10, 40)]]
        {
            assert_eq!(of(&stretches).stretches(&By::Key), [(10, 40)], "{stretches:?}");
        }
        let apart = of(&[(30, 40), (10, 20), (25, 25)]);
        assert_eq!(apart.stretches(&By::Key), [(10, 20), (30, 40)]);
        let held = (8..42).filter(|at| apart.holds(TopicId(7), &By::Key, *at)).collect::<Vec<_>>();
        assert_eq!(held, (10..20).chain(30..40).collect::<Vec<_>>());
        assert!(!apart.holds(TopicId(8), &By::Key, 15) && !apart.holds(TopicId(7), &By::Trace, 15));
    }

    #[test]
    fn too_many_stretches_claim_less() {
        let many: Vec<_> = (0..70).map(|i| (i * 10, i * 10 + 5)).collect();
        let covered = of(&many);
        assert_eq!(covered.stretches(&By::Key).first(), Some(&(60, 65)));
        assert_eq!(covered.stretches(&By::Key).last(), Some(&(690, 695)));
    }

    #[test]
    fn a_log_that_went_back_is_covered_up_to_there() {
        let mut covered = of(&[(10, 20), (30, 40), (50, 60)]);
        covered.take(&Entry::WentBack { partition: Partition::new("orders", 0), to: 35 });
        assert_eq!(covered.stretches(&By::Key), [(10, 20), (30, 35)]);
    }

    #[test]
    fn another_topic_of_the_same_name_begins_anew() {
        let mut covered = of(&[(10, 20)]);
        covered.take(&read(8, &[By::Trace], 0, 5));
        assert_eq!((covered.stretches(&By::Key), covered.stretches(&By::Trace)), (&[][..], &[(0, 5)][..]));
    }

    #[test]
    fn the_newest_stretch_is_one_of_all() {
        let mut covered = of(&[(10, 20), (30, 60)]);
        assert_eq!(covered.newest(&[By::Key]), Some((30, 60)));
        assert_eq!(covered.newest(&[By::Key, By::Trace]), None);
        covered.take(&read(7, &[By::Trace], 40, 70));
        assert_eq!(covered.newest(&[By::Key, By::Trace]), Some((40, 60)));
        assert_eq!(covered.newest(&[]), None);
    }
}
