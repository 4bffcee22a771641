//! `whither drops`: what was lost, where, and why.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use whither_core::Time;

use super::args::Drops;
use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::list::{self, List, Raw, Told};
use super::status::Status;
use super::words::{At, moment, some};
use crate::cli::Exit;
use crate::cli::output::{Answer, Output};
use crate::cli::paint::Paint;
use crate::cli::table::{Detail, block, wrap};
use crate::json::{self, Kind};
use crate::prose::words;

/// Losses told before the rest is summed up.
const SHOWN: usize = 20;

/// `whither drops`.
pub(in crate::cli) fn drops(asked: &Drops, output: Output) -> Exit {
    let Some(id) = &asked.id else {
        let losses = Losses { asked, now: crate::clock::now() };
        return list::answer(&losses, &asked.server, asked.watch, output);
    };
    let one = Client::of(&asked.server).and_then(|client| One::ask(&client, id));
    match one {
        Ok(one) => output.answer(&one),
        Err(failure) => failure.complain(),
    }
}

struct Losses<'a> {
    asked: &'a Drops,
    now: Time,
}

/// What a table needs of a finding.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    id: String,
    text: String,
    next: Option<Next>,
    records: u64,
    #[serde(default)]
    at_most: bool,
    certainty: String,
    cause: String,
    cause_certainty: String,
    first_seen: Option<At>,
    last_seen: Option<At>,
    #[serde(default)]
    evidence: Vec<Evidence>,
    #[serde(default)]
    history: Vec<Revision>,
}

#[derive(Debug, Deserialize)]
struct Next {
    text: String,
    command: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Evidence {
    at: Option<At>,
    text: String,
    source: Source,
}

#[derive(Debug, Deserialize)]
struct Source {
    plane: String,
    topic: Option<String>,
    partition: Option<i32>,
    offset: Option<i64>,
}

/// How a finding stood at a moment.
#[derive(Debug, Deserialize)]
struct Revision {
    at: Option<At>,
    to: i64,
    records: u64,
    #[serde(default)]
    at_most: bool,
    certainty: String,
    cause: String,
    cause_certainty: String,
}

impl List for Losses<'_> {
    type Item = Finding;
    const KIND: Kind = Kind::Finding;

    fn path(&self) -> String {
        "/drops".to_owned()
    }

    fn query(&self) -> Query {
        let mut query = list::place(&self.asked.place);
        query.extend(list::period(&self.asked.period, self.now));
        let told = &self.asked.told;
        query.extend(list::each("verdict", told.verdicts.verdict.iter()));
        query.extend(list::each("cause", told.cause.iter()));
        query.extend(list::each("certainty", told.certainty.iter()));
        query
    }

    /// No loss is good news only where none could have been missed.
    fn exit(&self, items: &[Finding], status: &Status) -> Exit {
        match (items.is_empty(), status.may_hide_losses()) {
            (false, _) => Exit::BadNews,
            (true, true) => Exit::CouldNotTell,
            (true, false) => Exit::Fine,
        }
    }

    fn table(&self, told: Told<'_, Finding>, output: Output, out: &mut impl Write) -> io::Result<()> {
        let mut losses: Vec<&Finding> = told.items.iter().collect();
        losses.sort_by_key(|f| (std::cmp::Reverse(f.records), &f.id));
        let verbose = output.detail == Detail::Verbose;
        let shown = if verbose { losses.len() } else { SHOWN };
        for finding in losses.iter().take(shown) {
            finding.write(told.now(), verbose, output.paint, out)?;
        }
        if losses.len() > shown {
            let more = format!("and {}: -v tells them all", some(losses.len() - shown, "more range"));
            block(&output.paint.bad("LOSS"), &more, None, output.paint, out)?;
        }
        let conclusion = conclusion(&losses, told.status.may_hide_losses());
        wrap(&conclusion, output.paint.width)
            .iter()
            .try_for_each(|line| writeln!(out, "{}", output.paint.bold(line)))
    }
}

fn conclusion(losses: &[&Finding], may_hide: bool) -> String {
    if losses.is_empty() && may_hide {
        return "could not tell: no loss is known, but what was not seen may hide one (whither doctor)"
            .to_owned();
    }
    if losses.is_empty() {
        return "nothing lost".to_owned();
    }
    let lost = losses.iter().map(|f| f.records).fold(0, u64::saturating_add);
    let bound = if losses.iter().any(|f| f.at_most) { "at most " } else { "" };
    format!("lost: {bound}{} in {}", words::records(lost), some(losses.len(), "range"))
}

impl Finding {
    /// The same form as in `check`.
    fn write(&self, now: Time, evidence: bool, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        block(
            &paint.bad("LOSS"),
            &words::visible(&self.text),
            Some(&words::name(&self.certainty)),
            paint,
            out,
        )?;
        let seen = match (moment(self.first_seen, now), moment(self.last_seen, now)) {
            (first, _) if first.is_empty() => String::new(),
            (first, last) if first == last || last.is_empty() => format!(", seen {first}"),
            (first, last) => format!(", seen {first} to {last}"),
        };
        let about = format!("id {}, cause {}{seen}", words::name(&self.id), words::name(&self.cause));
        block("", &about, Some(&format!("cause: {}", words::name(&self.cause_certainty))), paint, out)?;
        if let Some(next) = &self.next {
            block("", &format!("next: {}", words::visible(&next.text)), None, paint, out)?;
            if let Some(command) = &next.command {
                // Never wrapped: it is there to be copied.
                writeln!(out, "        -> {}", words::visible(command))?;
            }
        }
        if evidence { self.evidence.iter().try_for_each(|e| e.write(now, paint, out)) } else { Ok(()) }
    }
}

impl Evidence {
    fn write(&self, now: Time, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let at = moment(self.at, now);
        let at = if at.is_empty() { "-" } else { &at };
        let source = paint.dim(&format!("[{}]", self.source.text()));
        writeln!(out, "          {at:9}  {}  {source}", words::visible(&self.text))
    }
}

impl Source {
    fn text(&self) -> String {
        let place = match (&self.topic, self.partition, self.offset) {
            (Some(topic), Some(p), Some(offset)) => format!(" {}/{p}@{offset}", words::name(topic)),
            (Some(topic), Some(p), None) => format!(" {}/{p}", words::name(topic)),
            (Some(topic), None, _) => format!(" {}", words::name(topic)),
            (None, ..) => String::new(),
        };
        format!("{}{place}", words::name(&self.plane))
    }
}

/// One loss with its evidence and history.
struct One {
    finding: Finding,
    raw: Raw,
    now: Time,
}

impl One {
    fn ask(client: &Client, id: &str) -> Result<One, Failure> {
        let raw: Raw = client.get(&format!("/drops/{}", segment(id)), &Query::new())?;
        Ok(One { finding: client.understand(raw.text())?, raw, now: crate::clock::now() })
    }
}

impl Answer for One {
    fn exit(&self) -> Exit {
        Exit::BadNews
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        let (finding, paint) = (&self.finding, output.paint);
        finding.write(self.now, true, paint, out)?;
        for r in &finding.history {
            let bound = if r.at_most { "at most " } else { "" };
            let text = format!(
                "{} {bound}{} up to {}, {}; {} ({})",
                moment(r.at, self.now),
                words::records(r.records),
                words::offset(r.to),
                words::name(&r.certainty),
                words::name(&r.cause),
                words::name(&r.cause_certainty)
            );
            block("told", &text, None, paint, out)?;
        }
        Ok(())
    }

    fn document(&self) -> impl Serialize {
        &self.raw
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        list::line(Kind::Finding, &self.raw, out)?;
        json::line(Kind::Summary, &serde_json::json!({ "items": 1, "exit": self.exit().code() }), out)
    }
}
