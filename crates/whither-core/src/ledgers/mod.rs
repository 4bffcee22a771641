//! Stage 4, *ledgers*: one partition and its groups, the dead letters that came back to it, the balance.

mod ledger;
mod log;
mod runs;
mod positions;
mod life;
mod people;
mod share;
mod changed;
mod row;
mod identity;
mod decide;

pub(crate) use changed::Changed;
pub(crate) use ledger::{Holds, Ledger, ToldFinding};
pub(crate) use life::{Commit, Life, Move, MoveKind, Odd, Removed, Superseded};
pub(crate) use log::{LogView, Truncation, WentBack};
pub(crate) use people::People;
pub(crate) use positions::{Described, Habit, Positions};
pub(crate) use runs::{Piece, Runs, Sums};
pub(crate) use share::{Overtaken, Share};
