//! Time as the core knows it: a number that came in with a fact.

/// A moment: milliseconds since 1970-01-01 UTC, as Kafka's timestamps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Time(pub i64);

/// A length of time in milliseconds; never negative where it is a bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Span(pub i64);

impl Time {
    /// Before every moment.
    pub const MIN: Time = Time(i64::MIN);
    /// After every moment.
    pub const MAX: Time = Time(i64::MAX);

    /// The moment `span` later, at most [`Time::MAX`].
    #[must_use]
    pub const fn after(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Span {
        let ms = self.0.saturating_sub(earlier.0);
        Span(if ms < 0 { 0 } else { ms })
    }
}

impl Span {
    /// `n` seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Span {
        Span(n.saturating_mul(1_000))
    }

    /// `n` hours.
    #[must_use]
    pub const fn hours(n: i64) -> Span {
        Span(n.saturating_mul(3_600_000))
    }
}
