//! The one place where time enters.
//!
//! What was read is put in order by when it was read, so this clock never goes back. Where the machine's is set back,
//! it goes on at nine tenths of its pace until the machine's has caught up.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use whither_core::Time;

/// A clock that is set back by more than this was wrong before: it is believed.
const WRONG_MS: i64 = 24 * 3_600_000;

/// Now, in milliseconds since 1970 UTC. Never less than it was told before.
#[must_use]
pub fn now() -> Time {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    steady(|clock| clock.now(wall(), ran_ms()))
}

/// The clock goes on from a time that was told by an earlier start.
pub fn go_on_from(told: Time) {
    #[cfg(test)]
    if simulated::go_on_from(told) {
        return;
    }
    steady(|clock| clock.go_on_from(told, ran_ms()));
}

fn steady<T>(of: impl FnOnce(&mut Steady) -> T) -> T {
    static STEADY: Mutex<Steady> = Mutex::new(Steady::NEW);
    of(&mut STEADY.lock().unwrap_or_else(PoisonError::into_inner))
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
fn wall() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Milliseconds that passed, whatever is done to the clock.
fn ran_ms() -> i64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[derive(Debug)]
struct Steady {
    /// What was told last, and what had run by then.
    told: Time,
    ran_ms: i64,
}

impl Steady {
    const NEW: Steady = Steady { told: Time(i64::MIN), ran_ms: 0 };

    fn now(&mut self, wall: Time, ran_ms: i64) -> Time {
        if self.told.0.saturating_sub(wall.0) > WRONG_MS {
            *self = Steady::NEW;
        }
        let slowed = Time(self.told.0.saturating_add((ran_ms - self.ran_ms) * 9 / 10));
        let now = wall.max(slowed);
        if now > self.told {
            *self = Steady { told: now, ran_ms };
        }
        self.told
    }

    fn go_on_from(&mut self, told: Time, ran_ms: i64) {
        if told > self.told {
            *self = Steady { told, ran_ms };
        }
    }
}

/// The wall clock of a simulation, on the thread that runs it: tokio's own time, and steps on top of it.
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::RefCell;

    use tokio::time::Instant;
    use whither_core::{Span, Time};

    use super::Steady;

    struct Clock {
        start: Time,
        began: Instant,
        steady: Steady,
    }

    impl Clock {
        fn ran_ms(&self) -> i64 {
            i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
        }
    }

    thread_local! {
        static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
    }

    fn with<T>(of: impl FnOnce(&mut Clock) -> T) -> Option<T> {
        CLOCK.with_borrow_mut(|clock| clock.as_mut().map(of))
    }

    pub(super) fn now() -> Option<Time> {
        with(|clock| {
            let ran = clock.ran_ms();
            clock.steady.now(Time(clock.start.0 + ran), ran)
        })
    }

    pub(super) fn go_on_from(told: Time) -> bool {
        let went_on = with(|clock| {
            let ran = clock.ran_ms();
            clock.steady.go_on_from(told, ran);
        });
        went_on.is_some()
    }

    /// From now on this thread's clock goes by tokio's, from `start` on.
    pub(crate) fn begin(start: Time) {
        CLOCK.set(Some(Clock { start, began: Instant::now(), steady: Steady::NEW }));
    }

    /// This thread's clock is the machine's again.
    pub(crate) fn end() {
        CLOCK.set(None);
    }

    /// The clock is set, by so much forward or back.
    pub(crate) fn step(by: Span) {
        with(|clock| clock.start.0 += by.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_waited_for() {
        let mut clock = Steady::NEW;
        assert_eq!(clock.now(Time(10_000), 0), Time(10_000));
        assert_eq!(clock.now(Time(4_000), 0), Time(10_000), "it never goes back");
        assert_eq!(clock.now(Time(4_001), 1), Time(10_000));
        assert_eq!(clock.now(Time(14_000), 10_000), Time(19_000), "nine seconds in ten");
        assert_eq!(clock.now(Time(65_000), 60_000), Time(65_000), "caught up");
        assert_eq!(clock.now(Time(66_000), 61_000), Time(66_000));
    }

    #[test]
    fn a_clock_that_is_set_forward_is_believed() {
        let mut clock = Steady::NEW;
        clock.now(Time(10_000), 0);
        assert_eq!(clock.now(Time(3_610_000), 1_000), Time(3_610_000));
    }

    #[test]
    fn a_clock_that_was_a_day_ahead_was_wrong() {
        let mut clock = Steady::NEW;
        clock.now(Time(WRONG_MS + 10_000), 0);
        assert_eq!(clock.now(Time(9_000), 1_000), Time(9_000));
    }

    #[test]
    fn an_earlier_start_is_gone_on_from() {
        let mut clock = Steady::NEW;
        clock.go_on_from(Time(20_000), 0);
        assert_eq!(clock.now(Time(15_000), 1_000), Time(20_900));
        clock.go_on_from(Time(1_000), 1_000);
        assert_eq!(clock.now(Time(15_500), 1_500), Time(21_350));
    }
}
