//! How fast an offset moves.

use whither_core::{Offset, Span, Time};

/// The rate of an offset: an average in which what is older than a span counts ever less.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    span: Span,
    first: Option<Time>,
    last: (Offset, Time),
    per_second: f64,
}

impl Pace {
    /// A pace told over about this long.
    #[must_use]
    pub const fn over(span: Span) -> Pace {
        Pace { span, first: None, last: (0, Time(0)), per_second: 0.0 }
    }

    /// The offset was seen here. One that went back begins anew.
    pub fn saw(&mut self, offset: Offset, at: Time) {
        let (before, when) = self.last;
        if self.first.is_none() || offset < before {
            *self = Pace { first: Some(at), last: (offset, at), ..Pace::over(self.span) };
        } else if offset > before && at > when {
            let seconds = seconds(at.since(when));
            let kept = self.kept(at);
            self.per_second = self.per_second * kept + float(offset - before) / seconds * (1.0 - kept);
            self.last = (offset, at);
        }
        // What is seen twice in one moment is counted with what comes next.
    }

    /// Offsets per second; none if it was seen for less than a tenth of its span.
    #[must_use]
    pub fn per_second(&self, now: Time) -> Option<f64> {
        let seen = now.since(self.first?);
        if seen.0.saturating_mul(10) < self.span.0 {
            return None;
        }
        // It has stood still since it was seen last; and it began with nothing known, not with standing still.
        let share = 1.0 - (-seconds(seen) / seconds(self.span)).exp();
        Some(self.per_second * self.kept(now) / share)
    }

    /// When it was last seen to move.
    #[must_use]
    pub fn moved_at(&self) -> Option<Time> {
        Some(self.last.1).filter(|at| self.first.is_some_and(|first| first < *at))
    }

    /// The weight that what was known keeps.
    fn kept(&self, now: Time) -> f64 {
        (-seconds(now.since(self.last.1)) / seconds(self.span)).exp()
    }
}

pub(super) fn seconds(span: Span) -> f64 {
    float(span.0) / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
pub(super) fn float(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seen: impl IntoIterator<Item = (Offset, i64)>) -> Pace {
        let mut pace = Pace::over(Span::seconds(60));
        for (offset, second) in seen {
            pace.saw(offset, Time(second * 1_000));
        }
        pace
    }

    fn at(pace: Pace, second: i64) -> f64 {
        pace.per_second(Time(second * 1_000)).unwrap()
    }

    #[test]
    fn a_steady_pace_is_told_from_the_first_seconds_on() {
        let steady = pace((0..=6).map(|s| (s * 100, s)));
        assert!((at(steady, 6) - 100.0).abs() < 0.01, "{}", at(steady, 6));
        let longer = pace((0..=600).map(|s| (s * 100, s)));
        assert!((at(longer, 600) - 100.0).abs() < 0.01);
    }

    #[test]
    fn little_is_not_enough_to_tell() {
        assert_eq!(pace([]).per_second(Time(90_000)), None);
        assert_eq!(pace([(0, 0), (100, 5)]).per_second(Time(5_000)), None);
    }

    #[test]
    fn one_that_stops_slows_down() {
        let stopped = pace((0..=600).map(|s| (s * 100, s)));
        assert!(at(stopped, 660) < 40.0);
        assert!(at(stopped, 1_200) < 0.1);
    }

    #[test]
    fn one_that_goes_back_begins_anew() {
        let mut seen = pace((0..=60).map(|s| (s * 100, s)));
        seen.saw(0, Time(61_000));
        assert_eq!(seen.per_second(Time(62_000)), None);
        assert!(at(seen, 90).abs() < 0.001);
    }

    #[test]
    fn two_steps_in_one_moment_are_both_counted() {
        let seen = pace([(0, 0), (50, 0), (600, 6)]);
        assert!((at(seen, 6) - 100.0).abs() < 0.01);
    }
}
