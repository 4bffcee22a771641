//! What was committed and is not published yet.

use std::collections::BTreeMap;

use super::changes::Said;
use crate::live::Delays;
use whither_core::fact::Committed;
use whither_core::key::At;
use whither_core::{Fact, Name, Output, Partition, Time};

/// The oldest commit of each row since the row was published.
#[derive(Debug, Default)]
pub(super) struct Unpublished {
    /// What was committed before is history that is read, and no news that is late.
    since: Option<Time>,
    oldest: BTreeMap<(Name, Partition), Time>,
}

impl Unpublished {
    /// From now on commits are news.
    pub(super) fn begin(&mut self, now: Time) {
        self.since.get_or_insert(now);
    }

    pub(super) fn said(&mut self, output: &Output) {
        let Output::Fact(key, Fact::Committed(Committed { group, at, .. })) = output else { return };
        if let At::Ledger(partition) = &key.at
            && self.since.is_some_and(|since| since <= *at)
        {
            self.oldest.entry((group.clone(), partition.clone())).or_insert(*at);
        }
    }

    /// Rows were published. Once `all` that came was judged, what is left changed no row.
    pub(super) fn published(&mut self, said: &Said, now: Time, all: bool, delays: &mut Delays) {
        if self.oldest.is_empty() {
            return;
        }
        for at in said.rows.iter().filter_map(|row| self.oldest.remove(row)) {
            delays.count(now.since(at));
        }
        if all {
            self.oldest.clear();
        }
    }
}
