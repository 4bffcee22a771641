//! How the server itself stands: an answer is worth what it has seen.

use serde::Deserialize;
use whither_core::Time;

use super::client::{Client, Query};
use super::failure::Failure;
use super::words::At;
use crate::cli::complain;
use crate::prose::words;

/// What `/status` tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) cluster: String,
    pub(super) version: String,
    pub(super) at: Option<At>,
    pub(super) caught_up: bool,
    pub(super) complete_since: Option<At>,
    pub(super) brokers: u64,
    pub(super) topics: u64,
    pub(super) groups: u64,
    pub(super) records_read: u64,
    pub(super) not_seen: Vec<NotSeen>,
    pub(super) problems: Vec<Problem>,
    pub(super) store: Store,
}

/// Something that could not be seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NotSeen {
    pub(super) what: String,
    pub(super) why: String,
    pub(super) so: String,
    pub(super) hides_verdicts: bool,
}

/// What keeps the server from its work.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) text: String,
    pub(super) since: Option<At>,
}

/// What is on its disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Store {
    pub(super) bytes: u64,
    pub(super) oldest: Option<At>,
    pub(super) accepting: bool,
}

impl Default for Store {
    fn default() -> Store {
        Store { bytes: 0, oldest: None, accepting: true }
    }
}

impl Status {
    /// Asks for it.
    pub(super) fn of(client: &Client) -> Result<Status, Failure> {
        client.get("/status", &Query::new())
    }

    /// The moment that the answer is of.
    pub(super) fn now(&self) -> Time {
        self.at.map_or_else(crate::clock::now, |At(at)| at)
    }

    /// Whether a loss may be there that could not be seen.
    pub(super) fn may_hide_losses(&self) -> bool {
        !self.caught_up || self.not_seen.iter().any(|n| n.hides_verdicts)
    }

    /// Says on standard error what makes the answer older or less than it should be.
    pub(super) fn warn(&self) {
        if !self.caught_up {
            complain(
                "the server is still reading what the log holds: what it tells may be less than there is",
            );
        }
        for problem in &self.problems {
            let since = problem.since.and_then(|At(at)| words::moment(at, self.now()));
            let since = since.map(|since| format!(" (since {since})")).unwrap_or_default();
            complain(&format!("the server has a problem{since}: {}", words::name(&problem.text)));
        }
    }
}
