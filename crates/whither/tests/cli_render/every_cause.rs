//! One finding for every cause, in each of its shapes, and every kind of evidence.

use std::collections::BTreeSet;

use whither_core::fact::{Committer, Convention, GroupState, WhyUnread};
use whither_core::verdict::{Cause, Certainty, Evidence, Outcome, SettingName, ShownAs, WhichCommit};
use whither_core::{Partition, Span, TopicId, Verdict};

use crate::reports::{NOW, ago, ahead, commit, member, verdict};

const NOBODY: Committer = Committer::NoMember { empty_since: None };

fn loss(cause: Cause, outcome: Outcome, evidence: Vec<Evidence>) -> Verdict {
    Verdict { outcome, evidence, ..verdict(cause, "orders", 3, Some("billing")) }
}

fn note(cause: Cause, outcome: Outcome, evidence: Vec<Evidence>) -> Verdict {
    Verdict { shown_as: ShownAs::Note, ..loss(cause, outcome, evidence) }
}

fn risk(cause: Cause, outcome: Outcome, evidence: Vec<Evidence>) -> Verdict {
    Verdict { shown_as: ShownAs::Risk, ..loss(cause, outcome, evidence) }
}

fn for_all(v: Verdict) -> Verdict {
    Verdict { group: None, certainty: Certainty::Proof, cause_certainty: Certainty::Proof, ..v }
}

fn start() -> Evidence {
    Evidence::LogStart { offset: 88_419, at: ago(2) }
}

fn end(offset: i64) -> Evidence {
    Evidence::LogEnd { offset, at: ago(2) }
}

fn latest(offset: i64) -> Evidence {
    commit(WhichCommit::Latest, offset, ago(700), member("billing-2"))
}

fn before(offset: i64) -> Evidence {
    commit(WhichCommit::Before, offset, ago(700), member("billing-2"))
}

fn this(offset: i64, by: Committer) -> Evidence {
    commit(WhichCommit::This, offset, ago(60), by)
}

fn setting(name: SettingName, value: i64) -> Evidence {
    Evidence::Setting { name, value }
}

fn habit() -> Evidence {
    Evidence::Habit { by_members: 1_402, by_nobody: 1, with_epoch: 1_402 }
}

fn gone() -> Vec<Verdict> {
    let read = Evidence::Read { from: 88_210, to: 88_419, records: 207 };
    vec![
        Verdict {
            at_most: true,
            cause_certainty: Certainty::Indicative,
            ..loss(
                Cause::RetentionTime,
                Outcome::Expired,
                vec![start(), latest(88_210), Evidence::SettingUnknown { name: SettingName::RetentionMs }],
            )
        },
        Verdict {
            certainty: Certainty::Proof,
            records: 207,
            ..loss(
                Cause::RetentionSize,
                Outcome::Expired,
                vec![
                    start(),
                    latest(88_210),
                    read,
                    setting(SettingName::RetentionBytes, 1 << 30),
                    setting(SettingName::RetentionMs, -1),
                    Evidence::RecordTime { offset: 88_419, at: ago(30) },
                ],
            )
        },
        Verdict {
            cause_certainty: Certainty::Proof,
            at_most: true,
            ..loss(
                Cause::DeleteRecords,
                Outcome::Deleted,
                vec![start(), latest(88_210), Evidence::MidBatch { base: 88_400, last: 88_440 }],
            )
        },
        loss(
            Cause::TopicDeleted,
            Outcome::Deleted,
            vec![
                Evidence::Absent { at: ago(2) },
                before(88_210),
                Evidence::Tombstone { at: ago(5), source: (12, 3_390) },
                end(88_419),
            ],
        ),
        loss(
            Cause::TopicRecreated,
            Outcome::Deleted,
            vec![
                Evidence::Incarnation { topic_id: TopicId(1), at: ago(700) },
                Evidence::Incarnation { topic_id: TopicId(u128::MAX), at: ago(2) },
                before(88_210),
            ],
        ),
        Verdict {
            to: 88_210,
            records: 0,
            ..note(Cause::TopicRecreated, Outcome::Deleted, vec![before(88_210)])
        },
        note(Cause::Compaction, Outcome::Superseded, vec![latest(88_210)]),
        loss(
            Cause::UncleanElection,
            Outcome::Truncated,
            vec![end(88_419), end(88_210), Evidence::Read { from: 88_210, to: 88_419, records: 209 }],
        ),
        loss(
            Cause::LogRegressed,
            Outcome::Truncated,
            vec![
                commit(WhichCommit::Highest, 88_419, ago(700), member("billing-2")),
                Evidence::EpochEnd { epoch: 4, end: 88_210, at: ago(2) },
                end(88_300),
            ],
        ),
        Verdict {
            shown_as: ShownAs::Stuck,
            outcome: Outcome::Unknown,
            ..for_all(loss(
                Cause::CorruptBatch,
                Outcome::Unknown,
                vec![Evidence::Broken { at: ago(2) }, Evidence::NotRead { why: WhyUnread::Gone }],
            ))
        },
    ]
}

fn transaction(knows: Option<bool>) -> Evidence {
    Evidence::OpenTransaction {
        producer_id: 4_011,
        start: 91_004,
        transactional_id: knows.filter(|k| *k).map(|_| "pay-7".into()),
        began: ago(40),
        timeout: knows.filter(|k| *k).map(|_| Span::seconds(60)),
        coordinator_knows: knows,
    }
}

fn transactions() -> Vec<Verdict> {
    let stable = Evidence::LastStable { offset: 91_004, at: ago(2) };
    let open = |cause, knows| Verdict {
        from: 91_004,
        to: 94_117,
        records: 3_112,
        evidence: vec![transaction(knows), stable.clone(), end(94_117)],
        ..for_all(note(cause, Outcome::InFlight, vec![]))
    };
    vec![
        Verdict {
            records: 400,
            ..for_all(note(
                Cause::TransactionAborted,
                Outcome::Aborted,
                vec![
                    Evidence::Read { from: 88_210, to: 88_419, records: 400 },
                    Evidence::AbortMarker { offset: 88_418, producer_id: -1, at: ago(90) },
                ],
            ))
        },
        Verdict { shown_as: ShownAs::Stuck, ..open(Cause::TransactionHanging, Some(false)) },
        Verdict { until: Some(ahead(50)), ..open(Cause::TransactionOpen, Some(true)) },
        Verdict { records: 1, ..open(Cause::TransactionOpen, None) },
        Verdict {
            to: 88_210,
            records: 0,
            duplicate: true,
            certainty: Certainty::Indicative,
            cause_certainty: Certainty::Indicative,
            ..for_all(note(
                Cause::DeliveryTimeout,
                Outcome::NotProduced,
                vec![Evidence::GaveUp { producer_id: 4_011, producer_epoch: 3, offset: 88_210, at: ago(90) }],
            ))
        },
        Verdict {
            from: 91_004,
            to: 91_900,
            records: 896,
            ..note(
                Cause::ReadsUncommitted,
                Outcome::InFlight,
                vec![latest(91_900), stable, Evidence::Read { from: 88_419, to: 91_900, records: 400 }],
            )
        },
    ]
}

fn moved() -> Vec<Verdict> {
    let forward = |cause, by| Verdict {
        recoverable: true,
        ..loss(cause, Outcome::Skipped, vec![before(88_210), this(88_419, by), habit()])
    };
    vec![
        forward(Cause::OffsetReset, NOBODY),
        Verdict { recoverable: false, id: 1, ..forward(Cause::OffsetReset, NOBODY) },
        Verdict {
            duplicate: true,
            recoverable: true,
            certainty: Certainty::Proof,
            id: 2,
            ..note(
                Cause::OffsetReset,
                Outcome::Delivered,
                vec![before(88_419), this(88_210, NOBODY), habit()],
            )
        },
        forward(Cause::SeekForward, member("billing-1")),
        note(
            Cause::StartedAtLatest,
            Outcome::BeforeStart,
            vec![
                commit(WhichCommit::First, 88_419, ago(900), member("billing-2")),
                habit(),
                Evidence::HistorySince { at: Some(ago(10_800)) },
            ],
        ),
        Verdict {
            recoverable: false,
            certainty: Certainty::Indicative,
            cause_certainty: Certainty::Indicative,
            ..forward(Cause::OutOfRangeJump, member("billing-1"))
        },
        Verdict {
            recoverable: true,
            ..loss(
                Cause::PartitionAddedLatest,
                Outcome::Skipped,
                vec![
                    commit(WhichCommit::First, 88_419, ago(900), Committer::SomeMember),
                    Evidence::HistorySince { at: None },
                ],
            )
        },
        note(
            Cause::OutOfOrderCommit,
            Outcome::Delivered,
            vec![before(88_419), this(88_210, member("billing-2"))],
        ),
        note(Cause::Redelivered, Outcome::Delivered, vec![before(88_419), this(88_210, member("billing-1"))]),
    ]
}

fn positions() -> Vec<Verdict> {
    let keep = setting(SettingName::OffsetsRetentionMinutes, 10_080);
    vec![
        Verdict {
            until: Some(ahead(720)),
            recoverable: true,
            partition: Partition::new("orders", 1),
            certainty: Certainty::Proof,
            cause_certainty: Certainty::Proof,
            ..risk(
                Cause::Lagging,
                Outcome::InFlight,
                vec![
                    latest(88_210),
                    Evidence::RecordTime { offset: 88_210, at: ago(2_880) },
                    setting(SettingName::RetentionMs, 3_600_000),
                    Evidence::Pace { per_mille: 801 },
                    end(88_419),
                ],
            )
        },
        Verdict {
            until: Some(ahead(14 * 3_600)),
            ..risk(
                Cause::OffsetsExpired,
                Outcome::InFlight,
                vec![
                    Evidence::GroupState { state: GroupState::Empty, at: ago(2) },
                    latest(88_210),
                    keep.clone(),
                ],
            )
        },
        note(
            Cause::OffsetsExpired,
            Outcome::Unknown,
            vec![
                Evidence::Tombstone { at: ago(100), source: (12, 3_390) },
                before(88_210),
                Evidence::EmptySince { at: ago(8 * 86_400) },
                keep,
            ],
        ),
        Verdict {
            recoverable: true,
            ..loss(
                Cause::GroupDeleted,
                Outcome::Skipped,
                vec![before(88_210), this(88_419, member("billing-1")), habit()],
            )
        },
        risk(Cause::CommittedPastEnd, Outcome::Skipped, vec![latest(88_419), end(88_210)]),
    ]
}

fn letter(offset: i64, exception: &str, connector: Option<&str>) -> Evidence {
    Evidence::DeadLetter {
        partition: Partition::new("orders.dlq", 0),
        offset,
        at: ago(90),
        convention: if connector.is_some() { Convention::Connect } else { Convention::Spring },
        stage: connector.map(|_| "VALUE_CONVERTER".into()),
        exception: Some(exception.into()),
        connector: connector.map(Into::into),
    }
}

fn dead() -> Vec<Verdict> {
    let data = "org.apache.kafka.connect.errors.DataException";
    let mut letters: Vec<Evidence> = (0..11).map(|i| letter(i, data, Some("billing-sink"))).collect();
    letters.push(letter(11, "java.util.concurrent.TimeoutException", None));
    letters.push(Evidence::OriginMatches { timestamp: true, key: true });
    let sink = |evidence| Verdict {
        group: Some("connect-billing-sink".into()),
        shown_as: ShownAs::Dead,
        records: 12,
        certainty: Certainty::Proof,
        cause_certainty: Certainty::Proof,
        ..loss(Cause::RoutedToDeadLetter, Outcome::DeadLettered, evidence)
    };
    vec![
        sink(letters.clone()),
        Verdict { records: 40, partition: Partition::new("orders", 4), ..sink(letters) },
        loss(
            Cause::DeadLetterPurged,
            Outcome::LostAtDeadLetter,
            vec![letter(11, data, Some("billing-sink")), start()],
        ),
    ]
}

pub(crate) fn findings() -> Vec<Verdict> {
    let mut all = gone();
    all.extend(transactions());
    all.extend(moved());
    all.extend(positions());
    all.extend(dead());
    for (id, v) in all.iter_mut().enumerate() {
        v.id = id as u64;
        v.last_seen = NOW;
    }
    all
}

#[test]
fn no_cause_and_no_evidence_is_missing() {
    let causes: BTreeSet<Cause> = findings().iter().map(|v| v.cause).collect();
    assert_eq!(causes, Cause::ALL.into_iter().collect());
    let kinds: BTreeSet<&str> =
        findings().iter().flat_map(|v| &v.evidence).map(whither::prose::evidence_kind).collect();
    assert_eq!(kinds.len(), 25, "{kinds:?}");
}
