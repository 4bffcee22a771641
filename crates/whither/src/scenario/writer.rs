//! Writes a scenario while a run goes on.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use whither_core::{Clock, Fact, Key, Name, Policy, Span, Time};

use super::facts::{self, Around};
use super::reader::{ClockLine, HeaderLine, ReportLine, SettleLine};
use super::values::{self, When};
use super::{About, Header, LINE_BYTES_MAX, VERSION};
use crate::report::Report;
use crate::run::Recorder;

/// Writes a scenario. Clones write the same one, so that a run may own one while its caller keeps another to
/// [`finish`](Writer::finish) with.
#[derive(Debug)]
pub struct Writer<W: Write>(Arc<Mutex<Inner<W>>>);

impl<W: Write> Clone for Writer<W> {
    fn clone(&self) -> Writer<W> {
        Writer(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Inner<W: Write> {
    out: W,
    cluster: Name,
    clock: Option<Clock>,
    /// The key of the facts above, under the same clock line.
    last: Option<Key>,
    text: Vec<u8>,
}

/// A fact with its key before it.
#[derive(Serialize)]
struct FactLine<'a> {
    key: &'a str,
    #[serde(flatten)]
    fact: facts::Line,
}

impl Writer<BufWriter<File>> {
    /// Creates the file, in place of one that is there, and writes the header.
    ///
    /// # Errors
    /// It can't be created or written.
    pub fn create(path: &Path, header: &Header) -> io::Result<Writer<BufWriter<File>>> {
        Writer::new(BufWriter::new(File::create(path)?), header)
    }
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// It can't be written.
    pub fn new(out: W, header: &Header) -> io::Result<Writer<W>> {
        let Policy { dormant_after, risk_horizon, superseded } = header.policy;
        let usual = Policy::default();
        let unless = |Span(ms): Span, usual: Span| (Span(ms) != usual).then_some(ms);
        let first = HeaderLine {
            whither: "scenario".into(),
            version: VERSION,
            cluster: header.cluster.to_string(),
            dormant_after_ms: unless(dormant_after, usual.dormant_after),
            risk_horizon_ms: unless(risk_horizon, usual.risk_horizon),
            superseded,
        };
        let mut inner =
            Inner { out, cluster: header.cluster.clone(), clock: None, last: None, text: Vec::new() };
        inner.line(&first)?;
        Ok(Writer(Arc::new(Mutex::new(inner))))
    }

    /// Writes what the report says beside verdicts, and all that is still in memory.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(&self, report: &Report) -> io::Result<()> {
        let mut inner = self.inner()?;
        inner.line(&ReportLine { report: About::of(report) })?;
        inner.out.flush()
    }

    fn inner(&self) -> io::Result<MutexGuard<'_, Inner<W>>> {
        self.0.lock().map_err(|_| io::Error::other("writing this record stopped in the middle of a line"))
    }
}

impl<W: Write + Send> Recorder for Writer<W> {
    fn facts(&mut self, key: &Key, clock: Clock, facts: &[Fact]) -> io::Result<()> {
        self.inner()?.facts(key, clock, facts)
    }

    fn settle(&mut self, clock: Clock) -> io::Result<()> {
        let mut inner = self.inner()?;
        inner.clock = Some(clock);
        inner.last = None;
        inner.line(&SettleLine { settle: When(clock.now), complete_to: unless_now(clock) })
    }
}

impl<W: Write> Inner<W> {
    fn facts(&mut self, key: &Key, clock: Clock, facts: &[Fact]) -> io::Result<()> {
        let subject = values::subject(&key.at).filter(|_| key.cluster == self.cluster);
        let subject = subject.ok_or_else(|| refused("a scenario holds facts of one cluster's partitions"))?;
        // The same key once more is another call, and may be judged otherwise than one call with both.
        if self.clock != Some(clock) || self.last.as_ref() == Some(key) {
            self.clock = Some(clock);
            self.line(&ClockLine { clock: When(clock.now), complete_to: unless_now(clock) })?;
        }
        let around = Around { now: clock.now, partition: key.partition() };
        for fact in facts {
            let fact = facts::line(fact, &around)
                .ok_or_else(|| refused("what stages tell each other is no observation"))?;
            self.line(&FactLine { key: &subject, fact })?;
        }
        self.last = Some(key.clone());
        Ok(())
    }

    fn line<T: Serialize>(&mut self, line: &T) -> io::Result<()> {
        self.text.clear();
        serde_json::to_writer(&mut self.text, line)?;
        if self.text.len() >= LINE_BYTES_MAX {
            return Err(refused("a fact is longer than a line of a scenario may be"));
        }
        self.text.push(b'\n');
        self.out.write_all(&self.text)
    }
}

fn unless_now(clock: Clock) -> Option<When> {
    let Clock { now, complete_to: Time(complete_to) } = clock;
    (now != Time(complete_to)).then_some(When(Time(complete_to)))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
