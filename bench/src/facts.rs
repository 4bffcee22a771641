//! The measured process that only judges: an ordinary cluster's facts, made up as they are needed, through the core.

use serde::{Deserialize, Serialize};
use whither::run::Run;
use whither_core::fact::{Batch, Bounds, Commit, CommitValue, Member, Members, Reading};
use whither_core::{Balance, Clock, Fact, Key, Name, Offset, Partition, Policy, Time, TopicId};

use crate::error::Error;

const PARTITIONS: i32 = 12;
const GROUPS: i32 = 20;
const TOPIC_ID: TopicId = TopicId(1);
const BATCH_RECORDS: u32 = 100;
/// Batches of one partition in one answer to a fetch.
const BATCHES_AT_ONCE: u64 = 64;
/// Milliseconds between one batch and the next.
const TICK_MS: i64 = 10;

/// What kind of facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Record batches.
    Batches,
    /// Commits of groups with members.
    Commits,
    /// Batches, with commits and log ends now and then: a follower's day.
    Mixed,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) facts: u64,
    pub(crate) records: u64,
    /// Resident when the first million records were in.
    pub(crate) rss_at_first_bytes: u64,
    pub(crate) rss_bytes: u64,
    pub(crate) rows: u64,
    pub(crate) findings: u64,
    /// The largest of any row, without its sign.
    pub(crate) residual: u64,
    pub(crate) refused: u64,
}

/// Gives at least `count` facts (of [`Kind::Mixed`]: records) to the core and prints what came of it.
///
/// # Errors
/// The process can't look at its own memory.
pub(crate) fn main(kind: Kind, count: u64) -> Result<(), Error> {
    let mut world = World::new();
    let mut rss_at_first_bytes = 0;
    world.members();
    world.look();
    match kind {
        Kind::Batches => {
            while world.facts < count {
                world.write();
            }
            world.look();
            world.commit();
        }
        Kind::Commits => {
            world.write();
            while world.facts < count {
                world.commit();
            }
            world.look();
        }
        Kind::Mixed => {
            while world.records < count {
                world.write();
                if world.rounds.is_multiple_of(16) {
                    world.commit();
                    world.look();
                }
                if rss_at_first_bytes == 0 && world.records >= 1_000_000 {
                    rss_at_first_bytes = rss_bytes()?;
                }
            }
            world.commit();
            world.look();
        }
    }
    let rss_bytes = rss_bytes()?;
    let judged = world.judged(rss_at_first_bytes, rss_bytes);
    println!("{}", serde_json::json!(judged));
    Ok(())
}

struct World {
    run: Run,
    cluster: Name,
    partitions: Vec<Partition>,
    groups: Vec<Name>,
    offsets: Partition,
    /// The end of every partition: they grow alike.
    end: Offset,
    source_offset: Offset,
    now: Time,
    rounds: u64,
    facts: u64,
    records: u64,
    scratch: Vec<Fact>,
}

impl World {
    fn new() -> Self {
        Self {
            run: Run::new(Policy::default()),
            cluster: "bench".into(),
            partitions: (0..PARTITIONS).map(|p| Partition::new("orders", p)).collect(),
            groups: (0..GROUPS).map(|g| format!("group-{g}").into()).collect(),
            offsets: Partition::new("__consumer_offsets", 0),
            end: 0,
            source_offset: 0,
            now: Time(1_700_000_000_000),
            rounds: 0,
            facts: 0,
            records: 0,
            scratch: Vec::new(),
        }
    }

    fn give(&mut self, key: &Key) {
        let clock = Clock { now: self.now, complete_to: self.now };
        self.facts += self.scratch.len() as u64;
        self.run.apply(key, clock, &self.scratch);
        self.scratch.clear();
    }

    /// Every group has one member that holds every partition.
    fn members(&mut self) {
        let key = Key::log(&self.cluster, &self.offsets);
        self.scratch.push(Fact::Reading(Reading { topic_id: TopicId(2), from: 0 }));
        for group in self.groups.clone() {
            self.scratch.push(Fact::Batch(self.batch(self.source_offset, 1)));
            self.scratch.push(Fact::Members(Members {
                source_offset: self.source_offset,
                group,
                at: self.now,
                members: Some(vec![Member {
                    member_id: "member-1".into(),
                    client_id: "client".into(),
                    host: "10.0.0.1".into(),
                    assigned: self.partitions.clone(),
                }]),
            }));
            self.source_offset += 1;
        }
        self.give(&key);
        for partition in self.partitions.clone() {
            self.scratch.push(Fact::Reading(Reading { topic_id: TOPIC_ID, from: 0 }));
            self.give(&Key::log(&self.cluster, &partition));
        }
    }

    /// One answer's batches for every partition.
    fn write(&mut self) {
        let begun = self.end;
        for partition in self.partitions.clone() {
            self.end = begun;
            for _ in 0..BATCHES_AT_ONCE {
                self.scratch.push(Fact::Batch(self.batch(self.end, BATCH_RECORDS)));
                self.end += i64::from(BATCH_RECORDS);
                self.now.0 += TICK_MS;
            }
            self.records += BATCHES_AT_ONCE * u64::from(BATCH_RECORDS);
            self.give(&Key::log(&self.cluster, &partition));
        }
        self.rounds += 1;
    }

    fn batch(&self, base: Offset, count: u32) -> Batch {
        Batch {
            base,
            last: base + i64::from(count) - 1,
            count,
            leader_epoch: 3,
            producer_id: 4_000,
            producer_epoch: 0,
            base_sequence: i32::try_from(base % i64::from(i32::MAX)).unwrap_or(0),
            transactional: false,
            first_at: self.now,
            max_at: self.now,
            bytes: 16_000,
        }
    }

    /// Every group commits the end of every partition, each in one batch.
    fn commit(&mut self) {
        let key = Key::log(&self.cluster, &self.offsets);
        for group in self.groups.clone() {
            let count = u32::try_from(PARTITIONS).unwrap_or(0);
            self.scratch.push(Fact::Batch(self.batch(self.source_offset, count)));
            for partition in &self.partitions {
                let value = CommitValue { offset: self.end, leader_epoch: 3, topic_id: TOPIC_ID };
                self.scratch.push(Fact::Commit(Commit {
                    source_offset: self.source_offset,
                    group: group.clone(),
                    partition: partition.clone(),
                    at: self.now,
                    seen: self.now,
                    transaction: None,
                    of_letters: false,
                    value: Some(value),
                }));
                self.source_offset += 1;
            }
            self.now.0 += TICK_MS;
            self.give(&key);
        }
    }

    /// Looks at the edges of every partition.
    fn look(&mut self) {
        self.now.0 += TICK_MS;
        for partition in self.partitions.clone() {
            self.scratch.push(Fact::Bounds(Bounds {
                at: self.now,
                topic_id: TOPIC_ID,
                log_start: 0,
                local_start: 0,
                last_stable: self.end,
                end: self.end,
                leader_epoch: 3,
            }));
            self.give(&Key::log(&self.cluster, &partition));
        }
    }

    fn judged(mut self, rss_at_first_bytes: u64, rss_bytes: u64) -> Judged {
        self.run.settle(Clock { now: self.now, complete_to: Time::MAX });
        let said = self.run.said();
        Judged {
            facts: self.facts,
            records: self.records,
            rss_at_first_bytes,
            rss_bytes,
            rows: said.balance.len() as u64,
            findings: said.findings.len() as u64,
            residual: said.balance.values().map(|row| residual(row)).max().unwrap_or(0),
            refused: said.refused.values().sum(),
        }
    }
}

fn residual(row: &Balance) -> u64 {
    u64::try_from(row.residual().unsigned_abs()).unwrap_or(u64::MAX)
}

/// The resident set of this process now.
fn rss_bytes() -> Result<u64, Error> {
    let path = std::path::PathBuf::from("/proc/self/status");
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|source| Error::File { what: "read", path, source })?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.unwrap_or(0) * 1024)
}
