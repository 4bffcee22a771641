//! librdkafka through its C API: the peer, and the fastest way to fill topics.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::Error;
use crate::process::{self, Cost};

/// The compiled peer.
pub(crate) struct Peer {
    program: PathBuf,
}

/// What a reader saw; both readers must have seen the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Seen {
    pub(crate) records: u64,
    /// Records with a `traceparent` header.
    pub(crate) traced: u64,
}

impl Peer {
    /// Compiles the peer into `folder`.
    ///
    /// # Errors
    /// There is no C compiler or no librdkafka with its headers.
    pub(crate) fn compile(folder: &Path) -> Result<Self, Error> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/librdkafka.c");
        let program = folder.join("librdkafka");
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-o"]).arg(&program).arg(source).arg("-lrdkafka");
        run(&mut cc)?;
        Ok(Self { program })
    }

    /// The library's version.
    ///
    /// # Errors
    /// It can't be run.
    pub(crate) fn version(&self) -> Result<String, Error> {
        Ok(run(Command::new(&self.program).arg("version"))?.trim().to_owned())
    }

    /// Fills a topic, round robin over its partitions.
    ///
    /// # Errors
    /// Not every record was acknowledged.
    pub(crate) fn produce(&self, at: &str, topic: &str, fill: &Fill) -> Result<(), Error> {
        let (records, batch) = (fill.records.to_string(), fill.batch_records.to_string());
        run(Command::new(&self.program).args(["produce", at, topic, &records, fill.codec, &batch]))?;
        Ok(())
    }

    /// Fills a topic at a steady rate.
    ///
    /// # Errors
    /// Not every record was acknowledged.
    pub(crate) fn produce_at(
        &self,
        at: &str,
        topic: &str,
        fill: &Fill,
        per_second: u64,
    ) -> Result<(), Error> {
        let [records, batch, rate] =
            [fill.records, fill.batch_records.into(), per_second].map(|n| n.to_string());
        run(Command::new(&self.program).args(["produce", at, topic, &records, fill.codec, &batch, &rate]))?;
        Ok(())
    }

    /// Reads `records` from the topic's beginning.
    ///
    /// # Errors
    /// They don't come.
    pub(crate) fn consume(
        &self,
        at: &str,
        topic: &str,
        partitions: u32,
        records: u64,
    ) -> Result<(Seen, Cost), Error> {
        let (partitions, records) = (partitions.to_string(), records.to_string());
        process::run(Command::new(&self.program).args(["consume", at, topic, &partitions, &records]), &[0])
    }
}

/// What a topic is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub(crate) records: u64,
    pub(crate) codec: &'static str,
    /// Records of a full batch.
    pub(crate) batch_records: u32,
}

fn run(command: &mut Command) -> Result<String, Error> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|source| Error::Spawn { command: name.clone(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Child { command: name, status: output.status.to_string(), said })
}
