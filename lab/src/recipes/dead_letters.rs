//! Records that end in a dead-letter topic, by each framework's own headers.

use super::recipe::{During, Outcome, Recipe};
use super::stage::{Lab, Stage, hours_ago_ms};
use crate::clients::{Connect, Error, Records, StreamsKind, wait_until};
use crate::moment::Moment;
use crate::truth::{Certainty, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("dead_letter_connect", "Connect's file sink cannot read two of six records", connect),
    Recipe::snapshot("dead_letter_spring", "a Spring listener gives up on one of ten", spring),
    Recipe::snapshot(
        "dead_letter_spring_hops",
        "and the listener of the dead letters gives up, too",
        spring_hops,
    ),
    Recipe::snapshot("dead_letter_streams", "Kafka Streams sends a poison record aside (KIP-1034)", streams)
        .on(Stage::SharedSince4),
    Recipe::snapshot("dead_letter_share", "a share group rejects a record (KIP-1191 headers)", share)
        .on(Stage::SharedSince4),
    Recipe::snapshot(
        "dead_letter_mirrored",
        "dead letters copied from another cluster, with its offsets",
        mirrored,
    ),
    Recipe::snapshot("dead_letter_aborted", "a dead letter in a transaction that is aborted", aborted),
    Recipe::followed("dead_letter_followed", "a Spring listener gives up, watched", spring_followed),
    Recipe::followed(
        "dead_letter_purged_followed",
        "a dead letter is deleted before anybody reads it",
        purged,
    ),
];

fn dead() -> Fault {
    Fault::new("routed_to_dead_letter", "dead_lettered", "dead", Certainty::Proof, Certainty::Proof)
}

fn connect(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, dead_letters) = ("dead_letter_connect", "dead_letter_connect.dlq");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(dead_letters, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3).value("{\"fine\":1}"))?;
    lab.jvm.send(Records::new(topic, 0, 2).value("not JSON"))?;
    lab.jvm.send(Records::new(topic, 0, 1).value("{\"fine\":2}"))?;
    let worker = Connect::start(&lab.cluster(), "dead_letter_connect", topic, dead_letters)?;
    let group = worker.group();
    lab.jvm.await_committed(&group, topic, 0, 6)?;
    Ok(Outcome::of([Truth::fault(topic, Some(&group), topic, 0, dead().exactly(3, 5))]).keeping(worker))
}

/// What Spring's `DeadLetterPublishingRecoverer` adds for a record that it took from `topic`/0@`offset`.
fn spring_headers(records: Records, topic: &str, offset: i64, group: &str) -> Records {
    records
        .header("kafka_dlt-original-topic", topic.as_bytes())
        .header("kafka_dlt-original-partition", &0_i32.to_be_bytes())
        .header("kafka_dlt-original-offset", &offset.to_be_bytes())
        .header("kafka_dlt-original-timestamp", &hours_ago_ms(0).to_be_bytes())
        .header("kafka_dlt-original-timestamp-type", b"CreateTime")
        .header("kafka_dlt-original-consumer-group", group.as_bytes())
}

fn spring_failure(records: Records) -> Records {
    records
        .header(
            "kafka_dlt-exception-fqcn",
            b"org.springframework.kafka.listener.ListenerExecutionFailedException",
        )
        .header("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException")
        .header("kafka_dlt-exception-message", b"Listener failed; out of stock")
        .header(
            "kafka_dlt-exception-stacktrace",
            b"org.springframework...\n\tat lab.Listener.on(Listener.java:7)",
        )
}

/// Ten records that `group` passes, the fourth of them into `<topic>-dlt`. Its key and value are the original's.
fn spring_gives_up(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    let letter = Records::new(&format!("{topic}-dlt"), 0, 1).key("key-3").value("value-3");
    lab.jvm.send(spring_failure(spring_headers(letter, topic, 3, group)))?;
    lab.jvm.consume(group, topic, 10)
}

fn orders_and_dead_letters(lab: &Lab, topic: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(&format!("{topic}-dlt"), 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10)).map(drop)
}

fn spring(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("dead_letter_spring", "dead_letter_spring.billing");
    orders_and_dead_letters(lab, topic)?;
    spring_gives_up(lab, topic, group)?;
    Ok(Outcome::of([
        Truth::fault(topic, Some(group), topic, 0, dead().exactly(3, 4)),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn spring_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("dead_letter_followed", "dead_letter_followed.billing");
    orders_and_dead_letters(lab, topic)?;
    Ok(Box::new(move || {
        spring_gives_up(lab, topic, group)?;
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, dead().exactly(3, 4)).followed()]))
    }))
}

fn spring_hops(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("dead_letter_spring_hops", "dead_letter_spring_hops.billing");
    let (first, second) = ("dead_letter_spring_hops-dlt", "dead_letter_spring_hops-dlt-dlt");
    orders_and_dead_letters(lab, topic)?;
    lab.jvm.create_topic(second, 1, &[])?;
    spring_gives_up(lab, topic, group)?;
    let evident = Moment::now();
    lab.jvm.consume("dead_letter_spring_hops.mender", first, 1)?;
    // Spring appends the origins of each hop: the first is the true one, the last the previous hop.
    let letter = Records::new(second, 0, 1).key("key-3").value("value-3");
    let letter = spring_headers(letter, topic, 3, group);
    let letter = spring_headers(letter, first, 0, "dead_letter_spring_hops.mender");
    lab.jvm.send(spring_failure(letter))?;
    let truth = Truth::fault(topic, Some(group), topic, 0, dead().exactly(3, 4));
    Ok(Outcome::of([truth.evident_at(evident)]))
}

fn streams(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, out, letters) = ("dead_letter_streams", "dead_letter_streams.out", "dead_letter_streams.dlq");
    let group = "dead_letter_streams.app";
    for name in [topic, out, letters] {
        lab.jvm.create_topic(name, 1, &[])?;
    }
    lab.jvm.send(Records::new(topic, 0, 4))?;
    lab.jvm.send(Records::new(topic, 0, 1).value("poison"))?;
    lab.jvm.send(Records::new(topic, 0, 2))?;
    let handler = "org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler";
    let config =
        [("errors.dead.letter.queue.topic.name", letters), ("processing.exception.handler", handler)];
    let app = lab.jvm.streams(group, StreamsKind::Picky, topic, out, &config)?;
    lab.jvm.await_committed(group, topic, 0, 7)?;
    wait_until("the dead letter", 30, || Ok(lab.jvm.ends(letters, 0)?.end == 1))?;
    let evident = Moment::now();
    app.close()?;
    // Streams carries the raw key and value over, but none of the source's headers.
    let truth = Truth::fault(topic, Some(group), topic, 0, dead().exactly(4, 5));
    Ok(Outcome::of([truth.evident_at(evident)]))
}

/// 4.3.1 has only a `NoOpShareGroupDLQManager`: what a 4.4 broker writes is written by a producer here.
fn share(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, letters, group) = ("dead_letter_share", "dlq.dead_letter_share", "dead_letter_share.workers");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.create_topic(letters, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.configure_group(group, &[("share.auto.offset.reset", "earliest")])?;
    let member = lab.jvm.share_consumer(group, topic)?;
    member.read(10, "REJECT")?;
    member.close()?;
    let letter = Records::new(letters, 0, 1)
        .key("key-3")
        .value("value-3")
        .header("__dlq.errors.topic", topic.as_bytes())
        .header("__dlq.errors.partition", b"0")
        .header("__dlq.errors.offset", b"3")
        .header("__dlq.errors.group", group.as_bytes())
        .header("__dlq.errors.delivery.count", b"1")
        .header("__dlq.errors.message", b"Offset rejected by client.");
    lab.jvm.send(letter)?;
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, dead().exactly(3, 4))]))
}

fn mirrored(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("dead_letter_mirrored", "dead_letter_mirrored.billing");
    orders_and_dead_letters(lab, topic)?;
    lab.jvm.consume(group, topic, 10)?;
    // Offset 4711 is that of the other cluster; offset 5 exists here, but is another record.
    for (offset, key) in [(4711, "key-elsewhere"), (5, "key-of-another-record")] {
        let letter = Records::new("dead_letter_mirrored-dlt", 0, 1).key(key).value("elsewhere");
        let letter = letter
            .header("kafka_dlt-original-topic", topic.as_bytes())
            .header("kafka_dlt-original-partition", &0_i32.to_be_bytes())
            .header("kafka_dlt-original-offset", &i64::to_be_bytes(offset))
            .header("kafka_dlt-original-timestamp", &hours_ago_ms(30).to_be_bytes());
        lab.jvm.send(spring_failure(letter))?;
    }
    let said =
        Fault::new("routed_to_dead_letter", "dead_lettered", "dead", Certainty::Strong, Certainty::Strong);
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, said.optional()),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn aborted(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("dead_letter_aborted", "dead_letter_aborted.billing");
    orders_and_dead_letters(lab, topic)?;
    let producer = lab.jvm.producer(topic, &[("transactional.id", topic)])?;
    producer.begin()?;
    let letter = Records::new("dead_letter_aborted-dlt", 0, 1).key("key-3").value("value-3");
    producer.send(spring_failure(spring_headers(letter, topic, 3, group)))?;
    producer.abort()?;
    producer.close()?;
    lab.jvm.consume(group, topic, 10)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0)).nor_dead()]))
}

/// The loss is told of the record that the letter came from, for the group that gave it up.
fn purged(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("dead_letter_purged_followed", "dead_letter_purged_followed.billing");
    let letters = "dead_letter_purged_followed-dlt";
    orders_and_dead_letters(lab, topic)?;
    spring_gives_up(lab, topic, group)?;
    Ok(Box::new(move || {
        lab.jvm.delete_records(letters, 0, 1)?;
        let fault = Fault::new(
            "dead_letter_purged",
            "lost_at_dead_letter",
            "loss",
            Certainty::Proof,
            Certainty::Proof,
        );
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault.exactly(3, 4)).followed()]))
    }))
}
