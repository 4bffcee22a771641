//! "Positions" of RULES.md: R6 to R11.

use crate::story::Story;
use whither_core::fact::{Change, Committer, Config, GroupState};
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome, ShownAs};
use whither_core::{Name, Partition, Span};

/// A group of members that has read to 6 of 20, then lost them.
fn stopped() -> Story {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 3).commit("g", 6).members("g", &[]);
    s
}

fn committers(s: &mut Story) -> Vec<Committer> {
    s.settle();
    let told = s.findings.values().flat_map(|v| &v.evidence);
    let by = told.filter_map(|e| match e {
        Evidence::Commit { by, .. } => Some(by.clone()),
        _ => None,
    });
    by.collect()
}

#[test]
fn r6_a_forward_commit_by_nobody_is_a_reset() {
    let mut s = stopped();
    s.commit_bare("g", 15);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..15 9 skipped strong; 15..20 5 in_flight proof");
    let v = s.finding(Cause::OffsetReset).unwrap();
    assert_eq!((v.shown_as, v.recoverable, v.cause_certainty), (ShownAs::Loss, true, Certainty::Strong));
    assert!(committers(&mut s).iter().any(|by| matches!(by, Committer::NoMember { empty_since: Some(_) })));
}

#[test]
fn r6_memberless_commits_that_are_the_habit_are_no_resets() {
    let mut s = Story::new();
    s.edges(0, 40).read_from(0).data(0, 40);
    for offset in [0, 5, 9, 22, 35] {
        s.commit_bare("flink", offset);
    }
    assert_eq!(s.row("flink"), "0..35 35 delivered strong; 35..40 5 in_flight proof");
    s.is_healthy();
}

#[test]
fn r6_a_syncer_that_goes_on_is_a_habit() {
    let mut s = stopped();
    for offset in [8, 10, 12, 14, 16, 18] {
        s.commit_bare("g", offset);
    }
    // As soon as it shows that this is how the group works, its findings are taken back.
    assert_eq!(s.row("g"), "0..18 18 delivered strong; 18..20 2 in_flight proof");
}

#[test]
fn r6_a_group_whose_membership_may_have_been_compacted_away_is_not_by_nobody() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 6).members("g", &[]).commit_bare("g", 15);
    s.offsets_hole(3).commit("other", 1);
    assert_eq!(s.count("g", Outcome::Skipped), 0);
    s.is_healthy();
}

#[test]
fn r6_membership_of_a_consumer_group_comes_by_member() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    let joined = Change::Joined { client_id: Name::from("c"), host: Name::from("/10.0.0.1") };
    s.member_change("g", "m1", joined);
    s.member_change("g", "m1", Change::Assigned(vec![Partition::new("orders", 0)]));
    s.commit("g", 0).commit("g", 6).commit("g", 9);
    assert_eq!(s.row("g"), "0..9 9 delivered strong; 9..20 11 in_flight proof");
    s.member_change("g", "m1", Change::Left).commit_bare("g", 15);
    assert_eq!(s.finding(Cause::OffsetReset).map(|v| (v.from, v.to)), Some((9, 15)));
}

#[test]
fn r6_an_aborted_reset_is_none() {
    let mut s = stopped();
    s.commit_in("g", 9, 15).offsets_marker(9, whither_core::fact::MarkerKind::Abort);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..20 14 in_flight proof");
}

#[test]
fn r7_a_commit_without_epoch_of_a_client_that_tells_them_is_a_seek() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"]).commit("g", 0).commit("g", 3).commit("g", 6).commit_bare("g", 15);
    let v = s.finding(Cause::SeekForward).unwrap();
    assert_eq!((v.from, v.to, v.outcome, v.certainty), (6, 15, Outcome::Skipped, Certainty::Strong));
}

#[test]
fn r7_clients_that_never_tell_epochs_give_no_sign() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["librdkafka"]).commit_bare("g", 0).commit_bare("g", 6).commit_bare("g", 15);
    assert_eq!(s.row("g"), "0..15 15 delivered strong; 15..20 5 in_flight proof");
    s.is_healthy();
}

#[test]
fn r7_another_client_of_a_mixed_group_gives_no_sign() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"]).commit("g", 0).commit("g", 3).commit("g", 6);
    s.members("g", &["librdkafka"]).commit_bare("g", 9).commit_bare("g", 15);
    s.members("g", &["java"]).commit("g", 18);
    assert_eq!(s.row("g"), "0..18 18 delivered strong; 18..20 2 in_flight proof");
    s.is_healthy();
}

#[test]
fn r7_transactional_commits_carry_no_epoch_and_are_no_seek() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"]).commit("g", 0).commit("g", 3).commit("g", 6);
    s.commit_in("g", 9, 15).offsets_marker(9, whither_core::fact::MarkerKind::Commit);
    assert_eq!(s.row("g"), "0..15 15 delivered strong; 15..20 5 in_flight proof");
    s.is_healthy();
}

#[test]
fn r8_a_first_commit_alone_says_nothing_of_what_is_below() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"]).commit("g", 15).commit("g", 17);
    assert_eq!(s.count("g", Outcome::Skipped) + s.count("g", Outcome::BeforeStart), 0);
    s.is_healthy();
}

#[test]
fn r8_a_first_position_that_was_set_is_a_start_at_latest() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"]).commit_bare("g", 15).commit("g", 17).commit("g", 19);
    assert_eq!(
        s.row("g"),
        "0..15 15 before_start strong; 15..19 4 delivered strong; 19..20 1 in_flight proof"
    );
    assert_eq!(s.finding(Cause::StartedAtLatest).unwrap().shown_as, ShownAs::Note);
    s.is_healthy();
}

#[test]
fn r8_a_start_in_a_mixed_group_is_not_told_from_another_clients_commits() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["librdkafka"])
        .commit_bare("g", 15)
        .members("g", &["java"])
        .commit("g", 17)
        .commit("g", 19);
    assert_eq!(s.count("g", Outcome::BeforeStart), 0);
}

#[test]
fn r8_a_commit_behind_a_hole_is_not_the_first_one() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["java"])
        .commit("g", 3)
        .offsets_hole(9)
        .commit_bare("g", 15)
        .commit("g", 17)
        .commit("g", 18);
    assert_eq!(s.count("g", Outcome::BeforeStart), 0);
}

#[test]
fn r8_records_of_a_partition_younger_than_the_group_were_skipped() {
    let mut s = Story::new();
    s.partition = Partition::new("orders", 3);
    s.members("g", &["java"]).wait(60);
    s.edges(0, 20).read_from(0).data(0, 20).wait(100);
    s.commit_bare("g", 15).commit("g", 17).commit("g", 19);
    let v = s.finding(Cause::PartitionAddedLatest).unwrap();
    assert_eq!((v.from, v.to, v.certainty, v.shown_as), (0, 15, Certainty::Indicative, ShownAs::Loss));
}

#[test]
fn r8_a_follower_sees_a_group_jump_from_out_of_range() {
    let mut s = stopped();
    s.retention(3_600).wait(7_200).edges(10, 20).settle();
    s.members("g", &["c"]).commit_bare("g", 18).commit("g", 19);
    assert_eq!(
        s.row("g"),
        "0..6 6 delivered strong; 6..10 4 expired proof; 10..18 8 skipped strong; \
         18..19 1 delivered strong; 19..20 1 in_flight proof"
    );
    assert!(s.finding(Cause::OutOfRangeJump).unwrap().recoverable);
}

fn keep_offsets(s: &mut Story, hours: i64) {
    s.config(Config { offsets_retention: Some(Span::hours(hours)), ..Config::default() });
}

#[test]
fn r9_offsets_removed_long_after_the_group_was_empty_have_expired() {
    let mut s = stopped();
    keep_offsets(&mut s, 168);
    s.wait(169 * 3_600).tombstone("g");
    let v = s.finding(Cause::OffsetsExpired).unwrap();
    assert_eq!((v.shown_as, v.cause_certainty), (ShownAs::Note, Certainty::Strong));
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..20 14 unknown unknown");
}

#[test]
fn r9_offsets_removed_at_once_were_deleted() {
    let mut s = stopped();
    keep_offsets(&mut s, 168);
    s.wait(60).tombstone("g");
    assert_eq!(s.finding(Cause::GroupDeleted).unwrap().cause_certainty, Certainty::Strong);
}

#[test]
fn r9_without_the_setting_either_is_indicative() {
    let mut s = stopped();
    s.wait(169 * 3_600).tombstone("g");
    assert_eq!(s.finding(Cause::OffsetsExpired).unwrap().cause_certainty, Certainty::Indicative);
}

#[test]
fn r9_a_start_at_latest_after_expiry_skips() {
    let mut s = stopped();
    keep_offsets(&mut s, 168);
    s.wait(169 * 3_600).tombstone("g");
    s.members("g", &["c"]).commit_bare("g", 18).commit("g", 19);
    let v = s.finding(Cause::OffsetsExpired).unwrap();
    assert_eq!((v.from, v.to, v.outcome, v.shown_as), (6, 18, Outcome::Skipped, ShownAs::Loss));
}

#[test]
fn r9_offsets_about_to_expire_are_a_risk() {
    let mut s = stopped();
    keep_offsets(&mut s, 168);
    s.wait(160 * 3_600).group_is("g", GroupState::Empty);
    s.settle();
    let v = s.finding(Cause::OffsetsExpired).unwrap();
    // Nobody has used the group for days: it is listed as dormant, and when.
    assert_eq!((v.shown_as, v.until.is_some()), (ShownAs::Dormant, true));
}

#[test]
fn r10_a_lower_commit_by_another_member_that_is_passed_again_is_redelivered() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["a"]).commit("g", 0).commit("g", 12).members("g", &["b"]).commit("g", 8);
    assert_eq!(s.finding(Cause::Redelivered), None);
    s.commit("g", 14);
    let v = s.finding(Cause::Redelivered).unwrap();
    assert_eq!((v.from, v.to, v.duplicate, v.shown_as), (8, 12, true, ShownAs::Note));
}

#[test]
fn r10_a_lower_commit_by_the_same_member_is_out_of_order() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["a"]).commit("g", 0).commit("g", 12).commit("g", 8).commit("g", 14);
    let v = s.finding(Cause::OutOfOrderCommit).unwrap();
    assert_eq!(
        (v.certainty, v.cause_certainty, v.duplicate),
        (Certainty::Indicative, Certainty::Indicative, false)
    );
    assert_eq!(s.row("g"), "0..14 14 delivered strong; 14..20 6 in_flight proof");
}

#[test]
fn r10_a_skip_over_what_was_read_before_a_rewind_skips_nothing() {
    let mut s = stopped();
    s.commit_bare("g", 0).commit_bare("g", 6);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..20 14 in_flight proof");
    s.commit_bare("g", 10);
    assert_eq!(s.row("g"), "0..6 6 delivered strong; 6..10 4 skipped strong; 10..20 10 in_flight proof");
}

#[test]
fn r10_a_rewind_brings_back_what_a_reset_had_passed_over() {
    let mut s = stopped();
    s.commit_bare("g", 15).settle();
    s.commit_bare("g", 6);
    assert_eq!(s.count("g", Outcome::Skipped), 0);
    s.members("g", &["c"]).commit("g", 20);
    assert_eq!(s.row("g"), "0..20 20 delivered strong");
}

#[test]
fn r11_a_commit_beyond_the_end_is_told_once_the_end_was_read_after_it() {
    let mut s = Story::new();
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 25);
    assert_eq!(s.finding(Cause::CommittedPastEnd), None);
    s.edges(0, 20);
    let v = s.finding(Cause::CommittedPastEnd).unwrap();
    assert_eq!((v.from, v.to, v.shown_as, v.certainty), (20, 25, ShownAs::Risk, Certainty::Strong));
}

#[test]
fn r11_a_position_copied_from_elsewhere_is_no_seek() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 12).commit_bare("g", 25);
    s.edges(0, 20).read_from(0).data(0, 20);
    assert_eq!(s.row("g"), "0..20 20 delivered strong");
    assert_ne!(s.finding(Cause::CommittedPastEnd), None);
    assert_eq!(s.finding(Cause::SeekForward), None);
}

#[test]
fn a_finding_that_holds_no_more_is_withdrawn() {
    let mut s = stopped();
    s.retention(3_600).wait(600).group_is("g", GroupState::Empty).settle();
    assert_ne!(s.finding(Cause::Lagging), None);
    s.members("g", &["c"]).commit("g", 20).group_is("g", GroupState::Stable);
    assert_eq!(s.finding(Cause::Lagging), None);
}
