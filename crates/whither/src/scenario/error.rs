//! What is wrong with a scenario file, said so that its author can mend it.

use std::fmt;
use std::io;

use super::line::Wrong;
use super::nearest::nearest;
use super::{LINE_BYTES_MAX, VERSION};

/// A scenario that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be opened.
    #[error("can't be opened")]
    Open {
        /// Why.
        source: io::Error,
    },
    /// The file can't be read further.
    #[error("can't be read on behind line {line}")]
    Read {
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line is wrong.
    #[error("line {line}{}: {problem}", Subject(subject))]
    Line {
        /// Which, from 1.
        line: u64,
        /// The key and the fact it is about, as far as they could be read.
        subject: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

struct Subject<'a>(&'a str);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", self.0) }
    }
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// The file has no line that is not a comment.
    #[error("the file is empty: the first line is {HEADER}")]
    Empty,
    /// The first line is not a header.
    #[error("this is no scenario: the first line is {HEADER}")]
    NoHeader,
    /// Another version of the format.
    #[error(
        "this scenario has version {0}, this program reads version {VERSION}: use the whither that wrote it, or a newer one"
    )]
    Version(String),
    /// The line is longer than any that is written.
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The line holds other bytes than text.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// The line is no JSON object.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// The line's end is missing too: it was not written to its end.
    #[error(
        "the file ends within this line, so the recording was cut off: delete the line to replay what is before it"
    )]
    CutOff,
    /// The line is of no known kind.
    #[error("a line has `clock`, `settle`, `report`, or `key` and `fact`; this one has `{first}`{}", Hint(*meant))]
    UnknownKind {
        /// Its first field.
        first: String,
        /// What it probably should be.
        meant: Option<&'static str>,
    },
    /// There is no such fact.
    #[error("unknown fact `{name}`{}; facts are {}", Hint(*meant), super::facts::NAMES.join(", "))]
    UnknownFact {
        /// What the line says.
        name: String,
        /// What it probably should be.
        meant: Option<&'static str>,
    },
    /// There is no such field in this line.
    #[error("unknown field `{field}`{}; allowed here: {}", Hint(*meant), allowed.join(", "))]
    UnknownField {
        /// What the line says.
        field: String,
        /// What it probably should be.
        meant: Option<&'static str>,
        /// What it may be.
        allowed: &'static [&'static str],
    },
    /// A field is missing, or can't be what it says.
    #[error("{0}")]
    Field(String),
    /// Nothing says when this was observed.
    #[error("a line {CLOCK} must stand above the first fact: it says when the facts below it were observed")]
    NoClock,
}

const HEADER: &str = r#"{"whither":"scenario","version":1,"cluster":"…"}"#;
const CLOCK: &str = r#"{"clock":"2026-03-01T12:00:00Z"}"#;

struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, " (did you mean `{word}`?)"))
    }
}

impl Problem {
    pub(super) fn unknown_kind(first: &str) -> Problem {
        let kinds = ["clock", "settle", "report", "key", "fact"];
        Problem::UnknownKind { first: first.to_owned(), meant: nearest(first, kinds) }
    }

    pub(super) fn unknown_fact(name: &str) -> Problem {
        Problem::UnknownFact { name: name.to_owned(), meant: nearest(name, super::facts::NAMES) }
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Problem {
        match wrong {
            Wrong::Unknown { field, allowed } => {
                let meant = nearest(&field, allowed.iter().copied());
                Problem::UnknownField { field, meant, allowed }
            }
            Wrong::Field(what) => Problem::Field(what),
        }
    }
}
