//! The Java driver: Kafka's own clients, many in one JVM.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::driver::{Driver, number_in};
use super::error::Error;
use crate::cache;
use crate::cluster::{Cluster, Version, jars, java, run};

/// A JVM with Kafka's own clients in it. Commands may come from several threads.
#[derive(Debug)]
pub struct Jvm {
    driver: Driver,
}

impl Jvm {
    /// Compiles the driver (once per release and source text) and starts it against a cluster's plain door.
    ///
    /// # Errors
    /// If javac or java fail.
    pub fn start(cluster: &Cluster) -> Result<Self, Error> {
        let version = cluster.version();
        let jars = jars(version)?;
        let classes = compiled(version, &jars)?;
        let mut command = java(version, &jars, Some(&classes), "512m");
        // JVM flags come before the class: Streams keeps its stores under the temporary directory.
        command.arg(format!("-Djava.io.tmpdir={}", cluster.folder().display()));
        command.arg("whither.lab.Driver").arg(cluster.bootstrap());
        command.stderr(fs::File::create(cluster.folder().join("driver.log"))?);
        Ok(Self { driver: Driver::start(&mut command)? })
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// What the client reports, or that the JVM is gone.
    pub fn call(&self, command: &str, arguments: Value) -> Result<Value, Error> {
        self.driver.call(command, arguments)
    }

    /// A whole number of an answer.
    pub(super) fn number(&self, command: &str, arguments: Value, field: &'static str) -> Result<i64, Error> {
        number_in(command, &self.call(command, arguments)?, field)
    }
}

/// The driver's classes for a release, compiled again when a source changes.
fn compiled(version: Version, jars: &Path) -> Result<PathBuf, Error> {
    let sources = sources(version)?;
    let mut hash = DefaultHasher::new();
    for source in &sources {
        fs::read(source)?.hash(&mut hash);
    }
    let target = cache::root().join("lab-java").join(format!("{version}-{:016x}", hash.finish()));
    cache::filled(&target, |partial| {
        let mut javac = Command::new("javac");
        javac.arg("-d").arg(partial).arg("-cp").arg(format!("{}/*", jars.display())).args(&sources);
        Ok(run("javac", &mut javac)?)
    })
}

fn sources(version: Version) -> Result<Vec<PathBuf>, Error> {
    let java = cache::lab_folder().join("clients").join("java");
    let folders: &[&str] = match version {
        Version::V4_3 => &["every", "since4"],
        Version::V3_9 => &["every"],
    };
    let mut sources = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(java.join(folder).join("whither").join("lab"))? {
            sources.push(entry?.path());
        }
    }
    sources.sort();
    Ok(sources)
}
