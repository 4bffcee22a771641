//! Moments on this machine's clock: Kafka's processes, whither's and the lab's share it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// Now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the lab injects faults in real time; nothing of it is replayed"
    )]
    pub fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
    }

    /// How long after `earlier` this is; nothing if it was before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_is_no_time_after() {
        assert_eq!(Moment(1_500).since(Moment(1_000)), Duration::from_millis(500));
        assert_eq!(Moment(1_000).since(Moment(1_500)), Duration::ZERO);
    }
}
