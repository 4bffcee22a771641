//! Logs that look odd and are healthy.

use super::recipe::{Outcome, Recipe};
use super::stage::{Lab, hours_ago_ms};
use crate::clients::{Error, Records, Start, StreamsKind, wait_until};
use crate::truth::Truth;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("healthy_trimmed", "records are deleted after the group read them", trimmed),
    Recipe::snapshot("healthy_retained", "retention takes what the group has read", retained),
    Recipe::snapshot("healthy_streams_purge", "Streams purges its repartition topic all day", streams_purge),
    Recipe::snapshot(
        "healthy_last_marker",
        "retention left only the last marker of an idle topic",
        last_marker,
    ),
    Recipe::snapshot(
        "healthy_once_compacted",
        "once compacted, now deleted by time; holes remain",
        once_compacted,
    ),
    Recipe::snapshot(
        "healthy_recreated",
        "a topic is created again after the group had read all of it",
        recreated,
    ),
    Recipe::snapshot("healthy_client_clocks", "clients' clocks are hours off, either way", client_clocks),
    Recipe::snapshot("healthy_one_record", "a topic of one record", one_record),
    Recipe::snapshot("healthy_empty", "a topic without a record, and a member waiting", empty),
    Recipe::snapshot(
        "healthy_mid_transaction",
        "an exactly-once application in the middle of its work",
        mid_transaction,
    ),
];

fn trimmed(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_trimmed", "healthy_trimmed.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 10)?;
    lab.jvm.delete_records(topic, 0, 7)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

fn retained(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_retained", "healthy_retained.billing");
    lab.jvm.create_topic(topic, 1, &[("retention.ms", "-1"), ("segment.ms", "600000")])?;
    lab.jvm.send(Records::new(topic, 0, 10).timestamp_ms(hours_ago_ms(3)))?;
    lab.jvm.consume(group, topic, 10)?;
    lab.jvm.send(Records::new(topic, 0, 5))?;
    lab.jvm.configure_topic(topic, &[("retention.ms", "3600000")])?;
    lab.jvm.await_log_start(topic, 0, 10)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

fn streams_purge(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, out, group) =
        ("healthy_streams_purge", "healthy_streams_purge.out", "healthy_streams_purge.app");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(out, 1, &[])?;
    let config = [("repartition.purge.interval.ms", "500"), ("statestore.cache.max.bytes", "0")];
    let app = lab.jvm.streams(group, StreamsKind::Count, topic, out, &config)?;
    lab.jvm.send(Records::new(topic, 0, 20))?;
    let repartition = format!("{group}-regrouped-repartition");
    wait_until("Streams to purge", 60, || {
        lab.jvm.send(Records::new(topic, 0, 1))?;
        Ok(lab.jvm.ends(&repartition, 0)?.log_start > 0)
    })?;
    let truths = [Truth::healthy(topic, None, topic, None), Truth::healthy(topic, None, &repartition, None)];
    Ok(Outcome::of(truths).keeping(app))
}

/// Offset 10 is the marker; partition 1 keeps it, partition 0 has lost it as well.
fn last_marker(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_last_marker", "healthy_last_marker.billing");
    lab.jvm.create_topic(topic, 2, &[])?;
    let producer = lab.jvm.producer(topic, &[("transactional.id", topic)])?;
    producer.begin()?;
    for partition in [0, 1] {
        producer.send(Records::new(topic, partition, 10))?;
    }
    producer.commit()?;
    producer.close()?;
    let member = lab.jvm.consumer(
        group,
        group,
        Start::Subscribe(&[topic]),
        &[("isolation.level", "read_committed")],
    )?;
    member.read(20)?;
    for partition in [0, 1] {
        member.commit_at(topic, partition, 10)?;
    }
    member.close()?;
    lab.jvm.delete_records(topic, 0, 11)?;
    lab.jvm.delete_records(topic, 1, 10)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, None)]))
}

fn once_compacted(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_once_compacted", "healthy_once_compacted.billing");
    let compacted = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1000"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("max.compaction.lag.ms", "1000"),
    ];
    lab.jvm.create_topic(topic, 1, &compacted)?;
    lab.jvm.send(Records::new(topic, 0, 10).key("same"))?;
    std::thread::sleep(std::time::Duration::from_millis(1500));
    lab.jvm.send(Records::new(topic, 0, 1).key("other"))?;
    let probe = lab.jvm.consumer("once-compacted-probe", "", Start::Assign(topic, 0), &[])?;
    wait_until("the cleaner", 60, || {
        probe.seek(topic, 0, Some(0))?;
        Ok(probe.read_for(11, 1)? <= 2)
    })?;
    probe.close()?;
    lab.jvm.configure_topic(topic, &[("cleanup.policy", "delete")])?;
    lab.jvm.consume(group, topic, 2)?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

/// Ten read in the old topic, three of three in the new: the old positions mean nothing here.
fn recreated(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_recreated", "healthy_recreated.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 10)?;
    lab.jvm.delete_topic(topic)?;
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    lab.jvm.consume(group, topic, 3)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

fn client_clocks(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_client_clocks", "healthy_client_clocks.billing");
    // Far enough for records "of yesterday", or the cleaner would take them.
    lab.jvm.create_topic(
        topic,
        1,
        &[("retention.ms", "864000000"), ("message.timestamp.after.max.ms", "86400000")],
    )?;
    for hours in [5, -5, 30, 0] {
        lab.jvm.send(Records::new(topic, 0, 3).timestamp_ms(hours_ago_ms(hours)))?;
    }
    lab.jvm.consume(group, topic, 12)?;
    lab.jvm.send(Records::new(topic, 0, 2).timestamp_ms(hours_ago_ms(7)))?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

fn one_record(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_one_record", "healthy_one_record.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 1))?;
    lab.jvm.consume(group, topic, 1)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}

fn empty(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("healthy_empty", "healthy_empty.billing");
    lab.jvm.create_topic(topic, 2, &[])?;
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[])?;
    member.read_for(1, 2)?;
    member.commit()?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, None)]).keeping(member.run(true)?))
}

/// Read, processed and sent, but not yet committed: output and offsets are pending.
fn mid_transaction(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, out, group) =
        ("healthy_mid_transaction", "healthy_mid_transaction.out", "healthy_mid_transaction.app");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(out, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    let producer =
        lab.jvm.producer(topic, &[("transactional.id", topic), ("transaction.timeout.ms", "900000")])?;
    producer.begin()?;
    producer.send(Records::new(out, 0, 4))?;
    producer.send_offset(group, topic, 0, 4)?;
    producer.commit()?;
    producer.begin()?;
    producer.send(Records::new(out, 0, 3))?;
    producer.send_offset(group, topic, 0, 7)?;
    let truths =
        [Truth::healthy(topic, Some(group), topic, Some(0)), Truth::healthy(topic, None, out, Some(0))];
    Ok(Outcome::of(truths).keeping(producer))
}
