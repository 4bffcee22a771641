//! `whither offsets` from a server's own history, which reaches further back than the cluster's.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use whither_core::Time;

use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::groups::By;
use super::list::{self, Pages, Raw};
use super::status::Status;
use super::words::{At, moment};
use crate::cli::args::Offsets;
use crate::cli::output::{Answer, Output};
use crate::cli::table::{Cell, Column, grid};
use crate::cli::{Exit, complain};
use crate::json::{self, Kind};
use crate::prose::words;

/// `whither offsets` without brokers.
pub(in crate::cli) fn offsets(asked: &Offsets, output: Output) -> Exit {
    let at = asked.at.from(crate::clock::now());
    let positions = match Client::of(&asked.server).and_then(|c| Positions::ask(&c, asked, at)) {
        Ok(positions) => positions,
        Err(failure) => return failure.complain(),
    };
    let exit = positions.exit();
    match exit {
        Exit::CouldNotTell => complain(
            "the server's commit history is not complete at that moment: positions may be missing or older than they were",
        ),
        Exit::BadNews => {
            complain(&format!("{} had no position at that moment", words::name(&asked.group)));
        }
        _ => {}
    }
    if asked.csv {
        return output.write(exit, |out| {
            let mut each = positions.items.iter();
            each.try_for_each(|i| writeln!(out, "{},{},{}", i.topic, i.partition, i.offset))
        });
    }
    output.answer(&positions)
}

struct Positions {
    group: String,
    at: Time,
    items: Vec<Item>,
    raw: Vec<Raw>,
    complete: bool,
}

#[derive(Debug, Deserialize)]
struct Item {
    topic: String,
    partition: i32,
    offset: i64,
    committed_at: Option<At>,
    by: Option<By>,
}

impl Positions {
    fn ask(client: &Client, asked: &Offsets, at: Time) -> Result<Positions, Failure> {
        let query: Query = words::rfc3339(at).map(|at| ("at", at)).into_iter().collect();
        let path = format!("/offsets/{}", segment(&asked.group));
        let raw = match Pages::all(client, &path, &query) {
            Ok(raw) => raw,
            // Whether that is an answer depends on how far back history reaches.
            Err(failure) if failure.is_not_found() => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let mut each = Vec::new();
        for raw in raw {
            let item: Item = client.understand(raw.text())?;
            if asked.topic.is_empty() || asked.topic.contains(&item.topic) {
                each.push((item, raw));
            }
        }
        let (items, raw) = each.into_iter().unzip();
        let since = Status::of(client)?.complete_since;
        let complete = since.is_some_and(|At(since)| since <= at);
        Ok(Positions { group: asked.group.clone(), at, items, raw, complete })
    }
}

impl Answer for Positions {
    /// Before complete history begins, what is known may not be what was.
    fn exit(&self) -> Exit {
        match (self.complete, self.items.is_empty()) {
            (false, _) => Exit::CouldNotTell,
            (true, true) => Exit::BadNews,
            (true, false) => Exit::Fine,
        }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        const COLUMNS: [Column; 4] = [
            Column::name("PARTITION", 0),
            Column::figure("OFFSET", 0),
            Column::word("COMMITTED", 1),
            Column::name("BY", 0),
        ];
        let at = words::moment(self.at, Time::default()).unwrap_or_default();
        let head = format!("{} at {at}", words::name(&self.group));
        writeln!(out, "{}\n", output.paint.bold(&head))?;
        let cells = |i: &Item| {
            let place = format!("{}/{}", words::name(&i.topic), i.partition);
            let by = i.by.as_ref().map(By::text).unwrap_or_default();
            [place, words::offset(i.offset), moment(i.committed_at, self.at), by].map(Cell::from).to_vec()
        };
        let rows: Vec<Vec<Cell>> = self.items.iter().map(cells).collect();
        grid(&COLUMNS, &rows, output.paint, out)
    }

    fn document(&self) -> impl Serialize {
        serde_json::json!({ "items": self.raw, "next": null })
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        self.raw.iter().try_for_each(|item| list::line(Kind::Offset, item, out))?;
        let summary = serde_json::json!({ "items": self.raw.len(), "exit": self.exit().code() });
        json::line(Kind::Summary, &summary, out)
    }
}
