//! State, facts and verdicts to bytes and back. `docs/formats/snapshot.md` and `journal.md` have the layouts.

mod wire;
mod facts;
mod said;
mod states;
mod sound;

use crate::engine::NotASnapshot;
use crate::joins::Origin;
use crate::ledgers::Ledger;
use crate::letters::Letters;
use crate::logs::Log;

pub(crate) use wire::{Code, Reader, Writer};

/// Reads a state, and refuses one that no facts could have made.
fn state<T: Code>(r: &mut Reader<'_>, is_sound: fn(&T) -> bool) -> Result<T, NotASnapshot> {
    let state = T::get(r)?;
    if is_sound(&state) { Ok(state) } else { r.fail("a state that facts can make") }
}

pub(crate) fn log(r: &mut Reader<'_>) -> Result<Log, NotASnapshot> {
    state(r, sound::log)
}

pub(crate) fn letters(r: &mut Reader<'_>) -> Result<Letters, NotASnapshot> {
    state(r, sound::letters)
}

pub(crate) fn origin(r: &mut Reader<'_>) -> Result<Origin, NotASnapshot> {
    state(r, sound::origin)
}

pub(crate) fn ledger(r: &mut Reader<'_>) -> Result<Ledger, NotASnapshot> {
    state(r, sound::ledger)
}
