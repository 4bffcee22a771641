//! `whither serve` beside a Kafka of the lab.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, io};

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;
use ureq::http::header;

use crate::clients::{Error, wait_until};
use crate::judge::Check;
use crate::process::Supervised;

/// A debug build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// One that answers slower than this is not well.
const ANSWER: Duration = Duration::from_secs(10);
/// What it says on stderr once it listens, before its address.
const ANSWERING: &str = "answering on ";

/// How a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM: it may write down what it knows.
    Term,
    /// SIGKILL: what is not on disk by then is lost.
    Kill,
}

/// When a server has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It has caught up with the cluster.
    CaughtUp,
    /// It tells what was known when the one before it ended, whether brokers answer or not.
    Tells,
}

/// A server that follows one cluster.
#[derive(Debug)]
pub struct Server {
    whither: PathBuf,
    bootstrap: String,
    folder: PathBuf,
    started: Started,
    process: Supervised,
    began: Instant,
    client: Client,
}

/// Asks a server. Nothing but the newest state is of interest: what has not changed is not sent again.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    address: String,
}

/// What a server said, and the state that it is of.
#[derive(Debug)]
pub struct Fresh {
    /// Its balance and findings.
    pub check: Check,
    /// To ask for what comes after it.
    pub tag: String,
}

impl Server {
    /// Starts one with an empty data directory in `folder`, and waits until it has.
    ///
    /// # Errors
    /// It does not start in time.
    pub fn start(whither: &Path, bootstrap: &str, folder: &Path, started: Started) -> Result<Self, Error> {
        let (whither, folder) = (whither.to_owned(), folder.join("serve"));
        fs::create_dir_all(&folder)?;
        let (process, client) = spawn(&whither, bootstrap, &folder, started)?;
        let (bootstrap, began) = (bootstrap.to_owned(), Instant::now());
        Ok(Self { whither, bootstrap, folder, started, process, began, client })
    }

    /// Ends it and starts another one on the same data directory; returns once that has started.
    ///
    /// # Errors
    /// It had ended by itself, or the new one does not start in time.
    pub fn restart(&mut self, stop: Stop) -> Result<(), Error> {
        self.lives()?;
        self.stop(stop)?;
        (self.process, self.client) = spawn(&self.whither, &self.bootstrap, &self.folder, self.started)?;
        self.began = Instant::now();
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn stop(&mut self, stop: Stop) -> Result<(), Error> {
        match stop {
            Stop::Term => self.process.terminate(PATIENCE),
            Stop::Kill => self.process.kill()?,
        }
        Ok(())
    }

    /// # Errors
    /// It has ended, though nobody told it to.
    pub fn lives(&mut self) -> Result<(), Error> {
        match self.process.ended()? {
            None => Ok(()),
            Some(status) => Err(ended(&status, &self.folder)),
        }
    }

    /// Asks it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How long ago it started.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Client {
    /// What the server says, if it is another state than that of `tag`.
    ///
    /// # Errors
    /// It can't be reached, or answers something else.
    pub fn fresh(&self, tag: Option<&str>) -> Result<Option<Fresh>, Error> {
        let Some((tag, findings)) = self.get("/findings?format=ndjson", tag)? else {
            return Ok(None);
        };
        let check = Check { balance: self.list("/balance")?, findings: lines(&findings)? };
        Ok(Some(Fresh { check, tag }))
    }

    /// All items of a list.
    ///
    /// # Errors
    /// It can't be reached, or answers something else.
    pub fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Error> {
        let text = self.get(&format!("{path}?format=ndjson"), None)?.map(|(_, text)| text);
        lines(&text.unwrap_or_default())
    }

    /// How the server and the cluster are.
    ///
    /// # Errors
    /// It can't be reached, or answers something else.
    pub fn status(&self) -> Result<Value, Error> {
        let text = self.get("/status", None)?.map(|(_, text)| text).unwrap_or_default();
        serde_json::from_str(&text).map_err(|error| io::Error::from(error).into())
    }

    fn has(&self, started: Started) -> bool {
        match started {
            Started::CaughtUp => self.is_ready(),
            Started::Tells => self.status().is_ok_and(|status| status["revision"].as_u64() > Some(0)),
        }
    }

    fn is_ready(&self) -> bool {
        let answer = self.agent.get(format!("{}/readyz", self.address)).call();
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// An answer's tag and text; none if it is that of `tag`.
    fn get(&self, path: &str, tag: Option<&str>) -> Result<Option<(String, String)>, Error> {
        let mut request = self.agent.get(format!("{}/api/whither/v1{path}", self.address));
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let mut answer = request.call().map_err(io::Error::other)?;
        match answer.status().as_u16() {
            304 => return Ok(None),
            200 => {}
            other => return Err(io::Error::other(format!("{path} is answered with {other}")).into()),
        }
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        let tag = tag.to_owned();
        let text = answer.body_mut().read_to_string().map_err(io::Error::other)?;
        Ok(Some((tag, text)))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Term => "SIGTERM",
            Self::Kill => "SIGKILL",
        })
    }
}

fn spawn(
    whither: &Path,
    bootstrap: &str,
    folder: &Path,
    started: Started,
) -> Result<(Supervised, Client), Error> {
    let said = folder.join("serve.err");
    // The one before it has written there as well.
    let before = fs::metadata(&said).map_or(0, |file| file.len());
    let stderr = OpenOptions::new().create(true).append(true).open(&said)?;
    let mut command = Command::new(whither);
    command.args(["serve", "--brokers", bootstrap, "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(folder.join("data"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    // Settings of whoever runs this are not meant for it.
    command.env_remove("WHITHER_CONFIG").current_dir(folder);
    // Several of these run side by side, and nobody sends spans.
    command.env("WHITHER_OTLP_HTTP_LISTEN", "off").env("WHITHER_OTLP_GRPC_LISTEN", "off");
    let mut process = Supervised::spawn(&mut command)?;
    let mut address = None;
    wait_until("whither serve to listen", PATIENCE.as_secs(), || {
        if let Some(status) = process.ended()? {
            return Err(ended(&status, folder));
        }
        let text = fs::read(&said)?;
        let text = String::from_utf8_lossy(text.get(usize::try_from(before).unwrap_or(0)..).unwrap_or(&[]));
        address = address_in(&text);
        Ok(address.is_some())
    })?;
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        // A server that is ended takes its idle connections along.
        .max_idle_connections(0)
        .timeout_global(Some(ANSWER))
        .build()
        .new_agent();
    let client = Client { agent, address: address.unwrap_or_default() };
    wait_until("whither serve to start", PATIENCE.as_secs(), || Ok(client.has(started)))?;
    Ok((process, client))
}

fn ended(status: &std::process::ExitStatus, folder: &Path) -> Error {
    let said = fs::read_to_string(folder.join("serve.err")).unwrap_or_default();
    io::Error::other(format!("whither serve ended by itself ({status}): {said}")).into()
}

fn address_in(said: &str) -> Option<String> {
    let (_, behind) = said.split_once(ANSWERING)?;
    let (address, _) = behind.split_once(';')?;
    Some(address.to_owned())
}

fn lines<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Error> {
    let items = serde_json::Deserializer::from_str(text).into_iter();
    items.collect::<Result<_, _>>().map_err(|error| io::Error::from(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_in_what_it_says() {
        let said = "whither: answering on http://127.0.0.1:4711; what was seen is kept in /tmp/x\n";
        assert_eq!(address_in(said).as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(address_in("whither: answering on http://127"), None);
    }
}
