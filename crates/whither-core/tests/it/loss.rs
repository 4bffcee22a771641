//! "Loss" of RULES.md: R1 to R5.

use crate::story::{A, B, Story};
use whither_core::fact::{Batch, Config, EpochEnd, GroupState, MarkerKind, Size, TopicState, WhyUnread};
use whither_core::limits::Limits;
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use whither_core::{Fact, Policy, Refusal, Time};

/// A follower that read everything, and a group that stopped half way.
fn half_way() -> Story {
    let mut s = Story::new();
    s.retention(3_600);
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 5);
    s.members("g", &[]);
    s
}

#[test]
fn r1_a_snapshot_finds_a_gone_range_strong_and_at_most() {
    let mut s = Story::new();
    s.retention(3_600);
    s.members("g", &["c"]).commit("g", 2).commit("g", 5);
    s.wait(7_200).edges(10, 20).read_from(10).data(10, 20);
    assert_eq!(s.row("g"), "2..5 ~3 delivered strong; 5..10 ~5 expired strong; 10..20 10 in_flight proof");
    assert!(s.told().contains(&"0 g 5..10 ~5 expired strong retention_time strong loss".into()));
}

#[test]
fn r2_a_setting_without_the_time_of_any_record_is_no_more_than_a_hint() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 2).commit("g", 5);
    s.wait(7_200).edges(10, 10);
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.certainty, v.cause_certainty), (Certainty::Strong, Certainty::Indicative));
}

#[test]
fn r1_a_gap_of_one_offset_is_unknown() {
    let mut s = Story::new();
    s.retention(3_600);
    s.members("g", &["c"]).commit("g", 2).commit("g", 9);
    s.edges(10, 10);
    assert_eq!(s.row("g"), "2..9 ~7 delivered strong; 9..10 ~1 unknown unknown");
    s.is_healthy();
}

#[test]
fn r1_a_follower_proves_exactly_what_went() {
    let mut s = half_way();
    s.wait(7_200).edges(12, 20);
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..12 7 expired proof; 12..20 8 in_flight proof");
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.records, v.at_most, v.cause_certainty), (7, false, Certainty::Strong));
    assert!(v.evidence.iter().any(|e| matches!(e, Evidence::Read { from: 5, to: 12, records: 7 })));
}

#[test]
fn r1_only_the_latest_commit_counts() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 1).commit("g", 15);
    s.wait(7_200).edges(10, 20).read_from(10).data(10, 20);
    assert_eq!(s.row("g"), "1..10 ~9 delivered strong; 10..15 5 delivered strong; 15..20 5 in_flight proof");
    s.is_healthy();
}

#[test]
fn r1_a_later_commit_does_not_bring_back_what_a_follower_saw_go() {
    let mut s = half_way();
    s.wait(7_200).edges(12, 20).settle();
    s.members("g", &["c"]).commit("g", 20);
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..12 7 expired proof; 12..20 8 delivered strong");
}

#[test]
fn r1_a_live_member_may_hold_what_went_so_that_is_not_proof() {
    let mut s = half_way();
    s.members("g", &["c"]).group_is("g", GroupState::Stable).wait(7_200).edges(12, 20);
    assert!(s.row("g").contains("5..12 7 expired strong"));
}

#[test]
fn r1_a_member_that_comes_later_holds_nothing_of_what_went() {
    let mut s = half_way();
    s.members("g", &["c"]).group_is("g", GroupState::Stable).wait(7_200).edges(12, 20);
    s.wait(10).group_is("g", GroupState::Empty);
    assert!(s.row("g").contains("5..12 7 expired proof"), "whoever held them has left");
    s.wait(10).group_is("g", GroupState::Stable);
    assert!(s.row("g").contains("5..12 7 expired proof"), "{}", s.row("g"));
    s.wait(7_200).edges(14, 20);
    assert!(s.row("g").contains("5..12 7 expired proof; 12..14 2 expired strong"), "{}", s.row("g"));
    s.wait(10).group_is("g", GroupState::Empty);
    assert!(s.row("g").contains("5..14 9 expired proof"), "{}", s.row("g"));
}

#[test]
fn r1_what_was_read_before_a_rewind_is_not_lost_when_it_goes() {
    let mut s = Story::new();
    s.retention(3_600);
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 15).members("g", &[]).commit_bare("g", 0);
    s.wait(7_200).edges(10, 20);
    assert_eq!(s.row("g"), "0..15 15 delivered strong; 15..20 5 in_flight proof");
    s.is_healthy();
}

#[test]
fn r2_a_log_start_inside_a_batch_is_delete_records() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 0).commit("g", 2);
    s.edges(7, 20).read_from(7).data(5, 20);
    let v = s.finding(Cause::DeleteRecords).unwrap();
    assert_eq!((v.from, v.to, v.outcome, v.cause_certainty), (2, 7, Outcome::Deleted, Certainty::Proof));
    assert_eq!(v.certainty, Certainty::Strong);
}

#[test]
fn r2_without_the_configuration_the_cause_is_indicative() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 2).commit("g", 5);
    s.edges(10, 20).read_from(10).data(10, 20);
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.certainty, v.cause_certainty), (Certainty::Strong, Certainty::Indicative));
}

#[test]
fn r2_records_too_young_for_retention_were_deleted() {
    let mut s = half_way();
    s.edges(12, 20);
    let v = s.finding(Cause::DeleteRecords).unwrap();
    assert_eq!(
        (v.outcome, v.certainty, v.cause_certainty),
        (Outcome::Deleted, Certainty::Proof, Certainty::Strong)
    );
}

#[test]
fn r2_retention_that_goes_on_stays_retention() {
    let mut s = half_way();
    s.wait(7_200).edges(12, 20).settle();
    // What goes next was written after the log start had first passed the group.
    s.data(20, 30).data(30, 40).edges(12, 40).wait(7_200).edges(30, 40);
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert_eq!((v.from, v.to, v.outcome, v.cause_certainty), (5, 30, Outcome::Expired, Certainty::Strong));
    assert!(v.first_seen < Time(s.now - 7_200_000), "it began when the log start first passed the group");
    assert!(
        v.evidence
            .iter()
            .any(|e| matches!(e, Evidence::LogStart { offset: 30, at } if *at > Time(s.now - 60_000)))
    );
    let grew = v.last_seen;
    assert!(grew > Time(s.now - 60_000), "the log start has moved on just now");
    s.wait(3_600).edges(30, 40).data(40, 41);
    assert_eq!(s.finding(Cause::RetentionTime).unwrap().last_seen, grew, "looking again is no news");
}

#[test]
fn r2_a_full_partition_lets_the_oldest_go() {
    let mut s = half_way();
    s.config(Config {
        retention_ms: Some(-1),
        retention_bytes: Some(1_000),
        deletes: Some(true),
        ..Config::default()
    });
    let (key, at) = (s.ledger(), Time(s.now));
    s.give(&key, &[Fact::Size(Size { at, bytes: 1_200 })]);
    s.edges(12, 20);
    let v = s.finding(Cause::RetentionSize).unwrap();
    assert_eq!((v.outcome, v.cause_certainty), (Outcome::Expired, Certainty::Strong));
}

#[test]
fn r2_a_topic_that_keeps_everything_was_deleted_from() {
    let mut s = Story::new();
    s.config(Config {
        retention_ms: Some(-1),
        retention_bytes: Some(-1),
        deletes: Some(true),
        ..Config::default()
    });
    s.members("g", &["c"]).commit("g", 2).commit("g", 5);
    s.edges(10, 20).read_from(10).data(10, 20);
    assert_eq!(s.finding(Cause::DeleteRecords).unwrap().cause_certainty, Certainty::Strong);
}

#[test]
fn r3_holes_never_alarm() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 0).commit("g", 4);
    s.edges(0, 20).read_from(0).data(0, 2).data(12, 13).data(19, 20);
    assert_eq!(s.row("g"), "0..4 2 delivered strong; 4..20 2 in_flight proof");
    s.is_healthy();
}

fn epoch_end(s: &mut Story, epoch: i32, end: i64) {
    let (key, at, topic_id) = (s.ledger(), Time(s.now), s.topic_id);
    s.give(&key, &[Fact::EpochEnd(EpochEnd { topic_id, epoch, end, at })]);
}

#[test]
fn r4_a_commit_above_the_end_of_its_epoch_is_proof() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 10);
    epoch_end(&mut s, 0, 6);
    s.leader_epoch(1).edges(0, 12).read_from(0).data(0, 12);
    assert_eq!(
        s.row("g"),
        "0..6 6 delivered strong; 6..10 4 in_flight indicative; 6..10 ~4 truncated proof; 10..12 2 in_flight proof"
    );
    assert_eq!(s.balance("g").records, 16);
    assert_eq!(s.finding(Cause::LogRegressed).unwrap().cause_certainty, Certainty::Indicative);
}

#[test]
fn r4_an_epoch_end_asked_of_another_incarnation_shows_nothing() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 10);
    s.topic_id = B;
    epoch_end(&mut s, 0, 6);
    s.topic_id = A;
    s.edges(0, 12).read_from(0).data(0, 12);
    s.is_healthy();
}

#[test]
fn r4_a_record_that_another_one_replaces_is_proof() {
    let mut s = Story::new();
    s.config(Config { unclean_elections: Some(true), ..Config::default() });
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 4);
    s.leader_epoch(1).edges(0, 7);
    assert!(s.row("g").contains("7..10 3 truncated strong"), "{}", s.row("g"));
    s.read_from(7).data(7, 9);
    assert!(s.row("g").ends_with("4..9 5 in_flight proof; 7..10 3 truncated proof"), "{}", s.row("g"));
    assert_eq!(s.balance("g").records, 12);
    assert_eq!(s.finding(Cause::UncleanElection).unwrap().cause_certainty, Certainty::Strong);
}

#[test]
fn r4_an_end_that_stands_behind_without_a_new_epoch_shows_nothing() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 4);
    s.edges(0, 7).edges(0, 10);
    s.is_healthy();
}

#[test]
fn r5_a_deleted_topic_takes_what_was_unread_with_it() {
    let mut s = half_way();
    s.wait(10).topic_is(TopicState::Absent);
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..20 15 deleted strong", "members may hold them");
    s.group_is("g", GroupState::Empty);
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..20 15 deleted proof");
    let v = s.finding(Cause::TopicDeleted).unwrap();
    assert_eq!((v.records, v.at_most), (15, false));
    // Deleting a topic removes the offsets committed for it.
    s.tombstone("g");
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..20 15 deleted proof");
}

#[test]
fn r5_a_missing_right_is_no_absence() {
    let mut s = half_way();
    s.wait(10).topic_is(TopicState::Unauthorized);
    assert_eq!(s.row("g"), "0..5 5 delivered strong; 5..20 15 in_flight proof");
}

#[test]
fn r5_a_recreated_topic_keeps_its_lives_apart() {
    let mut s = half_way();
    s.group_is("g", GroupState::Empty);
    s.topic_id = B;
    s.edges(0, 6).read_from(0).data(0, 6);
    let v = s.finding(Cause::TopicRecreated).unwrap();
    assert_eq!((v.from, v.to, v.records, v.certainty), (5, 20, 15, Certainty::Proof));
    s.members("g", &["c"]).commit("g", 0).commit("g", 2);
    assert_eq!(s.row("g"), "0..2 2 delivered strong; 2..6 4 in_flight proof");
}

#[test]
fn r5_what_was_proved_of_an_earlier_incarnation_stays() {
    let mut s = half_way();
    s.group_is("g", GroupState::Empty).wait(10);
    s.topic_id = B;
    s.edges(0, 6).read_from(0).data(0, 6);
    let first = s.finding(Cause::TopicRecreated).unwrap();
    assert_eq!(first.certainty, Certainty::Proof);
    s.members("g", &["c"]).commit("g", 2).group_is("g", GroupState::Stable).wait(10).settle();
    assert_eq!(s.finding(Cause::TopicRecreated).unwrap().certainty, Certainty::Proof);
    s.topic_id = whither_core::TopicId(3);
    s.wait(10).edges(0, 4).read_from(0).data(0, 4).settle();
    let told = s.told();
    assert!(told.iter().any(|line| line.contains("5..20")), "{told:?}");
}

#[test]
fn r5_a_commit_without_a_topic_id_goes_to_the_incarnation_of_its_time() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit_in("g", 7, 15).offsets_marker(7, MarkerKind::Commit);
    s.topic_id = B;
    s.edges(0, 6).read_from(0).data(0, 6).settle();
    assert_eq!(s.row("g"), "0..6 6 unknown unknown");
    s.commit_in("g", 7, 4).offsets_marker(7, MarkerKind::Commit);
    assert_eq!(s.row("g"), "0..4 4 delivered indicative; 4..6 2 in_flight proof");
}

#[test]
fn r1_retention_that_runs_while_whither_reads_leaves_no_proof() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 0).commit("g", 2);
    s.edges(0, 20).read_from(0).data(0, 4).wait(7_200);
    s.unread_for(4, 12, WhyUnread::Gone).data(12, 20).edges(12, 20);
    assert_eq!(
        s.row("g"),
        "0..2 2 delivered strong; 2..12 2 expired strong; 2..12 ~8 expired strong; 12..20 8 in_flight proof"
    );
    let v = s.finding(Cause::RetentionTime).unwrap();
    assert!(v.evidence.contains(&Evidence::NotRead { why: WhyUnread::Gone }));
    assert_eq!((v.records, v.at_most), (10, true));
}

#[test]
fn r4_a_commit_that_tells_no_topic_id_is_no_proof() {
    let mut s = Story::new();
    s.topic_id = whither_core::TopicId::UNKNOWN;
    s.members("g", &["c"]).commit("g", 0).commit("g", 10);
    epoch_end(&mut s, 0, 6);
    s.topic_id = A;
    s.leader_epoch(1).edges(0, 12).read_from(0).data(0, 12);
    let v = s.finding(Cause::LogRegressed).unwrap();
    assert_eq!((v.certainty, v.records, v.at_most), (Certainty::Strong, 4, true));
}

#[test]
fn r5_a_topic_deleted_before_it_was_seen_is_worth_knowing() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5).topic_is(TopicState::Absent);
    let v = s.finding(Cause::TopicDeleted).unwrap();
    assert_eq!((v.shown_as, v.certainty, v.at_most), (ShownAs::Note, Certainty::Strong, true));
    assert!(s.rows.is_empty());
}

/// What a log of epoch 0 held at `[7, 10)` is gone; a group had passed half of that.
fn cut_back() -> Story {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 8);
    let (key, at, topic_id) = (s.log(), Time(s.now), s.topic_id);
    s.give(&key, &[Fact::EpochEnd(EpochEnd { topic_id, epoch: 0, end: 7, at })]);
    s
}

#[test]
fn r4_what_was_read_above_the_end_of_its_epoch_is_gone_and_what_is_there_now_is_new() {
    let mut s = cut_back();
    s.leader_epoch(1).edges(0, 12).read_from(7).data(7, 12);
    assert_eq!(
        s.row("g"),
        "0..7 7 delivered strong; 7..8 1 in_flight indicative; 7..10 3 truncated proof; 8..12 4 in_flight proof"
    );
    let v = s.finding(Cause::LogRegressed).unwrap();
    assert_eq!((v.records, v.at_most, v.cause_certainty), (3, false, Certainty::Strong));
    s.commit("g", 12);
    assert!(
        s.row("g").contains("7..12 5 delivered strong") || s.row("g").contains("0..12 12 delivered strong")
    );
    assert_eq!(s.finding(Cause::LogRegressed).unwrap().certainty, Certainty::Proof);
}

#[test]
fn r4_an_open_transaction_that_was_truncated_is_lost_not_open() {
    let mut s = Story::new();
    s.edges_stable(0, 4, 8).read_from(0).data(0, 4);
    let batch = s.batch_of(4, 7, 4);
    s.batch(Batch { producer_id: 7, producer_epoch: 0, base_sequence: 0, transactional: true, ..batch });
    s.members("g", &["c"]).commit("g", 0).commit("g", 4);
    let (key, at, topic_id) = (s.log(), Time(s.now), s.topic_id);
    s.give(&key, &[Fact::EpochEnd(EpochEnd { topic_id, epoch: 0, end: 4, at })]);
    s.leader_epoch(1).edges(0, 6).read_from(4).data(4, 6);
    assert_eq!(s.row("g"), "0..4 4 delivered strong; 4..6 2 in_flight proof; 4..8 4 truncated proof");
    assert_eq!(s.finding(Cause::TransactionOpen), None);
}

#[test]
fn r4_a_marker_that_opens_a_new_epoch_takes_no_records_away() {
    let mut s = Story::new();
    s.edges(0, 4).read_from(0).data(0, 4);
    s.members("g", &["c"]).commit("g", 0).commit("g", 4);
    s.leader_epoch(1).marker(7, 4, MarkerKind::Commit).data(5, 8).edges(0, 8);
    let (key, at, topic_id) = (s.log(), Time(s.now), s.topic_id);
    s.give(&key, &[Fact::EpochEnd(EpochEnd { topic_id, epoch: 0, end: 4, at })]);
    s.is_healthy();
    assert_eq!(s.row("g"), "0..4 4 delivered strong; 4..8 3 in_flight proof");
}

#[test]
fn r4_a_leader_that_comes_back_in_its_epoch_with_another_last_batch_lost_the_one_it_had() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 6).data(6, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 6);
    s.wait(60).edges(0, 9).read_from(6).data(6, 9);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..9 3 in_flight proof; 6..10 4 truncated proof");
}

#[test]
fn r4_a_batch_that_is_read_again_is_the_same() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 6).records_dated(7).data(6, 10);
    s.members("g", &["c"]).commit("g", 0).commit("g", 6);
    // The cleaner has been there meanwhile.
    let again = s.records_dated(8).batch_of(6, 9, 2);
    s.wait(60).batch(again);
    assert_eq!(std::mem::take(&mut s.refused), [Refusal::AlreadyRead]);
    s.is_healthy();
}

#[test]
fn r4_a_group_that_began_after_a_truncation_lost_nothing() {
    let mut s = cut_back();
    s.leader_epoch(1).edges(0, 12).read_from(7).data(7, 12);
    s.members("late", &["d"]).commit("late", 12);
    assert_eq!(s.count("late", Outcome::BeforeStart), 3);
    assert_eq!(s.count("late", Outcome::Truncated), 0);
}

#[test]
fn r3_what_compaction_took_above_the_position_is_told_on_request() {
    for (superseded, row) in [
        (true, "0..5 5 delivered strong; 5..7 2 superseded strong; 7..10 3 in_flight proof"),
        (false, "0..5 5 delivered strong; 5..10 5 in_flight proof"),
    ] {
        let mut s = Story::of(Policy { superseded, ..Policy::default() }, Limits::DEFAULT);
        s.edges(0, 10).read_from(0).data(0, 10).members("g", &["c"]).commit("g", 0).commit("g", 5);
        // What the group had passed is nothing to it.
        s.opened(0, 10, &[(0, 3), (7, 10)]);
        assert_eq!(s.row("g"), row);
        let told = s.finding(Cause::Compaction).map(|v| (v.from, v.to, v.records, v.shown_as, v.certainty));
        assert_eq!(told, superseded.then_some((5, 7, 2, ShownAs::Note, Certainty::Strong)));
        s.commit("g", 10);
        assert_eq!(s.count("g", Outcome::Superseded), if superseded { 2 } else { 0 });
    }
}
