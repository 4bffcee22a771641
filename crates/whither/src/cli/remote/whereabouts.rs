//! `whither where` from a server: a position at once, a key, trace or header by the message index.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use whither_core::Time;

use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::list::{self, Raw};
use super::words::{At, moment, outcome, some};
use crate::cli::Exit;
use crate::cli::args::Where;
use crate::cli::output::{Answer, Output};
use crate::cli::table::{Detail, block, wrap};
use crate::json::{self, Kind};
use crate::prose::{self, words};

/// Records of one key, trace or header told in full: each is a question of its own.
const TOLD: usize = 20;

/// `whither where` without brokers.
pub(in crate::cli) fn find(asked: &Where, output: Output) -> Exit {
    let answered = Client::of(&asked.server).and_then(|client| match &asked.position {
        Some(p) => Found::at(&client, &p.partition.topic, p.partition.index, p.offset),
        None => Found::search(&client, asked),
    });
    match answered {
        Ok(found) => output.answer(&found),
        Err(failure) => failure.complain(),
    }
}

/// What `/messages` tells, as far as people are told it.
#[derive(Debug, Deserialize)]
struct Journey {
    message: Option<Message>,
    /// Why there is no message.
    text: Option<String>,
    complete: bool,
    #[serde(default)]
    verdicts: Vec<Verdict>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Message {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: Option<At>,
    append_time: Option<At>,
    size_bytes: Option<i64>,
    trace_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Verdict {
    group: String,
    verdict: String,
    cause: Option<String>,
    certainty: String,
    at: Option<At>,
    #[serde(default)]
    evidence: Vec<Evidence>,
}

#[derive(Debug, Deserialize)]
struct Evidence {
    at: Option<At>,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Step {
    kind: String,
    group: Option<String>,
    text: String,
}

/// What `/journeys` tells.
#[derive(Debug, Deserialize)]
struct Search {
    items: Vec<Place>,
    missing: Option<Missing>,
    searched: Searched,
}

#[derive(Debug, Deserialize)]
struct Place {
    topic: String,
    partition: i32,
    offset: i64,
    at: Option<At>,
}

/// Where was looked.
#[derive(Debug, Deserialize, Serialize)]
struct Searched {
    #[serde(default)]
    topics_indexed: Vec<String>,
    since: Option<String>,
    #[serde(default)]
    not_searched: Vec<NotSearched>,
}

/// What it means that nothing was found.
#[derive(Debug, Deserialize, Serialize)]
struct Missing {
    is: String,
    text: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct NotSearched {
    what: String,
    why: String,
}

/// The answer: one message, or those that a search found.
struct Found {
    journeys: Vec<(Journey, Raw)>,
    /// Found, and not told in full.
    more: usize,
    searched: Option<Searched>,
    missing: Option<Missing>,
    now: Time,
}

impl Found {
    fn at(client: &Client, topic: &str, partition: i32, offset: i64) -> Result<Found, Failure> {
        let journeys = vec![journey(client, topic, partition, offset)?];
        Ok(Found { journeys, more: 0, searched: None, missing: None, now: crate::clock::now() })
    }

    fn search(client: &Client, asked: &Where) -> Result<Found, Failure> {
        let now = crate::clock::now();
        let header = asked.header.as_ref().map(|(name, value)| format!("{name}={value}"));
        let query: Query =
            [("key", &asked.key), ("trace", &asked.trace), ("header", &header), ("topic", &asked.topic)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?)))
                .collect();
        let search: Search = client.get("/journeys", &query)?;
        let from = asked.since.map(|since| Time(now.0.saturating_sub(since.span().0)));
        let recent = |place: &&Place| from.is_none_or(|from| place.at.is_none_or(|At(at)| at >= from));
        let places: Vec<&Place> = search.items.iter().filter(recent).collect();
        let mut journeys = Vec::new();
        for place in places.iter().take(TOLD) {
            journeys.push(journey(client, &place.topic, place.partition, place.offset)?);
        }
        let more = places.len() - journeys.len();
        Ok(Found { journeys, more, searched: Some(search.searched), missing: search.missing, now })
    }

    /// Whether everything was looked at.
    fn complete(&self) -> bool {
        self.searched.as_ref().is_none_or(|searched| searched.not_searched.is_empty())
            && self.journeys.iter().all(|(journey, _)| journey.complete)
    }

    /// Messages that are still there.
    fn messages(&self) -> usize {
        self.journeys.iter().filter(|(journey, _)| journey.message.is_some()).count()
    }

    fn nothing(&self, searched: &Searched, output: Output, out: &mut impl Write) -> io::Result<()> {
        let topics = some(searched.topics_indexed.len(), "indexed topic");
        let found = format!("no message was found in {topics}");
        let why = self.missing.as_ref().map(|missing| format!(": {}", words::visible(&missing.text)));
        let text = format!("{found}{}", why.unwrap_or_default());
        wrap(&text, output.paint.width).iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

fn journey(client: &Client, topic: &str, partition: i32, offset: i64) -> Result<(Journey, Raw), Failure> {
    let path = format!("/messages/{}/{partition}/{offset}", segment(topic));
    let raw: Raw = client.get(&path, &Query::new())?;
    Ok((client.understand(raw.text())?, raw))
}

impl Message {
    /// `orders/3@188231 · produced 13:01:02Z · 312 B`.
    fn head(&self, now: Time) -> String {
        let told = |word: &str, at| match moment(at, now) {
            at if at.is_empty() => String::new(),
            at => format!(" · {word} {at}"),
        };
        let (produced, appended) = (told("produced", self.timestamp), told("appended", self.append_time));
        let trace = self.trace_id.as_ref().map(|id| format!(" · trace {}", words::name(id)));
        let size = self.size_bytes.map(|n| format!(" · {}", words::bytes(n)));
        let place = format!("{}/{}@{}", words::name(&self.topic), self.partition, self.offset);
        format!("{place}{produced}{appended}{}{}", trace.unwrap_or_default(), size.unwrap_or_default())
    }
}

impl Journey {
    fn write(&self, now: Time, output: Output, out: &mut impl Write) -> io::Result<()> {
        match (&self.message, &self.text) {
            (Some(m), _) => writeln!(out, "{}", output.paint.bold(&m.head(now)))?,
            (None, Some(text)) => writeln!(out, "{}", words::visible(text))?,
            (None, None) => writeln!(out, "there is no such message")?,
        }
        if let Some(m) = self.message.as_ref().filter(|_| self.verdicts.is_empty()) {
            writeln!(out, "  no group has a position in {}/{}", words::name(&m.topic), m.partition)?;
        }
        let width = self.verdicts.iter().map(|v| words::name(&v.group).chars().count()).max().unwrap_or(0);
        self.verdicts.iter().try_for_each(|v| self.verdict(v, width, now, output, out))
    }

    /// The same form as `where` has with brokers.
    fn verdict(
        &self,
        v: &Verdict,
        width: usize,
        now: Time,
        output: Output,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let told = prose::outcome(outcome(&v.verdict), v.at.map(|At(at)| at), now);
        let cause = v.cause.as_ref().map(|cause| format!(", {}", words::name(cause)));
        let of_group = |s: &&Step| s.kind == "queue" && s.group.as_deref() == Some(&*v.group);
        let wait = self.steps.iter().find(of_group).map(|s| format!("; {}", words::visible(&s.text)));
        let (group, certainty) = (words::name(&v.group), words::name(&v.certainty));
        let (cause, wait) = (cause.unwrap_or_default(), wait.unwrap_or_default());
        writeln!(out, "  {group:width$}  {told}{cause}{wait}  ({certainty})")?;
        let evidence = v.evidence.iter().filter(|_| output.detail == Detail::Verbose);
        for e in evidence {
            writeln!(out, "      {:9}  {}", moment(e.at, now), words::visible(&e.text))?;
        }
        Ok(())
    }
}

impl Answer for Found {
    fn exit(&self) -> Exit {
        match (self.messages() == 0, self.complete()) {
            (false, _) => Exit::Fine,
            (true, true) => Exit::BadNews,
            (true, false) => Exit::CouldNotTell,
        }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        for (i, (journey, _)) in self.journeys.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            journey.write(self.now, output, out)?;
        }
        let Some(searched) = &self.searched else { return Ok(()) };
        if self.journeys.is_empty() {
            self.nothing(searched, output, out)?;
        }
        if self.more > 0 {
            writeln!(out, "and {}: --topic or --since narrows the search", some(self.more, "more message"))?;
        }
        let all = output.detail == Detail::Verbose;
        for n in searched.not_searched.iter().filter(|_| all || self.journeys.is_empty()) {
            let text = format!("{} ({})", words::name(&n.what), words::name(&n.why));
            block("not searched:", &text, None, output.paint, out)?;
        }
        Ok(())
    }

    fn document(&self) -> impl Serialize {
        let raw: Vec<&Raw> = self.journeys.iter().map(|(_, raw)| raw).collect();
        match &self.searched {
            None => Document::One(raw.first().copied().cloned()),
            Some(searched) => Document::List {
                items: raw,
                more: self.more,
                missing: self.missing.as_ref(),
                searched,
                next: None,
            },
        }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        self.journeys.iter().try_for_each(|(_, raw)| list::line(Kind::Where, raw, out))?;
        let summary = Summary {
            found: self.messages() + self.more,
            complete: self.complete(),
            missing: self.missing.as_ref(),
            searched: self.searched.as_ref(),
            exit: self.exit().code(),
        };
        json::line(Kind::Summary, &summary, out)
    }
}

/// For a position its journey; for a search all that are told.
#[derive(Serialize)]
#[serde(untagged)]
enum Document<'a> {
    One(Option<Raw>),
    List {
        items: Vec<&'a Raw>,
        more: usize,
        missing: Option<&'a Missing>,
        searched: &'a Searched,
        next: Option<()>,
    },
}

#[derive(Serialize)]
struct Summary<'a> {
    found: usize,
    complete: bool,
    missing: Option<&'a Missing>,
    searched: Option<&'a Searched>,
    exit: u8,
}
