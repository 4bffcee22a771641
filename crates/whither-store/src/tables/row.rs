//! What a table's row type says about itself.

use super::Table;
use super::columns::{Reading, Writing};
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;

/// A row of a table.
pub(crate) trait Row: Clone + Send + Sync + 'static {
    const TABLE: Table;
    /// The columns that rows are sorted by, in this order; look-ups skip pages by them.
    const SORTED_BY: &'static [&'static str];

    /// Its columns.
    fn schema() -> Schema;
    /// The order within a segment: by `SORTED_BY`, then by anything that makes it whole.
    fn order(&self, other: &Self) -> Ordering;
    /// When it happened, in milliseconds since the epoch.
    fn at_ms(&self) -> i64;
    /// About how much memory it takes.
    fn bytes(&self) -> usize;
    /// Its values, in the order of the schema.
    fn write(rows: &[&Self], columns: &mut Writing);
    /// The inverse of `write`.
    fn read(columns: &mut Reading<'_>) -> Result<Vec<Self>>;
}
