use serde_json::json;

use super::*;
use crate::truth::{Certainty, Fault};

fn check(findings: &[serde_json::Value], residual: i64) -> Check {
    let row = json!({"group": "billing", "topic": "orders", "partition": 0, "residual": residual});
    serde_json::from_value(json!({"balance": [row], "findings": findings})).unwrap()
}

fn deleted(to: i64) -> serde_json::Value {
    json!({
        "id": "00000000000000d1", "shown_as": "loss", "group": "billing", "topic": "orders", "partition": 0, "from": 2,
        "to": to, "records": to - 2, "at_most": false, "verdict": "deleted", "certainty": "proof",
        "cause": "delete_records", "cause_certainty": "strong"
    })
}

fn truth() -> Truth {
    let fault = Fault::new("delete_records", "deleted", "loss", Certainty::Proof, Certainty::Proof);
    Truth::fault("r", Some("billing"), "orders", 0, fault.exactly(2, 6)).evident_at(Moment(10_000))
}

fn answers(of: &[(i64, Check)]) -> Vec<Answer> {
    of.iter().map(|(at, check)| Answer { at: Moment(*at), check: check.clone() }).collect()
}

#[test]
fn the_delay_ends_when_it_is_told_right() {
    let told = [(9_000, check(&[], 0)), (11_000, check(&[deleted(4)], 0)), (12_500, check(&[deleted(6)], 0))];
    let (served, complaints) = judge_answers(&[truth()], &answers(&told));
    assert!(served[0].judgement.passed());
    assert_eq!(served[0].delay, Some(Duration::from_millis(2_500)));
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn what_is_told_late_is_complained_of() {
    let (served, complaints) = judge_answers(&[truth()], &answers(&[(15_100, check(&[deleted(6)], 0))]));
    assert!(served[0].judgement.passed());
    assert_eq!(complaints, ["serve: r was told of orders only 5.1 s after its evidence was there"]);
}

#[test]
fn what_is_told_no_more_was_not_told() {
    let told = [(11_000, check(&[deleted(6)], 0)), (12_000, check(&[], 0))];
    let (served, _) = judge_answers(&[truth()], &answers(&told));
    assert!(!served[0].judgement.passed());
    let (served, _) = judge_answers(&[truth()], &[]);
    assert!(!served[0].judgement.passed());
    assert_eq!(served[0].delay, None);
}

#[test]
fn an_alarm_that_was_taken_back_was_one() {
    let healthy = [Truth::healthy("h", Some("billing"), "orders", None)];
    let told = [(11_000, check(&[deleted(6)], 0)), (12_000, check(&[], 0))];
    let (served, _) = judge_answers(&healthy, &answers(&told));
    assert_eq!(served[0].judgement.alarms(), ["loss delete_records of orders/0 [2..6) for billing"]);
}

#[test]
fn a_residual_or_a_loss_that_nobody_made_is_complained_of_whenever_it_was() {
    let told = [(11_000, check(&[deleted(6)], 3)), (12_000, check(&[], 0))];
    let (_, complaints) = judge_answers(&[], &answers(&told));
    assert_eq!(
        complaints,
        ["serve: billing orders/0: residual 3", "serve: loss delete_records of orders/0 [2..6) for billing"]
    );
}

#[test]
fn a_restart_may_change_nothing_but_make_surer() {
    let before = check(&[deleted(6)], 0);
    assert_eq!(changes(&before, &before), Vec::<String>::new());
    assert_eq!(
        changes(&before, &check(&[], 0)),
        ["gone: loss delete_records of orders/0 [2..6) for billing"]
    );
    assert_eq!(changes(&check(&[], 0), &before), ["new: loss delete_records of orders/0 [2..6) for billing"]);
    let mut less_sure = deleted(6);
    less_sure["certainty"] = json!("strong");
    let less_sure = check(&[less_sure], 0);
    assert_eq!(changes(&before, &less_sure).len(), 1);
    assert_eq!(changes(&less_sure, &before), Vec::<String>::new());
    assert_eq!(changes(&before, &check(&[deleted(6)], 1)), ["billing orders/0: residual 1"]);
}
