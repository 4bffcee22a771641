//! Reports made by hand.

use std::sync::Arc;

use whither::report::{NotSeen, Report};
use whither_core::fact::Committer;
use whither_core::verdict::{
    Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, Stretch, WhichCommit,
};
use whither_core::{Balance, Name, Partition, Span, Time, TopicId, Verdict};

/// 2026-11-21 13:00:00 UTC.
pub(crate) const NOW: Time = Time(1_795_266_000_000);

pub(crate) fn ago(seconds: i64) -> Time {
    Time(NOW.0 - seconds * 1_000)
}

pub(crate) fn ahead(seconds: i64) -> Time {
    NOW.after(Span::seconds(seconds))
}

pub(crate) fn member(client: &str) -> Committer {
    Committer::Member { client_id: client.into(), host: "/10.0.0.7".into() }
}

pub(crate) fn commit(which: WhichCommit, offset: i64, at: Time, by: Committer) -> Evidence {
    Evidence::Commit { which, offset, leader_epoch: 4, at, by, source: (12, 3_381) }
}

/// A finding with the fields that most share; the rest is set by update.
pub(crate) fn verdict(cause: Cause, topic: &str, partition: i32, group: Option<&str>) -> Verdict {
    Verdict {
        id: (cause as u64) << 32 | u64::from(partition.unsigned_abs()),
        group: group.map(Name::from),
        partition: Partition::new(topic, partition),
        topic_id: TopicId(7),
        from: 88_210,
        to: 88_419,
        records: 209,
        at_most: false,
        outcome: Outcome::Expired,
        certainty: Certainty::Strong,
        cause,
        cause_certainty: Certainty::Strong,
        shown_as: ShownAs::Loss,
        recoverable: false,
        duplicate: false,
        first_seen: ago(60),
        last_seen: NOW,
        evidence: Vec::new(),
        until: None,
    }
}

fn stretch(from: i64, to: i64, records: u64, outcome: Outcome) -> Stretch {
    Stretch { from, to, records, at_most: false, outcome, certainty: Certainty::Strong, cause: None }
}

pub(crate) fn row(
    group: &str,
    topic: &str,
    index: i32,
    committed: i64,
    stretches: Vec<Stretch>,
) -> Arc<Balance> {
    Arc::new(Balance {
        group: group.into(),
        partition: Partition::new(topic, index),
        topic_id: TopicId(7),
        from: stretches.first().map_or(0, |s| s.from),
        to: stretches.last().map_or(0, |s| s.to),
        records: stretches.iter().map(|s| s.records).sum(),
        at_most: stretches.iter().any(|s| s.at_most),
        stretches,
        committed: Some(committed),
        committed_at: Some(ago(30)),
        position_time: Some(ago(45)),
        dormant: false,
    })
}

fn cluster() -> Report {
    Report {
        cluster: "orders-prod".into(),
        at: NOW,
        complete_since: Some(ago(3 * 3_600)),
        brokers: 3,
        topics: 24,
        groups: 11,
        records_read: 41_203_118,
        ..Report::default()
    }
}

pub(crate) fn of_findings(findings: Vec<Verdict>) -> Report {
    Report { findings, ..cluster() }
}

fn expired() -> Verdict {
    Verdict {
        at_most: true,
        evidence: vec![
            Evidence::LogStart { offset: 88_419, at: ago(2) },
            commit(WhichCommit::Latest, 88_210, ago(700), member("billing-2")),
            Evidence::Setting { name: SettingName::RetentionMs, value: 3_600_000 },
            Evidence::RecordTime { offset: 88_419, at: ago(3_500) },
        ],
        ..verdict(Cause::RetentionTime, "orders", 3, Some("billing"))
    }
}

pub(crate) fn trouble() -> Report {
    let mut lost = stretch(88_210, 88_419, 209, Outcome::Expired);
    lost.at_most = true;
    let mut old_import =
        row("old-import", "orders", 3, 90_000, vec![stretch(88_419, 90_000, 1_581, Outcome::Delivered)]);
    Arc::make_mut(&mut old_import).dormant = true;
    let balance = vec![
        row(
            "billing",
            "orders",
            1,
            301_000,
            vec![
                stretch(0, 301_000, 300_588, Outcome::Delivered),
                stretch(0, 301_000, 400, Outcome::Aborted),
                stretch(1_204, 1_205, 12, Outcome::DeadLettered),
                stretch(301_000, 305_312, 4_312, Outcome::InFlight),
            ],
        ),
        row("billing", "orders", 3, 88_210, vec![lost, stretch(88_419, 90_000, 1_581, Outcome::InFlight)]),
        old_import,
        row("shipping", "orders", 3, 90_000, vec![stretch(88_419, 90_000, 1_581, Outcome::Delivered)]),
    ];
    let findings = crate::every_cause::findings();
    let keep = [Cause::Lagging, Cause::TransactionOpen, Cause::RoutedToDeadLetter, Cause::TransactionAborted];
    let mut findings: Vec<Verdict> = findings.into_iter().filter(|v| keep.contains(&v.cause)).collect();
    findings.insert(0, expired());
    let not_seen = vec![NotSeen {
        what: "topic configuration".into(),
        why: "no DescribeConfigs right".into(),
        so: "retention as a cause is at most indicative".into(),
        hides_verdicts: false,
    }];
    Report { balance, findings, not_seen, ..cluster() }
}

pub(crate) fn healthy() -> Report {
    let delivered =
        |group: &str| row(group, "orders", 0, 90_000, vec![stretch(0, 90_000, 90_000, Outcome::Delivered)]);
    Report { balance: vec![delivered("billing"), delivered("shipping")], ..cluster() }
}

pub(crate) fn half_seen() -> Report {
    let balance = vec![row(
        "billing",
        "orders",
        0,
        500,
        vec![stretch(0, 500, 500, Outcome::Delivered), stretch(500, 9_000, 8_500, Outcome::Unread)],
    )];
    let not_seen = vec![NotSeen {
        what: "records of topic payroll".into(),
        why: "no Read right".into(),
        so: "losses in it can't be seen".into(),
        hides_verdicts: true,
    }];
    Report { balance, not_seen, ..cluster() }
}

pub(crate) fn unread_below() -> Report {
    let balance = vec![row(
        "billing",
        "orders",
        0,
        500,
        vec![stretch(0, 500, 500, Outcome::Unread), stretch(500, 501, 1, Outcome::InFlight)],
    )];
    Report { balance, ..cluster() }
}

pub(crate) fn does_not_add_up() -> Report {
    let mut report = healthy();
    Arc::make_mut(&mut report.balance[0]).records += 3;
    Arc::make_mut(&mut report.balance[1]).records -= 3;
    report
}

pub(crate) fn many() -> Report {
    let loss = |i: i32| Verdict {
        partition: Partition::new("orders", i),
        records: 1_000 + u64::from(i.unsigned_abs()),
        ..expired()
    };
    let aborted = |i: i32| Verdict {
        records: 40,
        shown_as: ShownAs::Note,
        outcome: Outcome::Aborted,
        certainty: Certainty::Proof,
        evidence: vec![Evidence::AbortMarker { offset: 88_418, producer_id: 4_011, at: ago(90) }],
        ..verdict(Cause::TransactionAborted, "payments", i, None)
    };
    let apart = |i: i32| Verdict { partition: Partition::new(format!("topic-{i:02}"), 0), ..loss(i) };
    of_findings((0..50).map(loss).chain((0..25).map(apart)).chain((0..12).map(aborted)).collect())
}

pub(crate) fn hostile() -> Report {
    let steering = "\x1b[2J\r\nLOSS \u{202e}evil";
    let mut report = trouble();
    report.cluster = steering.into();
    for v in &mut report.findings {
        v.group = Some(steering.into());
        v.partition.topic = steering.into();
        for e in &mut v.evidence {
            if let Evidence::DeadLetter { stage, exception, connector, .. } = e {
                (*stage, *exception, *connector) =
                    (Some(steering.into()), Some(steering.into()), Some(steering.into()));
            }
        }
    }
    for b in &mut report.balance {
        Arc::make_mut(b).group = steering.into();
    }
    report.not_seen[0].what = steering.into();
    report
}

pub(crate) fn reset_of_three() -> Report {
    let nobody = Committer::NoMember { empty_since: None };
    let reset = |i: i32, at: Time| Verdict {
        outcome: Outcome::Skipped,
        recoverable: true,
        evidence: vec![
            commit(WhichCommit::Before, 88_210, ago(700), member("billing-2")),
            commit(WhichCommit::This, 88_419, at, nobody.clone()),
        ],
        ..verdict(Cause::OffsetReset, "orders", i, Some("billing"))
    };
    let began = ago(60);
    let times = [began, Time(began.0 + 3), Time(began.0 + 4_900), NOW];
    of_findings((0..).zip(times).map(|(i, at)| reset(i, at)).collect())
}
