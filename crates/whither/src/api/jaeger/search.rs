//! What a search asks for, in both versions' words.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use whither_store::{SpanRow, SpanSearch, StoreError};

use super::{Failure, SPANS, once, trace_id};
use crate::clock;
use crate::traces::Traces;

/// The parameters of a request, in order: some repeat.
pub(super) type Pairs = Vec<(String, String)>;

/// Traces of an answer if nothing is said, and at most.
const USUAL: usize = 100;
const MOST: usize = 1_000;
/// How far back Jaeger looks if nothing is said, in milliseconds.
const BACK_MS: i64 = 48 * 3_600_000;
/// Spans of all traces of an answer.
const SPANS_OF_ALL: usize = 100_000;

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Asked {
    /// These traces, whatever else is said.
    ids: Vec<[u8; 16]>,
    search: SpanSearch,
    attributes: Vec<(String, String)>,
    limit: usize,
}

impl Asked {
    /// As version 1 says it: times in microseconds, attributes as `tags={"k":"v"}` or `tag=k:v`.
    pub(super) fn v1(pairs: &Pairs) -> Result<Asked, Failure> {
        let one = |name: &str| value(pairs, &[name]);
        let ids = pairs.iter().filter(|(name, _)| name == "traceID").map(|(_, id)| trace_id(id));
        let mut attributes = one("tags").map(object).transpose()?.unwrap_or_default();
        for (_, tag) in pairs.iter().filter(|(name, _)| name == "tag") {
            let (key, value) = tag.split_once(':').ok_or_else(|| parameter("tag", tag, "key:value"))?;
            attributes.push((key.to_owned(), value.to_owned()));
        }
        let now = clock::now();
        let end = one("end").map(|text| moment("end", text)).transpose()?.unwrap_or(now.0);
        let start = one("start").map(|text| moment("start", text)).transpose()?;
        let during = start.unwrap_or(end.saturating_sub(BACK_MS))..end.saturating_add(1);
        Ok(Asked {
            ids: ids.collect::<Result<_, _>>()?,
            search: search(
                one("service"),
                one("operation"),
                during,
                (one("minDuration"), one("maxDuration")),
            )?,
            attributes,
            limit: limit(one("limit"))?,
        })
    }

    /// As version 3 says it: times as RFC 3339, both needed.
    pub(super) fn v3(pairs: &Pairs) -> Result<Asked, Failure> {
        let one =
            |camel: &str, snake: &str| value(pairs, &[&format!("query.{camel}"), &format!("query.{snake}")]);
        let time = |camel: &str, snake: &str| {
            let told = one(camel, snake)
                .ok_or_else(|| Failure::Parameter(format!("query.{camel} is required, as RFC 3339")))?;
            let at: jiff::Timestamp =
                told.parse().map_err(|_| parameter(camel, told, "a time as 2026-11-21T13:00:00Z"))?;
            Ok(at.as_millisecond())
        };
        let during = time("startTimeMin", "start_time_min")?
            ..time("startTimeMax", "start_time_max")?.saturating_add(1);
        let attributes = one("attributes", "attributes").map(object).transpose()?.unwrap_or_default();
        let lengths = (one("durationMin", "duration_min"), one("durationMax", "duration_max"));
        let depth = one("searchDepth", "search_depth").or_else(|| one("numTraces", "num_traces"));
        let (service, operation) =
            (one("serviceName", "service_name"), one("operationName", "operation_name"));
        Ok(Asked {
            ids: Vec::new(),
            search: search(service, operation, during, lengths)?,
            attributes,
            limit: limit(depth)?,
        })
    }

    /// The traces, each with its spans; never one without.
    pub(super) fn find(&self, traces: &Traces) -> Result<Vec<Vec<SpanRow>>, StoreError> {
        let ids = if self.ids.is_empty() {
            let found = traces.search(&self.search, &self.attributes, self.limit)?;
            found.traces.into_iter().map(|(id, _)| id).collect()
        } else {
            self.ids.clone()
        };
        let mut all = Vec::new();
        let mut spans = 0;
        for id in ids {
            let rows = once(traces.trace(id, SPANS)?);
            spans += rows.len();
            if !rows.is_empty() {
                all.push(rows);
            }
            if spans > SPANS_OF_ALL {
                break;
            }
        }
        Ok(all)
    }
}

/// The time that dependencies are asked for: `endTs` and `lookback`, both in milliseconds.
pub(super) fn lookback(pairs: &Pairs) -> Result<Range<i64>, Failure> {
    let number = |name: &str| {
        let told = value(pairs, &[name]);
        told.map(|text| text.parse::<i64>().map_err(|_| parameter(name, text, "milliseconds"))).transpose()
    };
    let end = number("endTs")?.unwrap_or_else(|| clock::now().0);
    let back = number("lookback")?.unwrap_or(BACK_MS / 2);
    Ok(end.saturating_sub(back.max(0))..end.saturating_add(1))
}

fn value<'a>(pairs: &'a Pairs, names: &[&str]) -> Option<&'a str> {
    let found = pairs.iter().find(|(name, value)| names.contains(&name.as_str()) && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

fn parameter(name: &str, value: &str, allowed: &str) -> Failure {
    Failure::Parameter(format!("{name} = {value:?} is not allowed: write {allowed}"))
}

fn search(
    service: Option<&str>,
    operation: Option<&str>,
    during: Range<i64>,
    (shortest, longest): (Option<&str>, Option<&str>),
) -> Result<SpanSearch, Failure> {
    let all = SpanSearch::during(during);
    let length = |text: &str| {
        nanos(text).ok_or_else(|| parameter("a duration", text, "a number and its unit, as 1.2s or 100ms"))
    };
    Ok(SpanSearch {
        service: service.map(Arc::from),
        // Grafana says so for "any".
        operation: operation.filter(|name| *name != "All").map(Arc::from),
        shortest_nanos: shortest.map(length).transpose()?.unwrap_or(all.shortest_nanos),
        longest_nanos: longest.map(length).transpose()?.unwrap_or(all.longest_nanos),
        ..all
    })
}

fn limit(text: Option<&str>) -> Result<usize, Failure> {
    let Some(text) = text else { return Ok(USUAL) };
    let limit: usize = text.parse().map_err(|_| parameter("limit", text, "a number from 1 on"))?;
    Ok(limit.clamp(1, MOST))
}

/// `{"key":"value"}`.
fn object(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let pairs: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| parameter("tags", text, r#"{"key":"value"}"#))?;
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(pairs.into_iter().map(|(key, value)| (key, plain(value))).collect())
}

/// A moment in milliseconds. Jaeger's unit is the microsecond; clients send others too, which their size tells.
fn moment(name: &str, text: &str) -> Result<i64, Failure> {
    let n: i64 = text.parse().map_err(|_| parameter(name, text, "microseconds since 1970"))?;
    Ok(match n.unsigned_abs() {
        0..100_000_000_000 => n.saturating_mul(1_000),
        100_000_000_000..100_000_000_000_000 => n,
        100_000_000_000_000..100_000_000_000_000_000 => n / 1_000,
        _ => n / 1_000_000,
    })
}

/// A length of time as Go writes it: `1.2s`, `100ms`, `1m30s`.
fn nanos(text: &str) -> Option<i64> {
    let mut left = text.trim();
    let mut sum = 0.0;
    if left.is_empty() {
        return None;
    }
    while !left.is_empty() {
        let end = left.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = left.split_at(end);
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(end);
        let size = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3_600e9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * size;
        left = rest;
    }
    #[expect(clippy::cast_possible_truncation, reason = "what is longer than 292 years is as long as can be")]
    Some(sum as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_grafana_sends_is_understood() {
        let asked = Asked::v1(&pairs(&[
            ("service", "checkout"),
            ("operation", "All"),
            ("tags", r#"{"messaging.system":"kafka","error":true}"#),
            ("minDuration", "1.2s"),
            ("maxDuration", "1m30s"),
            ("limit", "20"),
            ("start", "1724236800000000"),
            ("end", "1724240400000000"),
        ]))
        .unwrap();
        assert_eq!(asked.search.service.as_deref(), Some("checkout"));
        assert_eq!((&asked.search.operation, asked.limit), (&None, 20));
        assert_eq!(asked.search.during, 1_724_236_800_000..1_724_240_400_001);
        assert_eq!(
            (asked.search.shortest_nanos, asked.search.longest_nanos),
            (1_200_000_000, 90_000_000_000)
        );
        let attributes = [("error", "true"), ("messaging.system", "kafka")];
        assert_eq!(asked.attributes, attributes.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn times_are_told_by_their_size() {
        for told in ["1724236800", "1724236800000", "1724236800000000", "1724236800000000000"] {
            assert_eq!(moment("start", told), Ok(1_724_236_800_000), "{told}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for wrong in [
            ("tags", "x"),
            ("tag", "x"),
            ("minDuration", "fast"),
            ("limit", "many"),
            ("start", "yesterday"),
            ("traceID", "xyz"),
        ] {
            assert!(matches!(Asked::v1(&pairs(&[wrong])), Err(Failure::Parameter(_))), "{wrong:?}");
        }
        assert!(matches!(Asked::v3(&pairs(&[])), Err(Failure::Parameter(_))));
        let both = [
            ("query.startTimeMin", "2026-11-21T13:00:00Z"),
            ("query.start_time_max", "2026-11-21T14:00:00Z"),
        ];
        assert_eq!(Asked::v3(&pairs(&both)).unwrap().search.during.end - 1, 1_795_269_600_000);
    }

    #[test]
    fn lengths_are_written_as_go_does() {
        for (text, want) in [("1.5ms", 1_500_000), ("250us", 250_000), ("1h", 3_600_000_000_000), ("7ns", 7)]
        {
            assert_eq!(nanos(text), Some(want), "{text}");
        }
        for text in ["", "5", "s", "1.2.3s", "5 s"] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }
}
