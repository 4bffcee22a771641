//! R19: share groups.

use crate::story::{A, B, Story};
use whither_core::fact::{GroupState, SharePosition};
use whither_core::verdict::{Cause, Certainty, Evidence};
use whither_core::{Fact, Name, Time, TopicId};

/// The coordinator tells that `g` has settled what is below `start` and `settled` offsets from there on.
fn stands(s: &mut Story, topic_id: TopicId, start: i64, settled: u64) {
    let at = Time(s.wait(1).now);
    let key = s.ledger();
    let group = Name::from("g");
    s.give(&key, &[Fact::SharePosition(SharePosition { at, group, topic_id, start, settled })]);
}

/// Twenty records, an hour of retention.
fn twenty() -> Story {
    let mut s = Story::new();
    s.retention(3_600).edges(0, 20).read_from(0).data(0, 20);
    s
}

#[test]
fn r19_what_is_settled_is_no_proof_of_a_delivery() {
    let mut s = twenty();
    stands(&mut s, A, 5, 0);
    assert_eq!(s.row("g"), "0..5 5 delivered indicative; 5..20 15 in_flight strong");
    // Settled out of order, or in the hands of members: how many, but not which.
    stands(&mut s, A, 5, 3);
    assert_eq!(s.row("g"), "0..8 8 delivered indicative; 8..20 12 in_flight indicative");
    s.is_healthy();
}

/// Kafka writes the start with the next acknowledgement: seen on 4.3.1, all accepted and the start still 0.
#[test]
fn r19_a_start_that_lags_behind_is_no_loss() {
    let mut s = Story::new();
    s.retention(3_600);
    stands(&mut s, A, 0, 10);
    s.wait(7_200).edges(10, 10);
    assert_eq!(s.row("g"), "0..10 ~10 delivered indicative");
    s.is_healthy();
}

#[test]
fn r19_a_gap_of_one_offset_is_unknown() {
    let mut s = Story::new();
    s.retention(3_600);
    stands(&mut s, A, 0, 9);
    s.wait(7_200).edges(10, 10);
    assert_eq!(s.row("g"), "0..9 ~9 delivered indicative; 9..10 ~1 unknown unknown");
    s.is_healthy();
}

#[test]
fn r19_what_went_before_it_was_settled_is_lost_at_most() {
    let mut s = Story::new();
    s.retention(3_600);
    stands(&mut s, A, 2, 3);
    s.wait(7_200).edges(10, 20).read_from(10).data(10, 20);
    assert_eq!(
        s.row("g"),
        "2..5 ~3 delivered indicative; 5..10 ~5 expired strong; 10..20 10 in_flight indicative"
    );
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.from, v.to, v.records, v.at_most), (5, 10, 5, true));
    assert!(v.evidence.iter().any(|e| matches!(e, Evidence::SharePosition { start: 2, settled: 3, .. })));
}

/// Members settle in any order: some of what went may have been among what was settled.
#[test]
fn r19_not_even_a_follower_proves_it() {
    let mut s = twenty();
    stands(&mut s, A, 5, 0);
    s.group_is("g", GroupState::Empty);
    s.wait(7_200).edges(12, 20);
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.from, v.to, v.certainty, v.at_most), (5, 12, Certainty::Strong, true));
    // The broker archives what has gone, moves the start and tells no more of it: it is lost all the same.
    stands(&mut s, A, 12, 8);
    assert_eq!(
        s.row("g"),
        "0..5 5 delivered indicative; 5..12 7 expired strong; 12..20 8 delivered indicative"
    );
}

#[test]
fn r19_another_incarnation_is_not_this_one() {
    let mut s = twenty();
    stands(&mut s, B, 15, 0);
    assert!(!s.rows.contains_key(&(Name::from("g"), s.partition.clone())));
    s.is_healthy();
}
