//! Which service calls which: spans whose parent is another service's.

use super::Reader;
use crate::error::StoreError;
use crate::limits::{PAIR_ROWS, PAIR_TRACE_SPANS};
use crate::tables::row::Row;
use crate::tables::segment::Rows;
use crate::tables::spans::Edge;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::iter::Peekable;
use std::ops::Range;
use std::sync::Arc;

/// Services that call one another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServicePairs {
    /// By the caller's service and the called one: how many spans of the second have a parent of the first.
    pub calls: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Before this time not all was looked through.
    pub unseen_before_ms: Option<i64>,
}

/// Rows in order of their traces.
type Input = Peekable<Box<dyn Iterator<Item = Result<Edge, StoreError>>>>;

impl Reader {
    /// Which services called which in a time.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn service_pairs(&self, during: Range<i64>) -> Result<ServicePairs, StoreError> {
        let (mut segments, mut buffered): (Vec<_>, Vec<Edge>) = {
            let live = self.live.read();
            let all = live.spans.segments.iter().chain(&live.kept.segments);
            let buffered = live.spans.buffered.iter().filter(|row| during.contains(&row.at_ms()));
            (
                all.filter(|segment| segment.overlaps(&during)).cloned().collect(),
                buffered.map(Edge::of).collect(),
            )
        };
        segments.sort_by_key(|segment| Reverse(segment.record.max_ms));
        let mut pairs = ServicePairs::default();
        buffered.sort_by(Row::order);
        let mut inputs: Vec<Input> = vec![boxed(buffered.into_iter().map(Ok))];
        let mut rows = 0;
        for segment in segments {
            rows += segment.record.rows;
            if rows > PAIR_ROWS && inputs.len() > 1 {
                pairs.unseen_before_ms = Some(segment.record.max_ms.saturating_add(1).min(during.end));
                break;
            }
            let rows: Rows<Edge> = segment.rows(&[])?;
            inputs.push(boxed(rows));
        }
        each_trace(inputs, |spans| pairs.count(spans, &during))?;
        Ok(pairs)
    }
}

fn boxed(rows: impl Iterator<Item = Result<Edge, StoreError>> + 'static) -> Input {
    let rows: Box<dyn Iterator<Item = Result<Edge, StoreError>>> = Box::new(rows);
    rows.peekable()
}

impl ServicePairs {
    fn count(&mut self, spans: &[Edge], during: &Range<i64>) {
        let services: HashMap<[u8; 8], &Arc<str>> =
            spans.iter().map(|span| (span.span_id, &span.service)).collect();
        for span in spans.iter().filter(|span| during.contains(&span.at_ms())) {
            if let Some(caller) = span.parent_id.and_then(|parent| services.get(&parent))
                && **caller != span.service
            {
                *self.calls.entry((Arc::clone(caller), Arc::clone(&span.service))).or_default() += 1;
            }
        }
    }
}

/// Gives the spans of each trace, wherever they are, to `take`; of a very large one not all.
fn each_trace(mut inputs: Vec<Input>, mut take: impl FnMut(&[Edge])) -> Result<(), StoreError> {
    let mut next = BinaryHeap::new();
    for (i, input) in inputs.iter_mut().enumerate() {
        if let Some(trace_id) = first(input)? {
            next.push(Reverse((trace_id, i)));
        }
    }
    let mut spans = Vec::new();
    let mut current = None;
    while let Some(Reverse((trace_id, i))) = next.pop() {
        if current.replace(trace_id).is_some_and(|before| before != trace_id) {
            take(&spans);
            spans.clear();
        }
        let input = &mut inputs[i];
        while let Some(row) = input.next_if(|row| row.as_ref().is_ok_and(|row| row.trace_id == trace_id)) {
            if spans.len() < PAIR_TRACE_SPANS {
                spans.push(row?);
            }
        }
        if let Some(trace_id) = first(input)? {
            next.push(Reverse((trace_id, i)));
        }
    }
    take(&spans);
    Ok(())
}

/// The trace that an input stands at.
fn first(input: &mut Input) -> Result<Option<[u8; 16]>, StoreError> {
    match input.peek() {
        None => Ok(None),
        Some(Ok(row)) => Ok(Some(row.trace_id)),
        Some(Err(_)) => input.next().transpose().map(|row| row.map(|row| row.trace_id)),
    }
}
