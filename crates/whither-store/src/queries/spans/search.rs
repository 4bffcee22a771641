//! Traces by what their spans are: newest first, and no further than a search may go.

use super::Reader;
use crate::error::StoreError;
use crate::limits::{BATCH_ROWS, SEARCH_OPENED, SEARCH_ROWS};
use crate::tables::columns::{Column, MaybeTime, Nanos, Span, strings};
use crate::tables::row::Row;
use crate::tables::segment::{Segment, Test};
use crate::tables::spans::{Glance, happened};
use crate::tables::{SpanRow, SpanStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// What a span is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpanSearch {
    /// When it began, in milliseconds since the epoch.
    pub during: Range<i64>,
    /// Its service; `None`: any.
    pub service: Option<Arc<str>>,
    /// Its name; `None`: any.
    pub operation: Option<Arc<str>>,
    /// The least it took, in nanoseconds.
    pub shortest_nanos: i64,
    /// The most it took.
    pub longest_nanos: i64,
    /// Only such as failed.
    pub failed: bool,
}

impl SpanSearch {
    /// Every span that began in a time.
    #[must_use]
    pub const fn during(during: Range<i64>) -> SpanSearch {
        let (shortest_nanos, longest_nanos) = (i64::MIN, i64::MAX);
        SpanSearch { during, service: None, operation: None, shortest_nanos, longest_nanos, failed: false }
    }

    fn wants(&self, row: &SpanRow) -> bool {
        self.during.contains(&row.at_ms())
            && (self.shortest_nanos..=self.longest_nanos).contains(&row.duration_nanos)
            && self.service.as_ref().is_none_or(|service| row.service == *service)
            && self.operation.as_ref().is_none_or(|operation| row.name == *operation)
            && (!self.failed || row.status == SpanStatus::Error)
    }

    /// The same by columns.
    fn test(&self) -> Test {
        let search = self.clone();
        Test {
            columns: &["started_at", "duration_nanos", "received_at", "service", "operation", "status"],
            passes: Box::new(move |batch| {
                let starts = Nanos::read(batch.column(0))?;
                let lengths = Span::read(batch.column(1))?;
                let times =
                    starts.zip(MaybeTime::read(batch.column(2))?).map(|(at, came)| happened(at, came));
                let (service, operation) = (search.service.as_deref(), search.operation.as_deref());
                let is = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
                let names = strings(batch.column(3))?.iter().zip(strings(batch.column(4))?);
                let failed = strings(batch.column(5))?.iter().map(|word| word == Some("error"));
                Ok(times
                    .zip(lengths)
                    .zip(names)
                    .zip(failed)
                    .map(|(((at, length), (of, name)), failed)| {
                        Some(
                            search.during.contains(&at)
                                && (search.shortest_nanos..=search.longest_nanos).contains(&length)
                                && is(service, of)
                                && is(operation, name)
                                && (failed || !search.failed),
                        )
                    })
                    .collect())
            }),
        }
    }
}

/// What a search found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TracesFound {
    /// Traces, each with when the newest span that was looked for began, in milliseconds since the epoch; newest first.
    pub traces: Vec<([u8; 16], i64)>,
    /// Before this time not all was looked through: the search had gone far enough.
    pub unseen_before_ms: Option<i64>,
}

impl Reader {
    /// The newest `limit` traces that have a span as it is looked for. `wanted` is asked for those that are; without it less
    /// has to be read.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn search(
        &self,
        search: &SpanSearch,
        wanted: Option<&dyn Fn(&SpanRow) -> bool>,
        limit: usize,
    ) -> Result<TracesFound, StoreError> {
        let matches = |row: &SpanRow| search.wants(row) && wanted.is_none_or(|wanted| wanted(row));
        let (mut segments, buffered) = self.spans_that(matches, |segment| segment.overlaps(&search.during));
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.record.max_ms));
        let mut newest = Newest { limit, ..Newest::default() };
        buffered.iter().for_each(|row| newest.offer(row.trace_id, row.at_ms()));
        let (mut rows, mut opened) = (0, 0);
        let mut unseen_before_ms = None;
        for segment in segments {
            if newest.is_before(segment.record.max_ms) {
                break;
            }
            let before = rows;
            rows += segment.record.rows;
            if (rows > SEARCH_ROWS && before > 0) || opened > SEARCH_OPENED {
                unseen_before_ms = Some(segment.record.max_ms.saturating_add(1).min(search.during.end));
                break;
            }
            match wanted {
                None => {
                    newest.offer_all(segment.rows_that::<Glance>(&[], Some(search.test()), BATCH_ROWS)?)?;
                }
                Some(wanted) => opened += newest.offer_wanted(&segment, search.test(), wanted)?,
            }
        }
        Ok(TracesFound { traces: newest.traces(), unseen_before_ms })
    }
}

/// The newest traces of those that are offered.
#[derive(Default)]
struct Newest {
    limit: usize,
    of: BTreeMap<[u8; 16], i64>,
    by_time: BTreeSet<(i64, [u8; 16])>,
}

impl Newest {
    fn offer(&mut self, trace_id: [u8; 16], at_ms: i64) {
        if let Some(known) = self.of.get(&trace_id).copied() {
            if known >= at_ms {
                return;
            }
            self.by_time.remove(&(known, trace_id));
        }
        self.of.insert(trace_id, at_ms);
        self.by_time.insert((at_ms, trace_id));
        if self.of.len() > self.limit
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.of.remove(&oldest);
        }
    }

    fn offer_all(
        &mut self,
        rows: impl Iterator<Item = Result<Glance, StoreError>>,
    ) -> Result<(), StoreError> {
        for row in rows {
            let row = row?;
            self.offer(row.trace_id, row.at_ms());
        }
        Ok(())
    }

    /// How many rows it was asked about.
    fn offer_wanted(
        &mut self,
        segment: &Arc<Segment>,
        test: Test,
        wanted: &dyn Fn(&SpanRow) -> bool,
    ) -> Result<u64, StoreError> {
        let mut opened = 0;
        for row in segment.rows_that::<SpanRow>(&[], Some(test), BATCH_ROWS)? {
            let row = row?;
            opened += 1;
            if wanted(&row) {
                self.offer(row.trace_id, row.at_ms());
            }
        }
        Ok(opened)
    }

    /// Whether nothing up to this time could be among them any more.
    fn is_before(&self, at_ms: i64) -> bool {
        self.of.len() == self.limit && self.by_time.first().is_none_or(|(oldest, _)| *oldest > at_ms)
    }

    fn traces(self) -> Vec<([u8; 16], i64)> {
        self.by_time.into_iter().rev().map(|(at_ms, trace_id)| (trace_id, at_ms)).collect()
    }
}
