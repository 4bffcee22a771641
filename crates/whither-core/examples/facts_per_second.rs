//! How much the core does per second of CPU, and what it keeps: `cargo run --release --example facts_per_second`.

use std::collections::VecDeque;
use std::fs;
use whither_core::fact::{Batch, Bounds, Commit, CommitValue, Fact, Reading};
use whither_core::limits::Limits;
use whither_core::{Clock, Engine, Key, Name, Output, Partition, Policy, Time, TopicId};

const RECORDS_IN_BATCH: i64 = 100;
const NOW: i64 = 1_700_000_000_000;

struct Core {
    engine: Engine,
    cluster: Name,
    facts: u64,
    rows: u64,
    scratch: VecDeque<(Key, Vec<Fact>)>,
    out: Vec<Output>,
}

impl Core {
    fn new() -> Core {
        Core {
            engine: Engine::new(Policy::default(), Limits::DEFAULT),
            cluster: Name::from("c"),
            facts: 0,
            rows: 0,
            scratch: VecDeque::new(),
            out: Vec::new(),
        }
    }

    fn give(&mut self, key: &Key, facts: &[Fact]) {
        self.facts += facts.len() as u64;
        self.engine.apply(key, clock(), facts, &mut self.out);
        self.follow();
    }

    fn settle(&mut self) {
        let keys: Vec<Key> = self.engine.keys().cloned().collect();
        for key in keys {
            self.engine.expire(&key, clock(), &mut self.out);
            self.follow();
        }
    }

    /// Facts between stages go on, those of one key together.
    fn follow(&mut self) {
        loop {
            for output in self.out.drain(..) {
                match output {
                    Output::Fact(key, fact) => match self.scratch.back_mut() {
                        Some((last, facts)) if *last == key => facts.push(fact),
                        _ => self.scratch.push_back((key, vec![fact])),
                    },
                    Output::Balance(row) => {
                        assert_eq!(row.residual(), 0, "{row:?}");
                        self.rows += 1;
                    }
                    Output::Refused(refused) => panic!("{refused:?}"),
                    Output::Verdict(_) | Output::Withdrawn(_) | Output::ReadDeeper(_) => {}
                }
            }
            let Some((key, facts)) = self.scratch.pop_front() else { return };
            self.engine.apply(&key, clock(), &facts, &mut self.out);
        }
    }

    fn state_bytes(&self) -> usize {
        let mut bytes = Vec::new();
        self.engine
            .keys()
            .map(|key| {
                bytes.clear();
                self.engine.snapshot(key, &mut bytes);
                bytes.len()
            })
            .sum()
    }
}

fn clock() -> Clock {
    Clock { now: Time(NOW + 1_000_000_000), complete_to: Time(NOW + 1_000_000_000) }
}

fn batch(base: i64, records: i64) -> Fact {
    let at = Time(NOW + base / 1_000);
    Fact::Batch(Batch {
        base,
        last: base + records - 1,
        count: u32::try_from(records).unwrap_or(0),
        leader_epoch: 3,
        producer_id: 7,
        producer_epoch: 0,
        base_sequence: 1,
        transactional: false,
        first_at: at,
        max_at: at,
        bytes: 10_000,
    })
}

fn reading() -> Fact {
    Fact::Reading(Reading { topic_id: TopicId(1), from: 0 })
}

fn bounds(end: i64) -> Fact {
    Fact::Bounds(Bounds {
        at: Time(NOW + 900_000_000),
        topic_id: TopicId(1),
        log_start: 0,
        local_start: 0,
        last_stable: end,
        end,
        leader_epoch: 3,
    })
}

/// Ordinary batches, 500 a call as from one fetch.
fn records(core: &mut Core, key: &Key, from: i64, to: i64) {
    let mut at = from;
    while at < to {
        let facts: Vec<Fact> = (0..500)
            .map(|i| at + i * RECORDS_IN_BATCH)
            .filter(|base| *base < to)
            .map(|base| batch(base, RECORDS_IN_BATCH))
            .collect();
        at += 500 * RECORDS_IN_BATCH;
        core.give(key, &facts);
    }
}

fn commits(core: &mut Core, partitions: i32, groups: usize, rounds: i64) {
    let offsets = Key::log(&core.cluster, &Partition::new("__consumer_offsets", 0));
    core.give(&offsets, &[reading()]);
    let topic = Name::from("orders");
    let names: Vec<Name> = (0..groups).map(|g| Name::from(format!("group-{g}"))).collect();
    let mut source_offset = 0;
    for round in 0..rounds {
        for group in &names {
            // One commit request of a group: a batch with a record for each partition.
            let mut facts = vec![batch(source_offset, partitions.into())];
            for index in 0..partitions {
                let at = Time(NOW + round * 5_000);
                facts.push(Fact::Commit(Commit {
                    source_offset,
                    group: group.clone(),
                    partition: Partition { topic: topic.clone(), index },
                    at,
                    seen: at,
                    transaction: None,
                    of_letters: false,
                    value: Some(CommitValue { offset: round * 1_000, leader_epoch: 3, topic_id: TopicId(1) }),
                }));
                source_offset += 1;
            }
            core.give(&offsets, &facts);
        }
    }
}

/// CPU time of this process in seconds, and its resident memory in bytes (Linux).
fn usage() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    let resident = ticks(21) * 4_096.0;
    ((ticks(11) + ticks(12)) / 100.0, resident)
}

fn main() {
    let million = 1_000_000;
    let mut core = Core::new();
    let key = Key::log(&core.cluster, &Partition::new("orders", 0));
    core.give(&key, &[bounds(100 * million), reading()]);
    records(&mut core, &key, 0, million);
    let (start, small) = usage();
    let (facts, state) = (core.facts, core.state_bytes());
    records(&mut core, &key, million, 100 * million);
    let (end, large) = usage();
    println!("batches: {:.1} M facts per CPU second", (core.facts - facts) as f64 / (end - start) / 1e6);
    println!(
        "ordinary records: state {state} B after 1 M, {} B after 100 M; resident {:+.2} MB",
        core.state_bytes(),
        (large - small) / 1e6
    );

    let mut core = Core::new();
    let (start, before) = usage();
    commits(&mut core, 1_000, 200, 1);
    let (first, resident) = usage();
    let positions = 200_000.0;
    println!("positions: {:.0} B resident each after one commit", (resident - before) / positions);
    let facts = core.facts;
    commits_go_on(&mut core);
    let (end, resident) = usage();
    println!("first commits: {:.2} M facts per CPU second", facts as f64 / (first - start) / 1e6);
    println!("commits: {:.2} M facts per CPU second", (core.facts - facts) as f64 / (end - first) / 1e6);
    println!("positions: {:.0} B resident each after many", (resident - before) / positions);

    for index in 0..1_000 {
        let key = Key::log(&core.cluster, &Partition::new("orders", index));
        core.give(&key, &[bounds(10_000), reading()]);
        records(&mut core, &key, 0, 10_000);
    }
    for round in ["first", "second"] {
        let (start, _) = usage();
        core.rows = 0;
        core.settle();
        let (end, resident) = usage();
        println!(
            "{round} look at 200,000 rows: {:.2} CPU s, {} rows told, resident {:.0} MB",
            end - start,
            core.rows,
            resident / 1e6
        );
    }
}

/// Rounds of commits on the partitions and groups that are known.
fn commits_go_on(core: &mut Core) {
    let offsets = Key::log(&core.cluster, &Partition::new("__consumer_offsets", 0));
    core.engine.forget(&offsets);
    commits(core, 1_000, 200, 6);
}
