//! `whither groups`: who reads, and how it stands; one group with its members and commits.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use whither_core::Time;

use super::args::Groups;
use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::lag;
use super::list::{self, List, Raw, Told};
use super::words::{At, count, length, moment, name, offset, some};
use crate::cli::Exit;
use crate::cli::output::{Answer, Output};
use crate::cli::table::{Cell, Column, Detail, Hue, grid};
use crate::json::{self, Kind};
use crate::prose::words;

/// Commits shown unless all are wanted.
const COMMITS: usize = 10;

/// `whither groups`.
pub(in crate::cli) fn groups(asked: &Groups, output: Output) -> Exit {
    let Some(group) = &asked.name else {
        return list::answer(&All { asked }, &asked.server, asked.watch, output);
    };
    let one = Client::of(&asked.server).and_then(|client| One::ask(&client, group));
    match one {
        Ok(one) => output.answer(&one),
        Err(failure) => failure.complain(),
    }
}

struct All<'a> {
    asked: &'a Groups,
}

/// A group in one line.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) group: String,
    kind: Option<String>,
    state: Option<String>,
    members: Members,
    #[serde(default)]
    topics: Vec<String>,
    partitions: u64,
    lag_records: Option<u64>,
    lag_seconds: Option<f64>,
    lost: Option<u64>,
    #[serde(default)]
    pub(super) dormant: bool,
    loses_data_in_seconds: Option<f64>,
    last_commit_at: Option<At>,
}

/// In a list their number, in full each of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Members {
    Number(u64),
    Each(Vec<Member>),
}

#[derive(Debug, Deserialize)]
struct Member {
    member_id: String,
    client_id: Option<String>,
    host: Option<String>,
    #[serde(default)]
    assigned: Vec<Assigned>,
}

#[derive(Debug, Deserialize)]
struct Assigned {
    topic: String,
    partition: i32,
}

const COLUMNS: [Column; 12] = [
    Column::name("GROUP", 0),
    Column::word("STATE", 0),
    Column::word("KIND", 7),
    Column::figure("MEMBERS", 3),
    Column::figure("PARTITIONS", 4),
    Column::figure("LAG", 0),
    Column::figure("BEHIND", 0),
    Column::figure("LOST", 0),
    Column::figure("LOSES-DATA", 0),
    Column::word("LAST-COMMIT", 5),
    Column::word("DORMANT", 8),
    Column::name("TOPICS", 9),
];

impl Item {
    /// Whether no coordinator would describe it.
    pub(super) fn is_undescribed(&self) -> bool {
        self.kind.as_deref() == Some("unknown")
    }

    fn cells(&self, now: Time) -> Vec<Cell> {
        let members = match &self.members {
            Members::Number(n) => *n,
            Members::Each(each) => each.len() as u64,
        };
        let lost = if self.lost.is_some_and(|n| n > 0) { Hue::Bad } else { Hue::Plain };
        let topics: Vec<String> = self.topics.iter().map(|t| words::name(t)).collect();
        vec![
            words::name(&self.group).into(),
            Cell::painted(name(self.state.as_deref()), if self.dormant { Hue::Dim } else { Hue::Plain }),
            name(self.kind.as_deref()).into(),
            words::count(members).into(),
            words::count(self.partitions).into(),
            count(self.lag_records).into(),
            length(self.lag_seconds).into(),
            Cell::painted(count(self.lost), lost),
            Cell::painted(length(self.loses_data_in_seconds), Hue::Warn),
            moment(self.last_commit_at, now).replace(' ', "T").into(),
            if self.dormant { "yes" } else { "" }.into(),
            topics.join(",").into(),
        ]
    }
}

impl List for All<'_> {
    type Item = Item;
    const KIND: Kind = Kind::Group;

    fn path(&self) -> String {
        "/groups".to_owned()
    }

    fn query(&self) -> Query {
        list::names(&self.asked.names)
    }

    fn table(&self, told: Told<'_, Item>, output: Output, out: &mut impl Write) -> io::Result<()> {
        let all = output.detail == Detail::Verbose;
        let shown = told.items.iter().filter(|item| all || !item.dormant);
        let rows: Vec<Vec<Cell>> = shown.map(|item| item.cells(told.now())).collect();
        if !rows.is_empty() {
            grid(&COLUMNS, &rows, output.paint, out)?;
        }
        let dormant = told.items.len() - rows.len();
        let more = if dormant > 0 { format!("; {dormant} dormant, -v shows them") } else { String::new() };
        let told = format!("{}{more}", some(rows.len(), "group"));
        writeln!(out, "{}", output.paint.bold(&told))
    }
}

/// One group in full.
#[derive(Debug, Deserialize)]
struct Full {
    #[serde(flatten)]
    item: Item,
    #[serde(default)]
    positions: Vec<lag::Item>,
    #[serde(default)]
    commits: Vec<Commit>,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    at: Option<At>,
    topic: String,
    partition: i32,
    offset: Option<i64>,
    by: Option<By>,
    moved: Option<String>,
}

/// Who made a commit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct By {
    client_id: Option<String>,
    host: Option<String>,
    memberless: bool,
}

impl By {
    pub(super) fn text(&self) -> String {
        match (&self.client_id, &self.host) {
            (_, _) if self.memberless => "not a member".to_owned(),
            (Some(client), Some(host)) => format!("{} {}", words::name(client), words::name(host)),
            (Some(client), None) => words::name(client),
            _ => "a member".to_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Finding {
    shown_as: String,
    text: String,
}

struct One {
    full: Full,
    raw: Raw,
    now: Time,
}

impl One {
    fn ask(client: &Client, group: &str) -> Result<One, Failure> {
        let raw: Raw = client.get(&format!("/groups/{}", segment(group)), &Query::new())?;
        Ok(One { full: client.understand(raw.text())?, raw, now: crate::clock::now() })
    }

    fn members(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        let Members::Each(members) = &self.full.item.members else { return Ok(()) };
        if members.is_empty() {
            return writeln!(out, "no members");
        }
        const COLUMNS: [Column; 4] = [
            Column::name("MEMBER", 0),
            Column::name("CLIENT-ID", 0),
            Column::name("HOST", 1),
            Column::name("ASSIGNED", 2),
        ];
        let cells = |m: &Member| {
            let assigned: Vec<String> =
                m.assigned.iter().map(|a| format!("{}/{}", words::name(&a.topic), a.partition)).collect();
            let (client, host) = (name(m.client_id.as_deref()), name(m.host.as_deref()));
            [words::name(&m.member_id), client, host, assigned.join(",")].map(Cell::from).to_vec()
        };
        let rows: Vec<Vec<Cell>> = members.iter().map(cells).collect();
        grid(&COLUMNS, &rows, output.paint, out)
    }

    fn commits(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        const COLUMNS: [Column; 5] = [
            Column::word("COMMITTED-AT", 0),
            Column::name("PARTITION", 0),
            Column::figure("OFFSET", 0),
            Column::word("MOVED", 1),
            Column::name("BY", 0),
        ];
        let shown = if output.detail == Detail::Verbose { usize::MAX } else { COMMITS };
        let cells = |c: &Commit| {
            let back = if c.moved.as_deref() == Some("forward") { Hue::Plain } else { Hue::Warn };
            vec![
                moment(c.at, self.now).into(),
                format!("{}/{}", words::name(&c.topic), c.partition).into(),
                offset(c.offset).into(),
                Cell::painted(name(c.moved.as_deref()), back),
                c.by.as_ref().map(By::text).unwrap_or_default().into(),
            ]
        };
        let rows: Vec<Vec<Cell>> = self.full.commits.iter().take(shown).map(cells).collect();
        if rows.is_empty() { Ok(()) } else { grid(&COLUMNS, &rows, output.paint, out) }
    }
}

impl Answer for One {
    fn exit(&self) -> Exit {
        Exit::Fine
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        grid(&COLUMNS, &[self.full.item.cells(self.now)], output.paint, out)?;
        writeln!(out)?;
        self.members(output, out)?;
        writeln!(out)?;
        lag::write(&self.full.positions, output, out)?;
        writeln!(out)?;
        self.commits(output, out)?;
        for finding in &self.full.findings {
            let label = words::name(&finding.shown_as).to_uppercase();
            let painted = if finding.shown_as == "loss" { output.paint.bad(&label) } else { label };
            crate::cli::table::block(&painted, &words::visible(&finding.text), None, output.paint, out)?;
        }
        Ok(())
    }

    fn document(&self) -> impl Serialize {
        &self.raw
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        list::line(Kind::Group, &self.raw, out)?;
        json::line(Kind::Summary, &serde_json::json!({ "items": 1, "exit": 0 }), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_or_told_each() {
        let base = r#"{"group":"billing","kind":"classic","state":"stable","topics":["orders"],"partitions":3,"lag_records":4,"lag_seconds":0.5,"lost":0,"dormant":false,"loses_data_in_seconds":null,"last_commit_at":null,"members":"#;
        let counted: Item = serde_json::from_str(&format!("{base}2}}")).unwrap();
        assert!(matches!(counted.members, Members::Number(2)));
        let full = format!(
            r#"{base}[{{"member_id":"m","client_id":"c","host":"/h","assigned":[{{"topic":"orders","partition":3}}]}}],
            "positions":[],"commits":[{{"at":"2026-11-21T13:00:00.000Z","topic":"orders","partition":3,"offset":7,"by":{{"member_id":null,"client_id":null,"host":null,"memberless":true}},"moved":"back"}}],"findings":[]}}"#
        );
        let full: Full = serde_json::from_str(&full).unwrap();
        assert!(matches!(&full.item.members, Members::Each(each) if each.len() == 1));
        assert_eq!(full.commits[0].by.as_ref().unwrap().text(), "not a member");
    }
}
