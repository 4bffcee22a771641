//! Which keys may have something new to tell.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use whither_core::key::At;
use whither_core::{Key, Time};

/// A key that is to be settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Which.
    pub key: Key,
    /// Not before this; none where it waits now.
    pub at: Option<Time>,
}

/// Keys to be settled. Origins tell nothing by themselves.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Logs and letters that were given facts: they go first, for they settle what ledgers tell. Keys sort in the
    /// order of the stages.
    pub(super) earlier: BTreeSet<Key>,
    /// Ledgers that wait, longest first.
    order: VecDeque<Key>,
    waiting: BTreeSet<Key>,
    /// When time alone may change what a ledger tells.
    deadlines: BTreeMap<Key, Time>,
}

impl Due {
    /// A key was given facts.
    pub(super) fn touch(&mut self, key: &Key) {
        match key.at {
            At::Log(_) | At::Letters(_) if !self.earlier.contains(key) => {
                self.earlier.insert(key.clone());
            }
            At::Ledger(_) if !self.waiting.contains(key) => {
                self.waiting.insert(key.clone());
                self.order.push_back(key.clone());
            }
            At::Log(_) | At::Letters(_) | At::Ledger(_) | At::Origin(..) => {}
        }
    }

    /// Ledgers whose time has come wait from now on.
    pub(super) fn come(&mut self, now: Time) {
        let come: Vec<Key> =
            self.deadlines.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in &come {
            self.touch(key);
        }
    }

    /// The ledger that waits longest.
    pub(super) fn next(&mut self) -> Option<Key> {
        while let Some(key) = self.order.pop_front() {
            if self.waiting.remove(&key) {
                return Some(key);
            }
        }
        None
    }

    /// What is due and when, in order: to be kept with the state.
    pub(super) fn all(&self) -> impl Iterator<Item = Turn> {
        let waits = |key: &Key| Turn { key: key.clone(), at: None };
        let later = |(key, at): (&Key, &Time)| Turn { key: key.clone(), at: Some(*at) };
        let order = self.order.iter().filter(|key| self.waiting.contains(*key));
        self.earlier.iter().chain(order).map(waits).chain(self.deadlines.iter().map(later))
    }

    /// Takes back what was due.
    pub(super) fn restore(&mut self, turn: Turn) {
        match turn.at {
            Some(at) => {
                self.deadlines.insert(turn.key, at);
            }
            None => self.touch(&turn.key),
        }
    }

    /// How many ledgers wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// All ledgers are about to be settled.
    pub(super) fn none_wait(&mut self) {
        self.order.clear();
        self.waiting.clear();
    }

    /// A key was settled, or is gone.
    pub(super) fn settled(&mut self, key: &Key, again: Option<Time>) {
        self.earlier.remove(key);
        self.waiting.remove(key);
        match again {
            Some(at) => {
                self.deadlines.insert(key.clone(), at);
            }
            None => {
                self.deadlines.remove(key);
            }
        }
    }
}
