//! How long it takes from evidence to what is published.

use whither_core::Span;

use super::pace::seconds;

/// The upper bounds of the buckets, in seconds. Rounds come a second apart; five seconds is what is promised.
pub const BOUNDS: [f64; 12] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 60.0, f64::INFINITY];

/// Delays by how long they were.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delays {
    /// How many are above the bound before and not above this one.
    pub counts: [u64; BOUNDS.len()],
    /// All of them together.
    pub sum_ms: u64,
}

impl Delays {
    /// Counts one. Where clocks differ, what was told before it happened took no time.
    pub(crate) fn count(&mut self, delay: Span) {
        let ms = u64::try_from(delay.0).unwrap_or(0);
        self.sum_ms = self.sum_ms.saturating_add(ms);
        let seconds = seconds(delay).max(0.0);
        if let Some(count) = BOUNDS.iter().zip(&mut self.counts).find(|(bound, _)| seconds <= **bound) {
            *count.1 += 1;
        }
    }

    /// Adds what a round brought.
    pub(super) fn add(&mut self, round: &Delays) {
        self.sum_ms = self.sum_ms.saturating_add(round.sum_ms);
        for (sum, more) in self.counts.iter_mut().zip(&round.counts) {
            *sum += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_counted_below_the_first_bound_that_holds_it() {
        let mut delays = Delays::default();
        for ms in [-5_000, 0, 100, 101, 5_000, 5_001, 1_000_000_000] {
            delays.count(Span(ms));
        }
        assert_eq!(delays.counts, [3, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1]);
        assert_eq!(delays.sum_ms, 1_000_010_202);
    }
}
