//! What a record's headers say of its trace.

use serde::Serialize;
use whither_core::{Offset, Partition};

use super::Header;
use crate::trace_context::{
    Baggage, Context, Entry, Headers, Invalid, Member, Probability, Propagated, TraceContext, TraceState,
};

/// The answer of `whither trace-context`.
#[derive(Debug, Serialize)]
pub struct TraceContextItem<'a> {
    topic: &'a str,
    partition: i32,
    offset: Offset,
    /// Null without a record.
    headers: Option<Vec<Header>>,
    /// Why there is none.
    text: Option<String>,
    contexts: Vec<ContextItem<'a>>,
    tracestate: Option<StateItem<'a>>,
    baggage: Option<BaggageItem<'a>>,
    notes: &'a [String],
}

impl<'a> TraceContextItem<'a> {
    /// The record at a position, or why there is none, and what its headers say.
    #[must_use]
    pub fn new(
        (partition, offset): (&'a Partition, Offset),
        headers: Option<Headers<'_>>,
        text: Option<String>,
        told: &'a TraceContext,
    ) -> TraceContextItem<'a> {
        TraceContextItem {
            topic: &partition.topic,
            partition: partition.index,
            offset,
            headers: headers.map(|headers| headers.iter().map(Header::of).collect()),
            text,
            contexts: told.contexts.iter().map(ContextItem::of).collect(),
            tracestate: told.state.as_ref().map(StateItem::of),
            baggage: told.baggage.as_ref().map(BaggageItem::of),
            notes: &told.notes,
        }
    }
}

#[derive(Debug, Serialize)]
struct ContextItem<'a> {
    format: &'static str,
    trace_id: Option<&'a str>,
    span_id: Option<&'a str>,
    parent_id: Option<&'a str>,
    sampling: Option<String>,
    more: Vec<(&'static str, &'a str)>,
    /// Why it is not valid.
    error: Option<String>,
    notes: &'a [String],
}

impl<'a> ContextItem<'a> {
    fn of(one: &'a Propagated) -> ContextItem<'a> {
        let told = one.context.as_ref().ok();
        let more = |c: &'a Context| c.more.iter().map(|(what, value)| (*what, value.as_str())).collect();
        ContextItem {
            format: one.format.name(),
            trace_id: told.and_then(|c| c.trace_id.as_deref()),
            span_id: told.and_then(|c| c.span_id.as_deref()),
            parent_id: told.and_then(|c| c.parent_id.as_deref()),
            sampling: told.map(|c| c.sampling.to_string()),
            more: told.map(more).unwrap_or_default(),
            error: error(&one.context),
            notes: &one.notes,
        }
    }
}

#[derive(Debug, Serialize)]
struct StateItem<'a> {
    members: Vec<MemberItem<'a>>,
    error: Option<String>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct MemberItem<'a> {
    key: &'a str,
    value: &'a str,
    /// The share of traces that are kept, from 0 to 1.
    sampling_probability: Option<f64>,
}

impl<'a> StateItem<'a> {
    fn of(told: &'a Result<TraceState, Invalid>) -> StateItem<'a> {
        let (members, notes) = told.as_ref().map_or((&[][..], &[][..]), |t| (&t.members, &t.notes));
        let member = |m: &'a Member| MemberItem {
            key: &m.key,
            value: &m.value,
            sampling_probability: m.sampled.map(Probability::share),
        };
        StateItem { members: members.iter().map(member).collect(), error: error(told), notes }
    }
}

#[derive(Debug, Serialize)]
struct BaggageItem<'a> {
    entries: Vec<EntryItem<'a>>,
    error: Option<String>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct EntryItem<'a> {
    key: &'a str,
    value: &'a str,
    properties: &'a [String],
}

impl<'a> BaggageItem<'a> {
    fn of(told: &'a Result<Baggage, Invalid>) -> BaggageItem<'a> {
        let (entries, notes) = told.as_ref().map_or((&[][..], &[][..]), |t| (&t.entries, &t.notes));
        let entry = |e: &'a Entry| EntryItem { key: &e.key, value: &e.value, properties: &e.properties };
        BaggageItem { entries: entries.iter().map(entry).collect(), error: error(told), notes }
    }
}

fn error<T>(told: &Result<T, Invalid>) -> Option<String> {
    told.as_ref().err().map(ToString::to_string)
}
