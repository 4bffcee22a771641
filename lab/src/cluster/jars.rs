//! Kafka's jars, from Maven.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use super::error::Error;
use crate::cache;

/// A Kafka release that the lab runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 4.3.1: offset commits of value version 4, share and Streams groups.
    V4_3,
    /// 3.9.1: the last one with the formats of before.
    V3_9,
}

impl Version {
    fn pom(self) -> PathBuf {
        let name = match self {
            Self::V4_3 => "pom-4.3.xml",
            Self::V3_9 => "pom-3.9.xml",
        };
        cache::lab_folder().join("kafka").join(name)
    }

    /// The JVM flag that points this release's logging at the lab's configuration.
    pub(crate) fn logging_flag(self) -> String {
        let kafka = cache::lab_folder().join("kafka");
        match self {
            Self::V4_3 => format!("-Dlog4j2.configurationFile={}", kafka.join("log4j2.properties").display()),
            Self::V3_9 => format!("-Dlog4j.configuration=file:{}", kafka.join("log4j.properties").display()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4_3 => "4.3.1",
            Self::V3_9 => "3.9.1",
        })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "4.3.1" => Ok(Self::V4_3),
            "3.9.1" => Ok(Self::V3_9),
            other => Err(format!("the lab runs Kafka 4.3.1 and 3.9.1, not {other}")),
        }
    }
}

/// The folder with the release's jars, fetched on first use (about 10 s, 130 MB).
///
/// # Errors
/// If Maven is missing or can't reach a repository.
pub fn jars(version: Version) -> Result<PathBuf, Error> {
    let target = cache::root().join("kafka").join(version.to_string());
    cache::filled(&target, |partial| fetch(version, partial))
}

fn fetch(version: Version, into: &Path) -> Result<(), Error> {
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "--file"]).arg(version.pom());
    maven.arg("dependency:copy-dependencies");
    maven.arg(format!("-DoutputDirectory={}", into.display()));
    run("mvn dependency:copy-dependencies", &mut maven)
}

/// Runs a program to its end; its output only matters if it fails.
pub(crate) fn run(program: &'static str, command: &mut Command) -> Result<(), Error> {
    let failed = |status: String, output: String| Error::Program { program, status, output };
    let done = command.output().map_err(|error| failed(error.to_string(), String::new()))?;
    if done.status.success() {
        return Ok(());
    }
    let mut output = String::from_utf8_lossy(&done.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&done.stderr));
    Err(failed(done.status.to_string(), last_lines(&output, 30)))
}

pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
