use super::*;
use serde_json::{Value, json};

/// As the interface has it, with fields that the judge does not read.
fn expired() -> Value {
    json!({
        "shown_as": "loss", "text": "expired: the log starts at 10", "next": {"text": "raise retention.ms", "command": null, "before": null},
        "id": "d-1", "cluster": "lab", "group": "billing", "topic": "orders", "partition": 3, "from": 4, "to": 10,
        "records": 6, "at_most": true, "verdict": "expired", "certainty": "strong", "cause": "retention_time",
        "cause_certainty": "strong", "recoverable": false, "first_seen": "2026-01-01T00:00:00.000Z",
        "last_seen": "2026-01-01T00:00:00.000Z", "evidence": [], "coverage": null
    })
}

fn check(findings: &[Value]) -> Check {
    let balance = json!([
        {"cluster": "lab", "group": "billing", "topic": "orders", "partition": 3, "from": 0, "to": 15, "records": 15,
         "at_most": true, "verdicts": {"delivered": 4, "expired": 6, "in_flight": 5}, "residual": 0}
    ]);
    serde_json::from_value(json!({
        "cluster": "lab", "at": "2026-01-01T00:00:00.000Z", "complete_since": null, "balance": balance,
        "findings": findings, "drops": [], "not_seen": []
    }))
    .unwrap()
}

fn with(mut finding: Value, field: &str, value: Value) -> Value {
    finding[field] = value;
    finding
}

fn truth() -> Truth {
    let fault = Fault::new("retention_time", "expired", "loss", Certainty::Strong, Certainty::Strong);
    Truth::fault("retention_time", Some("billing"), "orders", 3, fault.at_most(4, 10))
}

fn one(truth: Truth, finding: Value) -> Judgement {
    judge(&[truth], &check(&[finding])).remove(0)
}

fn told(judgement: &Judgement) -> FaultOutcome {
    match &judgement.outcome {
        Outcome::Fault(told) => told.clone(),
        Outcome::Healthy(alarms) => panic!("judged as healthy: {alarms:?}"),
    }
}

#[test]
fn what_is_true_passes() {
    let judgement = one(truth(), expired());
    assert!(judgement.passed(), "{judgement:?}");
    assert!(told(&judgement).found);
}

#[test]
fn what_is_missing_or_elsewhere_does_not() {
    assert!(!judge(&[truth()], &check(&[])).remove(0).passed());
    for (field, value) in
        [("group", json!("shipping")), ("topic", json!("payments")), ("partition", json!(4))]
    {
        let judgement = one(truth(), with(expired(), field, value));
        assert!(!judgement.passed(), "{field}");
        assert!(!told(&judgement).found, "{field}");
    }
}

#[test]
fn a_wrong_cause_range_or_count_does_not() {
    let wrong = |field, value| told(&one(truth(), with(expired(), field, value)));
    let cause = wrong("cause", json!("delete_records"));
    assert!(cause.found && !cause.cause_right);
    assert_eq!(wrong("from", json!(3)).range_right, Some(false));
    assert_eq!(wrong("to", json!(11)).range_right, Some(false));
    assert_eq!(wrong("records", json!(5)).count_right, Some(false));
    assert_eq!(wrong("at_most", json!(false)).count_right, Some(false));
}

#[test]
fn too_sure_does_not_and_less_sure_does() {
    for field in ["certainty", "cause_certainty"] {
        assert!(!one(truth(), with(expired(), field, json!("proof"))).passed(), "{field}");
        assert!(one(truth(), with(expired(), field, json!("indicative"))).passed(), "{field}");
    }
}

#[test]
fn shown_as_a_loss_where_a_note_is_due_does_not() {
    let fault = Fault::new("transaction_aborted", "aborted", "note", Certainty::Proof, Certainty::Proof);
    let truth = Truth::fault("transaction_aborted", None, "orders", 3, fault.exactly(3, 6));
    let mut note = with(expired(), "shown_as", json!("note"));
    for (field, value) in [
        ("cause", json!("transaction_aborted")),
        ("verdict", json!("aborted")),
        ("from", json!(3)),
        ("to", json!(6)),
        ("records", json!(3)),
        ("at_most", json!(false)),
    ] {
        note[field] = value;
    }
    assert!(one(truth.clone(), note.clone()).passed());
    assert!(!one(truth, with(note, "shown_as", json!("loss"))).passed());
}

#[test]
fn findings_that_share_a_range_count_together() {
    let first = with(with(expired(), "to", json!(7)), "records", json!(3));
    let second = with(with(expired(), "from", json!(7)), "records", json!(3));
    let judgement = judge(&[truth()], &check(&[first, second])).remove(0);
    assert!(judgement.passed(), "{judgement:?}");
}

#[test]
fn what_is_optional_may_be_missing_but_not_too_sure() {
    let mut optional = truth();
    if let Expected::Fault(fault) = &mut optional.expected {
        fault.required = false;
    }
    assert!(judge(&[optional.clone()], &check(&[])).remove(0).passed());
    assert!(!one(optional, with(expired(), "certainty", json!("proof"))).passed());
}

#[test]
fn a_loss_on_something_healthy_is_a_false_alarm() {
    let healthy = Truth::healthy("healthy", Some("billing"), "orders", None);
    assert!(!one(healthy.clone(), expired()).passed());
    assert!(one(healthy.clone(), with(expired(), "shown_as", json!("note"))).passed());
    assert!(one(healthy.clone(), with(expired(), "group", json!("shipping"))).passed());
    let dead = with(expired(), "shown_as", json!("dead"));
    assert!(one(healthy.clone(), dead.clone()).passed());
    assert!(!one(healthy.nor_dead(), dead).passed());
}

#[test]
fn a_loss_that_is_true_is_no_false_alarm_beside_it() {
    let healthy = Truth::healthy("healthy", Some("billing"), "orders", None);
    let judged = judge(&[healthy, truth()], &check(&[expired()]));
    assert!(judged.iter().all(Judgement::passed), "{judged:?}");
}

#[test]
fn residuals_and_strays_are_told() {
    let mut odd = check(&[expired()]);
    assert_eq!(residuals(&odd), Vec::<String>::new());
    odd.balance[0].residual = -2;
    assert_eq!(residuals(&odd), ["billing orders/3: residual -2"]);
    assert_eq!(strays(&[truth()], &odd), Vec::<String>::new());
    assert_eq!(strays(&[], &odd), ["loss retention_time of orders/3 [4..10) for billing"]);
}
