//! `check --record FILE`: the file is made before anything is asked, its header is written when the cluster has
//! told its name.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::{Arc, Mutex};

use whither_core::{Clock, Fact, Key, Policy};

use crate::report::Report;
use crate::run::Recorder;
use crate::scenario::{Header, Writer};

/// A record under way. Its copies write to the same file.
#[derive(Clone)]
pub(super) struct Record(Arc<Mutex<State>>);

enum State {
    Waits(Option<File>, Policy),
    Writes(Writer<BufWriter<File>>),
    Failed(io::Error),
}

impl Record {
    /// Makes the file, in place of one that is there.
    pub(super) fn create(path: &Path, policy: Policy) -> io::Result<Record> {
        Ok(Record(Arc::new(Mutex::new(State::Waits(Some(File::create(path)?), policy)))))
    }

    /// Writes what the report says beside verdicts, and all that is still in memory.
    pub(super) fn finish(&self, report: &Report) -> io::Result<()> {
        self.with(&report.cluster, |writer| writer.finish(report))
    }

    /// After a failure nothing more is written: a gap in a record would judge wrongly.
    fn with(
        &self,
        cluster: &str,
        write: impl FnOnce(&mut Writer<BufWriter<File>>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = self.0.lock().map_err(|_| io::Error::other("recording stopped half-way"))?;
        if let State::Waits(file, policy) = &mut *state {
            let Some(file) = file.take() else { return Err(io::Error::other("recording could not begin")) };
            let header = Header { cluster: cluster.into(), policy: *policy };
            *state = State::Writes(Writer::new(BufWriter::new(file), &header)?);
        }
        let result = match &mut *state {
            State::Writes(writer) => write(writer),
            State::Failed(error) => return Err(copy(error)),
            State::Waits(..) => Ok(()),
        };
        if let Err(error) = &result {
            *state = State::Failed(copy(error));
        }
        result
    }
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

impl Recorder for Record {
    fn facts(&mut self, key: &Key, clock: Clock, facts: &[Fact]) -> io::Result<()> {
        self.with(&key.cluster, |writer| writer.facts(key, clock, facts))
    }

    fn settle(&mut self, clock: Clock) -> io::Result<()> {
        let mut state = self.0.lock().map_err(|_| io::Error::other("recording stopped half-way"))?;
        match &mut *state {
            State::Writes(writer) => writer.settle(clock),
            // Verdicts on nothing need no record.
            State::Waits(..) => Ok(()),
            State::Failed(error) => Err(copy(error)),
        }
    }
}
