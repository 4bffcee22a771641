//! A reference model, slow and plain: what each offset is, what each group did, and what follows for each record.
//! Random histories are judged by it and by the core.

use crate::story::{A, DAY, Story};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use whither_core::fact::*;
use whither_core::verdict::{Certainty, Outcome};
use whither_core::{Clock, Fact, Key, Name, Partition, Time, TopicId};

const GROUPS: [&str; 2] = ["g", "h"];

/// Something that happens. Numbers are taken as far as they fit.
#[derive(Clone, Debug)]
enum Event {
    Append(i64),
    /// A compacted batch: which of its offsets hold records.
    AppendSparse(Vec<bool>),
    Write {
        producer: i64,
        records: i64,
    },
    End {
        producer: i64,
        commit: bool,
    },
    /// The log start moves on by this much, over what was read.
    Purge(i64),
    /// A follower looks: edges, then all there is to read.
    Look,
    /// A member commits this much further on, or back.
    Consume {
        group: usize,
        by: i64,
    },
    /// Nobody's commit.
    Reset {
        group: usize,
        by: i64,
    },
    Tombstone {
        group: usize,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let group = 0..GROUPS.len();
    prop_oneof![
        4 => (1_i64..6).prop_map(Event::Append),
        1 => prop::collection::vec(any::<bool>(), 2..6).prop_map(Event::AppendSparse),
        3 => (1_i64..4, 1_i64..4).prop_map(|(producer, records)| Event::Write { producer, records }),
        2 => (1_i64..4, any::<bool>()).prop_map(|(producer, commit)| Event::End { producer, commit }),
        1 => (1_i64..9).prop_map(Event::Purge),
        5 => Just(Event::Look),
        6 => (group.clone(), 1_i64..9).prop_map(|(group, by)| Event::Consume { group, by }),
        1 => (group.clone(), -9_i64..0).prop_map(|(group, by)| Event::Consume { group, by }),
        1 => (group.clone(), -9_i64..9).prop_map(|(group, by)| Event::Reset { group, by }),
        1 => group.prop_map(|group| Event::Tombstone { group }),
    ]
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Slot {
    Data,
    Hole,
    Of(i64),
    Aborted,
}

/// A batch as a fetch returns it.
#[derive(Clone, Debug)]
enum Wire {
    Batch { base: i64, last: i64, present: Vec<(i64, i64)>, producer: Option<i64> },
    Marker { offset: i64, producer: i64, commit: bool },
}

#[derive(Clone, Default, Debug)]
struct Reader {
    position: Option<i64>,
    /// The highest position since the last tombstone.
    highest: i64,
    lowest: Option<i64>,
    consumed: BTreeSet<i64>,
    lost: BTreeSet<i64>,
    skipped: BTreeSet<i64>,
    /// Passed over once, and brought back by a rewind.
    brought_back: BTreeSet<i64>,
    /// Went while the group had no position.
    forgotten: BTreeSet<i64>,
    /// Lost, but of one offset that nobody had read.
    unsure: BTreeSet<i64>,
    member_commits: usize,
    resets: usize,
    removed: bool,
    removed_at: i64,
}

/// The world as it is, and what each source will say of it.
#[derive(Clone, Debug)]
struct World {
    slots: Vec<Slot>,
    wire: Vec<Wire>,
    told: usize,
    log_start: i64,
    read_to: i64,
    looked: bool,
    /// The log start at the last look.
    start_seen: i64,
    origin: i64,
    readers: Vec<Reader>,
    now: i64,
    offsets_next: i64,
    said: Vec<Said>,
}

/// What a source says at a time, and what is true then.
#[derive(Clone, Debug)]
struct Said {
    at: i64,
    key: Key,
    facts: Vec<Fact>,
    /// After a look: what became of each offset, for each group that has a row.
    truth: Option<Vec<Option<Truth>>>,
}

/// A row, offset by offset; nothing where no record is.
#[derive(Clone, PartialEq, Debug)]
struct Truth {
    from: i64,
    outcomes: Vec<Option<Outcome>>,
}

fn log_key() -> Key {
    Key::log(&Name::from("c"), &Partition::new("orders", 0))
}

fn offsets_key() -> Key {
    Key::log(&Name::from("c"), &Partition::new("__consumer_offsets", 0))
}

impl World {
    fn new(log_start: i64) -> World {
        let mut world = World {
            slots: vec![Slot::Data; usize::try_from(log_start).unwrap()],
            wire: Vec::new(),
            told: 0,
            log_start,
            read_to: log_start,
            looked: false,
            start_seen: 0,
            origin: log_start,
            readers: vec![Reader::default(); GROUPS.len()],
            now: DAY,
            offsets_next: 0,
            said: Vec::new(),
        };
        let reading = |id, from| Fact::Reading(Reading { topic_id: TopicId(id), from });
        world.say(offsets_key(), vec![reading(0xff, 0)]);
        world
    }

    fn end(&self) -> i64 {
        i64::try_from(self.slots.len()).unwrap()
    }

    fn last_stable(&self) -> i64 {
        let open = self.slots.iter().position(|s| matches!(s, Slot::Of(_)));
        open.map_or(self.end(), |o| i64::try_from(o).unwrap())
    }

    fn say(&mut self, key: Key, facts: Vec<Fact>) {
        self.now += 1_000;
        self.said.push(Said { at: self.now, key, facts, truth: None });
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Append(n) => self.append(vec![Slot::Data; usize::try_from(*n).unwrap()], None),
            Event::AppendSparse(present) => {
                let slots = present.iter().map(|p| if *p { Slot::Data } else { Slot::Hole });
                self.append(slots.collect(), None);
            }
            Event::Write { producer, records } => {
                let slots = vec![Slot::Of(*producer); usize::try_from(*records).unwrap()];
                self.append(slots, Some(*producer));
            }
            Event::End { producer, commit } => self.end_transaction(*producer, *commit),
            Event::Purge(by) => {
                self.log_start = (self.log_start + by).min(self.read_to).min(self.last_stable());
            }
            Event::Look => self.look(),
            Event::Consume { group, by } => self.consume(*group, *by),
            Event::Reset { group, by } => self.reset(*group, *by),
            Event::Tombstone { group } => self.tombstone(*group),
        }
    }

    fn append(&mut self, slots: Vec<Slot>, producer: Option<i64>) {
        let base = self.end();
        let mut present = Vec::new();
        for (offset, slot) in (base..).zip(&slots) {
            if *slot != Slot::Hole {
                present.push((offset, offset + 1));
            }
        }
        self.slots.extend(slots);
        self.wire.push(Wire::Batch { base, last: self.end() - 1, present, producer });
    }

    fn end_transaction(&mut self, producer: i64, commit: bool) {
        if !self.slots.contains(&Slot::Of(producer)) {
            return;
        }
        let becomes = if commit { Slot::Data } else { Slot::Aborted };
        for slot in self.slots.iter_mut().filter(|s| **s == Slot::Of(producer)) {
            *slot = becomes;
        }
        self.wire.push(Wire::Marker { offset: self.end(), producer, commit });
        self.slots.push(Slot::Hole);
    }

    fn look(&mut self) {
        let at = Time(self.now + 1_000);
        let bounds = Bounds {
            at,
            topic_id: A,
            log_start: self.log_start,
            local_start: self.log_start,
            last_stable: self.last_stable(),
            end: self.end(),
            leader_epoch: 0,
        };
        let mut facts = vec![Fact::Bounds(bounds)];
        if !self.looked {
            self.looked = true;
            facts.push(Fact::Reading(Reading { topic_id: A, from: self.log_start }));
        }
        for wire in &self.wire[self.told..] {
            facts.extend(told(wire, at));
        }
        self.told = self.wire.len();
        self.read_to = self.end();
        self.start_seen = self.log_start;
        self.say(log_key(), facts);
        let truth = (0..GROUPS.len()).map(|g| self.truth(g)).collect();
        self.said.last_mut().unwrap().truth = Some(truth);
    }

    fn consume(&mut self, group: usize, by: i64) {
        let reader = &self.readers[group];
        let from = reader.position.unwrap_or(0);
        let to = (from + by).clamp(0, self.end());
        self.members(group, true);
        self.commit(group, Some(to), 0);
        self.readers[group].member_commits += 1;
        let first = self.readers[group].lowest.is_none();
        self.pass(group, to, true, first);
    }

    /// An operator's reset: few, of a group that members have read with.
    fn reset(&mut self, group: usize, by: i64) {
        let reader = &self.readers[group];
        let Some(from) = reader.position.filter(|_| reader.member_commits >= 2 && reader.resets < 3) else {
            return;
        };
        let to = (from + by).clamp(0, self.end());
        self.readers[group].resets += 1;
        self.members(group, false);
        self.commit(group, Some(to), -1);
        self.pass(group, to, false, false);
    }

    fn tombstone(&mut self, group: usize) {
        if self.readers[group].position.is_none() {
            return;
        }
        self.members(group, false);
        self.commit(group, None, -1);
        let (start, origin) = (self.start_seen, self.origin);
        let reader = &mut self.readers[group];
        reader.removed_at = reader.position.take().unwrap();
        gone(reader, reader.removed_at, start, origin);
        reader.removed = true;
    }

    /// A position is committed: what lay between the one before and this one was read, or lost, or skipped.
    fn pass(&mut self, group: usize, to: i64, by_member: bool, first: bool) {
        let origin = self.origin;
        let start_seen = self.start_seen;
        let reader = &mut self.readers[group];
        reader.lowest = Some(reader.lowest.map_or(to, |l| l.min(to)));
        match reader.position {
            Some(from) if from < to => {
                let start = start_seen.min(to);
                gone(reader, from, start, origin);
                let overtaken = start > from;
                let passed = from.max(start)..to;
                if by_member || overtaken {
                    reader.consumed.extend(passed);
                } else {
                    reader.skipped.extend(passed);
                }
            }
            // What a rewind brings back was not passed over for good.
            Some(_) => reader.brought_back.append(&mut reader.skipped.split_off(&to)),
            None if first => reader.consumed.extend(0..to),
            // After a tombstone it begins again here: what it had read from here on counts no more.
            None => {
                reader.consumed.retain(|o| *o < to);
                reader.brought_back.append(&mut reader.skipped.split_off(&to));
                reader.forgotten.extend(reader.removed_at..start_seen.min(to));
                reader.consumed.extend(reader.removed_at.max(start_seen)..to);
            }
        }
        reader.highest = if reader.removed { to } else { reader.highest.max(to) };
        reader.removed = false;
        reader.position = Some(to);
    }

    fn members(&mut self, group: usize, some: bool) {
        let offset = self.offsets_next;
        let member = Member {
            member_id: Name::from("m"),
            client_id: Name::from("c"),
            host: Name::from("/h"),
            assigned: vec![Partition::new("orders", 0)],
        };
        let members = Some(if some { vec![member] } else { Vec::new() });
        let (group, at) = (Name::from(GROUPS[group]), Time(self.now + 1_000));
        let fact = Fact::Members(Members { source_offset: offset, group, at, members });
        self.offsets_record(fact);
    }

    fn commit(&mut self, group: usize, to: Option<i64>, leader_epoch: i32) {
        let at = Time(self.now + 1_000);
        let value = to.map(|offset| CommitValue { offset, leader_epoch, topic_id: A });
        let fact = Fact::Commit(Commit {
            source_offset: self.offsets_next,
            group: Name::from(GROUPS[group]),
            partition: Partition::new("orders", 0),
            at,
            seen: at,
            transaction: None,
            value,
        });
        self.offsets_record(fact);
    }

    fn offsets_record(&mut self, fact: Fact) {
        let at = Time(self.now + 1_000);
        let batch = batch(self.offsets_next, self.offsets_next, 1, None, at);
        self.offsets_next += 1;
        self.say(offsets_key(), vec![Fact::Batch(batch), fact]);
    }

    fn truth(&self, group: usize) -> Option<Truth> {
        let mut reader = self.readers[group].clone();
        let lowest = reader.lowest?;
        let from = lowest.min(self.origin);
        if let Some(position) = reader.position {
            gone(&mut reader, position, self.log_start, self.origin);
        }
        let outcomes = (from..self.end()).map(|o| self.outcome(&reader, o)).collect();
        Some(Truth { from, outcomes })
    }

    fn outcome(&self, reader: &Reader, o: i64) -> Option<Outcome> {
        match self.slots[usize::try_from(o).unwrap()] {
            Slot::Hole => return None,
            Slot::Aborted => return Some(Outcome::Aborted),
            Slot::Of(_) => return Some(Outcome::InFlight),
            Slot::Data => {}
        }
        let lost = reader.lost.contains(&o);
        Some(if reader.consumed.contains(&o) {
            Outcome::Delivered
        } else if reader.unsure.contains(&o) {
            Outcome::Unknown
        } else if lost {
            Outcome::Expired
        } else if reader.forgotten.contains(&o) {
            Outcome::Unknown
        } else if reader.skipped.contains(&o) {
            Outcome::Skipped
        } else if reader.brought_back.contains(&o) && reader.position.is_some() {
            Outcome::InFlight
        } else if o < reader.highest {
            Outcome::Delivered
        } else if reader.position.is_some() {
            Outcome::InFlight
        } else {
            Outcome::Unknown
        })
    }
}

/// `[from, start)` left the log while the position stood before it.
fn gone(reader: &mut Reader, from: i64, start: i64, origin: i64) {
    if start.min(origin) - from == 1 && !reader.lost.contains(&from) {
        reader.unsure.insert(from);
    }
    reader.lost.extend(from..start.max(from));
}

fn batch(base: i64, last: i64, count: usize, producer: Option<i64>, at: Time) -> Batch {
    Batch {
        base,
        last,
        count: u32::try_from(count).unwrap(),
        leader_epoch: 0,
        producer_id: producer.unwrap_or(-1),
        producer_epoch: 0,
        base_sequence: -1,
        transactional: producer.is_some(),
        first_at: at,
        max_at: at,
        bytes: 100,
    }
}

fn told(wire: &Wire, at: Time) -> Vec<Fact> {
    match wire {
        Wire::Batch { base, last, present, producer } => vec![
            Fact::Batch(batch(*base, *last, present.len(), *producer, at)),
            Fact::Opened(Opened { from: *base, to: last + 1, present: present.clone() }),
        ],
        Wire::Marker { offset, producer, commit } => {
            let kind = if *commit { MarkerKind::Commit } else { MarkerKind::Abort };
            vec![Fact::Marker(Marker {
                offset: *offset,
                at,
                producer_id: *producer,
                producer_epoch: 0,
                kind,
            })]
        }
    }
}

/// The history of some events; it ends with a look.
fn told_of((log_start, events): &(i64, Vec<Event>)) -> Vec<Said> {
    let mut world = World::new(*log_start);
    for event in events {
        world.happen(event);
    }
    world.look();
    world.said
}

fn histories() -> impl Strategy<Value = (i64, Vec<Event>)> {
    (0_i64..6, prop::collection::vec(event(), 0..60))
}

/// Losses are one end here: why a range went is not the model's business.
fn plain(outcome: Outcome) -> Outcome {
    if outcome == Outcome::Deleted { Outcome::Expired } else { outcome }
}

/// Compares a row with the truth, stretch by stretch.
fn compare(story: &Story, group: usize, truth: Option<&Truth>) -> Result<(), TestCaseError> {
    let row = story.rows.get(&(Name::from(GROUPS[group]), Partition::new("orders", 0)));
    let (Some(truth), Some(row)) = (truth, row) else {
        prop_assert_eq!(truth.is_some(), row.is_some(), "{} has a row", GROUPS[group]);
        return Ok(());
    };
    prop_assert_eq!(truth.from, row.from);
    let mut told: BTreeMap<(i64, i64), BTreeMap<Outcome, u64>> = BTreeMap::new();
    for s in &row.stretches {
        *told.entry((s.from, s.to)).or_default().entry(plain(s.outcome)).or_default() += s.records;
    }
    for ((from, to), told) in told {
        let mut expected: BTreeMap<Outcome, u64> = BTreeMap::new();
        for o in from..to {
            if let Some(outcome) = truth.outcomes[usize::try_from(o - truth.from).unwrap()] {
                *expected.entry(outcome).or_default() += 1;
            }
        }
        prop_assert_eq!(told, expected, "{} in {}..{} of {:#?}", GROUPS[group], from, to, row);
    }
    Ok(())
}

/// What was proved of records, never to be told otherwise.
#[derive(Default)]
struct Proved(BTreeMap<(usize, i64), Outcome>);

impl Proved {
    fn check(&mut self, story: &Story) -> Result<(), TestCaseError> {
        for (group, name) in GROUPS.iter().enumerate() {
            let Some(row) = story.rows.get(&(Name::from(*name), Partition::new("orders", 0))) else {
                continue;
            };
            for s in row.stretches.iter().filter(|s| s.records == (s.to - s.from).unsigned_abs()) {
                for o in s.from..s.to {
                    if let Some(proved) = self.0.get(&(group, o)) {
                        prop_assert_eq!(*proved, s.outcome, "{} at {}: {:#?}", name, o, row);
                    }
                    let final_end = s.outcome.is_loss() || s.outcome == Outcome::Aborted;
                    if final_end && s.certainty == Certainty::Proof {
                        self.0.insert((group, o), s.outcome);
                    }
                }
            }
        }
        Ok(())
    }
}

fn deliver(story: &mut Story, said: &Said, complete_to: i64) {
    story.now = story.now.max(said.at);
    let clock = Clock { now: Time(story.now), complete_to: Time(complete_to) };
    story.give_at(&said.key, clock, &said.facts);
}

fn finish(story: &mut Story, end: i64) {
    story.now = end + 1_000;
    let clock = Clock { now: Time(story.now), complete_to: Time(end) };
    story.settle_at(clock);
}

fn snapshots(story: &Story) -> Vec<Vec<u8>> {
    let of = |key: &Key| {
        let mut bytes = Vec::new();
        story.engine.snapshot(key, &mut bytes);
        bytes
    };
    story.engine.keys().map(of).collect()
}

proptest! {
    /// Every record's end is what the model says, after every look; rows add up; proof is never revised.
    #[test]
    fn the_core_says_what_the_model_says(events in histories()) {
        let history = told_of(&events);
        let mut story = Story::bare();
        let mut proved = Proved::default();
        for said in &history {
            deliver(&mut story, said, said.at - 1);
            if let Some(truth) = &said.truth {
                story.settle_at(Clock { now: Time(said.at), complete_to: Time(said.at) });
                for (group, truth) in truth.iter().enumerate() {
                    compare(&story, group, truth.as_ref())?;
                }
                proved.check(&story)?;
            }
        }
        prop_assert_eq!(&story.refused, &[]);
    }

    /// Facts of different sources come in any order, as long as the watermark tells of it.
    #[test]
    fn the_order_of_sources_does_not_matter(events in histories(), choices in prop::collection::vec(any::<bool>(), 200)) {
        let history = told_of(&events);
        let end = history.last().unwrap().at;
        let mut one = Story::bare();
        for said in &history {
            deliver(&mut one, said, said.at - 1);
        }
        finish(&mut one, end);
        let (mut log, mut offsets): (Vec<&Said>, Vec<&Said>) = history.iter().partition(|s| s.key == log_key());
        log.reverse();
        offsets.reverse();
        let mut other = Story::bare();
        for choice in choices.iter().cycle() {
            let first = if *choice { &mut log } else { &mut offsets };
            let said = match first.pop() {
                Some(said) => said,
                None => match log.pop().or_else(|| offsets.pop()) {
                    Some(said) => said,
                    None => break,
                },
            };
            let next = [log.last(), offsets.last()].into_iter().flatten().map(|s| s.at).min();
            let complete_to = next.map_or(end, |n| n - 1).min(said.at - 1);
            deliver(&mut other, said, complete_to);
        }
        finish(&mut other, end);
        prop_assert_eq!(&one.rows, &other.rows);
        prop_assert_eq!(&one.findings, &other.findings);
    }

    /// The same facts give the same bytes; a snapshot half way and the rest are the whole run.
    #[test]
    fn a_run_goes_on_from_its_snapshot(events in histories(), at in any::<prop::sample::Index>()) {
        let history = told_of(&events);
        let at = at.index(history.len());
        let end = history.last().unwrap().at;
        let (mut whole, mut parted) = (Story::bare(), Story::bare());
        for (i, said) in history.iter().enumerate() {
            if i == at {
                let mut taken_up = Story::bare();
                for bytes in snapshots(&parted) {
                    let key = taken_up.engine.restore(&bytes).unwrap();
                    taken_up.know(&key);
                }
                taken_up.now = parted.now;
                parted = taken_up;
            }
            deliver(&mut whole, said, said.at - 1);
            deliver(&mut parted, said, said.at - 1);
        }
        finish(&mut whole, end);
        finish(&mut parted, end);
        prop_assert_eq!(&whole.rows, &parted.rows);
        prop_assert_eq!(&whole.findings, &parted.findings);
        prop_assert_eq!(snapshots(&whole), snapshots(&parted));
    }
}
