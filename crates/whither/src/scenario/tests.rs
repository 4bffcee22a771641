use std::io::{self, BufReader};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use whither_core::fact::{
    Batch, Bounds, Change, Commit, CommitValue, Config, Convention, Coordinator, Corrupt, DeadLetter,
    EpochEnd, Group, GroupKind, GroupState, Marker, MarkerKind, Member, MemberChange, Members, Opened,
    Reading, Record, Role, SharePosition, Size, Topic, TopicState, Transaction, Unread, WhyUnread,
};
use whither_core::{Clock, Fact, Key, Name, Partition, Policy, Span, Time, TopicId};

use super::{About, Error, Header, Problem, Reader, Step, Writer};
use crate::report::{NotSeen, Report};
use crate::run::Recorder;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn header() -> Header {
    Header { cluster: "orders-prod".into(), policy: Policy::default() }
}

fn write(steps: &[Step]) -> String {
    let sink = Sink::default();
    let mut writer = Writer::new(sink.clone(), &header()).unwrap();
    for step in steps {
        match step {
            Step::Facts { key, clock, facts } => writer.facts(key, *clock, facts).unwrap(),
            Step::Settle(clock) => writer.settle(*clock).unwrap(),
            Step::Report(about) => writer.finish(&about.clone().report(&"orders-prod".into())).unwrap(),
        }
    }
    sink.text()
}

fn read(text: &str) -> Result<Vec<Step>, Error> {
    Reader::new(BufReader::with_capacity(7, text.as_bytes()))?.collect()
}

/// Lines behind a header and a clock.
fn read_lines(lines: &str) -> Result<Vec<Step>, Error> {
    read(&format!(
        "{{\"whither\":\"scenario\",\"version\":1,\"cluster\":\"c\"}}\n{{\"clock\":\"2026-03-01T12:00:00Z\"}}\n{lines}"
    ))
}

fn complaint(lines: &str) -> String {
    read_lines(lines).unwrap_err().to_string()
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-z.-]{1,12}".prop_map(Name::from),
        any::<String>().prop_map(Name::from),
        Just(Name::from("a/b c@7/\u{0}\"\n\u{1F980}")),
    ]
}

fn partition() -> impl Strategy<Value = Partition> {
    (name(), any::<i32>()).prop_map(|(topic, index)| Partition { topic, index })
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        4 => (1_700_000_000_000_i64..1_900_000_000_000).prop_map(Time),
        1 => any::<i64>().prop_map(Time),
        1 => proptest::sample::select(vec![Time::MIN, Time::MAX, Time(-1), Time(0), NOW]),
    ]
}

fn id() -> impl Strategy<Value = TopicId> {
    prop_oneof![any::<u128>().prop_map(TopicId), (0_u128..70_000).prop_map(TopicId), Just(TopicId(u128::MAX))]
}

fn none_or<T: Strategy>(usual: T::Value, other: T) -> impl Strategy<Value = T::Value>
where
    T::Value: Clone + std::fmt::Debug,
{
    prop_oneof![Just(usual), other]
}

fn member() -> impl Strategy<Value = Member> {
    (name(), name(), name(), vec(partition(), 0..3))
        .prop_map(|(member_id, client_id, host, assigned)| Member { member_id, client_id, host, assigned })
}

fn read_facts() -> impl Strategy<Value = Fact> {
    let o = any::<i64>;
    prop_oneof![
        (time(), id(), o(), o(), o(), o(), any::<i32>()).prop_map(
            |(at, topic_id, log_start, local_start, last_stable, end, leader_epoch)| {
                let tiered = leader_epoch % 2 == 0;
                Fact::Bounds(Bounds {
                    at,
                    topic_id,
                    log_start,
                    local_start: if tiered { local_start } else { log_start },
                    last_stable: if tiered { last_stable } else { end },
                    end,
                    leader_epoch,
                })
            }
        ),
        (id(), o()).prop_map(|(topic_id, from)| Fact::Reading(Reading { topic_id, from })),
        (
            (o(), o(), any::<u32>(), any::<bool>(), none_or(-1, any::<i32>())),
            (none_or(-1, o()), none_or(-1, any::<i16>()), none_or(-1, any::<i32>()), any::<bool>()),
            (time(), time(), any::<bool>(), none_or(0, any::<u32>())),
        )
            .prop_map(
                |((base, last, count, full, leader_epoch), producer, (first_at, max_at, one, bytes))| {
                    let (producer_id, producer_epoch, base_sequence, transactional) = producer;
                    let last = if full { base.saturating_add(i64::from(count / 2)) } else { last };
                    let span = last.checked_sub(base).and_then(|d| u32::try_from(d).ok()).map(|d| d + 1);
                    Fact::Batch(Batch {
                        base,
                        last,
                        count: span.filter(|_| full).unwrap_or(count),
                        leader_epoch,
                        producer_id,
                        producer_epoch,
                        base_sequence,
                        transactional,
                        first_at,
                        max_at: if one { first_at } else { max_at },
                        bytes,
                    })
                }
            ),
        (o(), time(), o(), any::<i16>(), 0..3_usize).prop_map(
            |(offset, at, producer_id, producer_epoch, k)| {
                let kind = [MarkerKind::Commit, MarkerKind::Abort, MarkerKind::Other][k];
                Fact::Marker(Marker { offset, at, producer_id, producer_epoch, kind })
            }
        ),
        (o(), o(), vec((o(), o()), 0..4)).prop_map(|(from, to, present)| Fact::Opened(Opened {
            from,
            to,
            present
        })),
        (o(), o(), 0..6_usize).prop_map(|(from, to, w)| {
            use WhyUnread::{Deadline, Gone, NotOpened, Tiered, Unauthorized, Unreachable};
            let why = [Deadline, Tiered, Unauthorized, Unreachable, Gone, NotOpened][w];
            Fact::Unread(Unread { from, to, why })
        }),
        (o(), o(), time()).prop_map(|(from, to, at)| Fact::Corrupt(Corrupt { from, to, at })),
        dead_letter(),
        (o(), any::<bool>(), time(), option::of(any::<u64>()))
            .prop_map(|(offset, exists, at, key_hash)| Fact::Record(Record { offset, exists, at, key_hash })),
    ]
}

fn dead_letter() -> impl Strategy<Value = Fact> {
    (
        (none_or(here(), partition()), any::<i64>(), time(), option::of(any::<u64>()), any::<bool>()),
        (0..5_usize, partition(), any::<i64>(), option::of(time())),
        (option::of(name()), option::of(name()), option::of(name()), option::of(name())),
    )
        .prop_map(|((partition, offset, at, key_hash, retry), origin, names)| {
            use Convention::{Connect, Mapped, Share, Spring, Streams};
            Fact::DeadLetter(DeadLetter {
                partition,
                offset,
                at,
                key_hash,
                role: if retry { Role::Retry } else { Role::DeadLetter },
                convention: [Connect, Spring, Streams, Share, Mapped][origin.0],
                origin: origin.1,
                origin_offset: origin.2,
                origin_at: origin.3,
                group: names.0,
                connector: names.1,
                stage: names.2,
                exception: names.3,
            })
        })
}

fn asked_facts() -> impl Strategy<Value = Fact> {
    let ms = || option::of(any::<i64>());
    let flag = || option::of(any::<bool>());
    let coordinator = option::of(option::of((name(), time(), any::<i64>())));
    prop_oneof![
        (ms(), ms(), flag(), flag(), flag(), ms()).prop_map(
            |(ms, bytes, compacts, deletes, unclean, keep)| {
                Fact::Config(Config {
                    retention_ms: ms,
                    retention_bytes: bytes,
                    compacts,
                    deletes,
                    unclean_elections: unclean,
                    offsets_retention: keep.map(Span),
                })
            }
        ),
        (time(), id(), 0..3_usize).prop_map(|(at, id, s)| {
            let state = [TopicState::Exists(id), TopicState::Absent, TopicState::Unauthorized][s];
            Fact::Topic(Topic { at, state })
        }),
        (time(), any::<u64>()).prop_map(|(at, bytes)| Fact::Size(Size { at, bytes })),
        (id(), any::<i32>(), any::<i64>(), time())
            .prop_map(|(topic_id, epoch, end, at)| Fact::EpochEnd(EpochEnd { topic_id, epoch, end, at })),
        (time(), name(), id(), any::<i64>(), any::<u64>()).prop_map(
            |(at, group, topic_id, start, settled)| {
                Fact::SharePosition(SharePosition { at, group, topic_id, start, settled })
            }
        ),
        (time(), any::<i64>(), any::<i64>(), time(), coordinator).prop_map(
            |(at, producer_id, start, last_write, coordinator)| {
                let coordinator = coordinator.map(|c| match c {
                    None => Coordinator::Unknown,
                    Some((transactional_id, began, ms)) => {
                        Coordinator::Knows { transactional_id, began, timeout: Span(ms) }
                    }
                });
                Fact::Transaction(Transaction { at, producer_id, start, last_write, coordinator })
            }
        ),
    ]
}

fn group_facts() -> impl Strategy<Value = Fact> {
    let value = option::of((any::<i64>(), none_or(-1, any::<i32>()), id()));
    prop_oneof![
        (any::<i64>(), name(), partition(), time(), time(), option::of(any::<i64>()), any::<bool>(), value)
            .prop_map(|(source_offset, group, partition, at, seen, transaction, of_letters, value)| {
                let value = value.map(|(offset, leader_epoch, topic_id)| CommitValue {
                    offset,
                    leader_epoch,
                    topic_id,
                });
                Fact::Commit(Commit {
                    source_offset,
                    group,
                    partition,
                    at,
                    seen,
                    transaction,
                    of_letters,
                    value,
                })
            }),
        (any::<i64>(), name(), time(), option::of(vec(member(), 0..3))).prop_map(
            |(source_offset, group, at, members)| Fact::Members(Members {
                source_offset,
                group,
                at,
                members
            })
        ),
        (any::<i64>(), member(), time(), 0..3_usize).prop_map(|(source_offset, m, at, kind)| {
            let change = match kind {
                0 => Change::Joined { client_id: m.client_id.clone(), host: m.host.clone() },
                1 => Change::Assigned(m.assigned.clone()),
                _ => Change::Left,
            };
            let (group, member_id) = (m.host, m.member_id);
            Fact::MemberChange(MemberChange { source_offset, group, member_id, at, change })
        }),
        (time(), name(), 0..5_usize, 0..5_usize, option::of(member()), any::<bool>(), any::<bool>())
            .prop_map(|(at, group, s, k, member, subscribed, expected)| {
                use GroupState::{Dead, Empty, Rebalancing, Stable, Unknown};
                let state = [Empty, Stable, Rebalancing, Dead, Unknown][s];
                let kinds = [
                    GroupKind::Classic,
                    GroupKind::Consumer,
                    GroupKind::OtherClassic,
                    GroupKind::Share,
                    GroupKind::Streams,
                ];
                let member = member.map(Arc::new);
                Fact::Group(Group { at, group, state, kind: kinds[k], member, subscribed, expected })
            }),
    ]
}

const NOW: Time = Time(1_772_366_400_000);

fn here() -> Partition {
    Partition::new("orders", 0)
}

fn clock() -> impl Strategy<Value = Clock> {
    (none_or(NOW, time()), option::of(time()))
        .prop_map(|(now, complete_to)| Clock { now, complete_to: complete_to.unwrap_or(now) })
}

fn key() -> impl Strategy<Value = Key> {
    (none_or(here(), partition()), any::<bool>()).prop_map(|(partition, log)| {
        let cluster = Name::from("orders-prod");
        if log { Key::log(&cluster, &partition) } else { Key::ledger(&cluster, &partition) }
    })
}

fn report() -> impl Strategy<Value = Report> {
    (time(), option::of(time()), any::<[u32; 3]>(), any::<u64>(), option::of(name()), vec(name(), 0..3))
        .prop_map(|(at, complete_since, n, records_read, only_group, unseen)| Report {
            cluster: "orders-prod".into(),
            at,
            complete_since,
            brokers: n[0] as usize,
            topics: n[1] as usize,
            groups: n[2] as usize,
            records_read,
            balance: Vec::new(),
            findings: Vec::new(),
            in_vain: Vec::new(),
            not_seen: unseen
                .iter()
                .map(|w| NotSeen {
                    what: w.to_string(),
                    why: w.to_string(),
                    so: String::new(),
                    hides_verdicts: w.len() > 4,
                })
                .collect(),
            only_group,
        })
}

fn step() -> impl Strategy<Value = Step> {
    let fact = prop_oneof![read_facts(), asked_facts(), group_facts()];
    prop_oneof![
        6 => (key(), clock(), vec(fact, 1..5))
            .prop_map(|(key, clock, facts)| Step::Facts { key, clock, facts }),
        1 => clock().prop_map(Step::Settle),
        1 => report().prop_map(|r| Step::Report(Box::new(About::of(&r)))),
    ]
}

proptest! {
    /// Every step comes back as it was, with the calls as they were, and writing it again gives the same bytes.
    #[test]
    fn steps_come_back_as_they_were(steps in vec(step(), 0..8)) {
        let text = write(&steps);
        let back = read(&text).unwrap();
        prop_assert_eq!(&back, &steps);
        prop_assert_eq!(write(&back), text);
    }

    #[test]
    fn reports_come_back_as_they_were(report in report()) {
        let back = About::of(&report).report(&Name::from(report.cluster.as_str()));
        prop_assert_eq!(format!("{back:?}"), format!("{report:?}"));
    }

    /// Whatever stands in a file, reading it ends in steps or a complaint.
    #[test]
    fn rubbish_is_refused(text in any::<String>(), at in 0..400_usize, with in any::<u8>()) {
        let _ = read(&text);
        let _ = read_lines(&text);
        let good = r#"{"key":"log orders/0","fact":"batch","base":0,"last":9,"first_at":"2026-03-01T11:00:00Z"}"#;
        let mut bytes = format!("{{\"whither\":\"scenario\",\"version\":1,\"cluster\":\"c\"}}\n{good}\n").into_bytes();
        let at = at % bytes.len();
        bytes[at] = with;
        let _ = Reader::new(bytes.as_slice()).map(Iterator::collect::<Vec<_>>);
    }
}

#[test]
fn every_word_for_a_fact_is_read() {
    use super::facts::{Around, NAMES, fact};
    let around = Around { now: NOW, partition: &here() };
    for name in NAMES {
        let none = serde_json::from_str("{}").unwrap();
        assert!(fact(name, none, &around).is_some(), "{name}");
        let page = include_str!("../../../../docs/formats/scenario.md");
        assert!(page.contains(&format!("**`{name}`**")), "{name} is not in docs/formats/scenario.md");
    }
    assert!(fact("run", serde_json::from_str("{}").unwrap(), &around).is_none());
}

#[test]
fn a_line_is_what_a_person_would_write() {
    let batch = Batch {
        base: 0,
        last: 99,
        count: 100,
        leader_epoch: 3,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        transactional: false,
        first_at: Time(NOW.0 - 60_000),
        max_at: Time(NOW.0 - 60_000),
        bytes: 0,
    };
    let key = Key::log(&"orders-prod".into(), &here());
    let clock = Clock { now: NOW, complete_to: NOW };
    let text = write(&[Step::Facts { key, clock, facts: vec![Fact::Batch(batch)] }, Step::Settle(clock)]);
    let lines = [
        r#"{"whither":"scenario","version":1,"cluster":"orders-prod"}"#,
        r#"{"clock":"2026-03-01T12:00:00.000Z"}"#,
        r#"{"key":"log orders/0","fact":"batch","base":0,"last":99,"leader_epoch":3,"first_at":"2026-03-01T11:59:00.000Z"}"#,
        r#"{"settle":"2026-03-01T12:00:00.000Z"}"#,
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

/// A field in a record that the manual does not explain is a riddle.
#[test]
fn every_field_is_in_the_manual() {
    let page = include_str!("../../../../docs/formats/scenario.md");
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..300 {
        let text = write(&[step().new_tree(&mut runner).unwrap().current()]);
        for line in text.lines() {
            let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            for field in line.keys() {
                assert!(
                    page.contains(&format!("`{field}`")) || page.contains(&format!("\"{field}\"")),
                    "{field}"
                );
            }
        }
    }
}

#[test]
fn comments_empty_lines_and_other_line_ends_say_nothing() {
    let plain = "{\"key\":\"log orders/0\",\"fact\":\"reading\",\"from\":0}\n{\"key\":\"log orders/0\",\"fact\":\"marker\",\"offset\":3,\"kind\":\"abort\"}\n";
    let adorned = format!("# a story\r\n\r\n  {}", plain.replace('\n', "\r\n\t# why\r\n"));
    assert_eq!(read_lines(&adorned).unwrap(), read_lines(plain).unwrap());
    assert_eq!(read_lines(plain.trim_end()).unwrap(), read_lines(plain).unwrap());
    assert_eq!(read_lines(plain).unwrap().len(), 1, "facts of one key in a row are given together");
    let apart = plain.replacen('\n', "\n{\"clock\":\"2026-03-01T12:00:00Z\"}\n", 1);
    assert_eq!(read_lines(&apart).unwrap().len(), 2, "a clock line parts them");
}

#[test]
fn topic_ids_are_written_as_kafka_prints_them() {
    // Kafka's own example of an id: `Uuid.fromString("…").toString()` is URL-safe base64 without padding.
    let id = TopicId(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let fact = Fact::Reading(Reading { topic_id: id, from: 0 });
    let clock = Clock { now: NOW, complete_to: NOW };
    let key = Key::log(&"orders-prod".into(), &here());
    let text = write(&[Step::Facts { key, clock, facts: vec![fact] }]);
    assert!(text.contains(r#""topic_id":"ABEiM0RVZneImaq7zN3u_w""#), "{text}");
    let spare_bits = text.replace("u_w\"", "u_x\"");
    assert!(read(&spare_bits).is_err(), "two spellings of one id would compare as two");
}

#[test]
fn complaints_say_where_and_what_is_allowed() {
    let says = |lines: &str, parts: &[&str]| {
        let said = complaint(lines);
        for part in parts {
            assert!(said.contains(part), "{said:?} does not say {part:?}");
        }
    };
    says(
        "{\"key\":\"log orders/0\",\"fact\":\"batch\",\"base\":0,\"last\":9,\"cuont\":10}",
        &[
            "line 3 (log orders/0 batch)",
            "unknown field `cuont`",
            "did you mean `count`?",
            "base, last, count,",
        ],
    );
    says(
        "{\"key\":\"log orders/0\",\"fact\":\"bach\"}",
        &["unknown fact `bach`", "`batch`", "member_change"],
    );
    says(
        "# x\n{\"key\":\"log orders/0\",\"fact\":\"batch\",\"last\":9}",
        &["line 4", "missing field `base`"],
    );
    says(
        "{\"key\":\"log orders/0\",\"fact\":\"batch\",\"base\":\"0\",\"last\":9}",
        &["`base`", "expected i64"],
    );
    says("{\"key\":\"log orders\",\"fact\":\"reading\",\"from\":0}", &["`key`", "topic/index"]);
    says("{\"key\":\"origin orders/0@1\",\"fact\":\"reading\",\"from\":0}", &["ledger topic/0"]);
    says(
        "{\"key\":\"log orders/0\",\"fact\":\"marker\",\"offset\":1,\"kind\":\"aborted\"}",
        &["`kind`", "`abort`"],
    );
    says("{\"key\":\"log orders/0\",\"fact\":\"reading\",\"from\":0,\"from\":1}", &["`from` stands twice"]);
    says("{\"setle\":\"2026-03-01T12:00:00Z\"}", &["`setle`", "did you mean `settle`?"]);
    says("{\"settle\":\"yesterday\"}", &["`settle`", "yesterday", "2026-03-01T12:00:00.000Z"]);
    says("{\"settle\":\"2026-03-01T12:00:00.0001Z\"}", &["finer than a millisecond"]);
    says("[1,2]", &["line 3", "an object"]);
    let commit =
        "{\"key\":\"log o/0\",\"fact\":\"commit\",\"source_offset\":1,\"group\":\"g\",\"partition\":\"o/0\"";
    says(&format!("{commit}}}"), &["either `offset`, or `tombstone`"]);
    says(&format!("{commit},\"offset\":1,\"tombstone\":true}}"), &["either `offset`, or `tombstone`"]);
    says(
        "{\"key\":\"ledger o/0\",\"fact\":\"group\",\"group\":\"g\",\"state\":\"empty\",\"kind\":\"classic\",\"member\":{\"member_id\":\"m\",\"hots\":\"\"}}",
        &["`member`", "unknown field `hots`", "`host`"],
    );
}

#[test]
fn what_is_no_scenario_is_said_to_be_none() {
    let problem = |text: &str| match read(text).unwrap_err() {
        Error::Line { problem, .. } => problem,
        other => panic!("{other}"),
    };
    assert_eq!(problem(""), Problem::Empty);
    assert_eq!(problem("# only talk\n"), Problem::Empty);
    assert_eq!(problem("PAR1…"), Problem::NoHeader);
    assert_eq!(problem("{\"clock\":\"2026-03-01T12:00:00Z\"}"), Problem::NoHeader);
    assert_eq!(
        problem("{\"whither\":\"scenario\",\"version\":2,\"cluster\":\"c\",\"new\":1}"),
        Problem::Version("2".into())
    );
    let header = "{\"whither\":\"scenario\",\"version\":1,\"cluster\":\"c\"}\n";
    let fact = "{\"key\":\"log orders/0\",\"fact\":\"reading\",\"from\":0}\n";
    assert_eq!(problem(&format!("{header}{fact}")), Problem::NoClock);
    assert_eq!(problem(&format!("{header}{}", &fact[..30])), Problem::CutOff);
    assert!(matches!(problem(&format!("{header}{}\n", &fact[..30])), Problem::NotJson(_)));
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_refused() {
    let header = b"{\"whither\":\"scenario\",\"version\":1,\"cluster\":\"c\"}\n";
    let with = |rest: &[u8]| {
        let all = [header.as_slice(), rest].concat();
        let steps: Result<Vec<Step>, Error> = Reader::new(all.as_slice()).unwrap().collect();
        steps.unwrap_err().to_string()
    };
    assert!(with(b"\"\xff\"\n").contains("line 2: the line is not UTF-8"));
    let endless = io::Read::chain(header.as_slice(), io::repeat(b' '));
    let error = Reader::new(BufReader::new(endless)).unwrap().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[test]
fn facts_given_together_are_split_before_they_fill_memory() {
    let long = "x".repeat(1024 * 1024);
    let letter = format!(
        r#"{{"key":"log dlt/0","fact":"dead_letter","offset":1,"role":"dead_letter","convention":"mapped","origin":"o/0","origin_offset":1,"exception":"{long}"}}"#
    );
    let lines = vec![letter; 20].join("\n");
    let given: Vec<usize> = read_lines(&lines)
        .unwrap()
        .iter()
        .map(|step| match step {
            Step::Facts { facts, .. } => facts.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(given, [15, 5], "15 lines of a little over 1 MiB are less than 16 MiB");
}

#[test]
fn a_record_refuses_what_a_replay_could_not_take() {
    let mut writer = Writer::new(Sink::default(), &header()).unwrap();
    let clock = Clock { now: NOW, complete_to: NOW };
    let reading = Fact::Reading(Reading { topic_id: TopicId::UNKNOWN, from: 0 });
    let elsewhere = Key::log(&"other".into(), &here());
    assert!(writer.facts(&elsewhere, clock, std::slice::from_ref(&reading)).is_err());
    let origin = Key::origin(&"orders-prod".into(), &here(), 1);
    assert!(writer.facts(&origin, clock, &[reading]).is_err());
    let cut = Fact::Cut(whither_core::fact::Cut { base: 0, last: 1, log_start: 1 });
    assert!(writer.facts(&Key::ledger(&"orders-prod".into(), &here()), clock, &[cut]).is_err());
}

#[test]
fn a_policy_of_ones_own_is_kept() {
    let policy = Policy { dormant_after: Span::hours(2), ..Policy::default() };
    let sink = Sink::default();
    Writer::new(sink.clone(), &Header { cluster: "c".into(), policy }).unwrap();
    assert_eq!(Reader::new(sink.text().as_bytes()).unwrap().header().policy, policy);
}
