//! One broker process.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;
use super::jars::{Version, last_lines, run};
use crate::process::Supervised;

/// A node starts in 3 to 5 s; a machine shared by several builds takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
/// A controlled shutdown took 2.4 s.
const SHUTDOWN: Duration = Duration::from_secs(30);
/// Written after the broker was unfenced, so clients can use it from here.
const STARTED: &str = "Kafka Server started";
/// Any base64 of 16 bytes; every cluster is its own, but they never meet.
const CLUSTER_ID_LENGTH: usize = 22;

/// Flags for short-lived JVMs: no JIT tiers beyond the first, one GC thread.
pub(crate) const JVM: [&str; 3] =
    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"];

#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: usize,
    folder: PathBuf,
    jars: PathBuf,
    version: Version,
    process: Option<Supervised>,
    /// Where in the log the present run began.
    log_from: u64,
}

impl Node {
    /// Writes `server.properties` and formats the log directory.
    pub(super) fn format(
        id: usize,
        folder: PathBuf,
        jars: PathBuf,
        version: Version,
        properties: &str,
        cluster_id: &str,
        arguments: &[String],
    ) -> Result<Self, Error> {
        debug_assert_eq!(cluster_id.len(), CLUSTER_ID_LENGTH);
        fs::create_dir_all(&folder)?;
        let node = Self { id, folder, jars, version, process: None, log_from: 0 };
        fs::write(node.properties(), properties)?;
        let mut tool = node.java("64m");
        tool.args(["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c"]);
        tool.arg(node.properties()).args(arguments);
        run("kafka.tools.StorageTool", &mut tool)?;
        Ok(node)
    }

    /// Starts the process; [`Node::await_started`] waits for it.
    pub(super) fn spawn(&mut self) -> Result<(), Error> {
        if self.process.is_some() {
            return Err(Error::NoSuchNode { node: self.id, why: "is running already" });
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        self.log_from = log.metadata()?.len();
        let mut broker = self.java("384m");
        broker.arg("kafka.Kafka").arg(self.properties());
        broker.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.process = Some(Supervised::spawn(&mut broker)?);
        Ok(())
    }

    pub(super) fn await_started(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log_of_this_run()?;
            if log.contains(STARTED) {
                return Ok(());
            }
            let ended = match &mut self.process {
                Some(process) => process.ended()?.map(|status| format!("it ended with {status}")),
                None => Some("it was stopped".to_owned()),
            };
            let late = (Instant::now() > deadline).then(|| format!("not within {} s", PATIENCE.as_secs()));
            if let Some(why) = ended.or(late) {
                self.process = None;
                return Err(Error::NotStarted {
                    node: self.id,
                    why,
                    log: self.log(),
                    tail: last_lines(&log, 30),
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGTERM: leaders move before it exits.
    pub(super) fn stop(&mut self) -> Result<(), Error> {
        self.take_process()?.terminate(SHUTDOWN);
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), Error> {
        drop(self.take_process()?);
        Ok(())
    }

    pub(super) fn signal(&self, signal: &str) -> Result<(), Error> {
        let pid = self.pid().ok_or(Error::NoSuchNode { node: self.id, why: "is not running" })?;
        run("kill", Command::new("kill").args([signal, &pid.to_string()]))
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Supervised::id)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("kafka.log")
    }

    fn take_process(&mut self) -> Result<Supervised, Error> {
        self.process.take().ok_or(Error::NoSuchNode { node: self.id, why: "is not running" })
    }

    fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn log_of_this_run(&self) -> Result<String, Error> {
        let mut file = File::open(self.log())?;
        file.seek(SeekFrom::Start(self.log_from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn java(&self, heap: &str) -> Command {
        java(self.version, &self.jars, None, heap)
    }
}

/// A `java` command with a release's jars, and `classes` before them.
pub(crate) fn java(version: Version, jars: &Path, classes: Option<&Path>, heap: &str) -> Command {
    let mut class_path = format!("{}/*", jars.display());
    if let Some(classes) = classes {
        class_path = format!("{}:{class_path}", classes.display());
    }
    let mut command = Command::new("java");
    command.args(JVM).arg(format!("-Xmx{heap}")).arg(version.logging_flag());
    command.args(["-cp", &class_path]);
    command
}
