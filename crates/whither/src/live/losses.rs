//! When records were lost, as findings grew.

use std::collections::BTreeMap;

use whither_core::verdict::ShownAs;
use whither_core::{Span, Time, Verdict};

/// What lies further back counts only in the sum of all.
pub(crate) const KEPT: Span = Span::hours(24);
/// Growth within this is one step.
const STEP: Span = Span::seconds(60);

/// The losses of the last day, by finding.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Losses(BTreeMap<u64, Growth>);

/// How one finding came to its records.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Growth {
    records: u64,
    /// Records by when they were lost, ascending.
    steps: Vec<(Time, u64)>,
}

impl Losses {
    /// A finding as it is now. What it held when it was first told went when it began.
    pub fn tell(&mut self, v: &Verdict) {
        if v.shown_as != ShownAs::Loss {
            self.0.remove(&v.id);
            return;
        }
        let at = if self.0.contains_key(&v.id) { v.last_seen } else { v.first_seen };
        self.becomes(v.id, v.records, at);
    }

    /// A finding had so many records at a moment.
    pub fn becomes(&mut self, id: u64, records: u64, at: Time) {
        let growth = self.0.entry(id).or_default();
        let known = growth.records;
        growth.records = records;
        if records >= known {
            growth.add(at, records - known);
        } else {
            growth.take_back(known - records);
        }
    }

    /// What a finding had before anything is known of when.
    pub fn had(&mut self, id: u64, records: u64) {
        self.0.entry(id).or_default().records = records;
    }

    /// A finding does not hold any more.
    pub fn withdraw(&mut self, id: u64) {
        self.0.remove(&id);
    }

    /// Records lost from a moment on.
    #[must_use]
    pub fn since(&self, from: Time) -> u64 {
        let steps = self.0.values().flat_map(|growth| &growth.steps).filter(|(at, _)| *at >= from);
        steps.map(|(_, records)| *records).fold(0, u64::saturating_add)
    }

    /// Records lost since whither knows the cluster.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.0.values().map(|growth| growth.records).fold(0, u64::saturating_add)
    }
}

impl Growth {
    fn add(&mut self, at: Time, records: u64) {
        if records == 0 {
            return;
        }
        match self.steps.last_mut() {
            Some((last, sum)) if at.since(*last) < STEP => *sum = sum.saturating_add(records),
            _ => {
                self.steps.retain(|(past, _)| at.since(*past) <= KEPT);
                self.steps.push((at, records));
            }
        }
    }

    /// What came last is taken back first.
    fn take_back(&mut self, mut records: u64) {
        while let Some((_, step)) = self.steps.last_mut() {
            if *step > records {
                *step -= records;
                return;
            }
            records -= *step;
            self.steps.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_lost_when_it_grew() {
        let at = |minute: i64| Time(minute * 60_000);
        let mut losses = Losses::default();
        losses.becomes(1, 100, at(0));
        losses.becomes(1, 110, at(600));
        losses.becomes(1, 130, at(601));
        losses.had(2, 1_000);
        losses.becomes(2, 1_005, at(600));
        assert_eq!([0, 600, 601, 602].map(|m| losses.since(at(m))), [135, 35, 20, 0]);
        assert_eq!(losses.all(), 1_135);
        losses.becomes(1, 105, at(602));
        assert_eq!(
            (losses.since(at(0)), losses.since(at(601))),
            (110, 0),
            "the newest turned out to be none"
        );
        losses.becomes(2, 1_006, at(600 + 25 * 60));
        assert_eq!(losses.0[&2].steps.len(), 1, "what is older than a day is let go of");
        losses.withdraw(2);
        assert_eq!((losses.all(), losses.since(at(0))), (105, 105));
    }
}
