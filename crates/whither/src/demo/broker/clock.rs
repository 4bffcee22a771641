//! The broker's time: wall clock at the start plus a monotonic count, so that a step of the machine's clock
//! never makes a session or a transaction expire. Tests can hold it still and move it by hand.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch, as the broker sees them. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock {
    base_ms: i64,
    running_since: Option<Instant>,
    advanced_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Starts at the machine's time and runs.
    pub fn running() -> Self {
        Self::running_from(wall_ms())
    }

    /// Starts at `start_ms` and runs.
    pub fn running_from(start_ms: i64) -> Self {
        Self { base_ms: start_ms, running_since: Some(Instant::now()), advanced_ms: Arc::default() }
    }

    /// Stands still at `start_ms` until [`Clock::advance`].
    pub fn still(start_ms: i64) -> Self {
        Self { base_ms: start_ms, running_since: None, advanced_ms: Arc::default() }
    }

    /// Moves this clock and its clones forward.
    pub fn advance(&self, by: Duration) {
        self.advanced_ms.fetch_add(millis(by), Ordering::Relaxed);
    }

    /// Now, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        let ran = self.running_since.map_or(0, |since| millis(since.elapsed()));
        self.base_ms.saturating_add(ran).saturating_add(self.advanced_ms.load(Ordering::Relaxed))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the demo broker is its own world: no verdict reads this clock"
)]
fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}
