//! Memberships of every kind.

use super::recipe::{Outcome, Recipe};
use super::stage::{Lab, Stage};
use crate::clients::{Error, Library, Python, Records, Start, StreamsKind, console_consumer, wait_until};
use crate::truth::Truth;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("healthy_pods", "per-pod and anonymous groups that come and die", pods),
    Recipe::snapshot(
        "healthy_migration",
        "a group goes from the classic to the consumer protocol",
        migration,
    )
    .on(Stage::SharedSince4),
    Recipe::snapshot("healthy_console", "kafka-console-consumer", console),
    Recipe::snapshot(
        "healthy_static_members",
        "static members restart within their session timeout",
        static_members,
    ),
    Recipe::snapshot("healthy_storm", "members come and go for ten seconds", storm),
    Recipe::snapshot("healthy_never_commits", "a live member that never commits", never_commits),
    Recipe::snapshot("healthy_consumer_protocol", "a member by KIP-848", consumer_protocol)
        .on(Stage::SharedSince4),
    Recipe::snapshot(
        "healthy_share_group",
        "share groups: one has accepted everything and was trimmed after, one holds everything",
        share_group,
    )
    .on(Stage::SharedSince4),
    Recipe::snapshot("healthy_streams", "Kafka Streams, stateless and exactly once", streams),
    Recipe::snapshot("healthy_python", "librdkafka, kafka-python and aiokafka at work", python),
    Recipe::snapshot(
        "healthy_transactions_passed",
        "a group behind a committed transaction's last marker",
        passed,
    ),
];

fn ten(lab: &Lab, topic: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10)).map(drop)
}

fn healthy(topic: &str, group: &str) -> Truth {
    Truth::healthy(topic, Some(group), topic, None)
}

/// Each reads a little, commits, and never comes back.
fn pods(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let topic = "healthy_pods";
    ten(lab, topic)?;
    let pods = ["healthy_pods.7f9c-x2vkq", "healthy_pods.7f9c-lq8zd", "anonymous.9b3e2c4a-healthy-pods"];
    for (read, pod) in (2..).zip(pods) {
        lab.jvm.consume(pod, topic, read)?;
    }
    Ok(Outcome::of(pods.map(|pod| healthy(topic, pod))))
}

/// The old member is still there when the new one joins: an online migration.
fn migration(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_migration", "healthy_migration.billing");
    lab.jvm.create_topic(topic, 2, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    let classic = lab.jvm.consumer("healthy_migration.classic", group, Start::Subscribe(&[topic]), &[])?;
    classic.read(10)?;
    classic.commit()?;
    let classic = classic.run(true)?;
    let modern = lab.jvm.consumer(
        "healthy_migration.modern",
        group,
        Start::Subscribe(&[topic]),
        &[("group.protocol", "consumer")],
    )?;
    let modern = modern.run(true)?;
    lab.jvm.await_members(group, 2)?;
    classic.stop()?;
    lab.jvm.await_members(group, 1)?;
    lab.jvm.send(Records::new(topic, 0, 5))?;
    lab.jvm.await_committed(group, topic, 0, 15)?;
    Ok(Outcome::of([healthy(topic, group)]).keeping(modern))
}

fn console(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let topic = "healthy_console";
    ten(lab, topic)?;
    console_consumer(&lab.cluster(), topic, 5)?;
    Ok(Outcome::of([Truth::healthy(topic, None, topic, None)]))
}

fn static_members(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_static_members", "healthy_static_members.billing");
    ten(lab, topic)?;
    let config =
        [("group.instance.id", "billing-0"), ("max.poll.records", "2"), ("session.timeout.ms", "30000")];
    for round in 0..3 {
        // A static member that closes does not leave: the next one takes its place without a rebalance.
        let name = format!("healthy_static_members.{round}");
        let member = lab.jvm.consumer(&name, group, Start::Subscribe(&[topic]), &config)?;
        member.read(2)?;
        member.commit()?;
        member.close()?;
    }
    Ok(Outcome::of([healthy(topic, group)]))
}

fn storm(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_storm", "healthy_storm.billing");
    lab.jvm.create_topic(topic, 3, &[])?;
    for partition in 0..3 {
        lab.jvm.send(Records::new(topic, partition, 20))?;
    }
    lab.jvm.storm(group, topic, 4, 10)?;
    for partition in 0..3 {
        lab.jvm.send(Records::new(topic, partition, 3))?;
    }
    Ok(Outcome::of([healthy(topic, group)]))
}

fn never_commits(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_never_commits", "healthy_never_commits.billing");
    ten(lab, topic)?;
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[])?;
    member.read(10)?;
    lab.jvm.delete_records(topic, 0, 5)?;
    Ok(Outcome::of([healthy(topic, group)]).keeping(member.run(false)?))
}

fn consumer_protocol(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_consumer_protocol", "healthy_consumer_protocol.billing");
    ten(lab, topic)?;
    let config = [("group.protocol", "consumer"), ("max.poll.records", "6")];
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &config)?;
    member.read(6)?;
    member.commit()?;
    Ok(Outcome::of([healthy(topic, group)]).keeping(member.run(true)?))
}

/// Where the first group begins is still told as 0 when its log starts at 10: only the lag shows that all of it is
/// settled.
fn share_group(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_share_group", "healthy_share_group.workers");
    let (other, waiting) = ("healthy_share_group.waiting", "healthy_share_group.idle");
    for (topic, group) in [(topic, group), (other, waiting)] {
        ten(lab, topic)?;
        lab.jvm.configure_group(group, &[("share.auto.offset.reset", "earliest")])?;
    }
    let member = lab.jvm.share_consumer(group, topic)?;
    member.read(10, "ACCEPT")?;
    member.close()?;
    lab.jvm.delete_records(topic, 0, 10)?;
    let member = lab.jvm.share_consumer(waiting, other)?;
    member.read(10, "RELEASE")?;
    let truths = [healthy(topic, group), Truth::healthy(topic, Some(waiting), other, Some(0))];
    Ok(Outcome::of(truths).keeping(member))
}

fn streams(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, out, group) = ("healthy_streams", "healthy_streams.out", "healthy_streams.app");
    ten(lab, topic)?;
    lab.jvm.create_topic(out, 1, &[])?;
    let exactly_once = [("processing.guarantee", "exactly_once_v2"), ("commit.interval.ms", "100")];
    let app = lab.jvm.streams(group, StreamsKind::Map, topic, out, &exactly_once)?;
    lab.jvm.await_committed(group, topic, 0, 10)?;
    lab.jvm.send(Records::new(topic, 0, 5))?;
    lab.jvm.await_committed(group, topic, 0, 15)?;
    let reader = "healthy_streams.reader";
    let member = lab.jvm.consumer(
        reader,
        reader,
        Start::Subscribe(&[out]),
        &[("isolation.level", "read_committed")],
    )?;
    member.read(15)?;
    member.commit()?;
    member.close()?;
    let truths = [healthy(topic, group), Truth::healthy(topic, Some(reader), out, None)];
    Ok(Outcome::of(truths).keeping(app))
}

/// Each library's records are read by the other two as well.
fn python(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let python = Python::start(&lab.cluster())?;
    let mut truths = Vec::new();
    for producer in Library::ALL {
        let topic = format!("healthy_python.{}", producer.name());
        lab.jvm.create_topic(&topic, 1, &[])?;
        python.produce(producer, &topic, 0, 10)?;
        for consumer in Library::ALL {
            let group = format!("{topic}.{}", consumer.name());
            python.consume(consumer, &group, &topic, 6)?;
            truths.push(Truth::healthy("healthy_python", Some(&group), &topic, None));
        }
    }
    Ok(Outcome::of(truths))
}

/// It has read every record, and a lag of one remains for ever: the marker.
fn passed(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_transactions_passed", "healthy_transactions_passed.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let producer = lab.jvm.producer(topic, &[("transactional.id", topic)])?;
    for _ in 0..3 {
        producer.begin()?;
        producer.send(Records::new(topic, 0, 4))?;
        producer.commit()?;
    }
    producer.close()?;
    let member = lab.jvm.consumer(
        group,
        group,
        Start::Subscribe(&[topic]),
        &[("isolation.level", "read_committed")],
    )?;
    member.read(12)?;
    member.commit_at(topic, 0, 14)?;
    member.close()?;
    wait_until("the markers", 10, || Ok(lab.jvm.ends(topic, 0)?.end == 15))?;
    Ok(Outcome::of([healthy(topic, group)]))
}
