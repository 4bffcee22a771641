//! What a search has looked through: whether "not found" means that there is no such record, or that nobody knows.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;
use whither_core::{Name, Offset, Partition, Time};

use crate::index::By;
use crate::json::Times;
use crate::live::{State, Topic};
use crate::prose::words;
use crate::sources::kafka::gaps;

/// Lines about what was not looked through, for one topic and for all.
const OF_TOPIC: usize = 3;
const LINES: usize = 50;

/// Where was looked, and where not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Searched {
    topics_indexed: Vec<String>,
    since: Times,
    not_searched: Vec<NotSearched>,
    /// Something can be found at all.
    #[serde(skip)]
    any: bool,
}

/// What was not looked through.
#[derive(Debug, Serialize, ToSchema)]
struct NotSearched {
    what: String,
    why: String,
}

/// Why nothing was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Missing {
    /// `not_produced`, `indexed_in_part` or `not_indexed`.
    is: &'static str,
    text: String,
}

/// What the index holds of a topic by one value.
#[derive(PartialEq)]
enum Held {
    All,
    /// The settings leave it out, and here is which.
    LeftOut(&'static str),
    /// What it lacks, by partition.
    Lacks(Vec<(i32, Vec<Range<Offset>>)>),
}

impl Searched {
    /// Where is looked for values of these kinds, in one topic or in all.
    pub(super) fn of(state: &State, by: &[By], topic: Option<&str>) -> Searched {
        let mut searched =
            Searched { topics_indexed: Vec::new(), since: Times(None), not_searched: Vec::new(), any: false };
        let all = state.topics.iter();
        for (name, topic) in all.filter(|(name, _)| topic.is_none_or(|topic| ***name == *topic)) {
            if by.is_empty() && !topic.indexed.is_empty() {
                searched.topics_indexed.push(name.to_string());
            }
            searched.look(state, name, topic, by);
        }
        let lines = searched.not_searched.len();
        if lines > LINES {
            searched.not_searched.truncate(LINES);
            searched
                .lacks(format!("{} more", lines - LINES), "a topic named with the search tells of it alone");
        }
        if !state.about.caught_up && !by.is_empty() {
            searched.lacks("what was written last".to_owned(), "the server has not caught up yet");
        }
        searched
    }

    /// Records as old as this may have been deleted from the index.
    pub(super) fn forgot(&mut self, up_to: Option<Time>) {
        self.since = up_to.into();
        if let Some(text) = up_to.and_then(|at| words::moment(at, Time::default())) {
            let why =
                "that part of the index was deleted: index.keep and index.keep_bytes say how much is kept";
            self.lacks(format!("records up to {text}"), why);
        }
    }

    fn look(&mut self, state: &State, name: &Name, topic: &Topic, by: &[By]) {
        let held: Vec<Held> = by.iter().map(|by| held(state, name, topic, by)).collect();
        if held.iter().any(|held| !matches!(held, Held::LeftOut(_))) {
            self.topics_indexed.push(name.to_string());
            self.any = true;
        }
        for (i, lacking) in held.iter().enumerate() {
            // What several lack alike is told once.
            if held.iter().take(i).any(|earlier| earlier == lacking) {
                continue;
            }
            let alike = by.iter().zip(&held).filter(|(_, held)| *held == lacking);
            let named: Vec<String> = alike.map(|(by, _)| plural(by)).collect();
            self.tell(&named.join(" and "), name, lacking);
        }
    }

    fn tell(&mut self, values: &str, topic: &Name, held: &Held) {
        let name = words::name(topic);
        match held {
            Held::All => {}
            Held::LeftOut(why) => self.lacks(format!("{values} of {name}"), why),
            Held::Lacks(partitions) => {
                for (index, gaps) in partitions.iter().take(OF_TOPIC) {
                    let Some(first) = gaps.first() else { continue };
                    let (from, to) = (words::offset(first.start), words::offset(first.end));
                    let more = match gaps.len() {
                        1 => String::new(),
                        many => format!(" and {} more", many - 1),
                    };
                    let what = format!("{values} of {name}/{index} from offset {from} up to {to}{more}");
                    self.lacks(what, "they were not indexed when they were read, or not read yet");
                }
                if let Some(more) = partitions.len().checked_sub(OF_TOPIC).filter(|more| *more > 0) {
                    let what = format!("parts of {more} more partitions of {name}");
                    self.lacks(what, "a topic named with the search tells of it alone");
                }
            }
        }
    }

    fn lacks(&mut self, what: String, why: &str) {
        self.not_searched.push(NotSearched { what, why: why.to_owned() });
    }

    /// What it means that nothing was found.
    pub(super) fn missing(&self) -> Missing {
        let topics = match self.topics_indexed.len() {
            1 => "one topic".to_owned(),
            many => format!("{many} topics"),
        };
        match self.not_searched.as_slice() {
            [] => Missing {
                is: "not_produced",
                text: format!(
                    "no such record was produced in what was read: all that {topics} hold is indexed"
                ),
            },
            [first, ..] if !self.any => Missing {
                is: "not_indexed",
                text: format!("nothing was looked through: {} ({})", first.what, first.why),
            },
            [first, rest @ ..] => {
                let more = match rest.len() {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                let text = format!(
                    "none in what is indexed of {topics}; not looked through: {} ({}){more}",
                    first.what, first.why
                );
                Missing { is: "indexed_in_part", text }
            }
        }
    }
}

fn plural(by: &By) -> String {
    match by {
        By::Key => "keys".to_owned(),
        By::Trace => "traces".to_owned(),
        By::Header(name) => format!("headers {}", words::name(name)),
    }
}

fn held(state: &State, name: &Name, topic: &Topic, by: &By) -> Held {
    let mut lacks = Vec::new();
    let mut any = topic.indexed.contains(by);
    for (index, edges) in &topic.partitions {
        let covered = state.indexed.get(&Partition::new(name.clone(), *index));
        let stretches = covered.map(|covered| covered.stretches(by)).unwrap_or_default();
        any |= !stretches.is_empty();
        let gaps = gaps(stretches, edges.log_start..edges.end);
        if !gaps.is_empty() {
            lacks.push((*index, gaps));
        }
    }
    if !any {
        return Held::LeftOut(match by {
            _ if topic.indexed.is_empty() => "index.topics or index.exclude leaves the topic out",
            By::Key => "index.keys says so",
            By::Trace => "index.traces says so",
            By::Header(_) => "index.headers does not name it",
        });
    }
    if lacks.is_empty() { Held::All } else { Held::Lacks(lacks) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use whither_core::TopicId;

    use super::*;
    use crate::index::{Covered, Entry};
    use crate::live::Edges;
    use crate::sources::kafka::batches::Depth;

    /// One partition with offsets 10 to 50, of which the index holds keys of these.
    fn state(indexed: &[By], stretches: &[(Offset, Offset)]) -> State {
        let mut state = State::default();
        state.about.caught_up = true;
        let orders = Partition::new("orders", 0);
        let topic = Topic {
            id: TopicId(7),
            partitions: BTreeMap::from([(0, Edges::new(10, 50))]),
            config: None,
            role: None,
            depth: Depth::Ledger,
            indexed: indexed.to_vec(),
        };
        state.topics.insert("orders".into(), topic);
        let mut covered = Covered::default();
        for (from, to) in stretches.iter().copied() {
            let (partition, topic_id, by) = (orders.clone(), TopicId(7), vec![By::Key]);
            covered.take(&Entry::Read { partition, topic_id, from, to, by, places: Vec::new() });
        }
        state.indexed.insert(orders, covered);
        state
    }

    fn missing(state: &State, by: &[By], forgot: Option<Time>) -> (&'static str, String) {
        let mut searched = Searched::of(state, by, None);
        searched.forgot(forgot);
        let missing = searched.missing();
        (missing.is, missing.text)
    }

    #[test]
    fn what_was_not_produced_is_told_only_where_all_was_looked_through() {
        let all = state(&[By::Key], &[(10, 50)]);
        assert_eq!(missing(&all, &[By::Key], None).0, "not_produced");
        let below = state(&[By::Key], &[(0, 60)]);
        assert_eq!(missing(&below, &[By::Key], None).0, "not_produced", "what the log lacks is no matter");
        let (is, text) = missing(&all, &[By::Key], Some(Time(1_795_266_000_000)));
        assert!(is == "indexed_in_part" && text.contains("index.keep"), "{text}");
        let mut starting = all;
        starting.about.caught_up = false;
        assert_eq!(missing(&starting, &[By::Key], None).0, "indexed_in_part");
    }

    #[test]
    fn parts_are_told_by_their_offsets() {
        let (is, text) = missing(&state(&[By::Key], &[(30, 50)]), &[By::Key], None);
        assert_eq!(is, "indexed_in_part");
        assert!(text.contains("keys of orders/0 from offset 10 up to 30"), "{text}");
        let (_, text) = missing(&state(&[By::Key], &[(20, 30)]), &[By::Key], None);
        assert!(text.contains("from offset 10 up to 20 and 1 more"), "{text}");
        let (is, text) = missing(&state(&[], &[(30, 50)]), &[By::Key], None);
        assert!(is == "indexed_in_part", "it was indexed before the settings changed: {text}");
    }

    #[test]
    fn what_the_settings_leave_out_is_told_with_the_setting() {
        let (is, text) = missing(&state(&[], &[]), &[By::Key, By::Trace], None);
        assert!(is == "not_indexed" && text.contains("keys and traces of orders (index.topics or"), "{text}");
        let keys = state(&[By::Key], &[(10, 50)]);
        let (is, text) = missing(&keys, &[By::Header("x-id".into())], None);
        assert!(is == "not_indexed" && text.contains("headers x-id of orders (index.headers"), "{text}");
        let (is, text) = missing(&keys, &[By::Trace, By::Key], None);
        assert!(is == "indexed_in_part" && text.contains("traces of orders (index.traces"), "{text}");
    }
}
