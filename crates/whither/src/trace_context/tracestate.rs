//! `tracestate`, as W3C Trace Context (section 3.3) has it, and OpenTelemetry's member of it.

use std::collections::BTreeSet;

use super::{Headers, Invalid, Values};

/// More members are an error.
const MOST: usize = 32;
const LONGEST_VALUE: usize = 256;
const LONGEST_KEY: usize = 256;

/// What tracing systems add, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceState {
    /// Its members.
    pub members: Vec<Member>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

/// One tracing system's part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Which system.
    pub key: String,
    /// What it added.
    pub value: String,
    /// The share of traces that were kept, where OpenTelemetry's member tells it.
    pub sampled: Option<Probability>,
}

/// The share of traces a sampler keeps, of 2^56 (OTEP 235): those whose randomness is at least the threshold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probability {
    threshold: u64,
}

impl Probability {
    const WHOLE: u64 = 1 << 56;

    /// From 0 (none) to 1 (all).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share, to be shown")]
    pub fn share(self) -> f64 {
        (Probability::WHOLE - self.threshold) as f64 / Probability::WHOLE as f64
    }

    /// `th`: 1 to 14 hexadecimal digits, zeros on the right left out.
    fn of(digits: &str) -> Option<Probability> {
        let legal = (1..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let threshold = legal.then(|| u64::from_str_radix(&format!("{digits:0<14}"), 16).ok()).flatten()?;
        Some(Probability { threshold })
    }
}

pub(super) fn read(headers: Headers<'_>) -> Option<Result<TraceState, Invalid>> {
    let values = Values::of(headers, "tracestate");
    let text = values.last().transpose()?;
    Some(text.and_then(|text| {
        let members = parse(text).map_err(|why| values.wrong(why))?;
        Ok(TraceState { members, notes: values.notes().collect() })
    }))
}

fn parse(text: &str) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    let mut keys = BTreeSet::new();
    for part in text.split(',').map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or(format!("{part:?} is no key=value"))?;
        if !is_key(key) {
            return Err(format!("{key:?} is no key: lower-case letters, digits, _ - * / and one @"));
        }
        if value.is_empty() || value.len() > LONGEST_VALUE || !value.bytes().all(is_value_byte) {
            return Err(format!("the value of {key} is empty, longer than {LONGEST_VALUE} or not printable"));
        }
        if !keys.insert(key) {
            return Err(format!("{key} stands in it twice"));
        }
        let sampled = if key == "ot" { threshold(value)? } else { None };
        members.push(Member { key: key.to_owned(), value: value.to_owned(), sampled });
    }
    if members.len() > MOST {
        return Err(format!("it has {} members, at most {MOST} are allowed", members.len()));
    }
    Ok(members)
}

/// OpenTelemetry's `th` within `ot=th:8;rv:…`.
fn threshold(value: &str) -> Result<Option<Probability>, String> {
    let th = value.split(';').filter_map(|sub| sub.split_once(':')).find(|(key, _)| *key == "th");
    th.map_or(Ok(None), |(_, digits)| {
        let share = Probability::of(digits);
        share.map(Some).ok_or(format!("th:{digits} of ot is not 1 to 14 hexadecimal digits"))
    })
}

fn is_key(key: &str) -> bool {
    let part = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'*' | b'/'))
    };
    let begins = key.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let (tenant, system) = key.split_once('@').unwrap_or((key, "x"));
    begins && key.len() <= LONGEST_KEY && part(tenant) && !system.is_empty() && part(system)
}

fn is_value_byte(b: u8) -> bool {
    (0x20..=0x7e).contains(&b) && b != b'='
}
