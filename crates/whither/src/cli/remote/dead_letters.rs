//! `whither dead-letters`: what waits in dead-letter topics, and where it came from.

use std::io::{self, Write};

use serde::Deserialize;
use whither_core::Time;

use super::args::DeadLetters;
use super::client::Query;
use super::list::{self, List, Told};
use super::words::{At, moment, name};
use crate::cli::Exit;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Column, grid};
use crate::json::Kind;
use crate::prose::words;

/// `whither dead-letters`.
pub(in crate::cli) fn dead_letters(asked: &DeadLetters, output: Output) -> Exit {
    let letters = Letters { asked, now: crate::clock::now() };
    list::answer(&letters, &asked.server, asked.watch, output)
}

struct Letters<'a> {
    asked: &'a DeadLetters,
    now: Time,
}

/// Dead letters alike.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    topic: String,
    partition: i32,
    origin: Option<Origin>,
    group: Option<String>,
    exception: Option<String>,
    count: u64,
    first_at: Option<At>,
    last_at: Option<At>,
    certainty: String,
}

#[derive(Debug, Deserialize)]
struct Origin {
    topic: String,
    partition: i32,
    offset: i64,
}

const COLUMNS: [Column; 8] = [
    Column::name("DEAD-LETTERS", 0),
    Column::figure("COUNT", 0),
    Column::name("GROUP", 0),
    Column::name("EXCEPTION", 2),
    Column::name("ORIGIN", 1),
    Column::word("FIRST", 4),
    Column::word("LAST", 3),
    Column::word("CERTAINTY", 5),
];

impl Item {
    fn cells(&self, now: Time) -> Vec<Cell> {
        let origin = |o: &Origin| format!("{}/{}@{}", words::name(&o.topic), o.partition, o.offset);
        [
            format!("{}/{}", words::name(&self.topic), self.partition),
            words::count(self.count),
            name(self.group.as_deref()),
            self.exception.as_deref().map(words::class).unwrap_or_default(),
            self.origin.as_ref().map(origin).unwrap_or_default(),
            moment(self.first_at, now).replace(' ', "T"),
            moment(self.last_at, now).replace(' ', "T"),
            words::name(&self.certainty),
        ]
        .map(Cell::from)
        .to_vec()
    }
}

impl List for Letters<'_> {
    type Item = Item;
    const KIND: Kind = Kind::DeadLetter;

    fn path(&self) -> String {
        "/dead-letters".to_owned()
    }

    fn query(&self) -> Query {
        let mut query = list::place(&self.asked.place);
        query.extend(list::period(&self.asked.period, self.now));
        query
    }

    fn table(&self, told: Told<'_, Item>, output: Output, out: &mut impl Write) -> io::Result<()> {
        let mut items: Vec<&Item> = told.items.iter().collect();
        items.sort_by_key(|i| (std::cmp::Reverse(i.count), &i.topic, i.partition));
        let rows: Vec<Vec<Cell>> = items.iter().map(|item| item.cells(told.now())).collect();
        if !rows.is_empty() {
            grid(&COLUMNS, &rows, output.paint, out)?;
        }
        let all = items.iter().map(|i| i.count).fold(0, u64::saturating_add);
        let conclusion = if all == 0 {
            "no dead letters".to_owned()
        } else {
            format!("{} in dead-letter topics", words::records(all))
        };
        writeln!(out, "{}", output.paint.bold(&conclusion))
    }
}
