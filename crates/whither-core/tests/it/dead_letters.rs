//! "Dead letters" of RULES.md: R17, R18, and what becomes of letters nobody read.

use crate::story::Story;
use whither_core::fact::{Batch, Bounds, Convention, DeadLetter, Marker, MarkerKind, Reading, Record, Role};
use whither_core::verdict::{Cause, Certainty, Outcome, ShownAs, Verdict};
use whither_core::{Fact, Key, Name, Partition, Time, TopicId};

fn origin() -> Story {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 8);
    s
}

fn letter(s: &Story, topic: &str, offset: i64, role: Role) -> DeadLetter {
    DeadLetter {
        partition: Partition::new(topic, 0),
        offset,
        at: Time(s.now),
        key_hash: Some(77),
        role,
        convention: Convention::Spring,
        origin: s.partition.clone(),
        origin_offset: 5,
        origin_at: None,
        group: None,
        connector: None,
        stage: None,
        exception: Some(Name::from("Boom")),
    }
}

/// The topic of the letter is read, up to and with it.
fn write(s: &mut Story, letter: DeadLetter, transaction: Option<i64>) {
    s.wait(1);
    let key = Key::log(&s.cluster, &letter.partition);
    let base = letter.offset;
    let producer_id = transaction.unwrap_or(-1);
    let batch = Batch { producer_id, transactional: transaction.is_some(), ..s.batch_of(base, base, 1) };
    let reading = Reading { topic_id: TopicId(0xd), from: 0 };
    s.give(&key, &[Fact::Reading(reading), Fact::Batch(batch), Fact::DeadLetter(letter)]);
}

fn looked_at(s: &mut Story, at: i64, key_hash: Option<u64>, exists: bool) {
    let key = s.ledger();
    s.give(&key, &[Fact::Record(Record { offset: 5, exists, at: Time(at), key_hash })]);
}

fn dead(s: &mut Story) -> Option<Verdict> {
    s.finding(Cause::RoutedToDeadLetter)
}

#[test]
fn r17_a_letter_whose_origin_matches_is_proof() {
    let mut s = origin();
    let group = Some(Name::from("g"));
    let l = DeadLetter { group, ..letter(&s, "orders.dlq", 0, Role::DeadLetter) };
    write(&mut s, l, None);
    assert_eq!(s.wanted.iter().filter(|w| w.from == 5 && w.to == 6).count(), 1);
    assert_eq!(dead(&mut s).unwrap().certainty, Certainty::Indicative);
    looked_at(&mut s, 1, Some(77), true);
    let v = dead(&mut s).unwrap();
    assert_eq!((v.certainty, v.shown_as, v.records), (Certainty::Proof, ShownAs::Dead, 1));
    assert_eq!(s.count("g", Outcome::DeadLettered), 1);
    assert_eq!(s.balance("g").count(Outcome::Delivered), 7);
}

#[test]
fn r17_foreign_offsets_of_a_mirrored_topic_show_nothing() {
    for (at, key, exists) in [(1, Some(78), true), (1, None, false), (1, None, true)] {
        let mut s = origin();
        let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
        write(&mut s, l, None);
        looked_at(&mut s, at, key, exists);

        assert_eq!(s.count("g", Outcome::DeadLettered), 0);
        assert_eq!(dead(&mut s), None);
    }
}

#[test]
fn r17_a_timestamp_that_is_told_and_differs_takes_the_proof_away() {
    let mut s = origin();
    let l = DeadLetter { origin_at: Some(Time(2)), ..letter(&s, "orders.dlq", 0, Role::DeadLetter) };
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    assert_eq!(dead(&mut s).unwrap().certainty, Certainty::Indicative);
}

#[test]
fn r17_an_origin_beyond_the_end_of_the_log_is_foreign() {
    let mut s = origin();
    let l = DeadLetter { origin_offset: 500, ..letter(&s, "orders.dlq", 0, Role::DeadLetter) };
    write(&mut s, l, None);
    assert_eq!(dead(&mut s), None);
}

#[test]
fn r17_a_letter_of_an_aborted_transaction_was_never_written() {
    let mut s = origin();
    let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
    write(&mut s, l, Some(9));
    let key = Key::log(&s.cluster, &Partition::new("orders.dlq", 0));
    let marker =
        |kind| Fact::Marker(Marker { offset: 1, at: Time(1), producer_id: 9, producer_epoch: 0, kind });
    s.give(&key, &[marker(MarkerKind::Abort)]);
    assert_eq!(dead(&mut s), None);
}

#[test]
fn r17_a_letter_of_a_committed_transaction_counts_with_its_marker() {
    let mut s = origin();
    let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
    write(&mut s, l, Some(9));
    assert_eq!(dead(&mut s), None);
    let key = Key::log(&s.cluster, &Partition::new("orders.dlq", 0));
    let kind = MarkerKind::Commit;
    s.give(&key, &[Fact::Marker(Marker { offset: 1, at: Time(1), producer_id: 9, producer_epoch: 0, kind })]);
    assert!(dead(&mut s).is_some());
}

#[test]
fn r17_a_retry_topic_is_a_stage() {
    let mut s = origin();
    let l = letter(&s, "orders-retry-0", 0, Role::Retry);
    write(&mut s, l, None);
    assert_eq!(dead(&mut s), None);
    assert_eq!(s.count("g", Outcome::Delivered), 8);
}

#[test]
fn r17_stages_and_their_end_are_one_dead_letter() {
    let mut s = origin();
    for (topic, role) in
        [("orders-retry-0", Role::Retry), ("orders-retry-1", Role::Retry), ("orders-dlt", Role::DeadLetter)]
    {
        let l = letter(&s, topic, 0, role);
        write(&mut s, l, None);
    }
    assert_eq!(dead(&mut s).unwrap().records, 1);
    assert_eq!(s.count("g", Outcome::DeadLettered), 1);
}

#[test]
fn r17_a_letter_put_back_into_a_retry_topic_is_on_its_way_again() {
    let mut s = origin();
    let l = letter(&s, "orders-dlt", 0, Role::DeadLetter);
    write(&mut s, l, None);
    let l = letter(&s, "orders-retry-0", 0, Role::Retry);
    write(&mut s, l, None);

    assert_eq!(dead(&mut s), None);
}

#[test]
fn r17_a_replayed_record_that_keeps_its_headers_is_no_letter() {
    let mut s = origin();
    let l = letter(&s, "orders", 9, Role::DeadLetter);
    let key = s.log();
    s.give(&key, &[Fact::DeadLetter(l)]);
    assert_eq!(dead(&mut s), None);
    s.is_healthy();
}

#[test]
fn r18_connect_names_its_group_by_its_connector() {
    let mut s = origin();
    s.members("connect-sink", &["w"]).commit("connect-sink", 0).commit("connect-sink", 9);
    let connector = Some(Name::from("sink"));
    let l = DeadLetter {
        connector,
        convention: Convention::Connect,
        ..letter(&s, "orders.dlq", 0, Role::DeadLetter)
    };
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    let v = dead(&mut s).unwrap();
    assert_eq!((v.group.as_deref(), v.certainty), (Some("connect-sink"), Certainty::Strong));
}

#[test]
fn r18_the_only_group_that_passed_it_is_the_one() {
    let mut s = origin();
    s.members("slow", &["c"]).commit("slow", 0).commit("slow", 2);
    let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    let v = dead(&mut s).unwrap();
    assert_eq!((v.group.as_deref(), v.certainty), (Some("g"), Certainty::Strong));
}

#[test]
fn r18_of_several_nobody_can_tell() {
    let mut s = origin();
    s.members("h", &["c"]).commit("h", 0).commit("h", 9);
    let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    let v = dead(&mut s).unwrap();
    assert_eq!((v.group, v.certainty), (None, Certainty::Indicative));
}

fn edges_of(s: &mut Story, topic: &str, log_start: i64, end: i64) {
    s.wait(1);
    let key = Key::log(&s.cluster, &Partition::new(topic, 0));
    let at = Time(s.now);
    let bounds = Bounds {
        at,
        topic_id: TopicId(0xd),
        log_start,
        local_start: log_start,
        last_stable: end,
        end,
        leader_epoch: 0,
    };
    s.give(&key, &[Fact::Bounds(bounds)]);
    s.wait(1);
}

#[test]
fn a_letter_that_expires_before_anybody_read_it_is_lost() {
    let mut s = origin();
    edges_of(&mut s, "orders.dlq", 0, 1);
    let l = DeadLetter { group: Some(Name::from("g")), ..letter(&s, "orders.dlq", 0, Role::DeadLetter) };
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    s.settle();
    assert_eq!(s.finding(Cause::DeadLetterPurged), None);
    edges_of(&mut s, "orders.dlq", 1, 1);
    let v = s.finding(Cause::DeadLetterPurged).unwrap();
    assert_eq!((v.outcome, v.shown_as, v.records), (Outcome::LostAtDeadLetter, ShownAs::Loss, 1));
    assert_eq!((&*v.partition.topic, v.from, v.certainty), ("orders", 5, Certainty::Proof));
    assert_eq!(s.count("g", Outcome::LostAtDeadLetter), 1);
    assert_eq!(s.finding(Cause::RoutedToDeadLetter), None);
}

/// The origin's letter matches and names its group: nothing is left to doubt but who read it.
fn waiting() -> Story {
    let mut s = origin();
    edges_of(&mut s, "orders.dlq", 0, 1);
    let l = DeadLetter { group: Some(Name::from("g")), ..letter(&s, "orders.dlq", 0, Role::DeadLetter) };
    write(&mut s, l, None);
    looked_at(&mut s, 1, Some(77), true);
    s
}

fn in_letters(s: &mut Story, happens: impl FnOnce(&mut Story)) {
    let orders = std::mem::replace(&mut s.partition, Partition::new("orders.dlq", 0));
    let topic_id = std::mem::replace(&mut s.topic_id, TopicId(0xd));
    happens(s);
    (s.partition, s.topic_id) = (orders, topic_id);
}

#[test]
fn a_letter_that_somebody_may_have_read_without_committing_is_no_proof() {
    let mut s = waiting();
    in_letters(&mut s, |s| {
        s.members("replayer", &["c"]).commit("replayer", 0);
    });
    edges_of(&mut s, "orders.dlq", 1, 1);
    assert_eq!(s.finding(Cause::DeadLetterPurged).unwrap().certainty, Certainty::Strong);
}

#[test]
fn a_position_committed_after_a_letter_was_gone_does_not_bring_it_back() {
    let mut s = waiting();
    edges_of(&mut s, "orders.dlq", 1, 1);
    in_letters(&mut s, |s| {
        s.members("replayer", &["c"]).commit("replayer", 1);
    });
    assert_eq!(s.finding(Cause::DeadLetterPurged).unwrap().certainty, Certainty::Proof);
}

#[test]
fn letters_of_a_topic_made_anew_are_other_letters() {
    let mut s = waiting();
    let key = Key::log(&s.cluster, &Partition::new("orders.dlq", 0));
    let bounds = Bounds {
        at: Time(s.now),
        topic_id: TopicId(0xe),
        log_start: 1,
        local_start: 1,
        last_stable: 1,
        end: 1,
        leader_epoch: 0,
    };
    s.give(&key, &[Fact::Bounds(bounds)]);
    assert_eq!(s.finding(Cause::DeadLetterPurged), None);
}

#[test]
fn a_letter_that_a_group_had_read_is_not_lost_when_it_expires() {
    let mut s = origin();
    edges_of(&mut s, "orders.dlq", 0, 1);
    let l = letter(&s, "orders.dlq", 0, Role::DeadLetter);
    write(&mut s, l, None);
    let orders = std::mem::replace(&mut s.partition, Partition::new("orders.dlq", 0));
    s.topic_id = TopicId(0xd);
    s.members("replayer", &["c"]).commit("replayer", 1);
    s.partition = orders;
    edges_of(&mut s, "orders.dlq", 1, 1);
    assert_eq!(s.finding(Cause::DeadLetterPurged), None);
}
