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

    /// Writes a report, and says what it comes to.
    #[must_use]
    pub fn report(&self, report: &Report) -> Exit {
        let answer = Exit::of(report);
        self.write(answer, |out| match self.format {
            Format::Table => table::write(report, self.detail, self.paint, out),
            Format::Json => document(&json::Check::of(report), out),
            Format::Ndjson => json::lines(report, out),
        })
    }

    /// Writes an answer that has a shape of its own: `text` for people, else `value`.
    #[must_use]
    pub fn answer<T: Serialize>(
        &self,
        answer: Exit,
        value: &T,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Exit {
        self.write(answer, |out| match self.format {
            Format::Table => text(out),
            Format::Json => document(value, out),
            Format::Ndjson => {
                serde_json::to_writer(&mut *out, value)?;
                out.write_all(b"\n")
            }
        })
    }

    /// Writes to standard output: `answer` if that went well or nobody reads any more.
    #[must_use]
    pub fn write<F>(&self, answer: Exit, write: F) -> Exit
    where
        F: FnOnce(&mut BufWriter<io::StdoutLock<'static>>) -> io::Result<()>,
    {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let result = write(&mut out).and_then(|()| out.flush());
        // What is left in the buffer must not be tried again.
        let (_, _) = out.into_parts();
        match result {
            Ok(()) => answer,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Err(e) => {
                super::complain(&format!("standard output can't be written: {e}"));
                Exit::Internal
            }
        }
    }
}

fn document<T: Serialize>(value: &T, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
