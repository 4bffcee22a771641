//! The message index: by what records can be found, of which topics, and for which offsets that holds. A record that is
//! not found is a fact only where it is known what was looked through.

mod covered;
mod entry;

use std::fmt;

use whither_core::{Name, Offset, Partition, Time, TopicId};
use whither_store::IndexKind;

pub use covered::Covered;
pub(crate) use entry::{covered, entry, put_covered, put_entry};

/// What a record can be found by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum By {
    /// Its key.
    Key,
    /// The trace that its `traceparent` names.
    Trace,
    /// The value of the header of this name.
    Header(Name),
}

impl By {
    /// The kind under which it stands in the index.
    #[must_use]
    pub const fn kind(&self) -> IndexKind {
        match self {
            By::Key => IndexKind::Key,
            By::Trace => IndexKind::Trace,
            By::Header(_) => IndexKind::Header,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::Key => f.write_str("key"),
            By::Trace => f.write_str("trace"),
            By::Header(name) => write!(f, "header {name}"),
        }
    }
}

/// Which records are to be found, and by what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// Patterns of topics.
    pub topics: Vec<String>,
    /// Patterns of topics that are left out all the same.
    pub exclude: Vec<String>,
    /// By what.
    pub by: Vec<By>,
    /// Records indexed in a second, of all topics together.
    pub records_per_second: u32,
}

/// Topics that are indexed where the settings name none.
pub const TOPICS: &[&str] = &["*"];
/// Topics that are left out where the settings name none: those of frameworks, and state that is written again.
pub const EXCLUDED: &[&str] = &["_*", "*-changelog"];
/// Records indexed in a second where nothing is set, as the settings write it.
pub const RECORDS_PER_SECOND: &str = "20000";

impl Choice {
    /// What is chosen where nothing is set.
    #[must_use]
    pub fn usual() -> Choice {
        let list = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
        Choice {
            topics: list(TOPICS),
            exclude: list(EXCLUDED),
            by: vec![By::Key, By::Trace],
            records_per_second: RECORDS_PER_SECOND.parse().unwrap_or(0),
        }
    }

    /// By what the records of a topic are to be found; by nothing if it is not to be indexed.
    #[must_use]
    pub fn of(&self, topic: &str) -> &[By] {
        let any = |patterns: &[String]| patterns.iter().any(|p| crate::sources::kafka::matches(p, topic));
        if any(&self.topics) && !any(&self.exclude) { &self.by } else { &[] }
    }
}

/// A record, under one of the values that it can be found by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// What kind of value.
    pub what: IndexKind,
    /// Its hash.
    pub hash: u64,
    /// The record's offset.
    pub offset: Offset,
    /// Its timestamp.
    pub at: Time,
}

/// What the index is told of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// All records from one offset up to another are at these places.
    Read {
        /// The partition.
        partition: Partition,
        /// Its topic's incarnation.
        topic_id: TopicId,
        /// From here.
        from: Offset,
        /// Up to but without this.
        to: Offset,
        /// By what they can be found.
        by: Vec<By>,
        /// Where they are.
        places: Vec<Place>,
    },
    /// The log went back: what stood from an offset on is no longer there.
    WentBack {
        /// The partition.
        partition: Partition,
        /// From here on.
        to: Offset,
    },
}

impl Entry {
    /// Leaves out places of records that can be found by all of this already.
    pub(crate) fn leave_out(&mut self, known: &Covered) {
        if let Entry::Read { topic_id, from, by, places, .. } = self
            && known.end().is_some_and(|end| *from < end)
        {
            let held = |offset| by.iter().all(|by| known.holds(*topic_id, by, offset));
            places.retain(|place| !held(place.offset));
        }
    }

    /// The partition that it is about.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        match self {
            Entry::Read { partition, .. } | Entry::WentBack { partition, .. } => partition,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_wins() {
        let usual = Choice::usual();
        assert_eq!(usual.of("orders"), [By::Key, By::Trace]);
        for left_out in ["__consumer_offsets", "_schemas", "app-totals-changelog"] {
            assert!(usual.of(left_out).is_empty(), "{left_out}");
        }
        assert!(Choice::default().of("orders").is_empty());
        assert!(usual.records_per_second > 0);
    }
}
