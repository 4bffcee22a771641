//! `--watch`: asks again whenever something has changed. On a terminal the table is drawn anew; elsewhere what is new or has changed is
//! written as lines.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};

use super::client::Client;
use super::list::{List, Listing, line};
use super::rounds::Rounds;
use crate::cli::args::Format;
use crate::cli::output::{self, Answer, Output};
use crate::cli::{Exit, complain};

/// The height of a screen that does not tell.
const HEIGHT: usize = 24;

/// Goes on until it is stopped, or nobody reads any more.
pub(super) fn follow<L: List>(list: &L, client: &Client, output: Output) -> Exit {
    if output.format == Format::Json {
        complain("--watch writes a table or lines: say --format ndjson in place of json");
        return Exit::Usage;
    }
    let drawn = output.format == Format::Table && io::stdout().is_terminal();
    let mut last: Option<Shown> = None;
    let mut failing = false;
    let mut rounds = Rounds::new();
    loop {
        let etag = last.as_ref().and_then(|shown| shown.etag.as_deref());
        match Listing::ask(list, client, etag) {
            Ok(None) => failing = false,
            Ok(Some(listing)) => {
                failing = false;
                let written = output::put(|out| match drawn {
                    true => draw(&listing, output, out),
                    false => append(&listing, last.as_ref(), out),
                });
                if let Err(error) = written {
                    return output::broken(&error);
                }
                last = Some(Shown::of(&listing));
            }
            Err(failure) if last.is_none() => return failure.complain(),
            Err(failure) if !failing => {
                failing = true;
                failure.complain();
            }
            Err(_) => {}
        }
        rounds.wait(client);
    }
}

/// What was written last.
struct Shown {
    items: BTreeSet<String>,
    etag: Option<String>,
}

impl Shown {
    fn of<L: List>(listing: &Listing<'_, L>) -> Shown {
        let items = listing.raw.iter().map(|item| item.text().to_owned()).collect();
        Shown { items, etag: listing.etag.clone() }
    }
}

/// Items that are new or have changed.
fn append<L: List>(listing: &Listing<'_, L>, last: Option<&Shown>, out: &mut impl Write) -> io::Result<()> {
    let new = |text: &str| last.is_none_or(|shown| !shown.items.contains(text));
    listing.raw.iter().filter(|item| new(item.text())).try_for_each(|item| line(L::KIND, item, out))
}

/// The screen line by line over the one before it, so that nothing flickers; what is below its end is left out.
fn draw<L: List>(listing: &Listing<'_, L>, output: Output, out: &mut impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    listing.table(output, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let height = terminal_size::terminal_size().map_or(HEIGHT, |(_, h)| usize::from(h.0));
    write!(out, "\x1b[H")?;
    for line in text.lines().take(height.saturating_sub(1)) {
        write!(out, "{line}\x1b[K\r\n")?;
    }
    write!(out, "\x1b[J")
}
