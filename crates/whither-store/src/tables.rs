//! Tables: rows of plain types, kept as Parquet segments that any Parquet tool reads.

mod balance;
mod columns;
mod commits;
mod findings;
mod index;
mod lag;
pub(crate) mod merge;
pub(crate) mod prune;
pub(crate) mod row;
pub(crate) mod segment;
pub(crate) mod writer;

pub use balance::BalanceRow;
pub use commits::CommitRow;
pub use findings::FindingRow;
pub use index::{IndexKind, IndexRow, trace_hash};
pub use lag::LagRow;

/// The tables there are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Table {
    /// Each change of each finding.
    Findings,
    /// Each group's distance from the end, over time.
    Lag,
    /// Verdicts by the hour. Kept longer than the others.
    Balance,
    /// Each commit.
    Commits,
    /// Where messages are, by key, trace and header.
    Index,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 5] = [Table::Findings, Table::Lag, Table::Balance, Table::Commits, Table::Index];

    /// The word that its files' names begin with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Table::Findings => "findings",
            Table::Lag => "lag",
            Table::Balance => "balance",
            Table::Commits => "commits",
            Table::Index => "index",
        }
    }

    /// Its number in the catalogue.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Table::Findings => 1,
            Table::Lag => 2,
            Table::Balance => 3,
            Table::Commits => 4,
            Table::Index => 5,
        }
    }

    pub(crate) fn of(number: u8) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.number() == number)
    }
}
