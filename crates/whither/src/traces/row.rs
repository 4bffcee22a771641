//! From a request to rows, and from a row back to the span.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use whither_otlp::{Head, Kind, Refused, Span, SpanId, StatusCode, TraceId, Value};
use whither_store::{SpanKind, SpanRow, SpanStatus};

use super::limits::{BELIEVED_AGE_MS, BELIEVED_AHEAD_MS, REQUEST_SPANS};
use super::shared::Shared;
use crate::spans::{Messaging, Operation};

/// What a request holds.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) rows: Vec<SpanRow>,
    /// How many are not taken, by reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    /// Why the first of them is not, in words.
    pub(super) why: Option<String>,
    /// Whether the request ends where it can't be read.
    pub(super) broken: bool,
}

impl Walked {
    fn refuse(&mut self, word: &'static str, why: &impl ToString) {
        *self.refused.entry(word).or_default() += 1;
        self.why.get_or_insert_with(|| why.to_string());
    }
}

/// Walks a request that came at a time. The same bytes and time give the same rows.
pub(super) fn walk(body: &[u8], came_ms: i64, shared: &mut Shared) -> Walked {
    let mut walked = Walked::default();
    let mut rests = Vec::with_capacity(body.len());
    let mut ranges = Vec::new();
    let mut origin: Option<Origin<'_>> = None;
    for span in whither_otlp::spans(body) {
        match span {
            Err(refused) => {
                walked.broken |= matches!(refused, Refused::Request(_));
                walked.refuse(refused.word(), &refused);
            }
            Ok(_) if walked.rows.len() == REQUEST_SPANS => {
                walked.refuse(
                    "too_many",
                    &format_args!("a request may hold {REQUEST_SPANS} spans: send smaller ones"),
                );
            }
            Ok(span) => {
                let of = match origin.take().filter(|origin| origin.is_of(&span)) {
                    Some(origin) => origin,
                    None => Origin::of(&span, shared),
                };
                let row = row(&span, &of, came_ms, shared);
                let from = rests.len();
                span.rest(&row.name, &mut rests);
                ranges.push(from..rests.len());
                walked.rows.push(row);
                origin = Some(of);
            }
        }
    }
    rests.shrink_to_fit();
    share(&mut walked.rows, ranges, &rests.into());
    walked
}

/// The rests of a request's spans lie behind one another.
fn share(rows: &mut [SpanRow], ranges: Vec<Range<usize>>, rests: &Bytes) {
    for (row, range) in rows.iter_mut().zip(ranges) {
        row.rest = rests.slice(range);
    }
}

/// What neighbouring spans have in common.
struct Origin<'a> {
    of: (&'a [u8], &'a [u8]),
    service: Arc<str>,
    resource: Arc<[u8]>,
    scope: Arc<[u8]>,
}

impl<'a> Origin<'a> {
    fn of(span: &Span<'a>, shared: &mut Shared) -> Origin<'a> {
        let of = (span.resource.encoded(), span.scope.encoded());
        let service = match span.resource.attributes.get("service.name") {
            Some(Value::Text(name)) if !name.as_bytes().is_empty() => shared.text(name),
            // As the resource conventions call it.
            _ => shared.name("unknown_service"),
        };
        Origin { of, service, resource: shared.message(of.0), scope: shared.message(of.1) }
    }

    /// The same bytes in the same place of the request.
    fn is_of(&self, span: &Span<'a>) -> bool {
        std::ptr::eq(self.of.0, span.resource.encoded()) && std::ptr::eq(self.of.1, span.scope.encoded())
    }
}

/// All of the row but its rest.
fn row(span: &Span<'_>, origin: &Origin<'_>, came_ms: i64, shared: &mut Shared) -> SpanRow {
    let start_nanos = span.start_nanos.cast_signed();
    let told_ms = start_nanos.div_euclid(1_000_000);
    let believed = (came_ms - BELIEVED_AGE_MS..came_ms + BELIEVED_AHEAD_MS).contains(&told_ms);
    let messaging = Messaging::of(span);
    let place = messaging.as_ref().map(|messaging| &messaging.place);
    SpanRow {
        trace_id: span.trace_id.0,
        start_nanos,
        span_id: span.span_id.0,
        parent_id: span.parent_id.map(|id| id.0),
        duration_nanos: span.end_nanos.wrapping_sub(span.start_nanos).cast_signed(),
        received_ms: (!believed).then_some(came_ms),
        service: Arc::clone(&origin.service),
        name: shared.text(span.name),
        kind: kind(span.kind),
        status: match span.status.code {
            StatusCode::Unset => SpanStatus::Unset,
            StatusCode::Ok => SpanStatus::Ok,
            StatusCode::Error => SpanStatus::Error,
        },
        did: messaging.as_ref().map(|messaging| shared.name(word(messaging.operation))),
        topic: place.and_then(|place| place.topic.as_deref()).map(|topic| shared.name(topic)),
        partition: place.and_then(|place| place.partition),
        offset: place.and_then(|place| place.offset),
        group: messaging.as_ref().and_then(|m| m.group.as_deref()).map(|group| shared.name(group)),
        resource: Arc::clone(&origin.resource),
        scope: Arc::clone(&origin.scope),
        rest: Bytes::new(),
    }
}

/// A row's span as its own OTLP message. [`SpanRow::resource`] and [`SpanRow::scope`] are messages already.
#[must_use]
pub fn encoded(row: &SpanRow) -> Vec<u8> {
    let head = Head {
        trace_id: TraceId(row.trace_id),
        span_id: SpanId(row.span_id),
        parent_id: row.parent_id.map(SpanId),
        name: &row.name,
        kind: KINDS.iter().find(|(_, ours)| *ours == row.kind).map(|(kind, _)| *kind).unwrap_or_default(),
        start_nanos: row.start_nanos.cast_unsigned(),
        end_nanos: row.start_nanos.wrapping_add(row.duration_nanos).cast_unsigned(),
    };
    head.join(&row.rest)
}

const KINDS: [(Kind, SpanKind); 6] = [
    (Kind::Unspecified, SpanKind::Unspecified),
    (Kind::Internal, SpanKind::Internal),
    (Kind::Server, SpanKind::Server),
    (Kind::Client, SpanKind::Client),
    (Kind::Producer, SpanKind::Producer),
    (Kind::Consumer, SpanKind::Consumer),
];

fn kind(kind: Kind) -> SpanKind {
    KINDS.iter().find(|(theirs, _)| *theirs == kind).map(|(_, ours)| *ours).unwrap_or_default()
}

const fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Send => "send",
        Operation::Receive => "receive",
        Operation::Process => "process",
        Operation::Settle => "settle",
    }
}
