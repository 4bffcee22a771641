//! Which services and operations there are: told without looking through spans.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use whither_store::{SpanKind, SpanRow};

use super::limits::{OPERATIONS, SERVICES};

/// A name that spans of a service have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Operation {
    /// The name.
    pub name: Arc<str>,
    /// The role of those spans.
    pub kind: SpanKind,
}

/// The services and operations of all spans that were taken, each with when it was seen last.
#[derive(Debug, Default)]
pub(super) struct Seen {
    services: BTreeMap<Arc<str>, BTreeMap<Operation, i64>>,
    operations: usize,
}

impl Seen {
    fn note(&mut self, row: &SpanRow) {
        self.put(
            Arc::clone(&row.service),
            Operation { name: Arc::clone(&row.name), kind: row.kind },
            row.at_ms(),
        );
    }

    fn put(&mut self, service: Arc<str>, operation: Operation, at_ms: i64) {
        let room = self.services.len() < SERVICES;
        let operations = match self.services.entry(service) {
            std::collections::btree_map::Entry::Vacant(_) if !room => return,
            entry => entry.or_insert_with(BTreeMap::new),
        };
        if let Some(known) = operations.get_mut(&operation) {
            *known = at_ms.max(*known);
        } else if self.operations < OPERATIONS {
            operations.insert(operation, at_ms);
            self.operations += 1;
        }
    }

    /// Forgets what was not seen since a time.
    pub(super) fn forget(&mut self, before_ms: i64) {
        self.services.retain(|_, operations| {
            operations.retain(|_, at_ms| *at_ms >= before_ms);
            !operations.is_empty()
        });
        self.operations = self.services.values().map(BTreeMap::len).sum();
    }

    pub(super) fn services(&self) -> Vec<Arc<str>> {
        self.services.keys().cloned().collect()
    }

    pub(super) fn operations(&self, service: &str) -> Vec<Operation> {
        self.services.get(service).map(|of| of.keys().cloned().collect()).unwrap_or_default()
    }

    /// As a blob of a checkpoint.
    pub(super) fn to_blob(&self) -> Vec<u8> {
        let one = |(operation, at_ms): (&Operation, &i64)| {
            Told(operation.name.to_string(), number(operation.kind), *at_ms)
        };
        let all: BTreeMap<&str, Vec<Told>> = self
            .services
            .iter()
            .map(|(service, operations)| (&**service, operations.iter().map(one).collect()))
            .collect();
        serde_json::to_vec(&all).expect("names are text, and keys are")
    }

    /// The inverse of `to_blob`.
    pub(super) fn of_blob(blob: &[u8]) -> Result<Seen, serde_json::Error> {
        let all: BTreeMap<String, Vec<Told>> = serde_json::from_slice(blob)?;
        let mut seen = Seen::default();
        for (service, operations) in all {
            let service: Arc<str> = service.into();
            for Told(name, kind, at_ms) in operations {
                let kind = KINDS.into_iter().find(|known| number(*known) == kind).unwrap_or_default();
                seen.put(Arc::clone(&service), Operation { name: name.into(), kind }, at_ms);
            }
        }
        Ok(seen)
    }
}

/// Name, number of the kind, when it was seen last.
#[derive(Serialize, Deserialize)]
struct Told(String, u8, i64);

const KINDS: [SpanKind; 6] = [
    SpanKind::Unspecified,
    SpanKind::Internal,
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
];

/// The kind's number in OTLP.
const fn number(kind: SpanKind) -> u8 {
    kind as u8
}

/// What the writer notes and others ask.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedSeen(Arc<Mutex<Seen>>);

impl SharedSeen {
    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, rows: &[SpanRow], noted: &mut Noted) {
        for row in rows {
            if noted.is_new(row) {
                self.lock().note(row);
            }
        }
    }
}

/// What was noted since the last checkpoint: names that rows share are told by where they are.
#[derive(Debug, Default)]
pub(super) struct Noted(HashSet<(usize, usize, SpanKind)>);

impl Noted {
    fn is_new(&mut self, row: &SpanRow) -> bool {
        let place = |name: &Arc<str>| Arc::as_ptr(name).addr();
        self.0.insert((place(&row.service), place(&row.name), row.kind))
    }
}
