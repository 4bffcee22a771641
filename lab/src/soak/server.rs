//! `whither serve` as a process, and what it answers.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clients::{Error, wait_until};
use crate::cluster::free_port;
use crate::process::Supervised;
use crate::recipes::Lab;

/// A start takes less than a second; a busy machine takes its time.
const STARTS_WITHIN_SECONDS: u64 = 60;
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// A look at everything that the soak has written.
const CHECK_WITHIN: Duration = Duration::from_secs(300);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Rows of a page; there are fewer groups than that.
const ROWS: usize = 1000;

pub(super) struct Server {
    whither: PathBuf,
    folder: PathBuf,
    port: u16,
    process: Supervised,
    began: Instant,
    agent: ureq::Agent,
}

impl Server {
    /// Starts it; returns when it tells what it knows.
    pub(super) fn start(whither: &Path, lab: &Lab) -> Result<Server, Error> {
        let folder = lab.cluster().folder().to_path_buf();
        let port = free_port()?;
        let process = spawn(whither, &folder, port, lab)?;
        let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWERS_WITHIN)).build().into();
        let server =
            Server { whither: whither.to_owned(), folder, port, process, began: Instant::now(), agent };
        server.await_answers()?;
        Ok(server)
    }

    /// SIGKILL, and a start on what is on disk.
    pub(super) fn kill_and_start(&mut self, lab: &Lab) -> Result<(), Error> {
        self.process.kill()?;
        self.process = spawn(&self.whither, &self.folder, self.port, lab)?;
        self.began = Instant::now();
        self.await_answers()
    }

    pub(super) fn stop(self) -> Result<(), Error> {
        self.process.terminate(ENDS_WITHIN);
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// An answer of the API; none where it refuses, or is not there.
    pub(super) fn get(&self, path: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/whither/v1{path}", self.port);
        let text = self.agent.get(&url).call().ok()?.body_mut().read_to_string().ok()?;
        serde_json::from_str(&text).ok()
    }

    /// All items of a list.
    pub(super) fn list(&self, path: &str) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        let mut page = self.get(&format!("{path}?limit={ROWS}"))?;
        loop {
            items.append(page.get_mut("items")?.as_array_mut()?);
            let Some(cursor) = page.get("next").and_then(Value::as_str) else { return Some(items) };
            page = self.get(&format!("{path}?limit={ROWS}&cursor={cursor}"))?;
        }
    }

    /// What was known when it ended is published before the brokers answer.
    fn await_answers(&self) -> Result<(), Error> {
        wait_until("whither serve to tell what it knows", STARTS_WITHIN_SECONDS, || {
            let revision = self.get("/status").and_then(|status| status.get("revision")?.as_u64());
            Ok(revision.is_some_and(|revision| revision > 0))
        })
    }
}

fn spawn(whither: &Path, folder: &Path, port: u16, lab: &Lab) -> io::Result<Supervised> {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("serve.log"))?;
    let mut command = Command::new(whither);
    command.args(["serve", "--brokers", lab.bootstrap(), "--listen", &format!("127.0.0.1:{port}")]);
    command.arg("--data-dir").arg(folder.join("whither"));
    // Settings of whoever runs this are not meant for it.
    command.env_remove("WHITHER_CONFIG").current_dir(folder);
    Supervised::spawn(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))
}

/// The rows of a look at everything.
pub(super) fn check(whither: &Path, lab: &Lab) -> Result<Vec<Value>, Error> {
    let out = lab.cluster().folder().join("check.json");
    let mut command = Command::new(whither);
    command.args(["check", "--brokers", lab.bootstrap(), "--format", "json", "--all"]);
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(Stdio::null());
    let ended = Supervised::spawn(&mut command)?.wait_for(CHECK_WITHIN);
    let told: Option<Value> = serde_json::from_str(&fs::read_to_string(&out)?).ok();
    let rows = told.and_then(|mut told| Some(told.get_mut("balance")?.as_array_mut()?.split_off(0)));
    rows.ok_or_else(|| io::Error::other(format!("whither check told nothing ({ended:?})")).into())
}
