//! What keeps a store small, beside the work of its owner.

use whither_core::{Span, Time};
use whither_store::{Merged, Store, StoreError};

use super::blocking::{Beside, beside};

/// What is past its time is deleted this often.
const RETAIN_EVERY: Span = Span::seconds(600);

/// Merges and deletions.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    /// The merge under way, on a thread of its own.
    merge: Option<Beside<Result<Merged, StoreError>>>,
    retained: Option<Time>,
}

impl Upkeep {
    /// Takes in what was merged, begins what is to be merged, deletes what is past its time.
    ///
    /// # Errors
    /// As of the store. A merge that failed is begun anew.
    pub(crate) fn turn(&mut self, store: &mut Store, now: Time) -> Result<(), StoreError> {
        if let Some(merge) = self.merge.take_if(|merge| merge.is_finished()) {
            store.apply_merge(merge.join()?)?;
        }
        if self.merge.is_none()
            && let Some(merge) = store.merge_due()
        {
            self.merge = Some(beside(move || merge.run()));
        }
        // A clock that was set back must not put it off.
        if self.retained.is_none_or(|at| now.since(at) >= RETAIN_EVERY || now < at) {
            self.retained = Some(now);
            store.retain(now.0)?;
        }
        Ok(())
    }

    /// Waits for what runs beside. What it made is made again next time.
    pub(crate) fn finish(self) {
        if let Some(merge) = self.merge {
            drop(merge.join());
        }
    }
}
