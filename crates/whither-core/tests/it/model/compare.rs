//! What the core said beside what is true.

use std::collections::BTreeMap;

use proptest::prelude::*;
use whither_core::verdict::{Certainty, Outcome};
use whither_core::{Name, Partition};

use super::GROUPS;
use super::world::Truth;
use crate::story::Story;

/// Losses are one end here: why a range went is not the model's business.
fn plain(outcome: Outcome) -> Outcome {
    if outcome == Outcome::Deleted { Outcome::Expired } else { outcome }
}

/// Compares a row with the truth, stretch by stretch.
pub(crate) fn compare(story: &Story, group: usize, truth: Option<&Truth>) -> Result<(), TestCaseError> {
    let row = story.rows.get(&(Name::from(GROUPS[group]), Partition::new("orders", 0)));
    let (Some(truth), Some(row)) = (truth, row) else {
        prop_assert_eq!(truth.is_some(), row.is_some(), "{} has a row", GROUPS[group]);
        return Ok(());
    };
    prop_assert_eq!(truth.from, row.from);
    let mut told: BTreeMap<(i64, i64), BTreeMap<Outcome, u64>> = BTreeMap::new();
    for s in &row.stretches {
        *told.entry((s.from, s.to)).or_default().entry(plain(s.outcome)).or_default() += s.records;
    }
    for ((from, to), told) in told {
        let mut expected: BTreeMap<Outcome, u64> = BTreeMap::new();
        for o in from..to {
            if let Some(outcome) = truth.outcomes[usize::try_from(o - truth.from).unwrap()] {
                *expected.entry(outcome).or_default() += 1;
            }
        }
        prop_assert_eq!(told, expected, "{} in {}..{} of {:#?}", GROUPS[group], from, to, row);
    }
    Ok(())
}

/// What was proved of records, never to be told otherwise.
#[derive(Default)]
pub(crate) struct Proved(BTreeMap<(usize, i64), Outcome>);

impl Proved {
    pub(crate) fn check(&mut self, story: &Story) -> Result<(), TestCaseError> {
        for (group, name) in GROUPS.iter().enumerate() {
            let Some(row) = story.rows.get(&(Name::from(*name), Partition::new("orders", 0))) else {
                continue;
            };
            for s in row.stretches.iter().filter(|s| s.records == (s.to - s.from).unsigned_abs()) {
                for o in s.from..s.to {
                    if let Some(proved) = self.0.get(&(group, o)) {
                        prop_assert_eq!(*proved, s.outcome, "{} at {}: {:#?}", name, o, row);
                    }
                    let final_end = s.outcome.is_loss() || s.outcome == Outcome::Aborted;
                    if final_end && s.certainty == Certainty::Proof {
                        self.0.insert((group, o), s.outcome);
                    }
                }
            }
        }
        Ok(())
    }
}
