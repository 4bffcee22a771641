//! What is asked of spans.

use std::ops::Range;
use std::sync::Arc;

use whither_otlp::{Attributes, Resource, Value};
use whither_store::{Reader, ServicePairs, SpanRow, SpanSearch, StoreError, TracesFound};

use super::seen::{Operation, SharedSeen};

/// Answers on any thread. Spans are there as soon as they were acknowledged.
#[derive(Clone, Debug)]
pub struct Traces {
    reader: Reader,
    seen: SharedSeen,
}

impl Traces {
    pub(super) fn new(reader: Reader, seen: SharedSeen) -> Traces {
        Traces { reader, seen }
    }

    /// The spans of a trace, by start; of one with more than `limit` of them some `limit` ones. A span that was sent twice is
    /// there twice.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn trace(&self, trace_id: [u8; 16], limit: usize) -> Result<Vec<SpanRow>, StoreError> {
        self.reader.trace(trace_id, limit)
    }

    /// The newest `limit` traces with a span that is as it is looked for, and that has all these attributes itself or from
    /// its resource.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn search(
        &self,
        search: &SpanSearch,
        attributes: &[(String, String)],
        limit: usize,
    ) -> Result<TracesFound, StoreError> {
        let wanted = |row: &SpanRow| attributes.iter().all(|(key, value)| has(row, key, value));
        let wanted: Option<&dyn Fn(&SpanRow) -> bool> =
            if attributes.is_empty() { None } else { Some(&wanted) };
        self.reader.search(search, wanted, limit)
    }

    /// Which services called which in a time, in milliseconds since the epoch.
    ///
    /// # Errors
    /// A segment that can't be read.
    pub fn service_pairs(&self, during: Range<i64>) -> Result<ServicePairs, StoreError> {
        self.reader.service_pairs(during)
    }

    /// Every service that sent spans, by name.
    #[must_use]
    pub fn services(&self) -> Vec<Arc<str>> {
        self.seen.lock().services()
    }

    /// The names of a service's spans, by name.
    #[must_use]
    pub fn operations(&self, service: &str) -> Vec<Operation> {
        self.seen.lock().operations(service)
    }
}

/// Whether a span or its resource says so. What is no text is compared as it is written.
fn has(row: &SpanRow, key: &str, value: &str) -> bool {
    let says = |attributes: Attributes<'_>| {
        let mut of_key =
            attributes.iter().filter_map(Result::ok).filter(|a| a.key.as_bytes() == key.as_bytes());
        of_key.any(|attribute| match attribute.value {
            Value::Text(text) => text.as_bytes() == value.as_bytes(),
            Value::Bool(told) => value.parse() == Ok(told),
            Value::Int(told) => value.parse() == Ok(told),
            Value::Double(told) => value.parse() == Ok(told),
            Value::Empty | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => false,
        })
    };
    says(Attributes::of_span(&row.rest)) || says(Resource::read(&row.resource).attributes)
}
