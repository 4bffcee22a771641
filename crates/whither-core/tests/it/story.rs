//! What tests write stories in, and the one way from tests to the core. Everything the core says on the way is
//! checked here: rows add up, findings have evidence, nothing is refused that the story did not expect.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use whither_core::fact::{
    Batch, Bounds, Change, Commit, CommitValue, Config, Group, GroupKind, GroupState, Marker, MarkerKind,
    Member, MemberChange, Members, Opened, Reading, Topic, TopicState, Unread, WhyUnread,
};
use whither_core::key::At;
use whither_core::limits::Limits;
use whither_core::verdict::{Balance, Cause, Outcome, ShownAs, Verdict};
use whither_core::{
    Clock, Deadline, Engine, Fact, Key, Name, Output, Partition, Policy, ReadDeeper, Refusal, Span, Time,
    TopicId,
};

/// Midnight of the day that stories play on.
pub(crate) const DAY: i64 = 1_700_000_000_000;
pub(crate) const A: TopicId = TopicId(0xa);
pub(crate) const B: TopicId = TopicId(0xb);

/// A cluster with one topic that matters, and the core that watches it.
pub(crate) struct Story {
    pub(crate) engine: Engine,
    pub(crate) cluster: Name,
    pub(crate) partition: Partition,
    pub(crate) topic_id: TopicId,
    pub(crate) now: i64,
    pub(crate) rows: BTreeMap<(Name, Partition), Balance>,
    pub(crate) findings: BTreeMap<u64, Verdict>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) wanted: Vec<ReadDeeper>,
    keys: BTreeSet<Key>,
    offsets_next: i64,
    epoch: i32,
    records_at: Option<i64>,
}

impl Story {
    pub(crate) fn new() -> Story {
        Story::with(Limits::DEFAULT)
    }

    pub(crate) fn with(limits: Limits) -> Story {
        Story::of(Policy::default(), limits)
    }

    pub(crate) fn of(policy: Policy, limits: Limits) -> Story {
        let mut story = Story { engine: Engine::new(policy, limits), ..Story::bare() };
        let offsets = story.offsets();
        story.give(&offsets, &[Fact::Reading(Reading { topic_id: TopicId(0xff), from: 0 })]);
        story
    }

    /// A core that has heard nothing yet.
    pub(crate) fn bare() -> Story {
        Story {
            engine: Engine::new(Policy::default(), Limits::DEFAULT),
            cluster: Name::from("c"),
            partition: Partition::new("orders", 0),
            topic_id: A,
            now: DAY,
            rows: BTreeMap::new(),
            findings: BTreeMap::new(),
            refused: Vec::new(),
            wanted: Vec::new(),
            keys: BTreeSet::new(),
            offsets_next: 0,
            epoch: 0,
            records_at: None,
        }
    }

    /// A key that holds state already.
    pub(crate) fn know(&mut self, key: &Key) {
        self.keys.insert(key.clone());
    }

    pub(crate) fn offsets(&self) -> Key {
        Key::log(&self.cluster, &Partition::new("__consumer_offsets", 0))
    }

    pub(crate) fn log(&self) -> Key {
        Key::log(&self.cluster, &self.partition)
    }

    pub(crate) fn ledger(&self) -> Key {
        Key::ledger(&self.cluster, &self.partition)
    }

    /// Time goes by.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Story {
        self.now += seconds * 1_000;
        self
    }

    fn at(&self) -> Time {
        Time(self.now)
    }

    // The log.

    pub(crate) fn edges(&mut self, log_start: i64, end: i64) -> &mut Story {
        self.edges_stable(log_start, end, end)
    }

    pub(crate) fn edges_stable(&mut self, log_start: i64, last_stable: i64, end: i64) -> &mut Story {
        self.wait(1);
        let bounds = Bounds {
            at: self.at(),
            topic_id: self.topic_id,
            log_start,
            local_start: log_start,
            last_stable,
            end,
            leader_epoch: self.epoch,
        };
        let key = self.log();
        self.give(&key, &[Fact::Bounds(bounds)]);
        self.wait(1)
    }

    pub(crate) fn read_from(&mut self, from: i64) -> &mut Story {
        let key = self.log();
        let topic_id = self.topic_id;
        self.give(&key, &[Fact::Reading(Reading { topic_id, from })]);
        self
    }

    /// The leader epoch of batches, commits and edges from here on.
    pub(crate) fn leader_epoch(&mut self, epoch: i32) -> &mut Story {
        self.epoch = epoch;
        self
    }

    /// The timestamp of records from here on; the story's own time without one.
    pub(crate) fn records_dated(&mut self, at: i64) -> &mut Story {
        self.records_at = Some(at);
        self
    }

    pub(crate) fn batch_of(&self, base: i64, last: i64, count: u32) -> Batch {
        let at = Time(self.records_at.unwrap_or(self.now));
        Batch {
            base,
            last,
            count,
            leader_epoch: self.epoch,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            first_at: at,
            max_at: at,
            bytes: 100,
        }
    }

    /// Data at every offset of `[from, to)`.
    pub(crate) fn data(&mut self, from: i64, to: i64) -> &mut Story {
        let count = u32::try_from(to - from).unwrap();
        let batch = self.batch_of(from, to - 1, count);
        self.batch(batch)
    }

    /// A compacted batch.
    pub(crate) fn sparse(&mut self, from: i64, to: i64, count: u32) -> &mut Story {
        let batch = self.batch_of(from, to - 1, count);
        self.batch(batch)
    }

    pub(crate) fn batch(&mut self, batch: Batch) -> &mut Story {
        let key = self.log();
        self.give(&key, &[Fact::Batch(batch)]);
        self
    }

    pub(crate) fn transactional(&mut self, producer_id: i64, from: i64, to: i64) -> &mut Story {
        let count = u32::try_from(to - from).unwrap();
        let batch = self.batch_of(from, to - 1, count);
        self.batch(Batch { producer_id, producer_epoch: 0, base_sequence: 0, transactional: true, ..batch })
    }

    pub(crate) fn marker(&mut self, producer_id: i64, offset: i64, kind: MarkerKind) -> &mut Story {
        let key = self.log();
        let at = self.at();
        self.give(&key, &[Fact::Marker(Marker { offset, at, producer_id, producer_epoch: 0, kind })]);
        self
    }

    pub(crate) fn opened(&mut self, from: i64, to: i64, present: &[(i64, i64)]) -> &mut Story {
        let key = self.log();
        self.give(&key, &[Fact::Opened(Opened { from, to, present: present.to_vec() })]);
        self
    }

    pub(crate) fn unread(&mut self, from: i64, to: i64) -> &mut Story {
        self.unread_for(from, to, WhyUnread::Deadline)
    }

    pub(crate) fn unread_for(&mut self, from: i64, to: i64, why: WhyUnread) -> &mut Story {
        let key = self.log();
        self.give(&key, &[Fact::Unread(Unread { from, to, why })]);
        self
    }

    // Groups.

    fn offsets_record(&mut self, transaction: Option<i64>, fact: impl FnOnce(&Story, i64) -> Fact) {
        let offset = self.offsets_next;
        self.offsets_next += 1;
        let batch = Batch {
            producer_id: transaction.unwrap_or(-1),
            transactional: transaction.is_some(),
            first_at: self.at(),
            max_at: self.at(),
            ..self.batch_of(offset, offset, 1)
        };
        let fact = fact(self, offset);
        let key = self.offsets();
        self.give(&key, &[Fact::Batch(batch), fact]);
        self.wait(1);
    }

    /// The cleaner took records of the offsets partition.
    pub(crate) fn offsets_hole(&mut self, width: i64) -> &mut Story {
        self.offsets_next += width;
        self
    }

    /// The offsets partition's end of a transaction.
    pub(crate) fn offsets_marker(&mut self, producer_id: i64, kind: MarkerKind) -> &mut Story {
        let offset = self.offsets_next;
        self.offsets_next += 1;
        let at = self.at();
        let key = self.offsets();
        self.give(&key, &[Fact::Marker(Marker { offset, at, producer_id, producer_epoch: 0, kind })]);
        self.wait(1)
    }

    /// The group's members, each with the client id told and the partition assigned to the first one.
    pub(crate) fn members(&mut self, group: &str, clients: &[&str]) -> &mut Story {
        let members = clients.iter().enumerate().map(|(i, client)| self.member(client, i == 0)).collect();
        self.membership(group, Some(members))
    }

    pub(crate) fn member(&self, client: &str, assigned: bool) -> Member {
        Member {
            member_id: Name::from(format!("{client}-id")),
            client_id: Name::from(client),
            host: Name::from("/10.0.0.1"),
            assigned: if assigned { vec![self.partition.clone()] } else { Vec::new() },
        }
    }

    /// The group's type 2 record, or its tombstone.
    pub(crate) fn membership(&mut self, group: &str, members: Option<Vec<Member>>) -> &mut Story {
        let group = Name::from(group);
        self.offsets_record(None, |s, source_offset| {
            Fact::Members(Members { source_offset, group, at: s.at(), members })
        });
        self
    }

    pub(crate) fn member_change(&mut self, group: &str, member: &str, change: Change) -> &mut Story {
        let (group, member_id) = (Name::from(group), Name::from(member));
        self.offsets_record(None, |s, source_offset| {
            Fact::MemberChange(MemberChange { source_offset, group, member_id, at: s.at(), change })
        });
        self
    }

    /// A commit as a Java consumer makes it: with a leader epoch.
    pub(crate) fn commit(&mut self, group: &str, offset: i64) -> &mut Story {
        let epoch = self.epoch;
        self.commit_epoch(group, offset, epoch)
    }

    /// A commit of a position that was set, or by a client that tells no epochs.
    pub(crate) fn commit_bare(&mut self, group: &str, offset: i64) -> &mut Story {
        self.commit_epoch(group, offset, -1)
    }

    fn commit_epoch(&mut self, group: &str, offset: i64, leader_epoch: i32) -> &mut Story {
        let topic_id = self.topic_id;
        self.commit_record(group, None, Some(CommitValue { offset, leader_epoch, topic_id }))
    }

    pub(crate) fn commit_in(&mut self, group: &str, producer_id: i64, offset: i64) -> &mut Story {
        let value = CommitValue { offset, leader_epoch: -1, topic_id: TopicId::UNKNOWN };
        self.commit_record(group, Some(producer_id), Some(value))
    }

    pub(crate) fn tombstone(&mut self, group: &str) -> &mut Story {
        self.commit_record(group, None, None)
    }

    pub(crate) fn commit_record(
        &mut self,
        group: &str,
        transaction: Option<i64>,
        value: Option<CommitValue>,
    ) -> &mut Story {
        let group = Name::from(group);
        self.offsets_record(transaction, |s, source_offset| {
            let partition = s.partition.clone();
            Fact::Commit(Commit {
                source_offset,
                group,
                partition,
                at: s.at(),
                seen: s.at(),
                transaction,
                of_letters: s.partition.topic.ends_with(".dlq"),
                value,
            })
        });
        self
    }

    // What is asked for.

    pub(crate) fn config(&mut self, config: Config) -> &mut Story {
        let key = self.ledger();
        self.give(&key, &[Fact::Config(config)]);
        self
    }

    pub(crate) fn retention(&mut self, seconds: i64) -> &mut Story {
        self.config(Config {
            retention_ms: Some(seconds * 1_000),
            retention_bytes: Some(-1),
            compacts: Some(false),
            deletes: Some(true),
            unclean_elections: Some(false),
            offsets_retention: Some(Span::hours(168)),
        })
    }

    pub(crate) fn group_is(&mut self, group: &str, state: GroupState) -> &mut Story {
        let fact = Fact::Group(Group {
            at: self.at(),
            group: Name::from(group),
            state,
            kind: GroupKind::Classic,
            member: None,
            subscribed: state == GroupState::Stable,
            expected: false,
        });
        let key = self.ledger();
        self.give(&key, &[fact]);
        self
    }

    pub(crate) fn topic_is(&mut self, state: TopicState) -> &mut Story {
        let key = self.ledger();
        let at = self.at();
        self.give(&key, &[Fact::Topic(Topic { at, state })]);
        self
    }

    // Into the core and out of it.

    pub(crate) fn give(&mut self, key: &Key, facts: &[Fact]) {
        let clock = Clock { now: self.at(), complete_to: Time(self.now - 1) };
        self.give_at(key, clock, facts);
    }

    pub(crate) fn give_at(&mut self, key: &Key, clock: Clock, facts: &[Fact]) {
        self.keys.insert(key.clone());
        let mut out = Vec::new();
        self.engine.apply(key, clock, facts, &mut out);
        self.follow(clock, out);
    }

    /// Lets the core tell all that is due now.
    pub(crate) fn settle(&mut self) -> &mut Story {
        self.wait(1);
        let clock = Clock { now: self.at(), complete_to: self.at() };
        self.settle_at(clock)
    }

    pub(crate) fn settle_at(&mut self, clock: Clock) -> &mut Story {
        self.settle_by(clock, Engine::expire)
    }

    /// Lets the core tell what may have changed.
    pub(crate) fn settle_changed_at(&mut self, clock: Clock) -> &mut Story {
        self.settle_by(clock, Engine::expire_changed)
    }

    fn settle_by(
        &mut self,
        clock: Clock,
        expire: fn(&mut Engine, &Key, Clock, &mut Vec<Output>) -> Option<Deadline>,
    ) -> &mut Story {
        for logs in [true, false] {
            let keys: Vec<Key> =
                self.keys.iter().filter(|k| matches!(k.at, At::Log(_)) == logs).cloned().collect();
            for key in keys {
                let mut out = Vec::new();
                expire(&mut self.engine, &key, clock, &mut out);
                self.follow(clock, out);
            }
        }
        self
    }

    fn follow(&mut self, clock: Clock, out: Vec<Output>) {
        let mut queue: VecDeque<Output> = out.into();
        while let Some(output) = queue.pop_front() {
            match output {
                Output::Fact(key, fact) => {
                    self.keys.insert(key.clone());
                    let mut more = Vec::new();
                    self.engine.apply(&key, clock, &[fact], &mut more);
                    queue.extend(more);
                }
                Output::Balance(row) => {
                    assert_eq!(row.residual(), 0, "does not add up: {row:#?}");
                    assert!(row.stretches.iter().all(|s| s.from < s.to && s.records > 0), "{row:#?}");
                    self.rows.insert((row.group.clone(), row.partition.clone()), row);
                }
                Output::Verdict(v) => {
                    assert!(!v.evidence.is_empty(), "no evidence: {v:#?}");
                    assert!(v.from <= v.to, "{v:#?}");
                    self.findings.insert(v.id, v);
                }
                Output::Withdrawn(id) => {
                    self.findings.remove(&id);
                }
                Output::Refused(refused) => self.refused.push(refused.why),
                Output::ReadDeeper(deeper) => self.wanted.push(deeper),
            }
        }
    }

    // What it said.

    /// A group's row: what each stretch met, in offset order.
    #[track_caller]
    pub(crate) fn row(&mut self, group: &str) -> String {
        self.settle();
        let row = self.balance(group);
        let mut stretches = row.stretches.clone();
        stretches.sort_by_key(|s| (s.from, s.to, s.outcome));
        let told = stretches.iter().map(|s| {
            let most = if s.at_most { "~" } else { "" };
            let (word, certainty) = (s.outcome.word(), s.certainty.word());
            format!("{}..{} {most}{} {word} {certainty}", s.from, s.to, s.records)
        });
        told.collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    pub(crate) fn balance(&self, group: &str) -> &Balance {
        let key = (Name::from(group), self.partition.clone());
        self.rows.get(&key).unwrap_or_else(|| panic!("{group} has no row"))
    }

    pub(crate) fn count(&mut self, group: &str, outcome: Outcome) -> u64 {
        self.settle();
        self.balance(group).count(outcome)
    }

    /// The findings, each in a line, of the story as it is now.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.settle();
        let mut findings: Vec<&Verdict> = self.findings.values().collect();
        findings.sort_by_key(|v| (v.group.clone(), v.partition.clone(), v.from, v.cause));
        findings.iter().map(|v| line(v)).collect()
    }

    pub(crate) fn finding(&mut self, cause: Cause) -> Option<Verdict> {
        self.settle();
        self.findings.values().find(|v| v.cause == cause).cloned()
    }

    /// Nothing of this may alarm anybody.
    #[track_caller]
    pub(crate) fn is_healthy(&mut self) {
        self.settle();
        for v in self.findings.values() {
            let alarms = matches!(v.shown_as, ShownAs::Loss | ShownAs::Risk | ShownAs::Stuck);
            assert!(!alarms, "raised: {}", line(v));
        }
        for row in self.rows.values() {
            let lost: u64 = Outcome::ALL.iter().filter(|o| o.is_loss()).map(|o| row.count(*o)).sum();
            assert!(lost == 0 || row.dormant, "lost: {row:#?}");
        }
        assert_eq!(self.refused, []);
    }
}

fn line(v: &Verdict) -> String {
    let group = v.group.as_deref().unwrap_or("-");
    let most = if v.at_most { "~" } else { "" };
    format!(
        "{} {group} {}..{} {most}{} {} {} {} {} {}",
        v.partition.index,
        v.from,
        v.to,
        v.records,
        v.outcome.word(),
        v.certainty.word(),
        v.cause.id(),
        v.cause_certainty.word(),
        v.shown_as.word()
    )
}
