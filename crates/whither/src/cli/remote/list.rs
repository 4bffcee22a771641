//! Lists: every page of them, in each of the formats.

use std::io::{self, Write};

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use whither_core::Time;

use super::args::{Names, Period, Place, Server, Watch};
use super::client::{Client, Query, segment};
use super::failure::Failure;
use super::status::Status;
use super::watch;
use crate::cli::Exit;
use crate::cli::output::{Answer, Output};
use crate::json::{self, Kind};
use crate::moment::Moment;
use crate::prose::words;

/// Items a page: what the server gives at most.
const PAGE: usize = 1_000;
/// A server that never comes to an end is broken.
const PAGES: usize = 10_000;

/// A list of the API and how people see it.
pub(super) trait List {
    /// What a table needs of an item.
    type Item: DeserializeOwned;
    /// The type of its lines.
    const KIND: Kind;

    /// Where it is.
    fn path(&self) -> String;

    /// Which part of it is wanted.
    fn query(&self) -> Query;

    /// What it comes to.
    fn exit(&self, _items: &[Self::Item], _status: &Status) -> Exit {
        Exit::Fine
    }

    /// For people.
    fn table(&self, told: Told<'_, Self::Item>, output: Output, out: &mut impl Write) -> io::Result<()>;
}

/// What there is to put into a table.
pub(super) struct Told<'a, T> {
    pub(super) items: &'a [T],
    pub(super) status: &'a Status,
}

impl<T> Told<'_, T> {
    /// The moment that the answer is of.
    pub(super) fn now(&self) -> Time {
        self.status.now()
    }
}

/// A list as the server told it.
pub(super) struct Listing<'a, L: List> {
    list: &'a L,
    status: Status,
    items: Vec<L::Item>,
    pub(super) raw: Vec<Raw>,
    pub(super) etag: Option<String>,
}

/// JSON that is passed on.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Raw(Box<RawValue>);

impl Raw {
    /// As it came.
    pub(super) fn text(&self) -> &str {
        self.0.get()
    }
}

/// Written anew, so that it stands as the document around it does.
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: serde_json::Value = serde_json::from_str(self.text()).map_err(S::Error::custom)?;
        value.serialize(serializer)
    }
}

/// One page.
#[derive(Deserialize)]
struct Page {
    items: Vec<Raw>,
    next: Option<String>,
}

/// Asks for a list and answers with it, once or for as long as somebody looks.
pub(super) fn answer<L: List>(list: &L, server: &Server, watched: Watch, output: Output) -> Exit {
    let client = match Client::of(server) {
        Ok(client) => client,
        Err(failure) => return failure.complain(),
    };
    if watched.watch {
        return watch::follow(list, &client, output);
    }
    match Listing::ask(list, &client, None) {
        Ok(Some(listing)) => match listing.is_of_something(&client) {
            Ok(()) => {
                listing.status.warn();
                output.answer(&listing)
            }
            Err(failure) => failure.complain(),
        },
        Ok(None) => Exit::Internal,
        Err(failure) => failure.complain(),
    }
}

impl<'a, L: List> Listing<'a, L> {
    /// None if nothing has changed since the state that `etag` names.
    pub(super) fn ask(
        list: &'a L,
        client: &Client,
        etag: Option<&str>,
    ) -> Result<Option<Listing<'a, L>>, Failure> {
        let query = list.query();
        let Some(pages) = Pages::ask(client, &list.path(), &query, etag)? else { return Ok(None) };
        let Pages { items: raw, etag } = pages;
        let items = raw.iter().map(|raw| client.understand(raw.text())).collect::<Result<_, _>>()?;
        Ok(Some(Listing { list, status: Status::of(client)?, items, raw, etag }))
    }

    /// Nothing to tell of a group or topic that nobody knows would be a wrong answer.
    fn is_of_something(&self, client: &Client) -> Result<(), Failure> {
        if !self.items.is_empty() {
            return Ok(());
        }
        let names = self.list.query().into_iter().filter(|(what, _)| matches!(*what, "group" | "topic"));
        for (what, name) in names {
            let is_there = |name: &str| {
                client.get::<serde::de::IgnoredAny>(&format!("/{what}s/{}", segment(name)), &Query::new())
            };
            match is_there(&name) {
                Err(failure) if failure.is_not_found() && name.contains(',') => {
                    name.split(',').try_for_each(|name| is_there(name.trim()).map(drop))?;
                }
                other => drop(other?),
            }
        }
        Ok(())
    }
}

/// Every item of every page, and the state they are of.
pub(super) struct Pages {
    pub(super) items: Vec<Raw>,
    etag: Option<String>,
}

impl Pages {
    /// None if nothing has changed since the state that `etag` names.
    pub(super) fn ask(
        client: &Client,
        path: &str,
        query: &Query,
        etag: Option<&str>,
    ) -> Result<Option<Pages>, Failure> {
        let mut query = query.clone();
        query.push(("limit", PAGE.to_string()));
        let Some(fresh) = client.fresh(path, &query, etag)? else { return Ok(None) };
        let mut page: Page = client.understand(&fresh.body)?;
        let mut items = page.items;
        for _ in 1..PAGES {
            let Some(cursor) = page.next.take() else { break };
            let mut query = query.clone();
            query.push(("cursor", cursor));
            page = client.get(path, &query)?;
            items.append(&mut page.items);
        }
        Ok(Some(Pages { items, etag: fresh.etag }))
    }

    /// Whatever the state is.
    pub(super) fn all(client: &Client, path: &str, query: &Query) -> Result<Vec<Raw>, Failure> {
        Ok(Pages::ask(client, path, query, None)?.map(|pages| pages.items).unwrap_or_default())
    }
}

impl<L: List> Answer for Listing<'_, L> {
    fn exit(&self) -> Exit {
        self.list.exit(&self.items, &self.status)
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        self.list.table(Told { items: &self.items, status: &self.status }, output, out)
    }

    fn document(&self) -> impl Serialize {
        Document { items: &self.raw, next: None }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        self.raw.iter().try_for_each(|item| line(L::KIND, item, out))?;
        json::line(Kind::Summary, &Summary { items: self.raw.len(), exit: self.exit().code() }, out)
    }
}

/// Every page as one.
#[derive(Serialize)]
struct Document<'a> {
    items: &'a [Raw],
    next: Option<()>,
}

/// What a list came to.
#[derive(Serialize)]
struct Summary {
    items: usize,
    exit: u8,
}

/// Writes an item as one line.
pub(super) fn line(kind: Kind, item: &Raw, out: &mut impl Write) -> io::Result<()> {
    let value: serde_json::Value = serde_json::from_str(item.text())?;
    json::line(kind, &value, out)
}

/// The part of the cluster that is wanted, as the API's parameters.
pub(super) fn place(place: &Place) -> Query {
    let mut query = names(&place.names);
    query.extend(each("partition", place.partition.iter()));
    query
}

/// The same of groups and topics.
pub(super) fn names(names: &Names) -> Query {
    each("group", names.group.iter()).chain(each("topic", names.topic.iter())).collect()
}

/// A parameter that is repeated for each value.
pub(super) fn each<T: ToString>(
    name: &'static str,
    values: impl Iterator<Item = T>,
) -> impl Iterator<Item = (&'static str, String)> {
    values.map(move |value| (name, value.to_string()))
}

/// The time that is wanted, as the API's parameters.
pub(super) fn period(period: &Period, now: Time) -> Query {
    let at = |name, moment: Option<Moment>| Some((name, words::rfc3339(moment?.from(now))?));
    [at("since", period.since), at("until", period.until)].into_iter().flatten().collect()
}
