//! Before the stages: refuse what can't be true, and hold back what came before its time.

mod check;
mod order;

pub(crate) use check::{checked, is_offset, is_sound};
pub(crate) use order::HeldBack;
