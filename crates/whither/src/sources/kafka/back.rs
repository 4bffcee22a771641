//! What the logs held before they were followed: read in slices between the rounds, so that following never stops.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;
use whither_core::{Key, Offset, Partition};
use whither_kafka::fetch::Span;

use super::look::{Look, of};
use super::plan::{self, Phase};

/// A round gives this much of its time to what is further back.
const SLICE: Duration = Duration::from_millis(300);
/// Offsets of a partition read in a slice: to begin with, and within which bounds.
const WIDTH: Offset = 10_000;
const WIDTHS: Range<Offset> = 500..2_000_000;
/// Parts that could not be read are tried again after this long.
const AGAIN: Duration = Duration::from_secs(600);

/// What is still to be read of the past.
#[derive(Debug)]
pub(super) struct Back {
    /// Phases to come.
    phases: Vec<Phase>,
    /// What this phase still wants of each partition, upwards.
    parts: BTreeMap<Partition, Vec<Part>>,
    width: Offset,
    finished: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Part {
    from: Offset,
    to: Offset,
    /// Nothing came of a slice of it: the next one is all of it. Compaction leaves long stretches empty.
    whole: bool,
}

impl Back {
    pub(super) fn new() -> Back {
        let phases = Phase::IN_ORDER.into_iter().rev().collect();
        Back { phases, parts: BTreeMap::new(), width: WIDTH, finished: None }
    }

    /// Whether all that could be read was read.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.is_some()
    }

    /// The next slice of each partition.
    fn slices(&self) -> BTreeMap<Partition, Range<Offset>> {
        let slice = |(p, parts): (&Partition, &Vec<Part>)| {
            let part = parts.first()?;
            let to = if part.whole { part.to } else { part.to.min(part.from.saturating_add(self.width)) };
            Some((p.clone(), part.from..to))
        };
        self.parts.iter().filter_map(slice).collect()
    }

    /// A slice was read, or could not be: reading has come as far as `reached`.
    fn read(&mut self, p: &Partition, slice: &Range<Offset>, reached: Offset) {
        let Some(parts) = self.parts.get_mut(p) else { return };
        let Some(part) = parts.first_mut() else { return };
        if reached >= part.to || (reached <= part.from && slice.end >= part.to) {
            parts.remove(0);
        } else if reached > part.from {
            (part.from, part.whole) = (reached, false);
        } else {
            part.whole = true;
        }
        self.parts.retain(|_, parts| !parts.is_empty());
    }

    /// Slices become as wide as the time for them allows.
    fn took(&mut self, time: Duration) {
        let next = if time < SLICE / 2 {
            self.width * 2
        } else if time > SLICE {
            self.width / 2
        } else {
            self.width
        };
        self.width = next.clamp(WIDTHS.start, WIDTHS.end);
    }
}

impl Look {
    /// Reads a slice of what is further back; false if nothing is left to read.
    pub(super) async fn read_back(&mut self) -> bool {
        let Some(mut back) = self.back.take() else { return false };
        if back.finished.is_some_and(|at| at.elapsed() >= AGAIN) {
            back = Back { phases: vec![Phase::Rest], ..Back::new() };
        }
        while back.parts.is_empty()
            && let Some(phase) = back.phases.pop()
        {
            back.parts = self.parts(phase).await;
        }
        let slices = back.slices();
        let more = !slices.is_empty();
        if more {
            let began = Instant::now();
            self.read_slices(&mut back, &slices).await;
            back.took(began.elapsed());
        } else if back.finished.is_none() {
            back.finished = Some(Instant::now());
        }
        self.back = Some(back);
        more
    }

    async fn read_slices(&mut self, back: &mut Back, slices: &BTreeMap<Partition, Range<Offset>>) {
        let span =
            |(p, s): (&Partition, &Range<Offset>)| Span { partition: of(p), from: s.start, to: Some(s.end) };
        self.read(slices.iter().map(span).collect(), &mut BTreeMap::new()).await;
        for (p, slice) in slices {
            let read = self.run.was_read(&Key::log(&self.id, p));
            let holding = read.iter().find(|(from, next)| *from <= slice.start && slice.start <= *next);
            // Where the batch around the offset asked for begins before it, so does the read.
            let begun = read.iter().find(|(from, _)| slice.contains(from));
            back.read(p, slice, holding.or(begun).map_or(slice.start, |(_, next)| *next));
        }
    }

    /// What a phase wants of each partition.
    async fn parts(&mut self, phase: Phase) -> BTreeMap<Partition, Vec<Part>> {
        let partitions = self.partitions();
        let recent = if phase == Phase::Recent { self.recent(&partitions).await } else { BTreeMap::new() };
        let wanted = |p: &Partition| {
            let edges = self.edges_of(p)?;
            let floor = self.floor(phase, p, &edges, &recent)?;
            let end = self.data_next.get(p).map_or(edges.end, |read| read.next);
            let read = self.run.was_read(&Key::log(&self.id, p));
            let floor = floor.max(plan::readable_start(&edges));
            let parts: Vec<Part> = plan::gaps(&read, floor..end)
                .into_iter()
                .map(|gap| Part { from: gap.start, to: gap.end, whole: false })
                .collect();
            (!parts.is_empty()).then(|| (p.clone(), parts))
        };
        partitions.iter().filter_map(wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Partition {
        Partition::new("orders", 0)
    }

    fn back(parts: &[(Offset, Offset)]) -> Back {
        let parts = parts.iter().map(|(from, to)| Part { from: *from, to: *to, whole: false }).collect();
        Back { parts: [(orders(), parts)].into(), width: 100, ..Back::new() }
    }

    fn slice(back: &Back) -> Option<Range<Offset>> {
        back.slices().remove(&orders())
    }

    #[test]
    fn slices_go_up_through_all_parts() {
        let mut back = back(&[(0, 150), (300, 320)]);
        let mut read = Vec::new();
        while let Some(next) = slice(&back) {
            back.read(&orders(), &next, next.end);
            read.push(next);
        }
        assert_eq!(read, [0..100, 100..150, 300..320]);
    }

    #[test]
    fn a_batch_that_goes_beyond_the_slice_is_not_read_twice() {
        let mut back = back(&[(0, 300)]);
        back.read(&orders(), &(0..100), 130);
        assert_eq!(slice(&back), Some(130..230));
    }

    #[test]
    fn a_slice_without_a_batch_is_followed_by_all_of_the_part_and_then_given_up() {
        let mut back = back(&[(0, 300), (400, 450)]);
        back.read(&orders(), &(0..100), 0);
        assert_eq!(slice(&back), Some(0..300));
        back.read(&orders(), &(0..300), 0);
        assert_eq!(slice(&back), Some(400..450));
    }

    #[test]
    fn slices_fit_the_time_there_is_for_them() {
        let mut back = back(&[]);
        back.took(Duration::from_millis(10));
        assert_eq!(back.width, 500, "never less");
        back.took(Duration::from_millis(10));
        assert_eq!(back.width, 1_000);
        back.took(Duration::from_secs(2));
        assert_eq!(back.width, 500);
    }
}
