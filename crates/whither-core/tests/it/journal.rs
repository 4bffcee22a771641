//! What is logged is what is read back, and bytes from elsewhere never do harm.

use crate::hostile::{any_fact, calls, clock, keys, run, small};
use proptest::prelude::*;
use whither_core::journal::{self, Entry};
use whither_core::{Engine, Output, Policy};

proptest! {
    #[test]
    fn entries_are_read_back(key in 0_usize..3, clock in clock(), facts in prop::collection::vec(any_fact(), 0..9)) {
        let key = keys()[key].clone();
        let mut bytes = Vec::new();
        journal::put_facts(&key, clock, &facts, &mut bytes);
        prop_assert_eq!(journal::entry(&bytes), Ok(Entry::Facts { key, clock, facts }));
        bytes.clear();
        journal::put_settle(clock, 7, &mut bytes);
        prop_assert_eq!(journal::entry(&bytes), Ok(Entry::Settle { clock, most: 7 }));
    }

    #[test]
    fn what_was_said_is_read_back(calls in calls(any_fact())) {
        let mut engine = Engine::new(Policy::default(), small());
        for output in run(&mut engine, &calls) {
            let mut bytes = Vec::new();
            match output {
                Output::Balance(row) => {
                    journal::put_balance(&row, &mut bytes);
                    prop_assert_eq!(journal::balance(&bytes), Ok(row));
                }
                Output::Verdict(verdict) => {
                    journal::put_verdict(&verdict, &mut bytes);
                    prop_assert_eq!(journal::verdict(&bytes), Ok(verdict));
                }
                _ => {}
            }
        }
    }

    /// Damage reads as an error or as something else, whose bytes are those again: nothing is made up or lost.
    #[test]
    fn damaged_bytes_are_read_as_they_stand(
        facts in prop::collection::vec(any_fact(), 0..5),
        clock in clock(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        journal::put_facts(&keys()[0], clock, &facts, &mut bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            let mut again = Vec::new();
            match journal::entry(bytes) {
                Ok(Entry::Facts { key, clock, facts }) => journal::put_facts(&key, clock, &facts, &mut again),
                Ok(Entry::Settle { clock, most }) => journal::put_settle(clock, most, &mut again),
                Err(_) => continue,
            }
            prop_assert_eq!(bytes, &again[..]);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = journal::entry(&bytes);
        let _ = journal::balance(&bytes);
        let _ = journal::verdict(&bytes);
    }
}
