//! Trace context in record headers: what each format says, and why one that is there can't be read.
//!
//! A record may carry several contexts, since tracers write in more than one format while a fleet changes over. Kafka
//! lets names repeat, and readers do not agree on which one holds: the Java client's `lastHeader` and what builds on it
//! take the last, OpenTelemetry's propagators elsewhere the first (`Getter.Get` of the specification).

mod b3;
mod baggage;
mod datadog;
mod hex;
mod jaeger;
mod tracestate;
mod w3c;

use std::fmt;

pub use baggage::{Baggage, Entry};
pub use tracestate::{Member, Probability, TraceState};

/// Headers in their order. Names repeat.
pub type Headers<'a> = &'a [(String, Option<Vec<u8>>)];

/// How a context is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `traceparent`: W3C Trace Context, level 2.
    W3c,
    /// `b3`: Zipkin's, in one header.
    B3Single,
    /// `X-B3-TraceId` and its siblings: Zipkin's, a header for each field.
    B3Multi,
    /// `uber-trace-id`: Jaeger's.
    Jaeger,
    /// `x-datadog-trace-id` and its siblings.
    Datadog,
}

impl Format {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::W3c => "W3C Trace Context",
            Format::B3Single => "B3, one header",
            Format::B3Multi => "B3, a header for each field",
            Format::Jaeger => "Jaeger",
            Format::Datadog => "Datadog",
        }
    }
}

/// What was decided about recording the trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sampling {
    /// It is recorded.
    Sampled,
    /// It is not.
    NotSampled,
    /// It is recorded, whatever other rules say.
    Debug,
    /// Whoever reads it decides.
    Deferred,
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sampling::Sampled => "sampled",
            Sampling::NotSampled => "not sampled",
            Sampling::Debug => "sampled, for debugging",
            Sampling::Deferred => "the sampling is left to the reader",
        })
    }
}

/// A context: which trace, and which span of it wrote the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Context {
    /// The trace, 32 hexadecimal digits; shorter ones are filled with zeros on the left. None where only the sampling
    /// is told.
    pub trace_id: Option<String>,
    /// The span, 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// Its own parent, where the format tells it.
    pub parent_id: Option<String>,
    /// Whether the trace is recorded.
    pub sampling: Sampling,
    /// What else is told, as pairs of what it is and its value.
    pub more: Vec<(&'static str, String)>,
}

impl Context {
    fn new(trace_id: String, span_id: String, sampling: Sampling) -> Context {
        Context {
            trace_id: Some(trace_id),
            span_id: Some(span_id),
            parent_id: None,
            sampling,
            more: Vec::new(),
        }
    }
}

/// Why a context can't be read: what is wrong with which header.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{header}: {why}")]
pub struct Invalid {
    /// The header.
    pub header: String,
    /// What is wrong with it.
    pub why: String,
}

/// One context of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Propagated {
    /// How it is written.
    pub format: Format,
    /// What it says, or why it can't be read.
    pub context: Result<Context, Invalid>,
    /// What is odd about it, though it can be read.
    pub notes: Vec<String>,
}

/// All that headers say of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraceContext {
    /// The contexts, by format.
    pub contexts: Vec<Propagated>,
    /// `tracestate`: what tracing systems add to a W3C context.
    pub state: Option<Result<TraceState, Invalid>>,
    /// `baggage`: what applications pass on.
    pub baggage: Option<Result<Baggage, Invalid>>,
    /// What the contexts disagree on.
    pub notes: Vec<String>,
}

impl TraceContext {
    /// Reads what headers say.
    #[must_use]
    pub fn of(headers: Headers<'_>) -> TraceContext {
        let readers = [w3c::read, b3::single, b3::multi, jaeger::read, datadog::read];
        let contexts: Vec<Propagated> = readers.iter().filter_map(|read| read(headers)).collect();
        let mut notes = Vec::new();
        notes.extend(disagreement(&contexts));
        let state = tracestate::read(headers);
        if state.is_some() && !contexts.iter().any(|c| c.format == Format::W3c) {
            notes.push("tracestate without a traceparent: nobody reads it".to_owned());
        }
        TraceContext { contexts, state, baggage: baggage::read(headers), notes }
    }

    /// Whether headers tell of no trace at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contexts.is_empty() && self.state.is_none() && self.baggage.is_none()
    }

    /// Whether some of it can't be read.
    #[must_use]
    pub fn has_invalid(&self) -> bool {
        self.contexts.iter().any(|c| c.context.is_err())
            || self.state.as_ref().is_some_and(Result::is_err)
            || self.baggage.as_ref().is_some_and(Result::is_err)
    }
}

/// Says so if two formats name different traces. Datadog's and old Zipkin's ids may be the lower half of a longer one.
fn disagreement(contexts: &[Propagated]) -> Option<String> {
    let named: Vec<(Format, &str)> = contexts
        .iter()
        .filter_map(|c| Some((c.format, c.context.as_ref().ok()?.trace_id.as_deref()?)))
        .collect();
    let (first, id) = named.first()?;
    let low = |id: &str| id.get(16..).map(str::to_owned);
    let is_half = |id: &str| id.starts_with(&"0".repeat(16));
    let same = |other: &str| *id == other || (low(id) == low(other) && (is_half(id) || is_half(other)));
    let (other, differs) = named.iter().find(|(_, other)| !same(other))?;
    let (first, other) = (first.name(), other.name());
    Some(format!("{first} and {other} name different traces, {id} and {differs}: two tracers write"))
}

/// The values of one header, as text; names match whatever their case, which is noted.
struct Values<'a> {
    name: &'static str,
    found: Vec<(&'a str, Option<&'a [u8]>)>,
}

impl<'a> Values<'a> {
    fn of(headers: Headers<'a>, name: &'static str) -> Values<'a> {
        let found = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        Values { name, found: found.map(|(n, v)| (n.as_str(), v.as_deref())).collect() }
    }

    fn is_there(&self) -> bool {
        !self.found.is_empty()
    }

    /// The value that the Java client reads; none where there is no such header.
    fn last(&self) -> Result<Option<&'a str>, Invalid> {
        let Some((_, value)) = self.found.last() else { return Ok(None) };
        let value = value.ok_or_else(|| self.wrong("its value is null"))?;
        let text = std::str::from_utf8(value).map_err(|_| self.wrong("its value is no UTF-8 text"))?;
        Ok(Some(text))
    }

    fn wrong(&self, why: impl Into<String>) -> Invalid {
        Invalid { header: self.name.to_owned(), why: why.into() }
    }

    /// What is odd about how it is written.
    fn notes(&self) -> impl Iterator<Item = String> {
        let (name, count) = (self.name, self.found.len());
        let differ = self.found.windows(2).any(|pair| matches!(pair, [a, b] if a.1 != b.1));
        let repeated = (count > 1).then(|| {
            if differ {
                format!("{name} stands {count} times with different values: Java clients read the last one, as here; most others the first")
            } else {
                format!("{name} stands {count} times, always the same")
            }
        });
        let odd = self.found.iter().map(|(n, _)| *n).find(|n| *n != name && *n != name.to_ascii_lowercase());
        let odd = odd.map(|n| {
            format!("written as {n}: header names of Kafka keep their case, and many readers want {name}")
        });
        repeated.into_iter().chain(odd)
    }
}

#[cfg(test)]
mod tests;
