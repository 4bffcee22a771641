//! The machine: state by key, facts in, outputs out.

use crate::admit;
use crate::codec::{self, Code, Reader, Writer};
use crate::fact::{Fact, Run};
use crate::joins::Origin;
use crate::key::{At, Key, Name, Offset, Partition, TopicId};
use crate::ledgers::Ledger;
use crate::letters::Letters;
use crate::limits::Limits;
use crate::logs::Log;
use crate::time::{Span, Time};
use crate::verdict::{Balance, Verdict};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The only time the core knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// Now, for verdicts that rest on age.
    pub now: Time,
    /// No fact observed at or before this will still come: verdicts by order may be told up to here.
    pub complete_to: Time,
}

/// When a key wants [`Engine::expire`] to be called next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// Not before this.
    pub at: Time,
    /// What for.
    pub reason: &'static str,
}

/// Judgement that is the operator's to set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// A group Empty and without a commit for this long is dormant.
    pub dormant_after: Span,
    /// Loss that retention will cause within this is a risk worth telling.
    pub risk_horizon: Span,
    /// Records that compaction took before a group came to them are told (R3).
    pub superseded: bool,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { dormant_after: Span::hours(24), risk_horizon: Span::hours(24), superseded: false }
    }
}

/// What comes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// A fact for a later stage: apply it to this key.
    Fact(Key, Fact),
    /// A finding, new or changed.
    Verdict(Verdict),
    /// A finding told before, by its id, that does not hold any more: a risk that passed, a cause that turned
    /// out to be another one.
    Withdrawn(u64),
    /// A row of the balance, new or changed.
    Balance(Balance),
    /// Input that was not taken, and why.
    Refused(Refused),
    /// A range that must be opened, or read again, for a sharper verdict.
    ReadDeeper(ReadDeeper),
}

/// Where a group stands in a partition, by the commits that count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// The group.
    pub group: Name,
    /// Its lowest commit known.
    pub lowest: Offset,
    /// Its latest commit; none after a tombstone.
    pub latest: Option<Offset>,
    /// The leader epoch of that commit, -1 if the client did not tell.
    pub leader_epoch: i32,
}

/// Input that was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The key it was for.
    pub key: Key,
    /// Why.
    pub why: Refusal,
}

/// Why input was not taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Refusal {
    /// A fact of this kind does not belong to this stage.
    WrongStage,
    /// A range ends before it begins, an offset is negative, a count is larger than its span.
    Malformed,
    /// A name is longer than any broker allows.
    NameTooLong,
    /// It was read before.
    AlreadyRead,
    /// No read was announced that covers it.
    NotReading,
    /// The key holds as much of this as it may.
    Full,
}

/// A request for a sharper look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadDeeper {
    /// The partition to look into.
    pub partition: Partition,
    /// Start of the range.
    pub from: Offset,
    /// End of the range, exclusive.
    pub to: Offset,
    /// What is needed of it.
    pub need: Need,
}

/// What a deeper look must bring.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Need {
    /// Which offsets exist: answer with [`Fact::Opened`] to the *logs* key.
    Offsets,
    /// The one record's timestamp and key hash: answer with [`Fact::Record`] to the *ledgers* key.
    Record,
}

/// Bytes that are not a snapshot, or not of a journal, of this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotASnapshot {
    /// Where reading stopped.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl core::fmt::Display for NotASnapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "not written by this version: expected {} at byte {}", self.expected, self.at)
    }
}

impl core::error::Error for NotASnapshot {}

/// State by key. One engine may hold all keys, or one thread or operator a share of them.
#[derive(Debug, Default)]
pub struct Engine {
    policy: Policy,
    limits: Limits,
    keys: BTreeMap<Key, State>,
}

#[derive(Debug)]
enum State {
    Log(Box<Log>),
    Letters(Letters),
    Origin(Origin),
    Ledger(Box<Ledger>),
}

/// What every stage is given beside its own state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) key: &'a Key,
    pub(crate) clock: Clock,
    pub(crate) policy: &'a Policy,
    pub(crate) limits: &'a Limits,
}

impl Context<'_> {
    pub(crate) fn refuse(&self, why: Refusal, out: &mut Vec<Output>) {
        out.push(Output::Refused(Refused { key: self.key.clone(), why }));
    }
}

impl Engine {
    /// An engine without state.
    #[must_use]
    pub fn new(policy: Policy, limits: Limits) -> Engine {
        Engine { policy, limits, keys: BTreeMap::new() }
    }

    /// Takes facts of one key. Never fails: what can't be taken comes out as [`Output::Refused`].
    pub fn apply(
        &mut self,
        key: &Key,
        clock: Clock,
        facts: &[Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        let cx = Context { key, clock, policy: &self.policy, limits: &self.limits };
        let state = match self.keys.get_mut(key) {
            Some(state) => state,
            None => self.keys.entry(key.clone()).or_insert_with(|| State::new(&key.at)),
        };
        match state {
            State::Log(log) => log.apply(&cx, admit::checked(&cx, facts, out).as_slice(), out),
            State::Letters(letters) => letters.apply(&cx, admit::checked(&cx, facts, out).as_slice(), out),
            State::Origin(origin) => origin.apply(&cx, admit::checked(&cx, facts, out).as_slice(), out),
            State::Ledger(ledger) => ledger.apply(&cx, admit::checked(&cx, facts, out).as_slice(), out),
        }
    }

    /// Tells what is due for one key: the balance and the findings that changed, facts held back so far.
    pub fn expire(&mut self, key: &Key, clock: Clock, out: &mut Vec<Output>) -> Option<Deadline> {
        let cx = Context { key, clock, policy: &self.policy, limits: &self.limits };
        match self.keys.get_mut(key)? {
            State::Log(log) => log.expire(&cx, out),
            State::Letters(letters) => letters.expire(&cx, out),
            State::Origin(origin) => origin.expire(&cx, out),
            State::Ledger(ledger) => ledger.expire(&cx, out),
        }
    }

    /// As [`Engine::expire`], of what may have changed since: groups that did nothing are left out while nothing but
    /// growth happens to their log, for a few seconds. Then the deadline is when all of it is told.
    pub fn expire_changed(&mut self, key: &Key, clock: Clock, out: &mut Vec<Output>) -> Option<Deadline> {
        let cx = Context { key, clock, policy: &self.policy, limits: &self.limits };
        match self.keys.get_mut(key)? {
            State::Ledger(ledger) => ledger.expire_changed(&cx, out),
            State::Log(_) | State::Letters(_) | State::Origin(_) => self.expire(key, clock, out),
        }
    }

    /// Appends one key's state; nothing if there is none.
    pub fn snapshot(&self, key: &Key, out: &mut Vec<u8>) {
        let Some(state) = self.keys.get(key) else { return };
        let mut w = Writer::begin(out, key);
        match state {
            State::Log(log) => log.put(&mut w),
            State::Letters(letters) => letters.put(&mut w),
            State::Origin(origin) => origin.put(&mut w),
            State::Ledger(ledger) => ledger.put(&mut w),
        }
        w.finish();
    }

    /// Takes one key's state back, in place of what it holds now.
    ///
    /// # Errors
    /// The bytes are not what [`Engine::snapshot`] of this version wrote.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Key, NotASnapshot> {
        let (key, mut r) = Reader::begin(bytes)?;
        let state = match key.at {
            At::Log(_) => State::Log(Box::new(codec::log(&mut r)?)),
            At::Letters(_) => State::Letters(codec::letters(&mut r)?),
            At::Origin(..) => State::Origin(codec::origin(&mut r)?),
            At::Ledger(_) => State::Ledger(Box::new(codec::ledger(&mut r)?)),
        };
        r.finish()?;
        self.keys.insert(key.clone(), state);
        Ok(key)
    }

    /// What a partition's log holds at an offset, as far as it was read: to tell of a single record.
    #[must_use]
    pub fn run_at(&self, ledger: &Key, offset: Offset) -> Option<Run> {
        match self.keys.get(ledger)? {
            State::Ledger(ledger) => ledger.log.runs.at(offset),
            State::Log(_) | State::Letters(_) | State::Origin(_) => None,
        }
    }

    /// What a partition's log holds, as far as it was read, in runs by offset.
    #[must_use]
    pub fn runs(&self, ledger: &Key) -> Vec<Run> {
        match self.keys.get(ledger) {
            Some(State::Ledger(ledger)) => ledger.log.runs.all().collect(),
            _ => Vec::new(),
        }
    }

    /// The parts of a partition that were read, ascending: a follower goes on where the last one ends.
    #[must_use]
    pub fn was_read(&self, log: &Key) -> Vec<(Offset, Offset)> {
        match self.keys.get(log) {
            Some(State::Log(log)) => log.segments.iter().map(|s| (s.from, s.next)).collect(),
            _ => Vec::new(),
        }
    }

    /// The incarnation that was read of a partition; unknown if none was.
    #[must_use]
    pub fn incarnation_read(&self, log: &Key) -> TopicId {
        match self.keys.get(log) {
            Some(State::Log(log)) => log.topic_id,
            _ => TopicId::UNKNOWN,
        }
    }

    /// The leader epoch of the newest record that was read of a partition.
    #[must_use]
    pub fn last_epoch(&self, log: &Key) -> Option<i32> {
        match self.keys.get(log)? {
            State::Log(log) => log.leaders.last_key_value().map(|(_, led)| led.epoch),
            _ => None,
        }
    }

    /// Where each group stands in a partition.
    #[must_use]
    pub fn positions(&self, ledger: &Key) -> Vec<Position> {
        match self.keys.get(ledger) {
            Some(State::Ledger(ledger)) => ledger.stand().collect(),
            _ => Vec::new(),
        }
    }

    /// Drops one key's state.
    pub fn forget(&mut self, key: &Key) {
        self.keys.remove(key);
    }

    /// The keys that hold state, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys()
    }
}

impl State {
    fn new(at: &At) -> State {
        match at {
            At::Log(_) => State::Log(Box::default()),
            At::Letters(_) => State::Letters(Letters::default()),
            At::Origin(..) => State::Origin(Origin::default()),
            At::Ledger(_) => State::Ledger(Box::default()),
        }
    }
}
