//! Stage 1, *logs*: one partition read, internal topics too. Counts records, settles transactions, and
//! addresses each fact to its subject.

mod read;
mod settle;
mod segment;
mod truncated;
mod transactions;
mod commits;
mod membership;

pub(crate) use commits::Commits;
pub(crate) use membership::{InForce, Membership};
pub(crate) use read::Log;
pub(crate) use segment::{Pending, Segment};
pub(crate) use settle::pieces;
pub(crate) use transactions::{Open, Transactions};
pub(crate) use truncated::Led;
