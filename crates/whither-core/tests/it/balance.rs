//! "The balance" of RULES.md, a test for each statement.

use crate::story::Story;
use whither_core::fact::{GroupState, MarkerKind};
use whither_core::verdict::Outcome;

#[test]
fn a_group_without_a_position_has_no_row() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.group_is("idle", GroupState::Empty).settle();
    assert!(s.rows.is_empty());
}

#[test]
fn a_subscribed_group_without_a_commit_is_unknown() {
    let mut s = Story::new();
    s.edges(0, 10).read_from(0).data(0, 10);
    s.group_is("g", GroupState::Stable);
    assert_eq!(s.row("g"), "0..10 10 unknown unknown");
}

#[test]
fn delivered_is_strong_above_the_first_commit_and_indicative_below_it() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 4).commit("g", 7);
    s.edges(0, 10).read_from(0).data(0, 10);
    assert_eq!(s.row("g"), "0..4 4 delivered indicative; 4..7 3 delivered strong; 7..10 3 in_flight proof");
}

#[test]
fn a_row_runs_from_the_lower_of_log_start_and_first_position() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 4).commit("g", 12);
    s.edges(10, 20).read_from(10).data(10, 20);
    // 4..10 was committed past before whither looked: it counts by width on both sides.
    assert_eq!(s.row("g"), "4..10 ~6 delivered strong; 10..12 2 delivered strong; 12..20 8 in_flight proof");
    let row = s.balance("g");
    assert_eq!((row.from, row.to, row.records, row.at_most), (4, 20, 16, true));
}

#[test]
fn markers_and_holes_are_no_records() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 10);
    s.edges(0, 10).read_from(0).transactional(1, 0, 3).marker(1, 3, MarkerKind::Commit).data(6, 10);
    assert_eq!(s.row("g"), "0..10 7 delivered strong");
    assert_eq!(s.balance("g").records, 7);
    assert!(!s.balance("g").at_most);
}

#[test]
fn what_was_not_read_is_unread_by_width() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5);
    s.edges(0, 20).read_from(0).data(0, 8).unread(8, 12).data(12, 14);
    // 14..20 is beyond where the reader came.
    let row = s.row("g");
    assert_eq!(row, "0..5 5 delivered strong; 5..20 5 in_flight proof; 5..20 ~10 unread unknown");
    assert_eq!(s.balance("g").records, 20);
}

#[test]
fn a_dense_batch_cut_by_a_commit_is_counted_by_offsets() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 3);
    s.edges(0, 10).read_from(0).data(0, 10);
    assert_eq!(s.row("g"), "0..3 3 delivered strong; 3..10 7 in_flight proof");
    assert!(s.wanted.is_empty());
}

#[test]
fn a_sparse_batch_cut_by_a_commit_is_opened() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 5);
    s.edges(0, 10).read_from(0).sparse(0, 10, 4);
    assert_eq!(s.row("g"), "0..5 4 unknown unknown");
    assert_eq!(s.wanted.len(), 1);
    assert_eq!((s.wanted[0].from, s.wanted[0].to), (0, 10));
    s.opened(0, 10, &[(0, 1), (4, 6), (9, 10)]);
    assert_eq!(s.row("g"), "0..5 2 delivered strong; 5..10 2 in_flight proof");
}

#[test]
fn a_sparse_batch_cut_by_the_first_offset_read_is_opened() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 5).commit("g", 12);
    s.edges(5, 12).read_from(5).sparse(0, 10, 4).data(10, 12);
    assert_eq!(s.row("g"), "5..12 2 delivered strong; 5..12 ~5 unread unknown");
    s.opened(5, 10, &[(6, 7), (9, 10)]);
    assert_eq!(s.row("g"), "5..12 4 delivered strong");
}

#[test]
fn the_part_of_a_batch_that_another_read_has_is_not_counted_twice() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 20);
    s.edges(0, 20).read_from(10).data(8, 20).read_from(0).data(0, 8).data(8, 20);
    assert_eq!(s.row("g"), "0..20 20 delivered strong");
}

#[test]
fn lag_follows_the_latest_commit_and_delivered_the_highest() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0).commit("g", 8).commit("g", 3);
    s.edges(0, 10).read_from(0).data(0, 10);
    assert_eq!(s.row("g"), "0..8 8 delivered strong; 8..10 2 in_flight proof");
    assert_eq!(s.balance("g").committed, Some(3));
}

#[test]
fn history_with_holes_makes_what_lies_below_indicative() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 2).offsets_hole(5).commit("g", 6).commit("g", 8);
    s.edges(0, 10).read_from(0).data(0, 10);
    assert_eq!(s.row("g"), "0..6 6 delivered indicative; 6..8 2 delivered strong; 8..10 2 in_flight proof");
}

#[test]
fn one_record_and_empty_topics_add_up() {
    let mut s = Story::new();
    s.members("g", &["c"]).commit("g", 0);
    s.edges(0, 0);
    assert_eq!(s.row("g"), "");
    s.edges(0, 1).read_from(0).data(0, 1);
    assert_eq!(s.row("g"), "0..1 1 in_flight proof");
    s.commit("g", 1);
    assert_eq!(s.row("g"), "0..1 1 delivered strong");
    s.is_healthy();
}

#[test]
fn folding_keeps_the_sums() {
    let limits = whither_core::limits::Limits { runs: 8, fold: 4, ..whither_core::limits::Limits::DEFAULT };
    let mut s = Story::with(limits);
    s.members("g", &["c"]).commit("g", 0).commit("g", 55);
    s.edges(0, 400).read_from(0);
    for i in 0..100 {
        s.transactional(1, i * 4, i * 4 + 3);
        let kind = if i % 10 == 3 { MarkerKind::Abort } else { MarkerKind::Commit };
        s.marker(1, i * 4 + 3, kind);
    }
    s.settle();
    assert_eq!(s.count("g", Outcome::Aborted), 30);
    assert_eq!(s.balance("g").records, 300);
    assert_eq!(s.refused, []);
}
