//! Queries over spans.

mod pairs;
mod search;

pub use pairs::ServicePairs;
pub use search::{SpanSearch, TracesFound};

use super::Reader;
use crate::error::StoreError;
use crate::limits::BATCH_ROWS;
use crate::tables::SpanRow;
use crate::tables::prune::{Filter, Want};
use crate::tables::row::Row;
use crate::tables::segment::Segment;
use crate::tables::spans::of_traces;
use std::sync::Arc;

impl Reader {
    /// The spans of a trace, by start; of a trace with more than `limit` of them some `limit` ones.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn trace(&self, trace_id: [u8; 16], limit: usize) -> Result<Vec<SpanRow>, StoreError> {
        let (segments, mut found) = self.spans_that(|row| row.trace_id == trace_id, |_| true);
        found.truncate(limit);
        let filters = [Filter { column: "trace_id", want: Want::Bytes(&trace_id) }];
        for segment in segments {
            let rows =
                segment.rows_that::<SpanRow>(&filters, Some(of_traces([trace_id].into())), BATCH_ROWS)?;
            for row in rows.take(limit - found.len()) {
                found.push(row?);
            }
        }
        found.sort_by(Row::order);
        Ok(found)
    }

    /// Buffered spans that are wanted, and segments that are: all of one moment.
    fn spans_that(
        &self,
        wanted: impl Fn(&SpanRow) -> bool,
        segment: impl Fn(&Segment) -> bool,
    ) -> (Vec<Arc<Segment>>, Vec<SpanRow>) {
        let live = self.live.read();
        let all = live.spans.segments.iter().chain(&live.kept.segments);
        let segments = all.filter(|found| segment(found)).cloned().collect();
        (segments, live.spans.buffered.iter().filter(|row| wanted(row)).cloned().collect())
    }
}
