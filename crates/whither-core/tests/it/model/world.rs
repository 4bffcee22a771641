//! What happens, as it really is: each offset, each group, and what follows for each record.

use std::collections::BTreeSet;

use whither_core::fact::*;
use whither_core::verdict::Outcome;
use whither_core::{Fact, Key, Name, Partition, Time, TopicId};

use super::GROUPS;
use super::events::Event;
use crate::story::{A, DAY};

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
pub(crate) struct Said {
    pub(crate) at: i64,
    pub(crate) key: Key,
    pub(crate) facts: Vec<Fact>,
    /// After a look: what became of each offset, for each group that has a row.
    pub(crate) truth: Option<Vec<Option<Truth>>>,
}

/// A row, offset by offset; nothing where no record is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Truth {
    pub(crate) from: i64,
    pub(crate) outcomes: Vec<Option<Outcome>>,
}

pub(crate) fn log_key() -> Key {
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
            of_letters: false,
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
pub(crate) fn told_of((log_start, events): &(i64, Vec<Event>)) -> Vec<Said> {
    let mut world = World::new(*log_start);
    for event in events {
        world.happen(event);
    }
    world.look();
    world.said
}
