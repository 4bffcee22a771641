//! Traces that are worth keeping longer than others.

use super::columns::{Column, Fixed, Time};
use super::row::row;
use super::segment::Segment;
use crate::error::StoreError;
use crate::limits::KEPT_TRACES;
use std::sync::Arc;

type TraceId = Fixed<16>;

row! {
    /// A trace that is to outlive others.
    pub MarkRow in Marks
    key {
        /// Its id.
        trace_id: [u8; 16] as TraceId("trace_id"),
    }
    rest {
        /// Since when, in milliseconds since the epoch.
        at_ms: i64 as Time("happened_at"),
    }
}

/// The marks that count for spans whose time is over.
#[derive(Debug)]
pub(crate) struct Marks {
    /// In order of time.
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) buffered: Vec<[u8; 16]>,
}

impl Marks {
    /// The newest ids, in order.
    pub(crate) fn ids(self) -> Result<Arc<[[u8; 16]]>, StoreError> {
        let mut ids = self.buffered;
        for segment in self.segments.iter().rev() {
            for row in segment.rows::<MarkRow>(&[])? {
                ids.push(row?.trace_id);
            }
            if ids.len() >= KEPT_TRACES {
                ids.sort_unstable();
                ids.dedup();
            }
            if ids.len() >= KEPT_TRACES {
                break;
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.into())
    }
}
