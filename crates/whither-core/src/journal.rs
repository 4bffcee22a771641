//! What a run was given, as bytes of a log that is replayed, and what it said, as bytes to be kept beside its
//! state. `docs/formats/journal.md` has the layout.
//!
//! Replaying a log gives the same verdicts: facts are logged before they are applied.

use crate::codec::{Code, Reader, Writer};
use crate::engine::{Clock, NotASnapshot};
use crate::fact::Fact;
use crate::key::Key;
use crate::verdict::{Balance, Verdict};
use alloc::vec::Vec;

/// Raised with every change of the layout.
const VERSION: u8 = 1;

/// One step of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Facts were given to a key.
    Facts {
        /// Whose they are.
        key: Key,
        /// When.
        clock: Clock,
        /// In the order given.
        facts: Vec<Fact>,
    },
    /// Verdicts were asked for.
    Settle {
        /// When.
        clock: Clock,
        /// No more ledgers than this were visited.
        most: u32,
    },
}

/// Appends an [`Entry::Facts`].
pub fn put_facts(key: &Key, clock: Clock, facts: &[Fact], out: &mut Vec<u8>) {
    let mut w = begin(out);
    0_u8.put(&mut w);
    key.put(&mut w);
    clock.put(&mut w);
    for fact in facts {
        fact.put(&mut w);
    }
}

/// Appends an [`Entry::Settle`].
pub fn put_settle(clock: Clock, most: u32, out: &mut Vec<u8>) {
    let mut w = begin(out);
    1_u8.put(&mut w);
    clock.put(&mut w);
    most.put(&mut w);
}

/// Reads one entry: all of `bytes`.
///
/// # Errors
/// The bytes are not what this version wrote.
pub fn entry(bytes: &[u8]) -> Result<Entry, NotASnapshot> {
    let mut r = reader(bytes)?;
    let entry = match u8::get(&mut r)? {
        0 => {
            let (key, clock) = (Code::get(&mut r)?, Code::get(&mut r)?);
            let mut facts = Vec::new();
            while !r.is_empty() {
                facts.push(Fact::get(&mut r)?);
            }
            Entry::Facts { key, clock, facts }
        }
        1 => Entry::Settle { clock: Code::get(&mut r)?, most: Code::get(&mut r)? },
        _ => return r.fail("a kind of entry"),
    };
    r.finish()?;
    Ok(entry)
}

/// Appends one fact.
pub fn put_fact(fact: &Fact, out: &mut Vec<u8>) {
    fact.put(&mut begin(out));
}

/// Reads one fact: all of `bytes`.
///
/// # Errors
/// The bytes are not what this version wrote.
pub fn fact(bytes: &[u8]) -> Result<Fact, NotASnapshot> {
    whole(bytes)
}

/// Appends a row.
pub fn put_balance(row: &Balance, out: &mut Vec<u8>) {
    row.put(&mut begin(out));
}

/// Reads a row: all of `bytes`.
///
/// # Errors
/// The bytes are not what this version wrote.
pub fn balance(bytes: &[u8]) -> Result<Balance, NotASnapshot> {
    whole(bytes)
}

/// Appends a finding.
pub fn put_verdict(verdict: &Verdict, out: &mut Vec<u8>) {
    verdict.put(&mut begin(out));
}

/// Reads a finding: all of `bytes`.
///
/// # Errors
/// The bytes are not what this version wrote, or a finding without evidence.
pub fn verdict(bytes: &[u8]) -> Result<Verdict, NotASnapshot> {
    let verdict: Verdict = whole(bytes)?;
    if verdict.evidence.is_empty() { Reader::bare(bytes).fail("evidence") } else { Ok(verdict) }
}

fn whole<T: Code>(bytes: &[u8]) -> Result<T, NotASnapshot> {
    let mut r = reader(bytes)?;
    let value = T::get(&mut r)?;
    r.finish()?;
    Ok(value)
}

fn begin(out: &mut Vec<u8>) -> Writer<'_> {
    let mut w = Writer::bare(out);
    VERSION.put(&mut w);
    w
}

fn reader(bytes: &[u8]) -> Result<Reader<'_>, NotASnapshot> {
    let mut r = Reader::bare(bytes);
    if u8::get(&mut r)? == VERSION { Ok(r) } else { r.fail("journal version 1") }
}
