//! Tables: rows of plain types, kept as Parquet segments that any Parquet tool reads.

mod balance;
pub(crate) mod columns;
mod commits;
mod findings;
mod index;
mod lag;
pub(crate) mod marks;
pub(crate) mod merge;
pub(crate) mod prune;
pub(crate) mod row;
pub(crate) mod segment;
pub(crate) mod spans;
pub(crate) mod writer;

pub use balance::BalanceRow;
pub use commits::CommitRow;
pub use findings::FindingRow;
pub use index::{IndexKind, IndexRow, trace_hash};
pub use lag::LagRow;
pub use marks::MarkRow;
pub use spans::{SpanKind, SpanRow, SpanStatus};

use crate::limits::{MERGE_BYTES, MERGE_WIDTH, SPAN_MERGE_BYTES, SPAN_MERGE_WIDTH};

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
    /// Spans.
    Spans,
    /// Spans of marked traces, whose time is over. Kept longer than the others.
    Kept,
    /// Which traces are marked.
    Marks,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 8] = [
        Table::Findings,
        Table::Lag,
        Table::Balance,
        Table::Commits,
        Table::Index,
        Table::Spans,
        Table::Kept,
        Table::Marks,
    ];

    /// The word that its files' names begin with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Table::Findings => "findings",
            Table::Lag => "lag",
            Table::Balance => "balance",
            Table::Commits => "commits",
            Table::Index => "index",
            Table::Spans => "spans",
            Table::Kept => "kept",
            Table::Marks => "marks",
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
            Table::Spans => 6,
            Table::Kept => 7,
            Table::Marks => 8,
        }
    }

    /// How many segments of a level become one of the next, and the most bytes that one may take.
    pub(crate) const fn merging(self) -> (usize, u64) {
        match self {
            Table::Spans | Table::Kept => (SPAN_MERGE_WIDTH, SPAN_MERGE_BYTES),
            _ => (MERGE_WIDTH, MERGE_BYTES),
        }
    }

    /// Whether it outlives the spans that it is about.
    pub(crate) const fn is_kept(self) -> bool {
        matches!(self, Table::Kept | Table::Marks)
    }

    pub(crate) fn of(number: u8) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.number() == number)
    }
}
