//! Values from the API's JSON, and how tables put them.

use jiff::Timestamp;
use serde::Deserialize;
use whither_core::verdict::Outcome;
use whither_core::{Span, Time};

use crate::prose::words;

/// A moment as the API writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct At(pub(super) Time);

impl TryFrom<String> for At {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<At, jiff::Error> {
        Ok(At(Time(text.parse::<Timestamp>()?.as_millisecond())))
    }
}

/// `13:01:40Z`; empty where no moment is known.
pub(super) fn moment(at: Option<At>, now: Time) -> String {
    at.and_then(|At(at)| words::moment(at, now)).unwrap_or_default()
}

/// `1h30min`, in one word; empty where none is told.
pub(super) fn length(seconds: Option<f64>) -> String {
    seconds.map(|s| words::span(span(s)).replace(' ', "")).unwrap_or_default()
}

/// Seconds in the core's unit.
pub(super) fn span(seconds: f64) -> Span {
    Span(
        i64::try_from(
            std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_millis(),
        )
        .unwrap_or(i64::MAX),
    )
}

/// `1,204`; empty where none is told.
pub(super) fn count(n: Option<u64>) -> String {
    n.map(words::count).unwrap_or_default()
}

/// `88,210`; empty where none is told.
pub(super) fn offset(n: Option<i64>) -> String {
    n.map(words::offset).unwrap_or_default()
}

/// A name from the network; empty where none is told.
pub(super) fn name(raw: Option<&str>) -> String {
    raw.map(words::name).unwrap_or_default()
}

/// `1 group`, `12 groups`.
pub(super) fn some(n: usize, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", words::count(n as u64))
}

/// The outcome that goes by this word; one that a newer server may know is unknown to us.
pub(super) fn outcome(word: &str) -> Outcome {
    Outcome::ALL.into_iter().find(|outcome| outcome.word() == word).unwrap_or(Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_one_word() {
        assert_eq!(length(Some(5_400.0)), "1h30min");
        assert_eq!(length(Some(0.25)), "250ms");
        assert_eq!(length(Some(f64::MAX)), "0ms");
        assert_eq!(length(None), "");
        let at: At = serde_json::from_str(r#""2026-11-21T13:00:00.000Z""#).unwrap();
        assert_eq!(at, At(Time(1_795_266_000_000)));
        assert!(serde_json::from_str::<At>(r#""soon""#).is_err());
    }

    #[test]
    fn every_verdict_is_known_by_its_word() {
        for known in Outcome::ALL {
            assert_eq!(outcome(known.word()), known);
        }
        assert_eq!(outcome("of_a_newer_server"), Outcome::Unknown);
    }
}
