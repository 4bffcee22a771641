//! `whither doctor`: what whither can and can't see, and what to change to see more.

mod rights;

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::args::Doctor;
use super::client::{Client, Query};
use super::failure::Failure;
use super::list::Pages;
use super::status::Status;
use super::words::{At, some};
use super::{groups, topics};
use crate::cli::Exit;
use crate::cli::output::{Answer, Output};
use crate::cli::paint::Paint;
use crate::cli::table::{Detail, block};
use crate::json::{self, Kind};
use crate::prose::words;

/// Names in one sentence.
const NAMES: usize = 5;

/// `whither doctor`.
pub(in crate::cli) fn doctor(asked: &Doctor, output: Output) -> Exit {
    match Client::of(&asked.server).and_then(|client| Diagnosis::ask(&client)) {
        Ok(diagnosis) => output.answer(&diagnosis),
        Err(failure) => failure.complain(),
    }
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Diagnosis {
    cluster: String,
    server_version: String,
    checks: Vec<Check>,
}

/// What whither sees of one thing.
#[derive(Debug, Serialize)]
struct Check {
    /// What kind of thing: `server`, `cluster`, `topic`, `group`.
    of: &'static str,
    sees: Sees,
    text: String,
    change: Option<Change>,
    /// Whether a loss may be there that can't be seen.
    hides_verdicts: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sees {
    All,
    Part,
    /// Something is wrong with the server itself.
    Broken,
}

/// What to do to see more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Change {
    text: String,
    command: Option<String>,
}

impl Check {
    fn all(of: &'static str, text: String) -> Check {
        Check { of, sees: Sees::All, text, change: None, hides_verdicts: false }
    }

    fn part(of: &'static str, text: String, change: Change) -> Check {
        Check { of, sees: Sees::Part, text, change: Some(change), hides_verdicts: false }
    }
}

impl Change {
    fn text(text: impl Into<String>) -> Change {
        Change { text: text.into(), command: None }
    }
}

impl Diagnosis {
    fn ask(client: &Client) -> Result<Diagnosis, Failure> {
        let status = Status::of(client)?;
        let topics: Vec<topics::Item> = every(client, "/topics")?;
        let groups: Vec<groups::Item> = every(client, "/groups")?;
        let mut checks = server(&status);
        checks.extend(cluster(&status));
        checks.extend(of_topics(&topics));
        checks.extend(of_groups(&groups));
        Ok(Diagnosis { cluster: status.cluster, server_version: status.version, checks })
    }
}

fn every<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Vec<T>, Failure> {
    let raw = Pages::all(client, path, &Query::new())?;
    raw.iter().map(|raw| client.understand(raw.text())).collect()
}

/// The server's own health.
fn server(status: &Status) -> Vec<Check> {
    let mut checks = Vec::new();
    let broken = |text: String, change: &str| Check {
        of: "server",
        sees: Sees::Broken,
        text,
        change: Some(Change::text(change)),
        hides_verdicts: false,
    };
    for problem in &status.problems {
        let since = problem.since.and_then(|At(at)| words::moment(at, status.now()));
        let since = since.map(|since| format!(" (since {since})")).unwrap_or_default();
        let text = format!("{}{since}", words::name(&problem.text));
        checks.push(broken(text, "the server goes on by itself once this is mended"));
    }
    if !status.store.accepting {
        let text = "the store takes nothing more: what happens now is not remembered".to_owned();
        checks.push(broken(text, "make room on its disk, or lower store.keep or store.keep_bytes"));
    }
    if !status.caught_up {
        let text = "still reading what the log holds".to_owned();
        let change = Change::text("wait: /readyz says when it has caught up");
        checks.push(Check { hides_verdicts: true, ..Check::part("server", text, change) });
    }
    if checks.is_empty() {
        let size = words::bytes(i64::try_from(status.store.bytes).unwrap_or(i64::MAX));
        let oldest = status.store.oldest.and_then(|At(at)| words::moment(at, status.now()));
        let since = oldest.map(|at| format!(" since {at}")).unwrap_or_default();
        let version = words::name(&status.version);
        checks.push(Check::all("server", format!("{version} has caught up; it remembers {size}{since}")));
    }
    checks
}

/// What the cluster shows, and what it does not.
fn cluster(status: &Status) -> Vec<Check> {
    let number = |n: u64, one| some(usize::try_from(n).unwrap_or(usize::MAX), one);
    let (brokers, topics) = (number(status.brokers, "broker"), number(status.topics, "topic"));
    let (groups, read) = (number(status.groups, "group"), words::records(status.records_read));
    let name = words::name(&status.cluster);
    let mut checks =
        vec![Check::all("cluster", format!("{name}: {brokers}, {topics}, {groups}; {read} read"))];
    checks.push(match status.complete_since.and_then(|At(at)| words::moment(at, status.now())) {
        Some(since) => Check::all("cluster", format!("commit history is complete since {since}")),
        None => Check::part(
            "cluster",
            "no part of the commit history is complete: what was committed before is known by its last value only"
                .to_owned(),
            Change::text("leave the server running: from its start on it sees every commit"),
        ),
    });
    checks.extend(status.not_seen.iter().map(|n| Check {
        of: "cluster",
        sees: Sees::Part,
        text: format!("{} ({}): {}", words::name(&n.what), words::name(&n.why), words::name(&n.so)),
        change: rights::change(&n.what, &n.why),
        hides_verdicts: n.hides_verdicts,
    }));
    checks
}

fn of_topics(topics: &[topics::Item]) -> Vec<Check> {
    let headers = topics.iter().filter(|t| t.depth.as_deref() == Some("headers")).count();
    let mut checks = vec![Check::all(
        "topic",
        format!(
            "every record of {} is counted; {headers} read with their headers",
            some(topics.len(), "topic")
        ),
    )];
    let indexed = topics.iter().filter(|t| t.indexed).count();
    if indexed > 0 {
        let text = format!("records of {} are found by what index chooses", some(indexed, "topic"));
        checks.push(Check::all("topic", text));
    }
    let not: Vec<&str> = topics.iter().filter(|t| !t.indexed).map(|t| t.topic.as_str()).collect();
    if !not.is_empty() {
        let text = format!("found by position only, not by key, trace or header: {}", names(&not));
        let change = Change::text(
            "index.topics without index.exclude lets the server find their records from then on; where --brokers H:P with --key, --trace or --header reads the brokers for them",
        );
        checks.push(Check::part("topic", text, change));
    }
    checks
}

fn of_groups(groups: &[groups::Item]) -> Vec<Check> {
    let mut checks = vec![Check::all(
        "group",
        format!(
            "{} seen by their commits: delivered means that the group committed past a record",
            some(groups.len(), "group")
        ),
    )];
    let dormant: Vec<&str> = groups.iter().filter(|g| g.dormant).map(|g| g.group.as_str()).collect();
    if !dormant.is_empty() {
        let text = format!("dormant, counted without an alarm: {}", names(&dormant));
        let change = Change::text("name those in groups.expected that must be alive");
        checks.push(Check::part("group", text, change));
    }
    let unknown: Vec<&str> = groups.iter().filter(|g| g.is_undescribed()).map(|g| g.group.as_str()).collect();
    if !unknown.is_empty() {
        let text = format!(
            "not described by their coordinator, so whether they are alive is unknown: {}",
            names(&unknown)
        );
        checks.push(Check::part("group", text, rights::describe_groups()));
    }
    checks
}

fn names(all: &[&str]) -> String {
    let named: Vec<String> = all.iter().take(NAMES).map(|name| words::name(name)).collect();
    let more = all.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {} more", words::count(more as u64)) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

impl Answer for Diagnosis {
    /// A server that does not work is bad news; one that can't see a loss could not tell.
    fn exit(&self) -> Exit {
        if self.checks.iter().any(|check| check.sees == Sees::Broken) {
            Exit::BadNews
        } else if self.checks.iter().any(|check| check.hides_verdicts) {
            Exit::CouldNotTell
        } else {
            Exit::Fine
        }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        let quiet = output.detail == Detail::Quiet;
        for check in self.checks.iter().filter(|check| !quiet || check.sees != Sees::All) {
            check.write(output.paint, out)?;
        }
        let conclusion = match self.exit() {
            Exit::Fine => "whither sees every loss that there may be",
            Exit::BadNews => "the server is not well",
            _ => "what is not seen may hide a loss",
        };
        writeln!(out, "{}", output.paint.bold(conclusion))
    }

    fn document(&self) -> impl Serialize {
        self
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        self.checks.iter().try_for_each(|check| json::line(Kind::Check, check, out))?;
        let summary = serde_json::json!({ "checks": self.checks.len(), "exit": self.exit().code() });
        json::line(Kind::Summary, &summary, out)
    }
}

impl Check {
    fn write(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let label = match self.sees {
            Sees::All => "ok".to_owned(),
            Sees::Part if self.hides_verdicts => paint.warn("BLIND"),
            Sees::Part => paint.warn("PART"),
            Sees::Broken => paint.bad("BROKEN"),
        };
        block(&label, &format!("{}: {}", self.of, self.text), None, paint, out)?;
        let Some(change) = &self.change else { return Ok(()) };
        block("", &format!("next: {}", change.text), None, paint, out)?;
        match &change.command {
            // Never wrapped: it is there to be copied.
            Some(command) => writeln!(out, "        -> {command}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(json: serde_json::Value) -> Status {
        serde_json::from_value(json).unwrap()
    }

    fn diagnosis(status: &Status) -> Diagnosis {
        let checks = server(status).into_iter().chain(cluster(status)).collect();
        Diagnosis { cluster: "c".into(), server_version: "1".into(), checks }
    }

    #[test]
    fn a_server_that_sees_all_is_fine() {
        let seen = status(serde_json::json!({
            "cluster": "orders-prod", "version": "0.1.0", "at": "2026-11-21T13:00:00.000Z", "caught_up": true,
            "complete_since": "2026-11-21T09:12:00.000Z", "brokers": 3, "topics": 24, "groups": 11,
            "store": {"bytes": 1_048_576, "oldest": "2026-11-20T09:00:00.000Z", "accepting": true},
        }));
        let diagnosis = diagnosis(&seen);
        assert_eq!(diagnosis.exit(), Exit::Fine, "{diagnosis:?}");
        assert_eq!(
            diagnosis.checks[0].text,
            "0.1.0 has caught up; it remembers 1 MiB since 2026-11-20 09:00:00Z"
        );
    }

    #[test]
    fn what_hides_a_loss_and_what_is_broken_have_exits_of_their_own() {
        let blind = status(serde_json::json!({"caught_up": true, "not_seen": [
            {"what": "topic payroll", "why": "no right to describe it", "so": "what became of its records is unknown", "hides_verdicts": true},
        ]}));
        let blind = diagnosis(&blind);
        assert_eq!(blind.exit(), Exit::CouldNotTell);
        let command = blind.checks.iter().find_map(|c| c.change.as_ref()?.command.as_ref()).unwrap();
        assert!(command.contains("--operation Read") && command.ends_with("--topic payroll"), "{command}");
        let full = status(serde_json::json!({"caught_up": true, "store": {"accepting": false}}));
        assert_eq!(diagnosis(&full).exit(), Exit::BadNews);
    }
}
