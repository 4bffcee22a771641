//! Snapshots: one key's state to bytes and back. `docs/formats/snapshot.md` has the layout.

mod wire;
mod facts;
mod states;

pub(crate) use wire::{Code, Reader, Writer};
