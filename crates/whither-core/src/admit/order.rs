//! Facts of different sources arrive in any order; where order decides, they are taken in the order of
//! their own times, once the watermark says that nothing earlier will come.

use crate::engine::{Context, Output, Refusal};
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
    pub(crate) fn hold(&mut self, cx: &Context<'_>, at: Time, fact: &Fact, out: &mut Vec<Output>) {
        if self.facts.len() >= cx.limits.held_back {
            return cx.refuse(Refusal::Full, out);
        }
        self.facts.push((at, fact.clone()));
    }

    /// Takes out what the watermark has passed, in order of time. Facts of one time: commits come before what
    /// was observed of the log, and facts of one source keep their order.
    pub(crate) fn take_until(&mut self, complete_to: Time) -> Vec<Fact> {
        if self.facts.is_empty() {
            return Vec::new();
        }
        let (mut due, later): (Vec<_>, Vec<_>) = self.facts.drain(..).partition(|(at, _)| *at <= complete_to);
        self.facts = later;
        due.sort_by_key(|(at, fact)| (*at, rank(fact)));
        due.into_iter().map(|(_, fact)| fact).collect()
    }
}

fn rank(fact: &Fact) -> u8 {
    match fact {
        Fact::Committed(_) => 0,
        Fact::Bounds(_) => 1,
        _ => 2,
    }
}
