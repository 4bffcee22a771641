//! The one place where time enters.

use whither_core::Time;

/// Now, in milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
#[must_use]
pub fn now() -> Time {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The wall clock of a simulation, on the thread that runs it: tokio's own time, and steps on top of it.
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::Cell;

    use tokio::time::Instant;
    use whither_core::{Span, Time};

    thread_local! {
        static BEGAN: Cell<Option<(Time, Instant)>> = const { Cell::new(None) };
    }

    pub(super) fn now() -> Option<Time> {
        let (start, began) = BEGAN.get()?;
        Some(Time(start.0 + i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)))
    }

    /// From now on this thread's clock goes by tokio's, from `start` on.
    pub(crate) fn begin(start: Time) {
        BEGAN.set(Some((start, Instant::now())));
    }

    /// This thread's clock is the machine's again.
    pub(crate) fn end() {
        BEGAN.set(None);
    }

    /// The clock is set, by so much forward or back.
    pub(crate) fn step(by: Span) {
        if let Some((start, began)) = BEGAN.get() {
            BEGAN.set(Some((Time(start.0 + by.0), began)));
        }
    }
}
