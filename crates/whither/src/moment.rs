//! Moments and lengths of time as people type them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time as OfDay};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use whither_core::{Span, Time};

/// A length of time: `30s`, `15m`, `1h30m`, `7d`, `250ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Length(pub Duration);

impl Length {
    /// In the core's unit.
    #[must_use]
    pub fn span(self) -> Span {
        Span(i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Text that is no length of time.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a length of time; write a number with its unit, as in 30s, 15m, 1h, 7d, 1h30m")]
pub struct NotALength;

impl FromStr for Length {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Length, NotALength> {
        let mut left = text.trim();
        let mut ms: u64 = 0;
        if left.is_empty() {
            return Err(NotALength);
        }
        while !left.is_empty() {
            let end = left.find(|c: char| !c.is_ascii_digit()).ok_or(NotALength)?;
            let (number, rest) = left.split_at(end);
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (unit, rest) = rest.split_at(end);
            let size: u64 = match unit {
                "ms" => 1,
                "s" | "sec" => 1_000,
                "m" | "min" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                "w" => 604_800_000,
                _ => return Err(NotALength),
            };
            let number: u64 = number.parse().map_err(|_| NotALength)?;
            ms = number.checked_mul(size).and_then(|n| n.checked_add(ms)).ok_or(NotALength)?;
            left = rest.trim_start();
        }
        Ok(Length(Duration::from_millis(ms)))
    }
}

/// Written as it is read: the largest unit that leaves no rest.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let ms = self.0.as_millis();
        match UNITS.iter().find(|(size, _)| ms > 0 && ms.is_multiple_of(*size)) {
            Some((size, unit)) => write!(f, "{}{unit}", ms / size),
            None if ms == 0 => f.write_str("0s"),
            None => write!(f, "{ms}ms"),
        }
    }
}

/// A moment, as far as it is known before the clock is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Told in full.
    At(Time),
    /// So long before now.
    Ago(Span),
    /// A time of day, UTC: the last time it was that late, or the day before that.
    OfDay {
        /// The time.
        time: OfDay,
        /// Whether `yesterday` was said.
        yesterday: bool,
    },
}

/// Text that is no moment.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not a moment; write 2026-11-21T13:00:00Z, 14:03 or yesterday 14:03 (UTC), -15m or 15m ago, now, or seconds or milliseconds since 1970"
)]
pub struct NotAMoment;

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Moment, NotAMoment> {
        let text = text.trim();
        let relative = || ago(text).map(Moment::Ago);
        let of_day = || {
            let (yesterday, time) = match text.strip_prefix("yesterday ") {
                Some(time) => (true, time),
                None => (false, text),
            };
            Some(Moment::OfDay { time: clock(time.trim())?, yesterday })
        };
        relative().or_else(of_day).or_else(|| told(text).map(Moment::At)).ok_or(NotAMoment)
    }
}

impl Moment {
    /// A moment that lies back: there a bare length of time means so long ago.
    ///
    /// # Errors
    /// It is neither.
    pub fn back(text: &str) -> Result<Moment, NotAMoment> {
        text.parse::<Length>().map(|length| Moment::Ago(length.span())).or_else(|_| text.parse())
    }

    /// The moment, seen from now.
    #[must_use]
    pub fn from(self, now: Time) -> Time {
        match self {
            Moment::At(at) => at,
            Moment::Ago(Span(ms)) => Time(now.0.saturating_sub(ms)),
            Moment::OfDay { time, yesterday } => of_day(time, yesterday, now).unwrap_or(now),
        }
    }
}

/// `-15m`, `15m ago`, `now-1h`, `now`.
fn ago(text: &str) -> Option<Span> {
    if text == "now" {
        return Some(Span(0));
    }
    let length =
        text.strip_prefix("now-").or_else(|| text.strip_prefix('-')).or_else(|| text.strip_suffix(" ago"))?;
    length.parse::<Length>().ok().map(Length::span)
}

/// `14:03`, `14:03:10`.
fn clock(text: &str) -> Option<OfDay> {
    let (h, rest) = text.split_once(':')?;
    let (m, s) = rest.split_once(':').unwrap_or((rest, "0"));
    let two = |n: &str| if n.len() <= 2 { n.parse::<i8>().ok() } else { None };
    OfDay::new(two(h)?, two(m)?, two(s)?, 0).ok()
}

/// RFC 3339, a date with or without a time (UTC), seconds or milliseconds since 1970 (`@` before them if you like).
fn told(text: &str) -> Option<Time> {
    let plain = text.strip_prefix('@').unwrap_or(text);
    if plain.len() >= 9 && plain.bytes().all(|b| b.is_ascii_digit()) {
        let n: i64 = plain.parse().ok()?;
        return if plain.len() <= 11 { n.checked_mul(1_000).map(Time) } else { Some(Time(n)) };
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Time(at.as_millisecond()));
    }
    let civil = match text.parse::<Date>() {
        Ok(date) if !text.contains([':', 'T']) => date.to_datetime(OfDay::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    utc(civil)
}

fn utc(civil: DateTime) -> Option<Time> {
    civil.to_zoned(TimeZone::UTC).ok().map(|z| Time(z.timestamp().as_millisecond()))
}

/// A time of day that is still to come today was meant of yesterday.
fn of_day(time: OfDay, yesterday: bool, now: Time) -> Option<Time> {
    let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(TimeZone::UTC).date();
    let at = utc(today.to_datetime(time))?;
    if yesterday || at > now {
        return utc(today.checked_sub(1.day()).ok()?.to_datetime(time));
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 13:00:00 UTC.
    const NOW: Time = Time(1_795_266_000_000);

    fn at(text: &str) -> String {
        let time = text.parse::<Moment>().unwrap_or_else(|e| panic!("{text}: {e}")).from(NOW);
        crate::prose::words::rfc3339(time).unwrap()
    }

    #[test]
    fn lengths_are_read_as_written() {
        for (text, ms) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("15m", 900_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse::<Length>().unwrap().0.as_millis(), ms, "{text}");
        }
        for text in ["", "5", "h", "-5m", "5 y", "1.5h", "99999999999999999999s", "18446744073709551615w"] {
            assert_eq!(text.parse::<Length>(), Err(NotALength), "{text}");
        }
        for text in ["0s", "250ms", "90s", "15m", "7d", "25h"] {
            assert_eq!(text.parse::<Length>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn moments_are_read_in_every_form() {
        for (text, want) in [
            ("now", "2026-11-21T13:00:00.000Z"),
            ("-15m", "2026-11-21T12:45:00.000Z"),
            ("15m ago", "2026-11-21T12:45:00.000Z"),
            ("now-1h", "2026-11-21T12:00:00.000Z"),
            ("12:03", "2026-11-21T12:03:00.000Z"),
            ("14:03", "2026-11-20T14:03:00.000Z"),
            ("yesterday 12:03:10", "2026-11-20T12:03:10.000Z"),
            ("2026-11-21T13:00:00.250Z", "2026-11-21T13:00:00.250Z"),
            ("2026-11-21T13:00:00+02:00", "2026-11-21T11:00:00.000Z"),
            ("2026-11-21 11:30", "2026-11-21T11:30:00.000Z"),
            ("2026-11-20", "2026-11-20T00:00:00.000Z"),
            ("1795266000", "2026-11-21T13:00:00.000Z"),
            ("1795266000250", "2026-11-21T13:00:00.250Z"),
            ("@1795266000250", "2026-11-21T13:00:00.250Z"),
        ] {
            assert_eq!(at(text), want, "{text}");
        }
        for text in ["", "soon", "25:00", "12:61", "12345", "tomorrow 10:00", "2026-13-01"] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text}");
        }
    }

    #[test]
    fn a_length_of_time_means_so_long_ago() {
        assert_eq!(Moment::back("1h"), Ok(Moment::Ago(Span(3_600_000))));
        assert_eq!(Moment::back("-1h"), Ok(Moment::Ago(Span(3_600_000))));
        assert!(matches!(Moment::back("13:01"), Ok(Moment::OfDay { .. })));
        assert!(Moment::back("soon").is_err());
    }
}
