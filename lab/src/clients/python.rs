//! The Python driver: librdkafka, kafka-python and aiokafka.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::driver::Driver;
use super::error::Error;
use crate::cache;
use crate::cluster::{Cluster, run};

/// A Python client library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// `confluent-kafka`, which is librdkafka.
    Confluent,
    /// `kafka-python`.
    KafkaPython,
    /// `aiokafka`.
    Aiokafka,
}

impl Library {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confluent, Self::KafkaPython, Self::Aiokafka];

    /// As the driver, and a topic, spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confluent => "confluent",
            Self::KafkaPython => "kafka_python",
            Self::Aiokafka => "aiokafka",
        }
    }
}

/// A Python process with all three libraries.
#[derive(Debug)]
pub struct Python {
    driver: Driver,
}

impl Python {
    /// Installs the libraries (once) and starts the driver against a cluster's plain door.
    ///
    /// # Errors
    /// If Python or pip fail.
    pub fn start(cluster: &Cluster) -> Result<Self, Error> {
        let python = match std::env::var_os("WHITHER_TEST_PYTHON") {
            Some(installed) => PathBuf::from(installed),
            None => environment()?.join("bin").join("python"),
        };
        let mut command = Command::new(python);
        command.arg("-u").arg(folder().join("driver.py")).arg(cluster.bootstrap());
        command.stderr(fs::File::create(cluster.folder().join("python.log"))?);
        Ok(Self { driver: Driver::start(&mut command)? })
    }

    /// A producer of `library` sends `count` records.
    ///
    /// # Errors
    /// What the client reports.
    pub fn produce(&self, library: Library, topic: &str, partition: i32, count: i64) -> Result<(), Error> {
        let arguments =
            json!({"library": library.name(), "topic": topic, "partition": partition, "count": count});
        self.driver.call("produce", arguments).map(drop)
    }

    /// A member of `group` reads `count` records, commits, and leaves.
    ///
    /// # Errors
    /// What the client reports, or that fewer records came in 30 s.
    pub fn consume(&self, library: Library, group: &str, topic: &str, count: i64) -> Result<(), Error> {
        let arguments = json!({"library": library.name(), "group": group, "topic": topic, "count": count});
        self.driver.call("consume", arguments).map(drop)
    }
}

fn folder() -> PathBuf {
    cache::lab_folder().join("clients").join("python")
}

/// A virtual environment with the pinned requirements; made again when they change.
///
/// Such an environment can't be renamed (its scripts name their own folder), so the marker inside it says
/// that it is complete.
fn environment() -> Result<PathBuf, Error> {
    let requirements = folder().join("requirements.txt");
    let mut hash = DefaultHasher::new();
    fs::read(&requirements)?.hash(&mut hash);
    let target = cache::root().join("lab-python").join(format!("{:016x}", hash.finish()));
    cache::filled(&target.join("complete"), |partial| {
        fs::create_dir_all(partial)?;
        run(
            "python3 -m venv",
            Command::new("python3").args(["-m", "venv", "--clear"]).arg(target.join("venv")),
        )?;
        let pip = target.join("venv").join("bin").join("pip");
        let mut install = Command::new(pip);
        install
            .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&requirements);
        Ok::<_, Error>(run("pip install", &mut install)?)
    })?;
    Ok(target.join("venv"))
}
