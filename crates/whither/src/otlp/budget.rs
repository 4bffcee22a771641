//! Memory for what is under way, of all senders together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Refusal;

/// Bytes that may be held.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    free: Arc<Semaphore>,
    most: usize,
}

/// Bytes that are held; free when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Held(Option<OwnedSemaphorePermit>);

impl Budget {
    pub(super) fn of(bytes: usize) -> Budget {
        let most = bytes.min(Semaphore::MAX_PERMITS);
        Budget { free: Arc::new(Semaphore::new(most)), most }
    }

    /// How many are held.
    pub(super) fn under_way(&self) -> usize {
        self.most.saturating_sub(self.free.available_permits())
    }

    /// How many may be held.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Holds more.
    pub(super) fn hold(&self, held: &mut Held, bytes: usize) -> Result<(), Refusal> {
        let more = u32::try_from(bytes).ok();
        let more = more.and_then(|bytes| self.free.clone().try_acquire_many_owned(bytes).ok());
        let more = more.ok_or(Refusal::BUSY)?;
        match &mut held.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again_and_no_more_is_held_than_there_is() {
        let budget = Budget::of(100);
        let (mut one, mut other) = (Held::default(), Held::default());
        budget.hold(&mut one, 30).unwrap();
        budget.hold(&mut other, 50).unwrap();
        budget.hold(&mut one, 20).unwrap();
        assert_eq!(budget.hold(&mut other, 1), Err(Refusal::BUSY));
        assert_eq!(budget.hold(&mut other, usize::MAX), Err(Refusal::BUSY));
        drop(one);
        assert_eq!(budget.under_way(), 50);
        budget.hold(&mut other, 50).unwrap();
        drop(other);
        assert_eq!(budget.under_way(), 0);
    }
}
