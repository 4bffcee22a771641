//! Positions that move in odd ways and lose nothing.

use super::recipe::{Outcome, Recipe};
use super::stage::{Lab, Stage};
use crate::clients::{Connect, Error, Records, Start, wait_until};
use crate::truth::Truth;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot(
        "healthy_standby",
        "MirrorMaker 2 syncs a standby group's offsets from outside",
        standby,
    ),
    Recipe::snapshot(
        "healthy_assign_commits",
        "a Flink-like reader assigns itself, commits, and is Empty for ever",
        assigned,
    ),
    Recipe::snapshot("healthy_assign_silent", "a reader assigns itself and never commits", assigned_silently),
    Recipe::snapshot("healthy_new_at_latest", "a new group begins at the end", new_at_latest),
    Recipe::snapshot("healthy_rewind", "an operator rewinds a group to read again", rewind),
    Recipe::snapshot(
        "healthy_out_of_order",
        "two commits of one member arrive in the wrong order",
        out_of_order,
    ),
    Recipe::snapshot("healthy_connect_offsets", "Connect's offsets API rewinds a sink", connect_offsets),
    Recipe::snapshot("healthy_dropped_subscription", "a group stops to read one of its topics", dropped)
        .on(Stage::Forgetful),
    Recipe::snapshot("healthy_retry_topics", "Spring retry topics: a stage, not an end", retry_topics),
    Recipe::snapshot("healthy_replayed", "records sent again that keep their dead-letter headers", replayed),
];

fn ten(lab: &Lab, topic: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10)).map(drop)
}

/// The active group goes on in leaps; the standby follows each by an admin's commit, and is never a member.
fn standby(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, active, standby) = ("healthy_standby", "healthy_standby.active", "healthy_standby.standby");
    ten(lab, topic)?;
    let syncer = lab.jvm.sync_offsets(active, standby)?;
    lab.jvm.consume(active, topic, 3)?;
    lab.jvm.await_committed(standby, topic, 0, 3)?;
    lab.jvm.consume(active, topic, 6)?;
    lab.jvm.await_committed(standby, topic, 0, 9)?;
    let truths = [active, standby].map(|group| Truth::healthy(topic, Some(group), topic, Some(0)));
    Ok(Outcome::of(truths).keeping(syncer))
}

fn assigned(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_assign_commits", "healthy_assign_commits.flink");
    ten(lab, topic)?;
    let reader = lab.jvm.consumer(group, group, Start::Assign(topic, 0), &[("max.poll.records", "4")])?;
    reader.read(4)?;
    reader.commit()?;
    reader.read(4)?;
    reader.commit()?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]).keeping(reader))
}

fn assigned_silently(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let topic = "healthy_assign_silent";
    ten(lab, topic)?;
    let reader = lab.jvm.consumer(topic, "", Start::Assign(topic, 0), &[])?;
    reader.read(10)?;
    lab.jvm.delete_records(topic, 0, 5)?;
    Ok(Outcome::of([Truth::healthy(topic, None, topic, Some(0))]).keeping(reader))
}

fn new_at_latest(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_new_at_latest", "healthy_new_at_latest.billing");
    ten(lab, topic)?;
    let member =
        lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[("auto.offset.reset", "latest")])?;
    member.await_position(topic, 0)?;
    member.commit()?;
    lab.jvm.send(Records::new(topic, 0, 2))?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]).keeping(member.run(true)?))
}

fn rewind(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_rewind", "healthy_rewind.billing");
    ten(lab, topic)?;
    lab.jvm.consume(group, topic, 10)?;
    lab.jvm.set_group_offset(group, topic, 0, 2)?;
    lab.jvm.consume(group, topic, 5)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

/// As when asynchronous commits overtake each other: the last to arrive is not the highest.
fn out_of_order(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_out_of_order", "healthy_out_of_order.billing");
    ten(lab, topic)?;
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[])?;
    member.read(10)?;
    for offset in [3, 8, 6] {
        member.commit_at(topic, 0, offset)?;
    }
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]).keeping(member.run(false)?))
}

fn connect_offsets(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, dead_letters) = ("healthy_connect_offsets", "healthy_connect_offsets.dlq");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(dead_letters, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 8).value("{\"fine\":1}"))?;
    let worker = Connect::start(&lab.cluster(), "healthy_connect_offsets", topic, dead_letters)?;
    let group = worker.group();
    lab.jvm.await_committed(&group, topic, 0, 8)?;
    worker.alter_offset(topic, 0, 3)?;
    wait_until("the sink to write again what it had written", 60, || {
        lab.jvm.send(Records::new(topic, 0, 1).value("{\"fine\":2}"))?;
        Ok(lab.jvm.committed(&group, topic, 0)? > Some(8))
    })?;
    Ok(Outcome::of([Truth::healthy(topic, Some(&group), topic, Some(0)).nor_dead()]).keeping(worker))
}

/// The group keeps one topic; the other's offsets expire while it is behind there.
fn dropped(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (kept, left, group) = (
        "healthy_dropped_subscription.kept",
        "healthy_dropped_subscription",
        "healthy_dropped_subscription.billing",
    );
    ten(lab, kept)?;
    ten(lab, left)?;
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[kept, left]), &[])?;
    member.read(20)?;
    member.commit()?;
    member.subscribe(&[kept])?;
    member.read_for(1, 2)?;
    lab.jvm.send(Records::new(left, 0, 5))?;
    let member = member.run(true)?;
    wait_until("the dropped topic's offsets to expire", 120, || {
        lab.jvm.send(Records::new(kept, 0, 1))?;
        Ok(lab.jvm.committed(group, left, 0)?.is_none())
    })?;
    let truths = [kept, left].map(|topic| Truth::healthy(left, Some(group), topic, Some(0)));
    Ok(Outcome::of(truths).keeping(member))
}

/// What `@RetryableTopic` adds; unlike a dead letter's, these are written once and kept on every hop.
fn retry_headers(records: Records, topic: &str, group: &str, attempt: i32) -> Records {
    let now = super::stage::hours_ago_ms(0);
    // A BigInteger, without its leading zero bytes.
    let due = &(now + 1000).to_be_bytes()[2..];
    records
        .header("kafka_original-topic", topic.as_bytes())
        .header("kafka_original-partition", &0_i32.to_be_bytes())
        .header("kafka_original-offset", &3_i64.to_be_bytes())
        .header("kafka_original-timestamp", &now.to_be_bytes())
        .header("kafka_original-timestamp-type", b"CreateTime")
        .header("kafka_dlt-original-consumer-group", group.as_bytes())
        .header(
            "kafka_exception-fqcn",
            b"org.springframework.kafka.listener.ListenerExecutionFailedException",
        )
        .header("kafka_exception-message", b"Listener failed; try later")
        .header("retry_topic-attempts", &attempt.to_be_bytes())
        .header("retry_topic-original-timestamp", &now.to_be_bytes()[2..])
        .header("retry_topic-backoff-timestamp", due)
}

/// Record 3 fails twice, goes through two retry topics, and succeeds in the second.
fn retry_topics(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_retry_topics", "healthy_retry_topics.billing");
    ten(lab, topic)?;
    let stages = ["healthy_retry_topics-retry-1000", "healthy_retry_topics-retry-2000"];
    for (attempt, stage) in (2..).zip(stages) {
        lab.jvm.create_topic(stage, 1, &[])?;
        let record = Records::new(stage, 0, 1).key("key-3").value("value-3");
        lab.jvm.send(retry_headers(record, topic, group, attempt))?;
    }
    lab.jvm.consume(group, topic, 10)?;
    let mut truths = vec![Truth::healthy(topic, Some(group), topic, Some(0))];
    for stage in stages {
        let group = format!("{group}-retry");
        lab.jvm.consume(&group, stage, 1)?;
        truths.push(Truth::healthy(topic, Some(&group), stage, Some(0)));
    }
    Ok(Outcome::of(truths))
}

fn replayed(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_replayed", "healthy_replayed.billing");
    ten(lab, topic)?;
    // Back in the topic they came from, with the headers they got on their way out.
    let again = Records::new(topic, 0, 1)
        .key("key-3")
        .value("value-3")
        .header("kafka_dlt-original-topic", topic.as_bytes())
        .header("kafka_dlt-original-partition", &0_i32.to_be_bytes())
        .header("kafka_dlt-original-offset", &3_i64.to_be_bytes())
        .header("kafka_dlt-original-consumer-group", group.as_bytes())
        .header("kafka_dlt-exception-fqcn", b"java.lang.IllegalStateException");
    lab.jvm.send(again)?;
    lab.jvm.consume(group, topic, 11)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0)).nor_dead()]))
}
