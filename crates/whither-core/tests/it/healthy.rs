//! "Healthy but odd" of RULES.md, a test for each line: nothing of this may raise a loss.

use crate::story::{DAY, Story};
use whither_core::fact::{Batch, Change, Commit, CommitValue, Config, GroupState, MarkerKind};
use whither_core::verdict::{Cause, Outcome, ShownAs};
use whither_core::{Fact, Name, Partition, Span, TopicId};

fn followed() -> Story {
    let mut s = Story::new();
    s.retention(3_600).edges(0, 20).read_from(0).data(0, 20);
    s
}

#[test]
fn trimmed_after_it_was_read() {
    let mut s = followed();
    s.members("streams", &["c"]).commit("streams", 0).commit("streams", 12).edges(12, 20);
    s.commit("streams", 20).edges(20, 20);
    assert_eq!(s.row("streams"), "0..20 20 delivered strong");
    s.is_healthy();
}

#[test]
fn a_standby_whose_groups_are_synced_every_minute() {
    let mut s = followed();
    for offset in [3, 7, 9, 14, 14, 18] {
        s.wait(60).commit_bare("g", offset);
    }
    s.group_is("g", GroupState::Empty);
    assert_eq!(s.count("g", Outcome::Delivered), 18);
    s.is_healthy();
}

#[test]
fn a_reader_that_assigns_itself_is_empty_for_ever_and_alive() {
    let mut s = followed();
    s.commit("flink", 20).config(Config {
        retention_ms: Some(3_600_000),
        deletes: Some(true),
        offsets_retention: Some(Span::hours(24)),
        ..Config::default()
    });
    for hour in 0..30 {
        let (from, to) = (20 + hour * 10, 30 + hour * 10);
        s.wait(3_000).edges(from - 10, to).data(from, to);
        s.commit("flink", to - 3).group_is("flink", GroupState::Empty).settle();
    }
    s.is_healthy();
}

#[test]
fn groups_of_one_run_that_died() {
    let one_run = [
        "console-consumer-12345",
        "anonymous.0b1c9a52-1111-4c2d-9d2e-0123456789ab",
        "billing-7d9f8b6c5d-x2x8p",
    ];
    for group in one_run {
        let mut s = followed();
        s.members(group, &["c"]).commit(group, 0).commit(group, 5).members(group, &[]);
        s.wait(7_200).group_is(group, GroupState::Empty).edges(12, 20);
        s.settle();
        assert!(s.balance(group).dormant);
        assert_eq!(s.finding(Cause::RetentionTime).unwrap().shown_as, ShownAs::Dormant);
        s.is_healthy();
    }
}

#[test]
fn a_group_that_nobody_has_used_for_a_day() {
    let mut s = followed();
    s.members("old", &["c"]).commit("old", 0).commit("old", 5).members("old", &[]);
    s.wait(30 * 3_600).group_is("old", GroupState::Empty).edges(12, 20);
    s.is_healthy();
    // A member joins again.
    s.group_is("old", GroupState::Stable).settle();
    assert_eq!(s.finding(Cause::RetentionTime).unwrap().shown_as, ShownAs::Loss);
}

#[test]
fn exactly_once_caught_in_the_middle_of_a_transaction() {
    let mut s = Story::new();
    s.members("eos", &["c"]).commit_in("eos", 9, 0).offsets_marker(9, MarkerKind::Commit);
    s.commit_in("eos", 9, 6);
    s.edges_stable(0, 4, 8).read_from(0).transactional(7, 0, 3).marker(7, 3, MarkerKind::Commit);
    s.transactional(7, 4, 8);
    s.is_healthy();
    assert_eq!(s.count("eos", Outcome::InFlight), 7);
}

#[test]
fn an_idle_transactional_topic_of_which_only_the_last_marker_is_left() {
    // The group committed what it read, 9; the marker is at 9; retention has taken the records.
    for (start, end) in [(9, 10), (10, 10)] {
        let mut s = Story::new();
        s.retention(3_600).members("g", &["c"]).commit_in("g", 9, 4).offsets_marker(9, MarkerKind::Commit);
        s.commit_in("g", 9, 9).offsets_marker(9, MarkerKind::Commit);
        s.wait(7_200).edges(start, end).read_from(start);
        if start == 9 {
            s.marker(7, 9, MarkerKind::Commit);
        }
        s.is_healthy();
        assert!(s.count("g", Outcome::Unknown) <= 1);
    }
}

#[test]
fn a_follower_that_read_the_marker_knows_that_nothing_was_lost() {
    let mut s = Story::new();
    s.retention(3_600).edges(0, 10).read_from(0).transactional(7, 0, 9).marker(7, 9, MarkerKind::Commit);
    s.members("g", &["c"]).commit("g", 0).commit("g", 9);
    s.wait(7_200).edges(10, 10);
    assert_eq!(s.row("g"), "0..10 9 delivered strong".replace("0..10", "0..9"));
    s.is_healthy();
}

#[test]
fn a_classic_group_that_becomes_a_consumer_group() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5);
    let joined = Change::Joined { client_id: Name::from("c"), host: Name::from("/10.0.0.1") };
    // The tombstone of type 2 comes before the members in their new form, or after them.
    s.membership("g", None).member_change("g", "m", joined.clone());
    s.member_change("g", "m", Change::Assigned(vec![Partition::new("orders", 0)]));
    s.commit("g", 9).commit("g", 12);
    s.is_healthy();
    let mut s = followed();
    s.members("g", &["c"])
        .commit("g", 0)
        .commit("g", 5)
        .member_change("g", "m", joined)
        .membership("g", None);
    s.commit("g", 12).commit("g", 15);
    s.is_healthy();
    assert_eq!(s.row("g"), "0..15 15 delivered strong; 15..20 5 in_flight proof");
}

#[test]
fn a_new_group_at_latest() {
    let mut s = followed();
    s.wait(60).members("new", &["c"]).commit_bare("new", 20);
    s.edges(0, 25).data(20, 25).commit("new", 23);
    assert_eq!(s.count("new", Outcome::BeforeStart), 20);
    s.is_healthy();
}

#[test]
fn a_new_group_at_latest_on_a_partition_whose_client_clocks_are_hours_off() {
    for skew in [-7_200_000, 7_200_000] {
        let mut s = Story::new();
        s.partition = Partition::new("orders", 4);
        s.members("g", &["c"]).wait(60);
        s.records_dated(s.now + skew);
        s.edges(0, 20).read_from(0).data(0, 20);
        s.wait(30).commit_bare("g", 15).commit("g", 20);
        s.is_healthy();
    }
}

#[test]
fn an_operators_rewind() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 15).members("g", &[]).commit_bare("g", 0);
    let v = s.finding(Cause::OffsetReset).unwrap();
    assert_eq!((v.shown_as, v.from, v.to), (ShownAs::Note, 0, 15));
    s.members("g", &["c"]).commit("g", 20);
    s.is_healthy();
}

#[test]
fn connect_offsets_deleted_through_its_api() {
    let mut s = followed();
    s.members("connect-sink", &["w"]).commit("connect-sink", 0).commit("connect-sink", 9);
    s.members("connect-sink", &[]).tombstone("connect-sink");
    s.is_healthy();
    s.members("connect-sink", &["w"]).commit("connect-sink", 2).commit("connect-sink", 20);
    s.is_healthy();
}

#[test]
fn a_topic_once_compacted_now_deleted_by_time() {
    let mut s = Story::new();
    s.retention(3_600).members("g", &["c"]).commit("g", 0).commit("g", 10);
    s.edges(0, 10).read_from(0).sparse(0, 10, 3).edges(10, 10);
    s.is_healthy();
}

#[test]
fn a_stable_group_that_drops_a_subscription() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5);
    s.wait(169 * 3_600).tombstone("g").group_is("g", GroupState::Stable);
    assert_ne!(s.finding(Cause::OffsetsExpired), None);
    s.edges(20, 20);
    s.is_healthy();
}

#[test]
fn static_members_that_restart() {
    let mut s = followed();
    s.members("g", &["pod-0"]).commit("g", 0).commit("g", 5);
    s.members("g", &["pod-0"]).commit("g", 8).members("g", &["pod-0"]).commit("g", 20);
    assert_eq!(s.row("g"), "0..20 20 delivered strong");
    s.is_healthy();
}

#[test]
fn a_rebalance_storm() {
    let mut s = followed();
    s.members("g", &["a"]).commit("g", 0);
    for (client, offset) in [("b", 6), ("a", 4), ("c", 9), ("b", 7), ("a", 12), ("c", 11), ("b", 20)] {
        s.members("g", &[client]).commit("g", offset);
    }
    assert_eq!(s.row("g"), "0..20 20 delivered strong");
    s.is_healthy();
}

#[test]
fn a_live_member_that_never_commits() {
    let mut s = followed();
    s.members("quiet", &["c"]).group_is("quiet", GroupState::Stable);
    assert_eq!(s.row("quiet"), "0..20 20 unknown unknown");
    s.wait(7_200).edges(15, 20);
    s.is_healthy();
}

#[test]
fn a_group_that_is_a_few_records_behind_is_no_risk() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 18).group_is("g", GroupState::Stable);
    s.is_healthy();
}

#[test]
fn a_group_that_keeps_pace_is_no_risk() {
    let mut s = Story::new();
    s.retention(600).members("g", &["c"]).edges(0, 0).read_from(0);
    for minute in 0..10 {
        s.wait(60).edges(0, (minute + 1) * 10).data(minute * 10, (minute + 1) * 10);
        s.commit("g", minute * 10 + 5);
    }
    s.is_healthy();
}

#[test]
fn a_group_whose_lag_is_long_and_does_not_grow_is_no_risk() {
    let mut s = Story::new();
    s.retention(600).members("g", &["c"]).edges(0, 0).read_from(0);
    for n in 0..60 {
        s.now = DAY + n * 10_000;
        s.edges(0, (n + 1) * 10).data(n * 10, (n + 1) * 10);
        if n >= 30 {
            s.commit("g", (n - 30) * 10);
        }
    }
    // Half of the retention time behind, and about to commit again.
    s.wait(6).group_is("g", GroupState::Stable);
    s.is_healthy();
    // Then it falls silent.
    s.wait(200).edges(0, 600);
    assert!(s.finding(Cause::Lagging).is_some());
}

#[test]
fn a_group_left_alone_with_records_is_a_risk() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5).members("g", &[]);
    s.wait(600).group_is("g", GroupState::Empty).settle();
    let v = s.finding(Cause::Lagging).unwrap();
    assert_eq!((v.shown_as, v.from, v.to, v.records), (ShownAs::Risk, 5, 20, 15));
    assert!(v.until.is_some());
}

#[test]
fn an_old_broker_that_tells_no_topic_ids() {
    let mut s = Story::new();
    s.topic_id = TopicId::UNKNOWN;
    s.edges(0, 20).read_from(0).data(0, 20);
    s.members("g", &["c"]).commit("g", 0).commit("g", 12);
    assert_eq!(s.row("g"), "0..12 12 delivered strong; 12..20 8 in_flight proof");
    s.is_healthy();
}

#[test]
fn commits_that_are_read_twice_count_once() {
    let mut s = followed();
    s.members("g", &["c"]).commit("g", 0).commit("g", 12);
    let value = CommitValue { offset: 3, leader_epoch: 0, topic_id: s.topic_id };
    let (key, at) = (s.offsets(), whither_core::Time(s.now));
    let partition = s.partition.clone();
    let again = Commit {
        source_offset: 1,
        group: Name::from("g"),
        partition,
        at,
        seen: at,
        transaction: None,
        of_letters: false,
        value: Some(value),
    };
    let batch = Batch { base: 1, last: 1, ..s.batch_of(0, 0, 1) };
    s.give(&key, &[Fact::Batch(batch), Fact::Commit(again)]);
    assert_eq!(s.row("g"), "0..12 12 delivered strong; 12..20 8 in_flight proof");
    assert_eq!(s.refused.len(), 2);
}
