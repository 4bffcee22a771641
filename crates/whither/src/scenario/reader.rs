//! A scenario, step by step: a file of any length is read with the memory of its longest step.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use whither_core::{Clock, Fact, Key, Name, Policy, Span};

use super::error::{Error, Problem};
use super::facts::{self, Around};
use super::line::{Fields, Wrong};
use super::values::{self, When};
use super::{About, Header, LINE_BYTES_MAX, Step, TOGETHER_BYTES_MAX, VERSION};

/// Opens a scenario.
///
/// # Errors
/// The file can't be opened, or does not begin as a scenario.
pub fn read(path: &Path) -> Result<Reader<BufReader<File>>, Error> {
    let file = File::open(path).map_err(|source| Error::Open { source })?;
    Reader::new(BufReader::new(file))
}

/// The steps of a scenario, in order. After an error there is nothing more.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
    header: Header,
    clock: Option<Clock>,
    together: Option<Together>,
    next: Option<Step>,
    done: bool,
}

/// Facts of one key that are given at once.
#[derive(Debug)]
struct Together {
    key: Key,
    /// The key as the lines have it.
    text: String,
    clock: Clock,
    facts: Vec<Fact>,
    bytes: usize,
}

impl Together {
    fn step(self) -> Step {
        Step::Facts { key: self.key, clock: self.clock, facts: self.facts }
    }
}

/// What a line is.
enum Line {
    Clock(Clock),
    Settle(Clock),
    Report(Box<About>),
    /// The fact was added to those given together; before it, those of another key were complete.
    Fact,
}

#[derive(Serialize)]
pub(super) struct HeaderLine {
    pub(super) whither: String,
    pub(super) version: u64,
    pub(super) cluster: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dormant_after_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_horizon_ms: Option<i64>,
    #[serde(skip_serializing_if = "super::facts::is_off")]
    pub(super) superseded: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockLine {
    pub(super) clock: When,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete_to: Option<When>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleLine {
    pub(super) settle: When,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete_to: Option<When>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportLine {
    pub(super) report: About,
}

impl<R: BufRead> Reader<R> {
    /// Reads up to the header.
    ///
    /// # Errors
    /// The input does not begin as a scenario.
    pub fn new(input: R) -> Result<Reader<R>, Error> {
        let header = Header { cluster: Name::from(""), policy: Policy::default() };
        let mut reader = Reader {
            input,
            line: 0,
            text: Vec::new(),
            header,
            clock: None,
            together: None,
            next: None,
            done: false,
        };
        let Some(fields) = reader.fields()? else {
            return Err(reader.wrong("", Problem::Empty));
        };
        reader.header = header_of(fields).map_err(|problem| reader.wrong("", problem))?;
        Ok(reader)
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn wrong(&self, subject: &str, problem: Problem) -> Error {
        Error::Line { line: self.line, subject: subject.to_owned(), problem }
    }

    /// The next line that says something; none at the end.
    fn fields(&mut self) -> Result<Option<Fields>, Error> {
        loop {
            self.text.clear();
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.text);
            let bytes = read.map_err(|source| Error::Read { line: self.line, source })?;
            if bytes == 0 {
                return Ok(None);
            }
            self.line += 1;
            let ended = self.text.ends_with(b"\n");
            if !ended && bytes > LINE_BYTES_MAX {
                return Err(self.wrong("", Problem::TooLong));
            }
            let Ok(text) = std::str::from_utf8(&self.text) else {
                return Err(self.wrong("", if ended { Problem::NotUtf8 } else { Problem::CutOff }));
            };
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return match serde_json::from_str(text) {
                Ok(fields) => Ok(Some(fields)),
                Err(error) if !ended && error.is_eof() => Err(self.wrong("", Problem::CutOff)),
                Err(_) if self.line == 1 && !text.starts_with('{') => Err(self.wrong("", Problem::NoHeader)),
                Err(error) => Err(self.wrong("", Problem::NotJson(error.to_string()))),
            };
        }
    }

    fn take_in(&mut self, mut fields: Fields) -> Result<Line, Error> {
        if fields.has("key") || fields.has("fact") {
            let key = text_of(fields.take("key"));
            let name = text_of(fields.take("fact"));
            let subject = format!("{} {}", key.as_deref().unwrap_or(""), name.as_deref().unwrap_or(""));
            let fact = self.fact(key.as_deref(), name.as_deref(), fields);
            return fact.map(|()| Line::Fact).map_err(|problem| self.wrong(subject.trim(), problem));
        }
        let line = match () {
            () if fields.has("clock") => {
                fields.read::<ClockLine>().map(|l| Line::Clock(clock(l.clock, l.complete_to)))
            }
            () if fields.has("settle") => {
                fields.read::<SettleLine>().map(|l| Line::Settle(clock(l.settle, l.complete_to)))
            }
            () if fields.has("report") => {
                fields.read::<ReportLine>().map(|l| Line::Report(Box::new(l.report)))
            }
            () => {
                let problem = Problem::unknown_kind(fields.first().unwrap_or(""));
                return Err(self.wrong("", problem));
            }
        };
        line.map_err(|wrong| self.wrong("", wrong.into()))
    }

    /// Adds a fact to those given together, or begins anew with it.
    fn fact(&mut self, key: Option<&str>, name: Option<&str>, fields: Fields) -> Result<(), Problem> {
        let text =
            key.ok_or_else(|| Problem::Field("`key` is missing: it is text, as \"log orders/0\"".into()))?;
        let name =
            name.ok_or_else(|| Problem::Field("`fact` is missing: it is text, as \"batch\"".into()))?;
        let clock = self.clock.ok_or(Problem::NoClock)?;
        let same = self.together.take_if(|t| t.text == text);
        let key = match &same {
            Some(together) => together.key.clone(),
            None => values::key(&self.header.cluster, text)
                .map_err(|why| Problem::Field(format!("`key`: {why}")))?,
        };
        let around = Around { now: clock.now, partition: key.partition() };
        let fact = facts::fact(name, fields, &around).ok_or_else(|| Problem::unknown_fact(name))??;
        let fits = |t: &Together| t.bytes + self.text.len() <= TOGETHER_BYTES_MAX;
        let (mut together, complete) = match same {
            Some(together) if fits(&together) => (together, None),
            other => {
                let text = text.to_owned();
                let fresh = Together { key, text, clock, facts: Vec::new(), bytes: 0 };
                (fresh, other.or_else(|| self.together.take()))
            }
        };
        together.facts.push(fact);
        together.bytes += self.text.len();
        self.next = complete.map(Together::step);
        self.together = Some(together);
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            if let Some(step) = self.next.take() {
                return Ok(Some(step));
            }
            let Some(fields) = self.fields()? else {
                self.done = true;
                return Ok(self.together.take().map(Together::step));
            };
            let line = self.take_in(fields)?;
            let ended = |together: &mut Option<Together>| together.take().map(Together::step);
            match line {
                Line::Fact => {}
                Line::Clock(clock) => {
                    self.clock = Some(clock);
                    self.next = ended(&mut self.together);
                }
                Line::Settle(clock) => {
                    self.clock = Some(clock);
                    return Ok(Some(self.after_facts(Step::Settle(clock))));
                }
                Line::Report(about) => return Ok(Some(self.after_facts(Step::Report(about)))),
            }
        }
    }

    /// This step, or the facts that stand before it: then it is the next one.
    fn after_facts(&mut self, step: Step) -> Step {
        match self.together.take() {
            Some(together) => {
                self.next = Some(step);
                together.step()
            }
            None => step,
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Step, Error>;

    fn next(&mut self) -> Option<Result<Step, Error>> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done |= step.is_err();
        step.transpose()
    }
}

fn clock(now: When, complete_to: Option<When>) -> Clock {
    Clock { now: now.0, complete_to: complete_to.unwrap_or(now).0 }
}

fn text_of(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn header_of(mut fields: Fields) -> Result<Header, Problem> {
    let whither = fields.take("whither");
    if text_of(whither).as_deref() != Some("scenario") {
        return Err(Problem::NoHeader);
    }
    match fields.take("version") {
        Some(version) if version == VERSION => {}
        Some(version) => return Err(Problem::Version(version.to_string())),
        None => return Err(Problem::Field(format!("`version` is missing; it is {VERSION}"))),
    }
    let rest: HeaderRest = fields.read().map_err(|wrong: Wrong| Problem::from(wrong))?;
    let usual = Policy::default();
    let Policy { dormant_after, risk_horizon, superseded: _ } = usual;
    let policy = Policy {
        dormant_after: rest.dormant_after_ms.map_or(dormant_after, Span),
        risk_horizon: rest.risk_horizon_ms.map_or(risk_horizon, Span),
        superseded: rest.superseded,
    };
    Ok(Header { cluster: Name::from(rest.cluster), policy })
}

/// A header behind the fields that say what this is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderRest {
    cluster: String,
    dormant_after_ms: Option<i64>,
    risk_horizon_ms: Option<i64>,
    #[serde(default)]
    superseded: bool,
}
