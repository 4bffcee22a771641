//! Numbers, times, spans and names as people read them. Names come from the network: what could steer a terminal
//! or break out of a command is taken out here.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use whither_core::{Offset, Partition, Span, Time, TopicId};

/// Longest name put into a sentence; Kafka allows groups of 32,767 bytes.
const NAME_CHARS: usize = 120;

/// `1,204,331`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An offset in a sentence: `88,419`.
#[must_use]
pub fn offset(n: Offset) -> String {
    let digits = count(n.unsigned_abs());
    if n < 0 { format!("-{digits}") } else { digits }
}

/// `[88210..88419)`, without separators: to be copied into other tools.
#[must_use]
pub fn range(from: Offset, to: Offset) -> String {
    format!("[{from}..{to})")
}

/// `orders/3`.
#[must_use]
pub fn partition(p: &Partition) -> String {
    format!("{}/{}", name(&p.topic), p.index)
}

/// `1 record`, `12 records`.
#[must_use]
pub fn records(n: u64) -> String {
    if n == 1 { "1 record".to_owned() } else { format!("{} records", count(n)) }
}

/// A time within the range that can be told; Kafka writes -1, and the core 0, where none is known.
#[must_use]
pub fn known(at: Time) -> Option<Timestamp> {
    if at.0 <= 0 { None } else { Timestamp::from_millisecond(at.0).ok() }
}

/// `13:01:40Z`, with its day where that is not the day of `now`; none where no time is known.
#[must_use]
pub fn moment(at: Time, now: Time) -> Option<String> {
    let at = known(at)?.to_zoned(TimeZone::UTC).datetime();
    let today = known(now).map(|now| now.to_zoned(TimeZone::UTC).date());
    let time = format!("{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second());
    if today == Some(at.date()) { Some(time) } else { Some(format!("{} {time}", at.date())) }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T13:01:40.000Z`.
#[must_use]
pub fn rfc3339(at: Time) -> Option<String> {
    known(at).map(|at| format!("{at:.3}"))
}

/// `250 ms`, `40 s`, `1 h 30 min`, `7 d`: the two largest units, rounded down.
#[must_use]
pub fn span(Span(ms): Span) -> String {
    if ms < 1_000 {
        return format!("{} ms", ms.max(0));
    }
    const UNITS: [(i64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let first = UNITS.iter().position(|(size, _)| ms >= *size).unwrap_or(UNITS.len() - 1);
    let mut left = ms;
    let mut out = String::new();
    for (size, unit) in UNITS.iter().skip(first).take(2) {
        let n = left / size;
        left %= size;
        if n > 0 {
            let gap = if out.is_empty() { "" } else { " " };
            let _ = write!(out, "{gap}{n} {unit}");
        }
    }
    out
}

/// `1 GiB`, `1.5 MiB`, `312 B`.
#[must_use]
pub fn bytes(n: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let Some((size, unit)) = UNITS.iter().find(|(size, _)| n >= *size) else { return format!("{n} B") };
    let tenths = (n % size) * 10 / size;
    if tenths == 0 { format!("{} {unit}", n / size) } else { format!("{}.{tenths} {unit}", n / size) }
}

/// A name from the network: control characters made visible, very long ones cut.
#[must_use]
pub fn name(raw: &str) -> String {
    match raw.char_indices().nth(NAME_CHARS) {
        Some((end, _)) => format!("{}…", visible(raw.get(..end).unwrap_or_default())),
        None => visible(raw),
    }
}

/// Text with its control characters made visible, uncut.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Control characters, and the marks that turn the direction of what follows.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name as one word of a POSIX shell command.
#[must_use]
pub fn shell(raw: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | ',' | '=');
    if !raw.is_empty() && !raw.starts_with('-') && raw.chars().all(plain) {
        return raw.to_owned();
    }
    let visible: String = raw.chars().filter(|c| !steers(*c)).collect();
    format!("'{}'", visible.replace('\'', r"'\''"))
}

/// `org.apache.kafka.connect.errors.DataException` as `DataException`.
#[must_use]
pub fn class(raw: &str) -> String {
    let last = raw.rsplit(['.', '$']).next().filter(|last| !last.is_empty()).unwrap_or(raw);
    name(last)
}

/// A topic id as Kafka's tools print it: 22 characters of URL-safe base 64.
#[must_use]
pub fn topic_id(TopicId(id): TopicId) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..22_u32)
        .map(|i| {
            let bits = if i < 21 { id >> (122 - 6 * i) } else { id << 4 };
            let digit = usize::try_from(bits & 63).unwrap_or(0);
            DIGITS.get(digit).map_or('?', |b| char::from(*b))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(offset(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn spans_have_two_units() {
        assert_eq!(span(Span(-4)), "0 ms");
        assert_eq!(span(Span(999)), "999 ms");
        assert_eq!(span(Span(40_000)), "40 s");
        assert_eq!(span(Span(5_400_000)), "1 h 30 min");
        assert_eq!(span(Span(604_800_000)), "7 d");
        assert_eq!(span(Span(86_400_000 + 60_000)), "1 d");
    }

    #[test]
    fn moments_tell_their_day_when_it_is_another() {
        let now = Time(1_795_266_000_000);
        assert_eq!(rfc3339(now).as_deref(), Some("2026-11-21T13:00:00.000Z"));
        assert_eq!(moment(now, now).as_deref(), Some("13:00:00Z"));
        assert_eq!(moment(Time(now.0 - 86_400_000), now).as_deref(), Some("2026-11-20 13:00:00Z"));
        assert_eq!(moment(Time(-1), now), None);
        assert_eq!(moment(Time(i64::MAX), now), None);
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(bytes(312), "312 B");
        assert_eq!(bytes(1 << 30), "1 GiB");
        assert_eq!(bytes(3 << 19), "1.5 MiB");
    }

    #[test]
    fn names_from_the_network_can_do_nothing() {
        assert_eq!(name("a\x1b[2J\nb"), "a\\u{1b}[2J\\u{a}b");
        assert_eq!(name(&"x".repeat(500)).chars().count(), NAME_CHARS + 1);
        assert_eq!(shell("billing"), "billing");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell("it's $(rm)"), r"'it'\''s $(rm)'");
        assert_eq!(shell("--execute"), "'--execute'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn topic_ids_are_kafkas() {
        // org.apache.kafka.common.Uuid: ONE_UUID and METADATA_TOPIC_ID print so.
        assert_eq!(topic_id(TopicId(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(topic_id(TopicId(0)), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(topic_id(TopicId(u128::MAX)), "_____________________w");
    }
}
