//! A broker, those who write to it and read from it, and those who do damage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use whither_core::Partition;

use super::START;
use super::random::Random;
use crate::demo::broker::{Broker, Clock, Consumer, NewRecord, Options, Producer};

/// Topics, with their partitions. What happens to `fleeting` and `unlucky` happens while nobody may be looking.
const TOPICS: [(&str, i32); 4] = [("orders", 2), ("payments", 1), ("fleeting", 1), ("unlucky", 2)];
/// `fleeting` keeps its records for this long.
const FLEETING_MS: &str = "300000";
const GROUPS: [&str; 3] = ["billing", "shipping", "audit"];
/// Members that are killed are gone at once, those that are silent stay.
const SESSION_MS: i32 = 1_800_000;

#[derive(Clone, Copy, Debug)]
enum Damage {
    Deletion,
    Truncation,
    Recreation,
}

pub(super) struct World {
    pub(super) broker: Arc<Broker>,
    /// Topics that may have lost what one of the servers had not read.
    pub(super) unseen: BTreeSet<&'static str>,
    random: Random,
    producer: Producer,
    transactional: Producer,
    members: BTreeMap<&'static str, Consumer>,
}

impl World {
    pub(super) async fn new(seed: u64) -> World {
        let options = Options {
            clock: Clock::running_from(START.0),
            seed: Some(seed),
            initial_rebalance_delay_ms: 0,
            // Groups are looked at seldom: there is much time.
            tick_interval_ms: 1_000,
            ..Options::default()
        };
        let broker = Arc::new(Broker::start(options).await.unwrap());
        for (topic, partitions) in TOPICS {
            let settings: &[(&str, &str)] =
                if topic == "fleeting" { &[("retention.ms", FLEETING_MS)] } else { &[] };
            broker.faults().create_topic(topic, partitions, settings).unwrap();
        }
        let producer = broker.handle().producer().await.unwrap();
        let transactional = settler(&broker).await;
        let unseen = BTreeSet::from(["fleeting", "unlucky"]);
        let random = Random(seed ^ 0x5151);
        World { broker, unseen, random, producer, transactional, members: BTreeMap::new() }
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = Partition> {
        TOPICS.into_iter().flat_map(|(topic, n)| (0..n).map(move |p| Partition::new(topic, p)))
    }

    pub(super) fn edges_of(&self, partition: &Partition) -> Option<(i64, i64)> {
        self.broker.edges_of(&partition.topic, partition.index)
    }

    fn place(&mut self, among: &[(&'static str, i32)]) -> (&'static str, i32) {
        let all: Vec<_> = among.iter().flat_map(|(t, n)| (0..*n).map(move |p| (*t, p))).collect();
        let nth = self.random.below(all.len() as u64);
        all[usize::try_from(nth).unwrap()]
    }

    /// Some of what goes on every day.
    pub(super) async fn work(&mut self) {
        for _ in 0..=self.random.below(4) {
            match self.random.below(10) {
                0..=3 => self.write().await,
                4 => self.transact().await,
                5..=8 => {
                    let (group, most) = (self.group(), 1 + self.random.below(40));
                    self.read(group, most).await;
                }
                _ => self.leave().await,
            }
        }
    }

    /// Everybody reads all there is.
    pub(super) async fn keep_up(&mut self) {
        for _ in 0..3 {
            self.write().await;
        }
        for group in GROUPS.into_iter().cycle().take(3 * GROUPS.len()) {
            self.read(group, 1_000).await;
        }
    }

    /// What every group has read goes, as it does where somebody tidies up.
    pub(super) async fn purge_what_was_read(&self) {
        for (topic, partitions) in TOPICS {
            for partition in 0..partitions {
                let place = (topic.to_owned(), partition);
                let read: Vec<i64> =
                    self.members.values().filter_map(|m| m.positions().get(&place).copied()).collect();
                let lowest = read.iter().min().filter(|_| read.len() == GROUPS.len());
                if let Some(lowest) = lowest {
                    self.broker.faults().delete_records(topic, partition, *lowest).await.unwrap();
                }
            }
        }
    }

    async fn write(&mut self) {
        let (topic, partition) = self.place(&TOPICS);
        let records = records(1 + self.random.below(20));
        // A topic that was made anew, or lost its end, knows nothing of who wrote to it.
        if self.producer.send(topic, partition, &records).await.is_err() {
            self.producer = self.broker.handle().producer().await.unwrap();
            self.producer.send(topic, partition, &records).await.unwrap();
        }
    }

    async fn transact(&mut self) {
        let (topic, partition) = self.place(&TOPICS);
        let records = records(1 + self.random.below(5));
        if self.transactional.send(topic, partition, &records).await.is_err() {
            self.transactional = settler(&self.broker).await;
            self.transactional.send(topic, partition, &records).await.unwrap();
        }
        let commits = !self.random.one_in(3);
        self.transactional.end(commits).await.unwrap();
    }

    /// A group reads on and commits. One whose reads fail leaves, and begins anew.
    async fn read(&mut self, group: &'static str, most: u64) {
        let most = usize::try_from(most).unwrap();
        let mut member = self.members.remove(group).unwrap_or_else(|| {
            let topics = TOPICS.map(|(topic, _)| topic);
            self.broker.handle().consumer(group, &topics).with_session_timeout_ms(SESSION_MS)
        });
        let read = member.poll(most, Duration::from_millis(100)).await.is_ok();
        if read && member.commit().await.is_ok() {
            self.members.insert(group, member);
        } else {
            let _ = member.leave().await;
        }
    }

    async fn leave(&mut self) {
        let group = self.group();
        if let Some(member) = self.members.remove(group) {
            // One whose group was gone has left it.
            let _ = member.leave().await;
        }
    }

    fn group(&mut self) -> &'static str {
        GROUPS[usize::try_from(self.random.below(GROUPS.len() as u64)).unwrap()]
    }

    /// Damage that both servers have seen everything before of, and see.
    pub(super) async fn damage(&mut self) {
        let place = self.place(&TOPICS[..2]);
        // A log that was cut back or made anew is told otherwise by one that starts later: docs/progress.md.
        self.damage_to(place, Damage::Deletion).await;
    }

    /// Damage while one of the servers may be looking away.
    pub(super) async fn damage_unseen(&mut self) {
        let place = self.place(&TOPICS[3..]);
        let kind = match self.random.below(8) {
            0..=4 => Damage::Deletion,
            5 | 6 => Damage::Truncation,
            _ => Damage::Recreation,
        };
        self.damage_to(place, kind).await;
    }

    async fn damage_to(&mut self, (topic, partition): (&'static str, i32), kind: Damage) {
        let faults = self.broker.faults();
        let (_, end) = self.broker.edges_of(topic, partition).unwrap();
        let offset = i64::try_from(self.random.below(u64::try_from(end + 1).unwrap())).unwrap();
        match kind {
            // Below the log start there is nothing to delete.
            Damage::Deletion => drop(faults.delete_records(topic, partition, offset).await),
            Damage::Truncation => {
                // Those who wrote and read what is lost are none the wiser in this broker.
                let tail = end - i64::try_from(self.random.below(10)).unwrap();
                faults.lose_tail(topic, partition, tail.max(0));
            }
            Damage::Recreation => assert!(faults.recreate_topic(topic)),
        }
    }
}

async fn settler(broker: &Broker) -> Producer {
    broker.handle().transactional_producer("settlement", 60_000).await.unwrap()
}

fn records(n: u64) -> Vec<NewRecord> {
    let record = NewRecord { key: None, value: Some("{}".into()), headers: Vec::new(), timestamp_ms: None };
    vec![record; usize::try_from(n).unwrap()]
}
