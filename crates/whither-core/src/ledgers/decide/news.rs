//! What was said before, so that only news is told.

use crate::engine::{Context, Output};
use crate::ledgers::ledger::{Holds, Ledger, ToldFinding};
use crate::verdict::{Balance, Certainty, Evidence, Outcome, Verdict};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// A deadline that moves by less than this is the same one: forecasts breathe.
const SAME_DEADLINE_MS: i64 = 600_000;

/// Tells of what is said now only what was not said before, and takes back what is said no more of what was looked at.
pub(super) fn tell(
    ledger: &mut Ledger,
    cx: &Context<'_>,
    said: Vec<Output>,
    was_looked_at: impl Fn(&ToldFinding) -> bool,
    out: &mut Vec<Output>,
) {
    let verdict = |o: &Output| match o {
        Output::Verdict(v) => Some(v.id),
        _ => None,
    };
    let held: BTreeSet<u64> = said.iter().filter_map(verdict).collect();
    ledger.told_findings.retain(|id, told| {
        let is_said = held.contains(id) || !was_looked_at(told);
        if !is_said && told.holds != Holds::ForGood {
            out.push(Output::Withdrawn(*id));
        }
        is_said
    });
    out.extend(said.into_iter().filter(|output| is_new(ledger, cx, output)));
}

/// Whether an output says something that was not said before. Past its bound the memory of what was said is
/// given up: all is told once more.
fn is_new(ledger: &mut Ledger, cx: &Context<'_>, output: &Output) -> bool {
    let most = cx.limits.exceptions;
    match output {
        Output::Verdict(v) => {
            if ledger.told_findings.len() >= most.saturating_add(ledger.groups.len()) {
                ledger.told_findings.clear();
            }
            let told = ToldFinding { said: of_verdict(v), holds: holds(v), group: v.group.clone() };
            let before = ledger.told_findings.insert(v.id, told);
            before.as_ref() != ledger.told_findings.get(&v.id)
        }
        Output::Balance(b) => {
            let content = of_balance(b);
            ledger.told_rows.insert(slot_of(b), content) != Some(content)
        }
        Output::ReadDeeper(r) => {
            if ledger.asked.len() >= most {
                ledger.asked.clear();
            }
            ledger.asked.insert((r.from, r.to))
        }
        Output::Fact(..) | Output::Refused(_) | Output::Withdrawn(_) => true,
    }
}

/// A proof is never taken back, though what it is about may be out of sight.
fn holds(v: &Verdict) -> Holds {
    let is_end = v.outcome.is_loss()
        || matches!(v.outcome, Outcome::Aborted | Outcome::DeadLettered | Outcome::BeforeStart);
    match v.certainty {
        Certainty::Proof if v.outcome.is_loss() => Holds::ForGood,
        _ if is_end => Holds::UntilRevised,
        _ => Holds::Now,
    }
}

fn slot_of(b: &Balance) -> u64 {
    let mut mix = Mix(1);
    b.group.hash(&mut mix);
    mix.finish()
}

fn of_balance(b: &Balance) -> u64 {
    let mut mix = Mix(2);
    (b.from, b.to, b.records, b.at_most, b.topic_id).hash(&mut mix);
    (b.committed, b.committed_at, b.position_time, b.dormant).hash(&mut mix);
    b.stretches.hash(&mut mix);
    mix.finish()
}

/// A finding that was looked at again and is the same is no news.
fn of_verdict(v: &Verdict) -> u64 {
    let mut mix = Mix(3);
    (v.from, v.to, v.records, v.at_most, v.recoverable, v.duplicate).hash(&mut mix);
    (v.outcome, v.certainty, v.cause, v.cause_certainty, v.shown_as, v.first_seen).hash(&mut mix);
    v.until.map(|t| t.0.div_euclid(SAME_DEADLINE_MS)).hash(&mut mix);
    for evidence in &v.evidence {
        core::mem::discriminant(evidence).hash(&mut mix);
        match evidence {
            Evidence::LogStart { offset, .. }
            | Evidence::LogEnd { offset, .. }
            | Evidence::LastStable { offset, .. } => offset.hash(&mut mix),
            Evidence::GroupState { state, .. } => state.hash(&mut mix),
            Evidence::EpochEnd { epoch, end, .. } => (epoch, end).hash(&mut mix),
            Evidence::Absent { .. } | Evidence::Incarnation { .. } | Evidence::Pace { .. } => {}
            told => told.hash(&mut mix),
        }
    }
    mix.finish()
}

/// A small hash that is the same on every machine and in every version: it stands in snapshots.
struct Mix(u64);

impl Mix {
    /// Every bit of a word reaches every bit of the state: names that differ in one letter are common.
    fn word(&mut self, word: u64) {
        let mut mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^= mixed >> 32;
        mixed = mixed.wrapping_mul(0xd6e8_feb8_6659_fd93);
        self.0 = (mixed ^ (mixed >> 32)).wrapping_add(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.word(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.word(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.word(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    fn write_u128(&mut self, n: u128) {
        self.write(&n.to_le_bytes());
    }

    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }

    fn write_i16(&mut self, n: i16) {
        self.word(i64::from(n).cast_unsigned());
    }

    fn write_i32(&mut self, n: i32) {
        self.word(i64::from(n).cast_unsigned());
    }

    fn write_i64(&mut self, n: i64) {
        self.word(n.cast_unsigned());
    }

    fn write_isize(&mut self, n: isize) {
        self.word((n as i64).cast_unsigned());
    }
}
