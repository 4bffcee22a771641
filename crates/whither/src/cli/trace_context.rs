//! `whither trace-context`: what a record's headers say of its trace.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use whither_kafka::{ClientConfig, Cluster, Error};

use super::args::{Global, TraceContextOf};
use super::output::{Answer, Output};
use super::position::Position;
use super::{Exit, ask, complain};
use crate::json::{self, Kind, TraceContextItem};
use crate::prose::{self, words};
use crate::sources::kafka::{self, Seen};
use crate::trace_context::{Baggage, Invalid, Propagated, TraceContext, TraceState};

/// A record's headers, and what they mean.
struct Told {
    at: Position,
    /// The record; without one, what is there instead.
    seen: Result<Seen, String>,
    context: TraceContext,
}

/// `whither trace-context`.
pub(super) fn trace_context(asked: &TraceContextOf, global: &Global, output: Output) -> Exit {
    let settings = match super::dispatch::settings(global, &asked.connection, Vec::new()) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let told = ask::client(&settings).and_then(|client| ask::wait(read(client, asked.position.clone())));
    match told {
        Ok(Ok(told)) => output.answer(&told),
        Ok(Err(in_vain)) => {
            complain(&in_vain);
            Exit::Usage
        }
        Err(exit) => exit,
    }
}

/// The record; in the second place what was asked for and is not there.
async fn read(client: ClientConfig, at: Position) -> Result<Result<Told, String>, Error> {
    let cluster = Arc::new(Cluster::connect(client).await?);
    let metadata = cluster.metadata();
    let Some(topic) = metadata.topics.get(&at.partition.topic) else {
        return Ok(Err(prose::no_topic(&at.partition.topic)));
    };
    if !topic.partitions.contains_key(&at.partition.index) {
        return Ok(Err(prose::no_partition(&at.partition)));
    }
    let seen = match kafka::end_of(&cluster, &at.partition).await {
        Ok(end) => {
            let found = kafka::record(cluster, &at.partition, at.offset, end).await?;
            found.seen.ok_or_else(|| prose::instead(found.run.map(|run| run.kind)))
        }
        Err(why) => Err(format!("nothing that can be read: {why}")),
    };
    let context = seen.as_ref().map(|seen| TraceContext::of(&seen.headers)).unwrap_or_default();
    Ok(Ok(Told { at, seen, context }))
}

impl Told {
    fn place(&self) -> String {
        format!("{}@{}", words::partition(&self.at.partition), self.at.offset)
    }
}

#[derive(Serialize)]
struct Summary {
    found: bool,
    exit: u8,
}

impl Answer for Told {
    fn exit(&self) -> Exit {
        let fine = self.seen.is_ok() && !self.context.contexts.is_empty() && !self.context.has_invalid();
        if fine { Exit::Fine } else { Exit::BadNews }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        let place = self.place();
        let seen = match &self.seen {
            Ok(seen) => seen,
            Err(there) => return writeln!(out, "no message at {place}: there is {there}"),
        };
        writeln!(out, "{}", output.paint.bold(&place))?;
        let headers: Vec<String> = seen.headers.iter().map(as_kcat).collect();
        writeln!(out, "Headers: {}", headers.join(","))?;
        if self.context.is_empty() {
            return writeln!(out, "\nno trace context in them: its producer does not propagate one");
        }
        for one in &self.context.contexts {
            context(one, output, out)?;
        }
        if let Some(told) = &self.context.state {
            section("tracestate", told, output, out)?.map_or(Ok(()), |told| state(told, out))?;
        }
        if let Some(told) = &self.context.baggage {
            section("baggage", told, output, out)?.map_or(Ok(()), |told| baggage(told, out))?;
        }
        notes(&self.context.notes, "", out)
    }

    fn document(&self) -> impl Serialize {
        let there = self.seen.as_ref().err();
        TraceContextItem::new(
            (&self.at.partition, self.at.offset),
            self.seen.as_ref().ok().map(|seen| &*seen.headers),
            there.map(|there| format!("no message at {}: there is {there}", self.place())),
            &self.context,
        )
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        json::line(Kind::TraceContext, &self.document(), out)?;
        json::line(Kind::Summary, &Summary { found: self.seen.is_ok(), exit: self.exit().code() }, out)
    }
}

/// A header as kcat's `%h` writes it. What is no text comes out escaped.
fn as_kcat((name, value): &(String, Option<Vec<u8>>)) -> String {
    let value = match value.as_deref().map(|value| (value, std::str::from_utf8(value))) {
        None => "NULL".to_owned(),
        Some((_, Ok(text))) => words::visible(text),
        Some((bytes, Err(_))) => bytes.escape_ascii().to_string(),
    };
    format!("{}={value}", words::visible(name))
}

fn context(one: &Propagated, output: Output, out: &mut impl Write) -> io::Result<()> {
    if let Some(told) = section(one.format.name(), &one.context, output, out)? {
        let mut line = |what: &str, value: Option<&str>| {
            value.map_or(Ok(()), |value| writeln!(out, "  {what:8} {}", words::visible(value)))
        };
        line("trace", told.trace_id.as_deref())?;
        line("span", told.span_id.as_deref())?;
        line("parent", told.parent_id.as_deref())?;
        line("sampling", Some(&told.sampling.to_string()))?;
        told.more.iter().try_for_each(|(what, value)| line(what, Some(value)))?;
    }
    notes(&one.notes, "  ", out)
}

/// The head of a section, and what is to be told in it: nothing if it is not valid.
fn section<'a, T>(
    name: &str,
    told: &'a Result<T, Invalid>,
    output: Output,
    out: &mut impl Write,
) -> io::Result<Option<&'a T>> {
    match told {
        Ok(told) => writeln!(out, "\n{name}").map(|()| Some(told)),
        Err(invalid) => {
            writeln!(out, "\n{name}: {}", output.paint.bad("not valid"))?;
            writeln!(out, "  {}", words::visible(&invalid.to_string()))?;
            Ok(None)
        }
    }
}

fn state(told: &TraceState, out: &mut impl Write) -> io::Result<()> {
    for member in &told.members {
        let kept = member.sampled.map(|p| format!("   {} of traces are kept", percent(p.share())));
        writeln!(out, "  {} = {}{}", member.key, member.value, kept.unwrap_or_default())?;
    }
    notes(&told.notes, "  ", out)
}

fn baggage(told: &Baggage, out: &mut impl Write) -> io::Result<()> {
    for entry in &told.entries {
        let properties: String =
            entry.properties.iter().map(|p| format!("   {}", words::visible(p))).collect();
        writeln!(out, "  {} = {}{properties}", entry.key, words::visible(&entry.value))?;
    }
    notes(&told.notes, "  ", out)
}

fn notes(notes: &[String], indent: &str, out: &mut impl Write) -> io::Result<()> {
    notes.iter().try_for_each(|note| writeln!(out, "{indent}note: {}", words::visible(note)))
}

fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
