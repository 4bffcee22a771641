//! Stage 1, *logs*: one partition read, internal topics too. Counts records, settles transactions, and
//! addresses each fact to its subject.

mod read;
mod segment;
mod transactions;
mod commits;
mod membership;

pub(crate) use read::Log;
