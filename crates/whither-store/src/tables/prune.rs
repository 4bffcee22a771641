//! Which pages of a segment could hold what is looked for, by the smallest and largest value of each.

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::ops::Range;

/// What a column must hold.
#[derive(Clone, Debug)]
pub(crate) enum Want<'a> {
    Text(&'a str),
    Small(i32),
    Id(u64),
    Bytes(&'a [u8]),
    Times(Range<i64>),
}

#[derive(Clone, Debug)]
pub(crate) struct Filter<'a> {
    pub(crate) column: &'static str,
    pub(crate) want: Want<'a>,
}

/// The part of a segment to read.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) row_groups: Vec<usize>,
    /// Within the row groups taken together; `None`: all of their rows.
    pub(crate) selection: Option<RowSelection>,
}

/// The rows that could satisfy all filters; `None` if none can.
pub(crate) fn rows_to_read(footer: &ArrowReaderMetadata, filters: &[Filter<'_>]) -> Option<Wanted> {
    let metadata = footer.metadata();
    let filters: Vec<(usize, &Want<'_>)> = filters
        .iter()
        .filter_map(|filter| Some((footer.schema().index_of(filter.column).ok()?, &filter.want)))
        .collect();
    let row_groups: Vec<usize> = (0..metadata.num_row_groups())
        .filter(|group| {
            filters.iter().all(|(column, want)| group_may_hold(metadata.row_group(*group), *column, want))
        })
        .collect();
    if row_groups.is_empty() {
        return None;
    }
    let selection = filters
        .iter()
        .map(|(column, want)| selected(metadata, &row_groups, *column, want))
        .reduce(|a, b| a.intersection(&b));
    let any = selection.as_ref().is_none_or(RowSelection::selects_any);
    any.then_some(Wanted { row_groups, selection })
}

fn group_may_hold(group: &RowGroupMetaData, column: usize, want: &Want<'_>) -> bool {
    let statistics = group.column(column).statistics();
    let Some((min, max)) = statistics.and_then(|s| Some((s.min_bytes_opt()?, s.max_bytes_opt()?))) else {
        return true;
    };
    want.may_be_between(min, max)
}

/// The rows of one column's pages that may hold what is wanted, counted through all the row groups.
fn selected(
    metadata: &ParquetMetaData,
    row_groups: &[usize],
    column: usize,
    want: &Want<'_>,
) -> RowSelection {
    let mut ranges = Vec::new();
    let mut before = 0;
    for group in row_groups {
        let rows = usize::try_from(metadata.row_group(*group).num_rows()).unwrap_or(0);
        match pages(metadata, *group, column, rows, want) {
            Some(pages) => {
                ranges.extend(pages.into_iter().map(|page| before + page.start..before + page.end));
            }
            None => ranges.push(before..before + rows),
        }
        before += rows;
    }
    RowSelection::from_consecutive_ranges(ranges.into_iter(), before)
}

/// Rows of the pages that may hold what is wanted; `None` where the segment does not say.
fn pages(
    metadata: &ParquetMetaData,
    group: usize,
    column: usize,
    rows: usize,
    want: &Want<'_>,
) -> Option<Vec<Range<usize>>> {
    let index = metadata.page_index_for_row_group(group);
    let values = index.column_index(column)?;
    let starts: Vec<usize> = index
        .page_locations(column)?
        .iter()
        .map(|page| usize::try_from(page.first_row_index).ok())
        .collect::<Option<_>>()?;
    let ends = starts.iter().skip(1).copied().chain([rows]);
    let pages = starts.iter().copied().zip(ends).enumerate();
    Some(
        pages
            .filter(|(page, _)| page_may_hold(values, *page, want))
            .map(|(_, (start, end))| start..end)
            .collect(),
    )
}

fn page_may_hold(values: &ColumnIndexMetaData, page: usize, want: &Want<'_>) -> bool {
    match values {
        ColumnIndexMetaData::INT32(index) => may_hold(
            index.min_value(page).map(|v| v.to_le_bytes()),
            index.max_value(page).map(|v| v.to_le_bytes()),
            want,
        ),
        ColumnIndexMetaData::INT64(index) => may_hold(
            index.min_value(page).map(|v| v.to_le_bytes()),
            index.max_value(page).map(|v| v.to_le_bytes()),
            want,
        ),
        ColumnIndexMetaData::BYTE_ARRAY(index) | ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
            may_hold(index.min_value(page), index.max_value(page), want)
        }
        _ => true,
    }
}

/// A page without a smallest and a largest value holds only nulls.
fn may_hold<B: AsRef<[u8]>>(min: Option<B>, max: Option<B>, want: &Want<'_>) -> bool {
    min.zip(max).is_some_and(|(min, max)| want.may_be_between(min.as_ref(), max.as_ref()))
}

impl Want<'_> {
    /// Whether a value that is wanted can lie between two, as Parquet stores them. Bounds of text may be cut short, but
    /// never so that they exclude what is there.
    fn may_be_between(&self, min: &[u8], max: &[u8]) -> bool {
        match self {
            Want::Text(text) => min <= text.as_bytes() && text.as_bytes() <= max,
            Want::Bytes(bytes) => min <= *bytes && *bytes <= max,
            Want::Small(value) => {
                between(min, max, i32::from_le_bytes).is_none_or(|r| r.0 <= *value && *value <= r.1)
            }
            Want::Id(value) => {
                between(min, max, u64::from_le_bytes).is_none_or(|r| r.0 <= *value && *value <= r.1)
            }
            Want::Times(times) => {
                between(min, max, i64::from_le_bytes).is_none_or(|r| r.0 < times.end && times.start <= r.1)
            }
        }
    }
}

fn between<T, const N: usize>(min: &[u8], max: &[u8], value: impl Fn([u8; N]) -> T) -> Option<(T, T)> {
    Some((value(min.try_into().ok()?), value(max.try_into().ok()?)))
}
