//! `whither offsets`: a group's positions at a past moment, for people, for programs, and for the tool that puts
//! them back.

use std::io::{self, Write};

use serde::Serialize;
use whither_core::fact::Committer;
use whither_core::{Partition, Time};

use super::args::{Filter, Global, Offsets};
use super::output::{Answer, Output};
use super::table::{self, Detail};
use super::{Exit, ask, complain};
use crate::json::{self, Kind, NotSeenItem, Times};
use crate::offsets::{self, Position, Positions};
use crate::prose::words;

/// `whither offsets`.
pub(super) fn offsets(asked: &Offsets, global: &Global, output: Output) -> Exit {
    let settings = match super::dispatch::settings(global, &asked.connection, Vec::new()) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let wants = ask::wants(&settings, &Filter::default(), Some(settings.deadline));
    let at = asked.at.from(crate::clock::now());
    let group = asked.group.as_str().into();
    let answer = ask::client(&settings)
        .and_then(|client| ask::wait(offsets::run(client, wants, group, at, ask::progress(output))));
    let mut positions = match answer {
        Ok(positions) => positions,
        Err(exit) => return exit,
    };
    if !asked.topic.is_empty() {
        let wanted = |p: &Partition| asked.topic.iter().any(|t| **t == *p.topic);
        positions.known.retain(|p, _| wanted(p));
        positions.later.retain(wanted);
    }
    tell(&positions, asked.csv, output)
}

fn tell(positions: &Positions, csv: bool, output: Output) -> Exit {
    let exit = positions.exit();
    let group = words::name(&positions.group);
    let since = positions.complete_since.and_then(|since| words::moment(since, positions.at));
    match (exit, since) {
        (Exit::CouldNotTell, Some(since)) => complain(&format!(
            "commit history is complete only since {since}: of before, positions may be missing or older than they were"
        )),
        (Exit::CouldNotTell, None) => {
            complain(
                "none of the commit history is complete: positions may be missing or older than they were",
            );
        }
        (Exit::BadNews, _) => complain(&format!("{group} had no position at that moment")),
        _ => {}
    }
    if csv {
        // The file is for a tool that takes nothing else.
        for n in &positions.not_seen {
            complain(&format!("not seen: {} ({}): {}", n.what, n.why, n.so));
        }
        return output.write(exit, |out| {
            positions
                .known
                .iter()
                .try_for_each(|(p, at)| writeln!(out, "{},{},{}", p.topic, p.index, at.value.offset))
        });
    }
    output.answer(positions)
}

impl Answer for Positions {
    /// Before complete history begins, or with commits missing, what is known may not be what was.
    fn exit(&self) -> Exit {
        let hidden = self.not_seen.iter().any(|n| n.hides_verdicts);
        if hidden || self.complete_since.is_none_or(|since| self.at < since) {
            Exit::CouldNotTell
        } else if self.known.is_empty() {
            Exit::BadNews
        } else {
            Exit::Fine
        }
    }

    fn table(&self, output: Output, out: &mut impl Write) -> io::Result<()> {
        text(self, output, out)?;
        table::not_seen(&self.not_seen, output.paint, out)
    }

    fn document(&self) -> impl Serialize {
        Document::of(self)
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        let document = Document::of(self);
        document.offsets.iter().try_for_each(|item| json::line(Kind::Offset, item, out))?;
        document.later.iter().try_for_each(|place| json::line(Kind::Later, place, out))?;
        json::not_seen(&self.not_seen, out)?;
        let summary = Summary {
            cluster: document.cluster,
            group: document.group,
            at: document.at,
            complete_since: document.complete_since,
            offsets: document.offsets.len(),
            later: document.later.len(),
            exit: self.exit().code(),
        };
        json::line(Kind::Summary, &summary, out)
    }
}

fn text(positions: &Positions, output: Output, out: &mut impl Write) -> io::Result<()> {
    let now = Time::default();
    let at = words::moment(positions.at, now).unwrap_or_else(|| "that moment".to_owned());
    let head = format!("{} · {} at {at}", words::name(&positions.cluster), words::name(&positions.group));
    writeln!(out, "{}\n", output.paint.bold(&head))?;
    let lines: Vec<[String; 5]> = positions.known.iter().map(|(p, at)| line(p, at, positions.at)).collect();
    let titles = ["PARTITION", "OFFSET", "COMMITTED", "NOW", "BY"].map(str::to_owned);
    let width = |c: usize| {
        let all = lines.iter().chain([&titles]).filter_map(|l| l.get(c));
        all.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (a, b, c, d) = (width(0), width(1), width(2), width(3));
    for (i, [partition, offset, committed, now, by]) in [&titles].into_iter().chain(&lines).enumerate() {
        let line = format!("{partition:a$}  {offset:>b$}  {committed:c$}  {now:>d$}  {by}");
        writeln!(out, "{}", if i == 0 { output.paint.dim(&line) } else { line })?;
    }
    if output.detail == Detail::Verbose {
        for (p, at) in &positions.known {
            let (partition, offset) = at.source;
            writeln!(out, "{} is __consumer_offsets/{partition}@{offset}", words::partition(p))?;
        }
    }
    for p in &positions.later {
        writeln!(out, "{} had no position yet", words::partition(p))?;
    }
    Ok(())
}

fn line(p: &Partition, at: &Position, asked: Time) -> [String; 5] {
    let now = at.now.map_or_else(|| "removed".to_owned(), words::offset);
    let committed = words::moment(at.at, asked).unwrap_or_else(|| "-".to_owned());
    [words::partition(p), words::offset(at.value.offset), committed, now, by(&at.by)]
}

fn by(committer: &Committer) -> String {
    match committer {
        Committer::Member { client_id, host } => format!("{} {}", words::name(client_id), words::name(host)),
        Committer::SomeMember => "a member".to_owned(),
        Committer::NoMember { .. } => "not a member".to_owned(),
        Committer::Unknown => "not known".to_owned(),
    }
}

/// The answer as one document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    cluster: &'a str,
    group: &'a str,
    at: Times,
    complete_since: Times,
    offsets: Vec<Item<'a>>,
    later: Vec<Place<'a>>,
    not_seen: Vec<NotSeenItem<'a>>,
}

/// What the whole answer comes to.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    cluster: &'a str,
    group: &'a str,
    at: Times,
    complete_since: Times,
    offsets: usize,
    later: usize,
    exit: u8,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    committed_at: Times,
    by: Who<'a>,
    now: Option<i64>,
    source: Source,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    topic: &'a str,
    partition: i32,
}

/// Who made a commit; the names are null where nobody, or nobody known, made it.
#[derive(Debug, Serialize)]
struct Who<'a> {
    kind: &'static str,
    client_id: Option<&'a str>,
    host: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Source {
    plane: &'static str,
    topic: &'static str,
    partition: i32,
    offset: i64,
}

impl<'a> Document<'a> {
    fn of(p: &'a Positions) -> Document<'a> {
        Document {
            cluster: &p.cluster,
            group: &p.group,
            at: p.at.into(),
            complete_since: p.complete_since.into(),
            offsets: p.known.iter().map(|(partition, at)| Item::of(partition, at)).collect(),
            later: p.later.iter().map(|p| Place { topic: &p.topic, partition: p.index }).collect(),
            not_seen: p.not_seen.iter().map(NotSeenItem::of).collect(),
        }
    }
}

impl<'a> Item<'a> {
    fn of(p: &'a Partition, at: &'a Position) -> Item<'a> {
        let (kind, client_id, host) = match &at.by {
            Committer::Member { client_id, host } => ("member", Some(&**client_id), Some(&**host)),
            Committer::SomeMember => ("some_member", None, None),
            Committer::NoMember { .. } => ("no_member", None, None),
            Committer::Unknown => ("unknown", None, None),
        };
        let (partition, offset) = at.source;
        Item {
            topic: &p.topic,
            partition: p.index,
            offset: at.value.offset,
            leader_epoch: at.value.leader_epoch,
            committed_at: at.at.into(),
            by: Who { kind, client_id, host },
            now: at.now,
            source: Source { plane: "commits", topic: "__consumer_offsets", partition, offset },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use whither_core::TopicId;
    use whither_core::fact::CommitValue;

    use crate::report::NotSeen;

    use super::*;

    fn positions(since: Option<i64>) -> Positions {
        let value = CommitValue { offset: 88_210, leader_epoch: 4, topic_id: TopicId(7) };
        let by = Committer::Member { client_id: "billing-2".into(), host: "/10.0.0.7".into() };
        let at = Position { value, at: Time(1_795_265_300_000), by, source: (12, 3_381), now: Some(91_000) };
        Positions {
            cluster: "orders-prod".into(),
            group: "billing".into(),
            at: Time(1_795_266_000_000),
            complete_since: since.map(Time),
            known: BTreeMap::from([(Partition::new("orders", 3), at)]),
            later: vec![Partition::new("orders", 4)],
            not_seen: Vec::new(),
        }
    }

    #[test]
    fn people_see_who_stood_where() {
        let output = Output {
            format: super::super::args::Format::Table,
            detail: Detail::Normal,
            paint: super::super::paint::Paint::default(),
        };
        let mut out = Vec::new();
        text(&positions(Some(1)), output, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "orders-prod · billing at 2026-11-21 13:00:00Z\n\n\
             PARTITION  OFFSET  COMMITTED     NOW  BY\n\
             orders/3   88,210  12:48:20Z  91,000  billing-2 /10.0.0.7\n\
             orders/4 had no position yet\n"
        );
    }

    #[test]
    fn before_complete_history_nothing_is_sure() {
        assert_eq!(positions(Some(1_795_265_000_000)).exit(), Exit::Fine);
        assert_eq!(positions(Some(1_795_266_000_001)).exit(), Exit::CouldNotTell);
        assert_eq!(positions(None).exit(), Exit::CouldNotTell);
        assert_eq!(Positions { known: BTreeMap::new(), ..positions(Some(1)) }.exit(), Exit::BadNews);
        let missing = NotSeen {
            what: "the newest commits".into(),
            why: "the deadline came first".into(),
            so: "positions may be older than they were".into(),
            hides_verdicts: true,
        };
        assert_eq!(Positions { not_seen: vec![missing], ..positions(Some(1)) }.exit(), Exit::CouldNotTell);
    }

    #[test]
    fn programs_see_where_to_look_again() {
        let value = serde_json::to_value(Document::of(&positions(Some(1)))).unwrap();
        let item = &value["offsets"][0];
        assert_eq!(item["by"]["client_id"], "billing-2");
        assert_eq!(item["committed_at"], "2026-11-21T12:48:20.000Z");
        assert_eq!(item["source"]["offset"], 3_381);
        assert_eq!(value["later"][0]["partition"], 4);
    }

    #[test]
    fn lines_hold_what_the_document_holds_and_end_with_a_summary() {
        let mut out = Vec::new();
        positions(Some(1)).lines(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["offset", "later", "summary"]);
        assert_eq!((&lines[0]["offset"], &lines[2]["exit"]), (&88_210.into(), &0.into()));
    }
}
