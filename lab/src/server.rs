//! `whither serve` beside a Kafka of the lab.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fmt, io};

use serde::de::DeserializeOwned;
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

/// A server that follows one cluster.
#[derive(Debug)]
pub struct Server {
    whither: PathBuf,
    bootstrap: String,
    folder: PathBuf,
    process: Supervised,
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
    /// Starts one with an empty data directory in `folder`, and waits until it has caught up.
    ///
    /// # Errors
    /// It does not start, or is not ready in time.
    pub fn start(whither: &Path, bootstrap: &str, folder: &Path) -> Result<Self, Error> {
        let folder = folder.join("serve");
        fs::create_dir_all(&folder)?;
        let (process, client) = spawn(whither, bootstrap, &folder)?;
        Ok(Self { whither: whither.to_owned(), bootstrap: bootstrap.to_owned(), folder, process, client })
    }

    /// Ends it and starts another one on the same data directory; returns once that has caught up.
    ///
    /// # Errors
    /// It had ended by itself, or the new one is not ready in time.
    pub fn restart(mut self, stop: Stop) -> Result<Self, Error> {
        self.lives()?;
        match stop {
            Stop::Term => self.process.terminate(PATIENCE),
            Stop::Kill => drop(self.process),
        }
        let (process, client) = spawn(&self.whither, &self.bootstrap, &self.folder)?;
        Ok(Self { process, client, ..self })
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
}

impl Client {
    /// What the server says, if it is another state than that of `tag`.
    ///
    /// # Errors
    /// It can't be reached, or answers something else.
    pub fn fresh(&self, tag: Option<&str>) -> Result<Option<Fresh>, Error> {
        let Some((tag, findings)) = self.get("/api/whither/v1/findings?format=ndjson", tag)? else {
            return Ok(None);
        };
        let balance = self.get("/api/whither/v1/balance?format=ndjson", None)?;
        let balance = balance.map(|(_, text)| text).unwrap_or_default();
        let check = Check { balance: lines(&balance)?, findings: lines(&findings)? };
        Ok(Some(Fresh { check, tag }))
    }

    fn is_ready(&self) -> bool {
        let answer = self.agent.get(format!("{}/readyz", self.address)).call();
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// An answer's tag and text; none if it is that of `tag`.
    fn get(&self, path: &str, tag: Option<&str>) -> Result<Option<(String, String)>, Error> {
        let mut request = self.agent.get(format!("{}{path}", self.address));
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

fn spawn(whither: &Path, bootstrap: &str, folder: &Path) -> Result<(Supervised, Client), Error> {
    let said = folder.join("serve.err");
    // The one before it has written there as well.
    let before = fs::metadata(&said).map_or(0, |file| file.len());
    let stderr = OpenOptions::new().create(true).append(true).open(&said)?;
    let mut command = Command::new(whither);
    command.args(["serve", "--brokers", bootstrap, "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(folder.join("data"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
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
    wait_until("whither serve to catch up", PATIENCE.as_secs(), || Ok(client.is_ready()))?;
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
