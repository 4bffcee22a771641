//! Random histories.

use proptest::prelude::*;

use super::GROUPS;

/// Something that happens. Numbers are taken as far as they fit.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Append(i64),
    /// A compacted batch: which of its offsets hold records.
    AppendSparse(Vec<bool>),
    Write {
        producer: i64,
        records: i64,
    },
    End {
        producer: i64,
        commit: bool,
    },
    /// The log start moves on by this much, over what was read.
    Purge(i64),
    /// A follower looks: edges, then all there is to read.
    Look,
    /// A member commits this much further on, or back.
    Consume {
        group: usize,
        by: i64,
    },
    /// Nobody's commit.
    Reset {
        group: usize,
        by: i64,
    },
    Tombstone {
        group: usize,
    },
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let group = 0..GROUPS.len();
    prop_oneof![
        4 => (1_i64..6).prop_map(Event::Append),
        1 => prop::collection::vec(any::<bool>(), 2..6).prop_map(Event::AppendSparse),
        3 => (1_i64..4, 1_i64..4).prop_map(|(producer, records)| Event::Write { producer, records }),
        2 => (1_i64..4, any::<bool>()).prop_map(|(producer, commit)| Event::End { producer, commit }),
        1 => (1_i64..9).prop_map(Event::Purge),
        5 => Just(Event::Look),
        6 => (group.clone(), 1_i64..9).prop_map(|(group, by)| Event::Consume { group, by }),
        1 => (group.clone(), -9_i64..0).prop_map(|(group, by)| Event::Consume { group, by }),
        1 => (group.clone(), -9_i64..9).prop_map(|(group, by)| Event::Reset { group, by }),
        1 => group.prop_map(|group| Event::Tombstone { group }),
    ]
}

pub(crate) fn histories() -> impl Strategy<Value = (i64, Vec<Event>)> {
    (0_i64..6, prop::collection::vec(event(), 0..60))
}
