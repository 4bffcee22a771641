//! `whither offsets`: a group's positions at a past moment, for people, for programs, and for the tool that puts
//! them back.

use std::io::{self, Write};

use serde::Serialize;
use whither_core::fact::Committer;
use whither_core::{Partition, Time};

use super::args::{Filter, Global, Offsets};
use super::output::Output;
use super::table::Detail;
use super::{Exit, ask, complain};
use crate::json::{NotSeenItem, Times};
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
    let exit = exit(positions);
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
    for n in &positions.not_seen {
        complain(&format!("not seen: {} ({}): {}", n.what, n.why, n.so));
    }
    if csv {
        return output.write(exit, |out| {
            positions
                .known
                .iter()
                .try_for_each(|(p, at)| writeln!(out, "{},{},{}", p.topic, p.index, at.value.offset))
        });
    }
    output.answer(exit, &Answer::of(positions), |out| text(positions, output, out))
}

/// Before complete history begins, what is known may not be what was.
fn exit(positions: &Positions) -> Exit {
    if positions.complete_since.is_none_or(|since| positions.at < since) {
        Exit::CouldNotTell
    } else if positions.known.is_empty() {
        Exit::BadNews
    } else {
        Exit::Fine
    }
}

fn text(positions: &Positions, output: Output, out: &mut dyn Write) -> io::Result<()> {
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

/// The answer as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    cluster: &'a str,
    group: &'a str,
    at: Times,
    complete_since: Times,
    offsets: Vec<Item<'a>>,
    later: Vec<Place<'a>>,
    not_seen: Vec<NotSeenItem<'a>>,
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

impl<'a> Answer<'a> {
    fn of(p: &'a Positions) -> Answer<'a> {
        Answer {
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
        assert_eq!(exit(&positions(Some(1_795_265_000_000))), Exit::Fine);
        assert_eq!(exit(&positions(Some(1_795_266_000_001))), Exit::CouldNotTell);
        assert_eq!(exit(&positions(None)), Exit::CouldNotTell);
        assert_eq!(exit(&Positions { known: BTreeMap::new(), ..positions(Some(1)) }), Exit::BadNews);
    }

    #[test]
    fn programs_see_where_to_look_again() {
        let value = serde_json::to_value(Answer::of(&positions(Some(1)))).unwrap();
        let item = &value["offsets"][0];
        assert_eq!(item["by"]["client_id"], "billing-2");
        assert_eq!(item["committed_at"], "2026-11-21T12:48:20.000Z");
        assert_eq!(item["source"]["offset"], 3_381);
        assert_eq!(value["later"][0]["partition"], 4);
    }
}
