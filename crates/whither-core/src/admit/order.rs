//! Facts of different sources arrive in any order; where order decides, they are taken in the order of
//! their own times, once the watermark says that nothing earlier will come.

use crate::fact::Fact;
use crate::time::Time;
use alloc::vec::Vec;

/// Facts whose time the watermark has not passed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct HeldBack {
    pub(crate) facts: Vec<(Time, Fact)>,
}

impl HeldBack {
    /// Holds a fact back until its time has passed.
    pub(crate) fn hold(&mut self, at: Time, fact: &Fact) {
        self.facts.push((at, fact.clone()));
    }

    /// A time up to which facts must be taken so that no more than `limit` wait: dropping one would be worse
    /// than to take it before something that belongs between.
    pub(crate) fn overflow(&self, limit: usize) -> Time {
        if self.facts.len() <= limit {
            return Time::MIN;
        }
        let mut times: Vec<Time> = self.facts.iter().map(|(at, _)| *at).collect();
        let middle = times.len() / 2;
        *times.select_nth_unstable(middle).1
    }

    /// Takes out what the watermark has passed, in order of time. Facts of one time: positions come before
    /// what was observed of the log, and facts of one source keep their order.
    pub(crate) fn take_until(&mut self, until: Time) -> Vec<Fact> {
        let waiting = self.facts.iter().filter(|(at, _)| *at > until).count();
        if waiting == self.facts.len() {
            return Vec::new();
        }
        let mut due = core::mem::take(&mut self.facts);
        if waiting > 0 {
            (due, self.facts) = due.into_iter().partition(|(at, _)| *at <= until);
        }
        if due.len() > 1 {
            due.sort_by_key(|(at, fact)| (*at, rank(fact)));
        }
        due.into_iter().map(|(_, fact)| fact).collect()
    }
}

fn rank(fact: &Fact) -> u8 {
    match fact {
        Fact::Committed(_) | Fact::SharePosition(_) => 0,
        Fact::Bounds(_) => 1,
        _ => 2,
    }
}
