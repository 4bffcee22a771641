//! What is true after a few rounds.

use whither_core::fact::{GroupKind, GroupState};
use whither_core::verdict::{Certainty, Evidence, Outcome, ShownAs, Stretch};
use whither_core::{Offset, TopicId};

use super::*;
use crate::index::By;
use crate::sources::kafka::batches::Depth;

const START: i64 = 1_000_000_000;

fn at(second: i64) -> Time {
    Time(START + second * 1_000)
}

fn orders(index: i32) -> Partition {
    Partition::new("orders", index)
}

/// A row of which `[0, committed)` is delivered and the rest in flight.
fn row(group: &str, partition: i32, committed: Offset, to: Offset, second: i64) -> Arc<Balance> {
    let stretch = |from: Offset, to: Offset, outcome| Stretch {
        from,
        to,
        records: (to - from).unsigned_abs(),
        at_most: false,
        outcome,
        certainty: Certainty::Strong,
        cause: None,
    };
    Arc::new(Balance {
        group: group.into(),
        partition: orders(partition),
        topic_id: TopicId(7),
        from: 0,
        to,
        records: to.unsigned_abs(),
        at_most: false,
        stretches: vec![stretch(0, committed, Outcome::Delivered), stretch(committed, to, Outcome::InFlight)],
        committed: Some(committed),
        committed_at: Some(at(second)),
        position_time: Some(at(second - 40)),
        dormant: false,
    })
}

fn finding(id: u64, cause: Cause, shown_as: ShownAs, first_seen: Time, until: Option<Time>) -> Arc<Verdict> {
    Arc::new(Verdict {
        id,
        group: Some("billing".into()),
        partition: orders(0),
        topic_id: TopicId(7),
        from: 10,
        to: 20,
        records: 10,
        at_most: false,
        outcome: Outcome::Expired,
        certainty: Certainty::Strong,
        cause,
        cause_certainty: Certainty::Strong,
        shown_as,
        recoverable: false,
        duplicate: false,
        first_seen,
        last_seen: first_seen,
        evidence: vec![Evidence::LogStart { at: first_seen, offset: 20 }],
        until,
    })
}

fn topic() -> Topic {
    Topic {
        id: TopicId(7),
        partitions: BTreeMap::new(),
        config: None,
        role: None,
        depth: Depth::Ledger,
        indexed: Vec::new(),
    }
}

fn group(state: GroupState) -> Group {
    let member = Member {
        member_id: "m-1".into(),
        client_id: "billing-1".into(),
        host: "10.0.0.9".into(),
        assigned: vec![orders(0)],
    };
    let members = if state == GroupState::Empty { vec![] } else { vec![member] };
    Group { kind: GroupKind::Classic, state, members }
}

fn live() -> Live {
    let live = Live::new(at(0), false);
    let topics = vec![(Name::from("orders"), topic())];
    let groups = vec![(Name::from("billing"), group(GroupState::Stable))];
    live.publish(Round { at: at(0), topics, groups, ..Round::default() });
    live
}

/// One second of a group and its producers: where both are.
fn round(live: &Live, second: i64, committed: Offset, end: Offset) {
    let rows = vec![row("billing", 0, committed, end, second)];
    let edges = vec![(orders(0), Edges::new(0, end))];
    live.publish(Round { at: at(second), rows, edges, ..Round::default() });
}

fn lag(live: &Live) -> Lag {
    let state = live.read();
    let row = &state.rows[&("billing".into(), orders(0))];
    state.lag(row)
}

#[test]
fn a_round_is_what_is_true_from_then_on() {
    let live = live();
    let mut news = live.listen();
    let lost = finding(1, Cause::RetentionTime, ShownAs::Loss, at(-3 * 3_600), None);
    let rows = vec![row("billing", 0, 20, 30, 1), row("shipping", 1, 5, 5, 1)];
    live.publish(Round { at: at(1), rows, findings: vec![lost], ..Round::default() });
    {
        let state = live.read();
        assert_eq!((state.revision, state.totals.records, state.totals.residual), (2, 35, 0));
        assert_eq!(state.totals.by[&Outcome::Delivered], 25);
        assert_eq!(Lost::of(&state), Lost { last_hour: 0, last_day: 10, all: 10 });
        let groups: Vec<&str> = state.groups_of["orders"].iter().map(|g| &**g).collect();
        assert_eq!(groups, ["billing", "shipping"]);
        assert_eq!(state.rows_of(&"shipping".into()).count(), 1);
    }
    live.publish(Round {
        at: at(2),
        rows: vec![row("billing", 0, 30, 30, 2)],
        withdrawn: vec![1],
        ..Round::default()
    });
    let state = live.read();
    assert_eq!(state.totals.by[&Outcome::Delivered], 35, "the row stands in place of the one before");
    assert_eq!(state.totals.by.get(&Outcome::InFlight), None);
    assert!(state.findings.is_empty());
    let told = news.try_recv().unwrap();
    assert_eq!((told.revision, told.findings.len()), (2, 1));
    assert_eq!(news.try_recv().unwrap().withdrawn, [1]);
}

#[test]
fn a_group_that_keeps_up_is_ok_and_one_that_does_not_falls_behind() {
    let live = live();
    for second in 1..=120 {
        round(&live, second, second * 100 - 5, second * 100);
    }
    let well = lag(&live);
    assert_eq!((well.records, well.offsets, well.state), (Some(5), Some(5), LagState::Ok));
    assert_eq!(well.member.map(|(_, client, _)| client).as_deref(), Some("billing-1"));
    for second in 121..=240 {
        round(&live, second, 12_000 + (second - 120) * 10, second * 100);
    }
    let behind = lag(&live);
    assert_eq!((behind.state, behind.seconds), (LagState::FallingBehind, Some(40.0)));
    assert_eq!(behind.catches_up_in_seconds, None);
}

#[test]
fn a_faster_group_catches_up_when_the_distance_is_made_up() {
    let live = live();
    for second in 1..=600 {
        round(&live, second, second * 100, 60_000 + second * 10);
    }
    let soon = lag(&live).catches_up_in_seconds.unwrap();
    // 6,000 records behind, 90 a second faster.
    assert!((soon - 66.7).abs() < 1.0, "{soon}");
}

#[test]
fn retention_that_moves_faster_than_the_group_overtakes_it() {
    let live = live();
    for second in 1..=600 {
        let rows = vec![row("billing", 0, 100_000 + second * 10, 200_000, second)];
        let edges = vec![(orders(0), Edges::new(second * 60, 200_000))];
        live.publish(Round { at: at(second), rows, edges, ..Round::default() });
    }
    // 70,000 ahead of the log start, which closes in by 50 a second.
    let left = lag(&live).loses_data_in_seconds.unwrap();
    assert!((left - 1_400.0).abs() < 20.0, "{left}");
    let told = finding(3, Cause::Lagging, ShownAs::Risk, at(600), Some(at(700)));
    live.publish(Round { at: at(600), findings: vec![told], ..Round::default() });
    assert_eq!(lag(&live).loses_data_in_seconds, Some(100.0), "what the core says holds");
    live.publish(Round { at: at(600), withdrawn: vec![3], ..Round::default() });
    assert!(lag(&live).loses_data_in_seconds.unwrap() > 1_000.0);
}

#[test]
fn one_without_members_has_stopped_and_one_with_members_that_does_not_move_is_stalled() {
    let live = live();
    round(&live, 1, 10, 20);
    let grown =
        |second| Round { at: at(second), edges: vec![(orders(0), Edges::new(0, 90))], ..Round::default() };
    live.publish(grown(200));
    assert_eq!(lag(&live).state, LagState::FallingBehind, "it may be busy with what it polled");
    assert_eq!(lag(&live).records, Some(80), "what was written since the row was told counts");
    live.publish(grown(400));
    assert_eq!(lag(&live).state, LagState::Stalled);
    let groups = vec![(Name::from("billing"), group(GroupState::Empty))];
    live.publish(Round { groups, ..grown(401) });
    assert_eq!(lag(&live).state, LagState::Stopped);
}

#[test]
fn who_stopped_where_all_records_are_gone_has_stopped() {
    let live = live();
    let gone = Stretch { outcome: Outcome::Expired, ..row("billing", 0, 10, 20, 1).stretches[1] };
    let mut row = Balance::clone(&row("billing", 0, 10, 20, 1));
    row.stretches[1] = gone;
    let edges = vec![(orders(0), Edges::new(20, 20))];
    let groups = vec![(Name::from("billing"), group(GroupState::Empty))];
    live.publish(Round { at: at(1), rows: vec![Arc::new(row)], edges, groups, ..Round::default() });
    let lag = lag(&live);
    assert_eq!((lag.records, lag.state), (Some(0), LagState::Stopped));
}

#[test]
fn a_position_that_went_back_is_rewound_until_it_is_passed_again() {
    let live = live();
    round(&live, 1, 50, 100);
    round(&live, 2, 10, 100);
    assert_eq!(lag(&live).state, LagState::Rewound);
    round(&live, 3, 51, 100);
    assert_eq!(lag(&live).state, LagState::Ok);
}

#[test]
fn a_group_with_nothing_to_read_is_not_behind() {
    let live = live();
    round(&live, 1, 100, 100);
    let none = lag(&live);
    assert_eq!((none.records, none.seconds, none.state), (Some(0), Some(0.0), LagState::Ok));
}

#[test]
fn a_summary_tells_the_worst_of_a_group() {
    let live = live();
    let lost = finding(1, Cause::RetentionTime, ShownAs::Loss, at(1), None);
    let rows = vec![row("billing", 0, 10, 30, 1), row("billing", 1, 30, 30, 2), row("other", 0, 0, 9, 1)];
    let edges = vec![(orders(0), Edges::new(5, 30)), (orders(1), Edges::new(0, 30))];
    live.publish(Round { at: at(2), rows, edges, findings: vec![lost], ..Round::default() });
    let state = live.read();
    let sum = GroupSummary::of(&state, &"billing".into());
    assert_eq!((sum.partitions, sum.lag_records, sum.lost), (2, 20, 10));
    assert_eq!((sum.lag_seconds, sum.last_commit_at, sum.dormant), (Some(41.0), Some(at(2)), false));
    let name = Name::from("orders");
    let topic = TopicSummary::of(&state, &name, &state.topics[&name]);
    assert_eq!((topic.records, topic.log_start_total, topic.lost), (55, 5, 10));
    assert_eq!(topic.groups.len(), 2);
}

#[test]
fn a_topic_described_anew_keeps_its_edges_and_a_new_one_does_not() {
    let live = live();
    round(&live, 1, 10, 20);
    let described = |id| {
        let topics =
            vec![(Name::from("orders"), Topic { id: TopicId(id), indexed: vec![By::Key], ..topic() })];
        Round { at: at(2), topics, ..Round::default() }
    };
    live.publish(described(7));
    assert!(live.read().edges(&orders(0)).is_some());
    assert_eq!(live.read().topics["orders"].indexed, [By::Key]);
    live.publish(described(8));
    assert!(live.read().edges(&orders(0)).is_none());
}

#[test]
fn a_settled_verdict_that_changes_is_counted() {
    let live = Live::new(at(0), false);
    let told = |outcome| {
        let first = finding(1, Cause::CommittedPastEnd, ShownAs::Loss, at(1), None);
        let findings = vec![Arc::new(Verdict { outcome, ..Verdict::clone(&first) })];
        live.publish(Round { at: at(2), findings, ..Round::default() });
        live.read().counted.revised.clone()
    };
    let not_settled_before = [Outcome::InFlight, Outcome::Skipped, Outcome::Skipped].map(told);
    assert!(not_settled_before.iter().all(BTreeMap::is_empty), "{not_settled_before:?}");
    let change = (Outcome::Skipped, Outcome::Deleted, Certainty::Strong);
    assert_eq!(told(Outcome::Deleted), BTreeMap::from([(change, 1)]));
}

#[test]
fn what_came_to_an_end_is_counted_and_the_count_never_falls() {
    let told = |rows: &[(i32, Offset)]| {
        let live = Live::new(at(0), false);
        for (second, (partition, committed)) in (1..).zip(rows) {
            let rows = vec![row("billing", *partition, *committed, 50, second)];
            live.publish(Round { at: at(second), rows, ..Round::default() });
        }
        let state = live.read();
        state.counted.settled.values().copied().collect::<Vec<_>>()
    };
    assert!(told(&[(0, 0)]).is_empty(), "what is in flight came to no end");
    assert_eq!(told(&[(0, 20)]), [20]);
    assert_eq!(told(&[(0, 20), (1, 5), (0, 30), (0, 30)]), [35], "of all partitions, once");
    assert_eq!(told(&[(0, 20), (0, 5)]), [20], "a verdict that is taken back does not lower it");
    assert_eq!(told(&[(0, 20), (0, 5), (0, 20)]), [35]);
}
