//! The one place where time enters.

use whither_core::Time;

/// Now, in milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
#[must_use]
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
