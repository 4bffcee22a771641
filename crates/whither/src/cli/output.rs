//! Answers to standard output. A reader that has seen enough and went away is no error.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::Exit;
use super::args::{Format, Global};
use super::paint::Paint;
use super::table::{self, Detail};
use crate::json;
use crate::report::Report;

/// How an answer is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Output {
    /// The format asked for.
    pub format: Format,
    /// How much is told.
    pub detail: Detail,
    /// Colour and width.
    pub paint: Paint,
}

/// What a command answers, in each of the formats.
pub trait Answer {
    /// What it comes to.
    fn exit(&self) -> Exit;

    /// For people.
    ///
    /// # Errors
    /// What the writer fails with.
    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()>;

    /// As one document.
    fn document(&self) -> impl Serialize;

    /// As one object a line, the last of them the summary.
    ///
    /// # Errors
    /// What the writer fails with.
    fn lines(&self, out: &mut impl Write) -> io::Result<()>;
}

impl Answer for Report {
    fn exit(&self) -> Exit {
        Exit::of(self)
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        table::write(self, output.detail, output.paint, out)
    }

    fn document(&self) -> impl Serialize {
        json::Check::of(self)
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        json::lines(self, out)
    }
}

impl Output {
    /// What the flags ask for.
    #[must_use]
    pub fn of(global: &Global) -> Output {
        let detail = match (global.quiet, global.verbose) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Verbose,
            (false, false) => Detail::Normal,
        };
        Output { format: global.format, detail, paint: Paint::stdout(global.color) }
    }

    /// Writes an answer, and says what it comes to.
    #[must_use]
    pub fn answer(&self, answer: &impl Answer) -> Exit {
        self.write(answer.exit(), |out| match self.format {
            Format::Table => answer.table(*self, out),
            Format::Json => document(&answer.document(), out),
            Format::Ndjson => answer.lines(out),
        })
    }

    /// Writes to standard output: `answer` if that went well or nobody reads any more.
    #[must_use]
    pub fn write<F>(&self, answer: Exit, write: F) -> Exit
    where
        F: FnOnce(&mut Stdout) -> io::Result<()>,
    {
        match put(write) {
            Ok(()) => answer,
            Err(error) => broken(&error),
        }
    }
}

/// Standard output while an answer is written to it.
pub type Stdout = BufWriter<io::StdoutLock<'static>>;

/// Writes to standard output, to the end or not at all any more.
pub(super) fn put(write: impl FnOnce(&mut Stdout) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let result = write(&mut out).and_then(|()| out.flush());
    // What is left in the buffer must not be tried again.
    let (_, _) = out.into_parts();
    result
}

/// What it comes to that standard output took no more.
pub(super) fn broken(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Fine;
    }
    super::complain(&format!("standard output can't be written: {error}"));
    Exit::Internal
}

fn document<T: Serialize>(value: &T, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
