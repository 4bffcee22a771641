//! "Transactions" of RULES.md: R12 to R16.

use crate::story::Story;
use whither_core::fact::{Batch, Coordinator, MarkerKind, Transaction};
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use whither_core::{Fact, Name, Span, Time};

fn group_at(s: &mut Story, offset: i64) {
    s.members("g", &["c"]).commit("g", 0).commit("g", offset);
}

#[test]
fn r12_rolled_back_records_are_aborted_for_every_group() {
    let mut s = Story::new();
    group_at(&mut s, 3);
    s.edges(0, 12).read_from(0).transactional(7, 0, 2).data(2, 4).transactional(7, 4, 6);
    s.marker(7, 6, MarkerKind::Abort).data(7, 12);
    assert_eq!(s.count("g", Outcome::Aborted), 4);
    assert_eq!(s.balance("g").count(Outcome::Delivered), 1);
    assert_eq!(s.balance("g").count(Outcome::InFlight), 6);
    let v = s.finding(Cause::TransactionAborted).unwrap();
    assert_eq!((v.group.clone(), v.from, v.to, v.records), (None, 0, 6, 4));
    assert_eq!((v.certainty, v.shown_as), (Certainty::Proof, ShownAs::Note));
    let marked = |e: &Evidence| matches!(e, Evidence::AbortMarker { offset: 6, producer_id: 7, .. });
    assert!(v.evidence.iter().any(marked));
}

#[test]
fn r12_interleaved_transactions_end_each_by_their_own_marker() {
    let mut s = Story::new();
    group_at(&mut s, 8);
    s.edges(0, 8).read_from(0).transactional(1, 0, 2).transactional(2, 2, 4).transactional(1, 4, 6);
    s.marker(2, 6, MarkerKind::Abort).marker(1, 7, MarkerKind::Commit);
    assert_eq!(s.row("g"), "0..8 4 delivered strong; 0..8 2 aborted proof");
}

#[test]
fn r12_a_read_that_begins_in_a_transaction_ends_what_an_earlier_part_holds_of_it() {
    let mut s = Story::new();
    group_at(&mut s, 10);
    s.edges(0, 10).read_from(5).transactional(1, 5, 7).marker(1, 7, MarkerKind::Abort).data(8, 10);
    s.read_from(0).data(0, 3).transactional(1, 3, 5);
    assert_eq!(s.row("g"), "0..10 5 delivered strong; 0..10 4 aborted proof");
}

#[test]
fn r12_a_transaction_whose_end_was_not_read_is_unknown_not_open() {
    let mut s = Story::new();
    group_at(&mut s, 20);
    s.edges(0, 20).read_from(0).transactional(1, 0, 5).read_from(10).data(10, 20);
    assert_eq!(s.row("g"), "0..20 10 delivered strong; 0..20 ~5 unread unknown; 0..20 5 unknown unknown");
    // The part between brings the marker.
    s.read_from(5).marker(1, 5, MarkerKind::Abort).data(6, 10);
    assert_eq!(s.row("g"), "0..20 14 delivered strong; 0..20 5 aborted proof");
}

fn describe(s: &mut Story, start: i64, coordinator: Option<Coordinator>) {
    let (key, at) = (s.ledger(), Time(s.now));
    let t = Transaction { at, producer_id: 7, start, last_write: at, coordinator };
    s.give(&key, &[Fact::Transaction(t)]);
}

fn open() -> Story {
    let mut s = Story::new();
    group_at(&mut s, 3);
    s.edges_stable(0, 3, 10).read_from(0).data(0, 3).transactional(7, 3, 5).data(5, 10);
    s
}

#[test]
fn r13_open_is_in_flight_and_says_until_when() {
    let mut s = open();
    let began = Time(s.now);
    let id = Name::from("pay-7");
    describe(&mut s, 3, Some(Coordinator::Knows { transactional_id: id, began, timeout: Span::seconds(60) }));
    assert_eq!(s.row("g"), "0..3 3 delivered strong; 3..10 5 in_flight proof; 3..10 2 in_flight proof");
    let v = s.finding(Cause::TransactionOpen).unwrap();
    assert_eq!((v.shown_as, v.from, v.to, v.records), (ShownAs::Note, 3, 10, 7));
    assert_eq!(v.until, Some(began.after(Span::seconds(90))));
    s.is_healthy();
}

#[test]
fn r13_past_its_timeout_it_hangs() {
    let mut s = open();
    let began = Time(s.now);
    let id = Name::from("pay-7");
    describe(&mut s, 3, Some(Coordinator::Knows { transactional_id: id, began, timeout: Span::seconds(60) }));
    s.wait(120).settle();
    // The log was not looked at since: it may have ended.
    assert_eq!(s.finding(Cause::TransactionHanging), None);
    s.edges_stable(0, 3, 10);
    assert_eq!(s.finding(Cause::TransactionHanging).unwrap().shown_as, ShownAs::Stuck);
}

#[test]
fn r13_a_transaction_that_its_coordinator_forgot_hangs_if_it_is_still_open_after() {
    let mut s = open();
    describe(&mut s, 3, Some(Coordinator::Unknown));
    s.settle();
    assert_eq!(s.finding(Cause::TransactionHanging), None);
    s.edges_stable(0, 3, 10);
    let v = s.finding(Cause::TransactionHanging).unwrap();
    assert_eq!((v.certainty, v.shown_as), (Certainty::Proof, ShownAs::Stuck));
    // What was told of it while it was only open holds no more: not as a finding, and not in the row.
    assert_eq!(s.finding(Cause::TransactionOpen), None);
    let causes: Vec<Option<Cause>> = s.balance("g").stretches.iter().map(|s| s.cause).collect();
    assert!(causes.contains(&Some(Cause::TransactionHanging)), "{causes:?}");
    assert!(!causes.contains(&Some(Cause::TransactionOpen)), "{causes:?}");
}

#[test]
fn r13_the_description_of_an_earlier_transaction_says_nothing() {
    let mut s = Story::new();
    describe(&mut s, 0, Some(Coordinator::Unknown));
    group_at(&mut s, 3);
    s.edges_stable(0, 5, 10).read_from(0).transactional(7, 0, 2).marker(7, 2, MarkerKind::Commit);
    s.data(3, 5).transactional(7, 5, 10).edges_stable(0, 5, 10);
    s.is_healthy();
}

#[test]
fn r14_a_transactional_commit_counts_with_its_marker() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit_in("g", 9, 6);
    assert_eq!(s.row("g"), "0..10 10 in_flight proof");
    s.offsets_marker(9, MarkerKind::Commit);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..10 4 in_flight proof");
}

#[test]
fn r14_an_aborted_commit_never_counts() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit_in("g", 9, 6).offsets_marker(9, MarkerKind::Abort);
    s.offsets_marker(9, MarkerKind::Commit);
    assert_eq!(s.row("g"), "0..10 10 in_flight proof");
}

#[test]
fn r15_a_position_beyond_the_last_stable_offset_reads_uncommitted_data() {
    let mut s = Story::new();
    group_at(&mut s, 8);
    s.edges_stable(0, 6, 10).read_from(0).transactional(1, 0, 2).marker(1, 2, MarkerKind::Abort);
    s.data(3, 6).transactional(7, 6, 10);
    let v = s.finding(Cause::ReadsUncommitted).unwrap();
    assert_eq!((v.certainty, v.shown_as), (Certainty::Strong, ShownAs::Note));
    assert!(v.evidence.iter().any(|e| matches!(e, Evidence::Read { records: 2, .. })));
}

#[test]
fn r15_a_reset_to_the_end_is_no_reader() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 2).members("g", &[]).commit_bare("g", 10);
    s.edges_stable(0, 6, 10).read_from(0).data(0, 6).transactional(7, 6, 10);
    s.settle();
    assert_eq!(s.finding(Cause::ReadsUncommitted), None);
}

#[test]
fn r16_a_producer_that_began_again_gave_up() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0);
    let old = Batch { producer_id: 5, producer_epoch: 2, base_sequence: 40, ..s.batch_of(0, 4, 5) };
    let new = Batch { producer_id: 5, producer_epoch: 3, base_sequence: 0, ..s.batch_of(5, 9, 5) };
    s.batch(old).batch(new);
    let v = s.finding(Cause::DeliveryTimeout).unwrap();
    assert_eq!((v.certainty, v.shown_as, v.duplicate), (Certainty::Indicative, ShownAs::Note, true));
    assert!(v.evidence.iter().any(|e| matches!(e, Evidence::GaveUp { producer_epoch: 3, offset: 5, .. })));
}

#[test]
fn r16_a_transactional_producer_that_is_fenced_did_not() {
    let mut s = Story::new();
    s.edges(0, 12).read_from(0);
    let old = Batch { producer_id: 5, producer_epoch: 2, transactional: true, ..s.batch_of(0, 4, 5) };
    let new = Batch { producer_epoch: 3, base_sequence: 0, ..Batch { base: 6, last: 10, ..old } };
    s.batch(old).marker(5, 5, MarkerKind::Commit).batch(new).marker(5, 11, MarkerKind::Commit).settle();
    assert_eq!(s.finding(Cause::DeliveryTimeout), None);
}
