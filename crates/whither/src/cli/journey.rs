//! `whither where`: one message's journey.

use std::io::{self, Write};

use serde::Serialize;
use whither_core::{Offset, Partition, Span};

use super::args::{Filter, Global, Where};
use super::output::{Answer, Output};
use super::table::{self, Detail};
use super::{Exit, ask, complain};
use crate::json::{self, Journey, Kind, NotSeenItem, Times};
use crate::prose::{self, About, Scene, words};
use crate::sources::kafka::Sought;
use crate::whereabouts::{self, GroupVerdict, Message, Whereabouts};

/// `whither where`.
pub(super) fn find(asked: &Where, global: &Global, output: Output) -> Exit {
    let since = asked.since.map(|since| ("check.since", "--since", vec![since.to_string()]));
    let settings = match super::dispatch::settings(global, &asked.connection, since.into_iter().collect()) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let Some(sought) = sought(asked) else {
        complain("name a position, a key, a trace or a header");
        return Exit::Usage;
    };
    let filter = Filter { topic: asked.topic.clone(), ..Filter::default() };
    let wants = ask::wants(&settings, &filter, Some(settings.deadline));
    let answer = ask::client(&settings)
        .and_then(|client| ask::wait(whereabouts::run(client, wants, sought, ask::progress(output))));
    match answer {
        Ok(found) => ask::in_vain(&found.report).unwrap_or_else(|| output.answer(&found)),
        Err(exit) => exit,
    }
}

fn sought(asked: &Where) -> Option<Sought> {
    let position = asked.position.as_ref().map(|p| Sought::At(p.partition.clone(), p.offset));
    let key = || asked.key.as_ref().map(|key| Sought::Key(key.clone().into_bytes()));
    let trace = || asked.trace.clone().map(Sought::Trace);
    let header = || asked.header.clone().map(|(name, value)| Sought::Header(name, value.into_bytes()));
    position.or_else(key).or_else(trace).or_else(header)
}

impl Answer for Whereabouts {
    fn exit(&self) -> Exit {
        match (self.found.is_empty(), self.complete) {
            (false, _) => Exit::Fine,
            (true, true) => Exit::BadNews,
            (true, false) => Exit::CouldNotTell,
        }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        text(self, output, out)?;
        table::not_seen(&self.report.not_seen, output.paint, out)
    }

    fn document(&self) -> impl Serialize {
        let not_seen = self.report.not_seen.iter().map(NotSeenItem::of).collect();
        let mut items = journeys(self);
        match (&self.sought, items.is_empty()) {
            (Sought::At(..), false) => Document::One { journey: Box::new(items.remove(0)), not_seen },
            (Sought::At(..), true) => Document::Nothing {
                message: None,
                verdicts: [],
                steps: [],
                complete: self.complete,
                text: nothing(self),
                not_seen,
            },
            _ => Document::List { items, next: None, complete: self.complete, not_seen },
        }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        for journey in journeys(self) {
            json::line(Kind::Where, &journey, out)?;
        }
        json::not_seen(&self.report.not_seen, out)?;
        let summary = Summary {
            cluster: &self.report.cluster,
            at: self.report.at.into(),
            found: self.found.len(),
            complete: self.complete,
            text: self.found.is_empty().then(|| nothing(self)),
            exit: self.exit().code(),
        };
        json::line(Kind::Summary, &summary, out)
    }
}

/// The answer as one document: for a position one journey, or none with what the log holds there; for a search all
/// that were found.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Document<'a> {
    One {
        #[serde(flatten)]
        journey: Box<Journey>,
        not_seen: Vec<NotSeenItem<'a>>,
    },
    Nothing {
        message: Option<()>,
        verdicts: [(); 0],
        steps: [(); 0],
        complete: bool,
        text: String,
        not_seen: Vec<NotSeenItem<'a>>,
    },
    List {
        items: Vec<Journey>,
        next: Option<()>,
        complete: bool,
        not_seen: Vec<NotSeenItem<'a>>,
    },
}

/// What a search came to.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    cluster: &'a str,
    at: Times,
    found: usize,
    complete: bool,
    /// Why there is nothing to tell.
    text: Option<String>,
    exit: u8,
}

fn journeys(w: &Whereabouts) -> Vec<Journey> {
    let scene = Scene::of(&w.report);
    w.found.iter().map(|m| Journey::of(m, &w.report.cluster, w.complete, &scene)).collect()
}

fn text(w: &Whereabouts, output: Output, out: &mut impl Write) -> io::Result<()> {
    if w.found.is_empty() {
        return writeln!(out, "{}", nothing(w));
    }
    let scene = Scene::of(&w.report);
    for (i, m) in w.found.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        one(m, &scene, output, out)?;
    }
    if !w.complete {
        writeln!(out, "the search is not complete: there may be more; a longer --since looks further back")?;
    }
    Ok(())
}

fn one(m: &Message, scene: &Scene<'_>, output: Output, out: &mut impl Write) -> io::Result<()> {
    let seen = &m.seen;
    let appended =
        seen.append_time.and_then(|at| words::moment(at, scene.at)).map(|at| format!(" · appended {at}"));
    let produced =
        seen.timestamp.and_then(|at| words::moment(at, scene.at)).map(|at| format!(" · produced {at}"));
    let trace = seen.trace_id.as_ref().map(|id| format!(" · trace {}", words::name(id)));
    let head = format!(
        "{}{}{}{} · {}",
        place(&seen.partition, seen.offset),
        produced.unwrap_or_default(),
        appended.unwrap_or_default(),
        trace.unwrap_or_default(),
        words::bytes(seen.size_bytes.into())
    );
    writeln!(out, "{}", output.paint.bold(&head))?;
    if m.verdicts.is_empty() {
        writeln!(out, "  no group has a position in {}", words::partition(&seen.partition))?;
    }
    let width = m.verdicts.iter().map(|v| words::name(&v.group).chars().count()).max().unwrap_or(0);
    for v in &m.verdicts {
        let told = prose::outcome(v.outcome, v.at, scene.at);
        let cause = v.cause.map(|c| format!(", {}", c.id())).unwrap_or_default();
        let wait = v.queue_ms.map(|(least, most)| {
            format!("; {}", prose::waited(&v.group, (Span(least), Span(most)), v.shared_with))
        });
        let (group, certainty) = (words::name(&v.group), v.certainty.word());
        writeln!(out, "  {group:width$}  {told}{cause}{}  ({certainty})", wait.unwrap_or_default())?;
        if output.detail == Detail::Verbose {
            evidence(v, m, scene, out)?;
        }
    }
    Ok(())
}

fn evidence(v: &GroupVerdict, m: &Message, scene: &Scene<'_>, out: &mut impl Write) -> io::Result<()> {
    let about = About { partition: &m.seen.partition, group: Some(&v.group), from: m.seen.offset };
    for e in &v.evidence {
        let at =
            prose::evidence_at(e).and_then(|at| words::moment(at, scene.at)).unwrap_or_else(|| "-".into());
        let (text, source) = (prose::evidence_text(e, &about, scene), prose::evidence_source(e, &about));
        writeln!(out, "      {at:9}  {text}  [{source}]")?;
    }
    Ok(())
}

fn place(partition: &Partition, offset: Offset) -> String {
    format!("{}@{offset}", words::partition(partition))
}

/// Why there is nothing to show: there is none, or it could not be seen.
fn nothing(w: &Whereabouts) -> String {
    let unsure = if w.complete { "" } else { "; the search is not complete" };
    match &w.sought {
        Sought::At(partition, offset) => {
            let there = prose::instead(w.instead.map(|run| run.kind));
            format!("no message at {}: there is {there}{unsure}", place(partition, *offset))
        }
        Sought::Key(key) => {
            format!("no message with key {:?} was found{unsure}", words::name(&String::from_utf8_lossy(key)))
        }
        Sought::Trace(id) => format!("no message of trace {} was found{unsure}", words::name(id)),
        Sought::Header(name, value) => {
            let value = words::name(&String::from_utf8_lossy(value));
            format!("no message with header {}={value} was found{unsure}", words::name(name))
        }
    }
}
