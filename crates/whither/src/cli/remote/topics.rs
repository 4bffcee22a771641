//! `whither topics`: what is written, how long it stays, and who reads it; one topic with its partitions.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use whither_core::Time;

use super::args::Topics;
use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::list::{self, List, Raw, Told};
use super::words::{At, count, moment, name, offset, some};
use crate::cli::Exit;
use crate::cli::output::{Answer, Output};
use crate::cli::table::{Cell, Column, Detail, Hue, grid};
use crate::json::{self, Kind};
use crate::prose::words;

/// `whither topics`.
pub(in crate::cli) fn topics(asked: &Topics, output: Output) -> Exit {
    let Some(topic) = &asked.name else {
        return list::answer(&All { asked }, &asked.server, asked.watch, output);
    };
    let one = Client::of(&asked.server).and_then(|client| One::ask(&client, topic));
    match one {
        Ok(one) => output.answer(&one),
        Err(failure) => failure.complain(),
    }
}

struct All<'a> {
    asked: &'a Topics,
}

/// A topic in one line.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) topic: String,
    partitions: Partitions,
    role: Option<String>,
    records: Option<u64>,
    rate_per_second: Option<f64>,
    retention_ms: Option<i64>,
    retention_bytes: Option<i64>,
    #[serde(default)]
    compacts: bool,
    pub(super) depth: Option<String>,
    #[serde(default)]
    pub(super) indexed: bool,
    #[serde(default)]
    indexed_by: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    lost: Option<u64>,
    newest_at: Option<At>,
}

/// In a list their number, in full each of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Partitions {
    Number(u64),
    Each(Vec<Partition>),
}

#[derive(Debug, Deserialize)]
struct Partition {
    partition: i32,
    leader: Option<i32>,
    log_start: Option<i64>,
    last_stable: Option<i64>,
    end: Option<i64>,
    records: Option<u64>,
    rate_per_second: Option<f64>,
    indexed_from: Option<i64>,
}

const COLUMNS: [Column; 12] = [
    Column::name("TOPIC", 0),
    Column::figure("PARTITIONS", 3),
    Column::figure("RECORDS", 0),
    Column::figure("RATE/S", 0),
    Column::figure("KEPT-FOR", 2),
    Column::figure("KEPT-BYTES", 6),
    Column::word("COMPACTS", 8),
    Column::word("ROLE", 7),
    Column::figure("LOST", 0),
    Column::word("NEWEST", 5),
    Column::word("INDEXED", 9),
    Column::name("GROUPS", 1),
];

fn rate(per_second: Option<f64>) -> String {
    per_second.map(|rate| format!("{rate:.1}")).unwrap_or_default()
}

impl Item {
    fn cells(&self, now: Time) -> Vec<Cell> {
        let partitions = match &self.partitions {
            Partitions::Number(n) => *n,
            Partitions::Each(each) => each.len() as u64,
        };
        let kept = self.retention_ms.map(|ms| match ms {
            ms if ms < 0 => "ever".to_owned(),
            ms => words::span(whither_core::Span(ms)).replace(' ', ""),
        });
        let bytes = self.retention_bytes.filter(|n| *n >= 0).map(|n| words::bytes(n).replace(' ', ""));
        let lost = if self.lost.is_some_and(|n| n > 0) { Hue::Bad } else { Hue::Plain };
        let groups: Vec<String> = self.groups.iter().map(|g| words::name(g)).collect();
        let yes = |is: bool| if is { "yes" } else { "" };
        let by: Vec<String> = self.indexed_by.iter().map(|by| words::name(by).replace(' ', "=")).collect();
        vec![
            words::name(&self.topic).into(),
            words::count(partitions).into(),
            count(self.records).into(),
            rate(self.rate_per_second).into(),
            kept.unwrap_or_default().into(),
            bytes.unwrap_or_default().into(),
            yes(self.compacts).into(),
            name(self.role.as_deref().filter(|role| *role != "normal")).into(),
            Cell::painted(count(self.lost), lost),
            moment(self.newest_at, now).replace(' ', "T").into(),
            by.join(",").into(),
            groups.join(",").into(),
        ]
    }
}

impl List for All<'_> {
    type Item = Item;
    const KIND: Kind = Kind::Topic;

    fn path(&self) -> String {
        "/topics".to_owned()
    }

    fn query(&self) -> Query {
        list::names(&self.asked.names)
    }

    fn table(&self, told: Told<'_, Item>, output: Output, out: &mut impl Write) -> io::Result<()> {
        let rows: Vec<Vec<Cell>> = told.items.iter().map(|item| item.cells(told.now())).collect();
        if !rows.is_empty() {
            grid(&COLUMNS, &rows, output.paint, out)?;
        }
        writeln!(out, "{}", output.paint.bold(&some(rows.len(), "topic")))
    }
}

/// One topic in full.
#[derive(Debug, Deserialize)]
struct Full {
    #[serde(flatten)]
    item: Item,
    #[serde(default)]
    configs: serde_json::Value,
}

struct One {
    full: Full,
    raw: Raw,
    now: Time,
}

impl One {
    fn ask(client: &Client, topic: &str) -> Result<One, Failure> {
        let raw: Raw = client.get(&format!("/topics/{}", segment(topic)), &Query::new())?;
        Ok(One { full: client.understand(raw.text())?, raw, now: crate::clock::now() })
    }
}

impl Answer for One {
    fn exit(&self) -> Exit {
        Exit::Fine
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        const PARTITIONS: [Column; 8] = [
            Column::figure("PARTITION", 0),
            Column::figure("LEADER", 1),
            Column::figure("LOG-START", 0),
            Column::figure("LAST-STABLE", 3),
            Column::figure("LOG-END", 0),
            Column::figure("RECORDS", 0),
            Column::figure("RATE/S", 2),
            Column::figure("INDEXED-FROM", 4),
        ];
        grid(&COLUMNS, &[self.full.item.cells(self.now)], output.paint, out)?;
        writeln!(out)?;
        if let Partitions::Each(partitions) = &self.full.item.partitions {
            let cells = |p: &Partition| {
                let leader = p.leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
                let (records, rate) = (count(p.records), rate(p.rate_per_second));
                let [start, stable, end, from] =
                    [p.log_start, p.last_stable, p.end, p.indexed_from].map(offset);
                let cells = [p.partition.to_string(), leader, start, stable, end, records, rate, from];
                cells.map(Cell::from).to_vec()
            };
            let rows: Vec<Vec<Cell>> = partitions.iter().map(cells).collect();
            grid(&PARTITIONS, &rows, output.paint, out)?;
        }
        let configs = self.full.configs.as_object().filter(|_| output.detail == Detail::Verbose);
        for (key, value) in configs.into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writeln!(out, "{} = {}", words::name(key), words::name(&value))?;
        }
        Ok(())
    }

    fn document(&self) -> impl Serialize {
        &self.raw
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        list::line(Kind::Topic, &self.raw, out)?;
        json::line(Kind::Summary, &serde_json::json!({ "items": 1, "exit": 0 }), out)
    }
}
