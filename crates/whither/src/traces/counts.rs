//! What the span log took and refused since it was opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts since the start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Spans that are in the log.
    pub accepted: u64,
    /// Requests that are.
    pub requests: u64,
    /// Spans that were refused, and requests that could not be read, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Requests that were turned away because others waited.
    pub turned_away: u64,
    /// Bytes of bodies that are in the log.
    pub bytes: u64,
    /// What the store suffers from, until a checkpoint succeeds.
    pub trouble: Option<String>,
}

/// Counts that several threads add to.
#[derive(Clone, Debug, Default)]
pub(super) struct Counting(Arc<Mutex<Counts>>);

impl Counting {
    pub(super) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
