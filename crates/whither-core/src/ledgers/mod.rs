//! Stage 4, *ledgers*: one partition and its groups, the dead letters that came back to it, the balance.

mod ledger;
mod log;
mod runs;
mod positions;
mod row;
mod identity;
mod decide;

pub(crate) use ledger::Ledger;
