//! What keeps the server from doing its work, and since when.

use std::collections::BTreeMap;

use whither_core::Time;

use crate::live::Problem;

/// Where problems come from; each place has one at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Place {
    /// The brokers.
    Brokers,
    /// The data directory.
    Store,
}

/// Problems that hold now.
#[derive(Debug, Default)]
pub(super) struct Problems(BTreeMap<Place, Problem>);

impl Problems {
    /// There is a problem; it is as old as the first of a row of them.
    pub(super) fn has(&mut self, place: Place, text: String, now: Time) {
        let known = self.0.entry(place).or_insert_with(|| Problem { text: String::new(), since: now });
        known.text = text;
    }

    /// There is none any more.
    pub(super) fn over(&mut self, place: Place) {
        self.0.remove(&place);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Problem> {
        self.0.values().cloned().collect()
    }
}
