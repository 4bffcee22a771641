//! Input that can't be true: refused, never a panic.

use crate::story::{A, B, Story};
use proptest::prelude::*;
use std::collections::VecDeque;
use whither_core::fact::*;
use whither_core::{Clock, Engine, Fact, Key, Name, Output, Partition, Policy, Refusal, Span, Time, TopicId};

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 0_i64..60,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, -1, i64::MAX, i64::MAX / 4, i64::MAX / 4 + 1, i64::MAX - 1]),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    number().prop_map(Time)
}

fn topic_id() -> impl Strategy<Value = TopicId> {
    prop::sample::select(vec![TopicId::UNKNOWN, A, B, TopicId(u128::MAX)])
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["", "g", "h", "console-consumer-1"]).prop_map(Name::from)
}

fn partition() -> impl Strategy<Value = Partition> {
    prop::sample::select(vec![0, 1, -1]).prop_map(|i| Partition::new("orders", i))
}

fn why() -> impl Strategy<Value = WhyUnread> {
    prop::sample::select(vec![WhyUnread::Deadline, WhyUnread::Gone, WhyUnread::NotOpened])
}

fn value() -> impl Strategy<Value = Option<CommitValue>> {
    let some = (number(), any::<i32>(), topic_id());
    prop::option::of(some.prop_map(|(offset, leader_epoch, topic_id)| CommitValue {
        offset,
        leader_epoch,
        topic_id,
    }))
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (time(), topic_id(), number(), number(), number(), any::<i32>()).prop_map(
        |(at, topic_id, log_start, last_stable, end, leader_epoch)| Bounds {
            at,
            topic_id,
            log_start,
            local_start: log_start,
            last_stable,
            end,
            leader_epoch,
        },
    )
}

fn batch() -> impl Strategy<Value = Batch> {
    let span = prop_oneof![4 => 0_i64..5, 1 => number()];
    (number(), span, 0_u32..6, -1_i64..3, any::<bool>(), -1_i32..3, time()).prop_map(
        |(base, span, count, producer_id, transactional, leader_epoch, at)| Batch {
            base,
            last: base.saturating_add(span),
            count,
            leader_epoch,
            producer_id,
            producer_epoch: i16::try_from(count).unwrap(),
            base_sequence: 0,
            transactional,
            first_at: at,
            max_at: at,
            bytes: u32::MAX,
        },
    )
}

fn letter() -> impl Strategy<Value = DeadLetter> {
    (partition(), number(), time(), any::<bool>(), number(), prop::option::of(name())).prop_map(
        |(partition, offset, at, retry, origin_offset, group)| DeadLetter {
            partition,
            offset,
            at,
            key_hash: None,
            role: if retry { Role::Retry } else { Role::DeadLetter },
            convention: Convention::Mapped,
            origin: Partition::new("orders", 0),
            origin_offset,
            origin_at: None,
            connector: group.clone(),
            group,
            stage: None,
            exception: None,
        },
    )
}

fn purged() -> impl Strategy<Value = Purged> {
    (partition(), number(), number(), time(), any::<bool>()).prop_map(
        |(partition, offset, log_start, at, watched)| Purged { partition, offset, log_start, at, watched },
    )
}

fn by() -> impl Strategy<Value = Committer> {
    prop_oneof![
        name().prop_map(|n| Committer::Member { client_id: n.clone(), host: n }),
        Just(Committer::SomeMember),
        prop::option::of(time()).prop_map(|empty_since| Committer::NoMember { empty_since }),
        Just(Committer::Unknown),
    ]
}

fn read_facts() -> impl Strategy<Value = Fact> {
    let kind = prop::sample::select(vec![MarkerKind::Commit, MarkerKind::Abort, MarkerKind::Other]);
    let pairs = prop::collection::vec((number(), number()), 0..4);
    let member = (name(), prop::collection::vec(partition(), 0..2)).prop_map(|(n, assigned)| Member {
        member_id: n.clone(),
        client_id: n.clone(),
        host: n,
        assigned,
    });
    let members = prop::option::of(prop::collection::vec(member, 0..3));
    let change = prop_oneof![
        Just(Change::Left),
        name().prop_map(|n| Change::Joined { client_id: n.clone(), host: n }),
        prop::collection::vec(partition(), 0..2).prop_map(Change::Assigned),
    ];
    prop_oneof![
        bounds().prop_map(Fact::Bounds),
        (topic_id(), number()).prop_map(|(topic_id, from)| Fact::Reading(Reading { topic_id, from })),
        batch().prop_map(Fact::Batch),
        batch().prop_map(Fact::Batch),
        (number(), time(), -1_i64..3, kind).prop_map(|(offset, at, producer_id, kind)| {
            Fact::Marker(Marker { offset, at, producer_id, producer_epoch: 0, kind })
        }),
        (number(), number(), pairs).prop_map(|(from, to, present)| Fact::Opened(Opened {
            from,
            to,
            present
        })),
        (topic_id(), -1_i32..3, number(), time())
            .prop_map(|(topic_id, epoch, end, at)| Fact::EpochEnd(EpochEnd { topic_id, epoch, end, at })),
        (number(), number(), why()).prop_map(|(from, to, why)| Fact::Unread(Unread { from, to, why })),
        (number(), number(), time()).prop_map(|(from, to, at)| Fact::Corrupt(Corrupt { from, to, at })),
        letter().prop_map(Fact::DeadLetter),
        (number(), name(), partition(), time(), prop::option::of(0_i64..3), value()).prop_map(
            |(source_offset, group, partition, at, transaction, value)| {
                Fact::Commit(Commit {
                    source_offset,
                    group,
                    partition,
                    at,
                    seen: at,
                    transaction,
                    of_letters: at.0 % 2 == 0,
                    value,
                })
            }
        ),
        (number(), name(), time(), members).prop_map(|(source_offset, group, at, members)| {
            Fact::Members(Members { source_offset, group, at, members })
        }),
        (number(), name(), name(), time(), change).prop_map(
            |(source_offset, group, member_id, at, change)| {
                Fact::MemberChange(MemberChange { source_offset, group, member_id, at, change })
            }
        ),
    ]
}

fn asked_facts() -> impl Strategy<Value = Fact> {
    let coordinator = prop::option::of(prop_oneof![
        Just(Coordinator::Unknown),
        (name(), time(), number()).prop_map(|(transactional_id, began, t)| Coordinator::Knows {
            transactional_id,
            began,
            timeout: Span(t)
        }),
    ]);
    let state = prop::sample::select(vec![GroupState::Empty, GroupState::Stable, GroupState::Dead]);
    let topic = prop_oneof![
        topic_id().prop_map(TopicState::Exists),
        Just(TopicState::Absent),
        Just(TopicState::Unauthorized)
    ];
    let config = (prop::option::of(number()), prop::option::of(number()), prop::option::of(number()));
    prop_oneof![
        (number(), any::<bool>(), time())
            .prop_map(|(offset, exists, at)| { Fact::Record(Record { offset, exists, at, key_hash: None }) }),
        config.prop_map(|(retention_ms, retention_bytes, keep)| {
            let offsets_retention = keep.map(Span);
            Fact::Config(Config { retention_ms, retention_bytes, offsets_retention, ..Config::default() })
        }),
        (time(), topic).prop_map(|(at, state)| Fact::Topic(Topic { at, state })),
        (time(), any::<u64>()).prop_map(|(at, bytes)| Fact::Size(Size { at, bytes })),
        (topic_id(), -1_i32..3, number(), time())
            .prop_map(|(topic_id, epoch, end, at)| { Fact::EpochEnd(EpochEnd { topic_id, epoch, end, at }) }),
        (time(), name(), topic_id(), number(), any::<u64>()).prop_map(
            |(at, group, topic_id, start, settled)| {
                Fact::SharePosition(SharePosition { at, group, topic_id, start, settled })
            }
        ),
        (time(), -1_i64..3, number(), time(), coordinator).prop_map(
            |(at, producer_id, start, last_write, coordinator)| {
                Fact::Transaction(Transaction { at, producer_id, start, last_write, coordinator })
            }
        ),
        (time(), name(), state, any::<bool>()).prop_map(|(at, group, state, subscribed)| {
            let kind = GroupKind::Classic;
            Fact::Group(Group { at, group, state, kind, member: None, subscribed, expected: false })
        }),
    ]
}

fn facts_between() -> impl Strategy<Value = Fact> {
    let kind = prop_oneof![
        prop::sample::select(vec![
            RunKind::Data,
            RunKind::Sparse,
            RunKind::Empty,
            RunKind::Aborted,
            RunKind::Unsettled,
            RunKind::Corrupt
        ]),
        (-1_i64..3).prop_map(|producer_id| RunKind::Open { producer_id }),
        why().prop_map(RunKind::Unread),
    ];
    let committed = (name(), time(), number(), 0_u32..3, by(), value(), any::<bool>());
    prop_oneof![
        (number(), number(), prop_oneof![4 => 0_u64..9, 1 => any::<u64>()], kind)
            .prop_map(|(from, to, records, kind)| Fact::Run(Run { from, to, records, kind })),
        (number(), number(), number()).prop_map(|(base, last, log_start)| Fact::Cut(Cut {
            base,
            last,
            log_start
        })),
        (topic_id(), number(), number(), any::<u64>(), 0_u64..60, 0_u64..9, time()).prop_map(
            |(topic_id, origin, to, covered, records, unread, newest)| {
                let covered = if covered % 2 == 0 { covered } else { covered % 60 };
                let sample = (origin, newest);
                let first = sample;
                Fact::Progress(Progress {
                    topic_id,
                    origin,
                    to,
                    covered,
                    truncated: records % 3,
                    records,
                    unread,
                    newest,
                    first,
                    sample,
                })
            }
        ),
        committed.prop_map(|(group, at, source_offset, holes_before, by, value, transactional)| {
            Fact::Committed(Committed {
                group,
                at,
                seen: at,
                offsets_partition: 0,
                source_offset,
                holes_before,
                group_since: at,
                by,
                transactional,
                value,
            })
        }),
        (0_u32..3, prop::option::of(time())).prop_map(|(holes, since)| Fact::Tail(Tail {
            offsets_partition: 0,
            holes,
            since
        })),
        (number(), number(), number(), time()).prop_map(|(from, to, marker, at)| {
            Fact::RolledBack(RolledBack { producer_id: 1, from, to, records: u64::MAX, marker, at })
        }),
        (number(), number(), time()).prop_map(|(from, to, at)| Fact::Truncated(Truncated {
            from,
            to,
            epoch: 0,
            at
        })),
        purged().prop_map(Fact::Purged),
        letter().prop_map(Fact::Station),
        (number(), prop::collection::vec(letter(), 0..3), prop::collection::vec(purged(), 0..2))
            .prop_map(|(offset, stations, purged)| Fact::RoutedAway(RoutedAway { offset, stations, purged })),
    ]
}

pub(crate) fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![5 => read_facts(), 2 => asked_facts(), 4 => facts_between()]
}

pub(crate) fn keys() -> [Key; 4] {
    let cluster = Name::from("c");
    let orders = Partition::new("orders", 0);
    let letters = Key::letters(&cluster, &orders);
    [Key::log(&cluster, &orders), Key::ledger(&cluster, &orders), Key::origin(&cluster, &orders, 5), letters]
}

pub(crate) fn clock() -> impl Strategy<Value = Clock> {
    (time(), time()).prop_map(|(now, complete_to)| Clock { now, complete_to })
}

/// Gives facts to their keys, and what comes of them to theirs, one by one and with a look at all between.
pub(crate) fn run(engine: &mut Engine, calls: &[(usize, Clock, Vec<Fact>)]) -> Vec<Output> {
    let mut said = Vec::new();
    for (key, clock, facts) in calls {
        let mut queue = VecDeque::from([(keys()[*key].clone(), facts.clone())]);
        while let Some((key, facts)) = queue.pop_front() {
            let mut out = Vec::new();
            engine.apply(&key, *clock, &facts, &mut out);
            engine.expire(&key, *clock, &mut out);
            queue.extend(out.iter().filter_map(|o| match o {
                Output::Fact(key, fact) => Some((key.clone(), vec![fact.clone()])),
                _ => None,
            }));
            said.append(&mut out);
        }
    }
    said
}

pub(crate) fn calls(
    of: impl Strategy<Value = Fact>,
) -> impl Strategy<Value = Vec<(usize, Clock, Vec<Fact>)>> {
    prop::collection::vec((0_usize..4, clock(), prop::collection::vec(of, 0..12)), 0..12)
}

proptest! {
    #[test]
    fn no_facts_make_the_core_panic(calls in calls(any_fact())) {
        let mut engine = Engine::new(Policy::default(), small());
        run(&mut engine, &calls);
    }

    /// What sources alone can say, however wrong, adds up.
    #[test]
    fn whatever_sources_say_adds_up(facts in prop::collection::vec(read_facts(), 0..60), clock in clock()) {
        let mut engine = Engine::new(Policy::default(), small());
        for output in run(&mut engine, &[(0, clock, facts.clone()), (0, clock, facts)]) {
            if let Output::Balance(row) = output {
                prop_assert_eq!(row.residual(), 0, "{:#?}", row);
            }
        }
    }

    #[test]
    fn a_snapshot_gives_the_state_back(calls in calls(any_fact())) {
        let mut engine = Engine::new(Policy::default(), small());
        run(&mut engine, &calls);
        let keys: Vec<Key> = engine.keys().cloned().collect();
        for key in keys {
            let (mut bytes, mut again) = (Vec::new(), Vec::new());
            engine.snapshot(&key, &mut bytes);
            let mut other = Engine::new(Policy::default(), small());
            prop_assert_eq!(other.restore(&bytes), Ok(key.clone()));
            other.snapshot(&key, &mut again);
            prop_assert_eq!(bytes, again);
        }
    }

    /// Bytes that were changed, under a checksum that holds, restore nothing or something that works.
    #[test]
    fn no_bytes_make_the_core_panic(
        before in calls(any_fact()),
        after in calls(any_fact()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut engine = Engine::new(Policy::default(), small());
        run(&mut engine, &before);
        for key in keys() {
            let mut bytes = Vec::new();
            engine.snapshot(&key, &mut bytes);
            if bytes.is_empty() {
                continue;
            }
            bytes.truncate(bytes.len() - 8);
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if !bytes.is_empty() {
                for (at, byte) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            let sum = checksum(&bytes);
            bytes.extend(sum.to_le_bytes());
            if engine.restore(&bytes).is_ok() {
                run(&mut engine, &after);
            }
        }
    }
}

pub(crate) fn small() -> whither_core::limits::Limits {
    whither_core::limits::Limits {
        reads: 4,
        runs: 12,
        fold: 3,
        open_transactions: 2,
        groups: 2,
        moves: 3,
        held_back: 50,
        starts: 3,
        time_samples: 4,
        exceptions: 3,
        stations: 2,
        name_bytes: 20,
        epochs: 2,
        members_groups: 2,
    }
}

/// As `docs/formats/snapshot.md` has it.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        sum ^= sum >> 29;
    }
    sum ^ bytes.len() as u64
}

#[test]
fn damage_is_not_a_snapshot() {
    let mut s = Story::new();
    s.edges(0, 9).read_from(0).data(0, 9).members("g", &["c"]).commit("g", 3).settle();
    let mut bytes = Vec::new();
    s.engine.snapshot(&s.ledger(), &mut bytes);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        assert!(s.engine.restore(&damaged).is_err(), "byte {at}");
        assert!(s.engine.restore(&bytes[..at]).is_err(), "{at} bytes");
    }
    assert!(s.engine.restore(&bytes).is_ok());
}

#[test]
fn a_key_without_state_has_no_snapshot() {
    let engine = Engine::default();
    let mut bytes = Vec::new();
    engine.snapshot(&keys()[0], &mut bytes);
    assert!(bytes.is_empty());
}

#[test]
fn a_forgotten_key_holds_nothing() {
    let mut s = Story::new();
    s.edges(0, 9).read_from(0).data(0, 9);
    let log = s.log();
    s.engine.forget(&log);
    let mut bytes = Vec::new();
    s.engine.snapshot(&log, &mut bytes);
    assert!(bytes.is_empty());
}

#[test]
fn facts_at_the_wrong_stage_are_refused() {
    let mut s = Story::new();
    let ledger = s.ledger();
    let batch = s.batch_of(0, 0, 1);
    s.give(&ledger, &[Fact::Batch(batch)]);
    assert_eq!(s.refused, [Refusal::WrongStage]);
}

#[test]
fn a_batch_that_no_read_announced_is_refused() {
    let mut s = Story::new();
    s.data(0, 5);
    assert_eq!(s.refused, [Refusal::NotReading]);
    s.read_from(0).data(0, 5).data(0, 5);
    assert_eq!(s.refused, [Refusal::NotReading, Refusal::AlreadyRead]);
}

#[test]
fn a_batch_with_more_records_than_offsets_is_refused() {
    let mut s = Story::new();
    s.read_from(0).sparse(0, 5, 6);
    assert_eq!(s.refused, [Refusal::Malformed]);
}

#[test]
fn a_name_longer_than_any_broker_allows_is_refused() {
    let mut s = Story::new();
    s.commit(&"g".repeat(40_000), 5);
    assert_eq!(s.refused, [Refusal::NameTooLong]);
}

#[test]
fn more_facts_than_may_wait_are_taken_early_not_dropped() {
    let mut s = Story::with(small());
    let ledger = s.ledger();
    s.edges(0, 200).read_from(0).data(0, 200);
    let held = Clock { now: Time(s.now), complete_to: Time(0) };
    for offset in 0..140 {
        let at = Time(s.now + offset);
        let value = Some(CommitValue { offset, leader_epoch: 0, topic_id: A });
        let c = Committed {
            group: Name::from("g"),
            at,
            seen: at,
            offsets_partition: 0,
            source_offset: offset,
            holes_before: 0,
            group_since: at,
            by: Committer::SomeMember,
            transactional: false,
            value,
        };
        s.give_at(&ledger, held, &[Fact::Committed(c)]);
    }
    s.wait(60);
    assert!(s.row("g").contains("139..200 61 in_flight proof"), "{}", s.row("g"));
    assert_eq!(s.refused, []);
}
