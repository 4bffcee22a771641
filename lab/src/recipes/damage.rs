//! Brokers that lose, spoil or delay what they had.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::recipe::{During, Outcome, Recipe};
use super::stage::{Lab, Stage};
use crate::clients::{Error, Records, Start, wait_until};
use crate::cluster::Version;
use crate::moment::Moment;
use crate::truth::{Certainty, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("log_regressed", "a broker dies and comes back without its last batch", regressed)
        .on(Stage::Fragile),
    Recipe::snapshot("delivery_timeout", "a producer gives up on a broker that is only slow", gave_up)
        .on(Stage::Fragile),
    Recipe::snapshot("unclean_election", "a replica that was behind becomes the leader", unclean)
        .on(Stage::Replicated),
    Recipe::snapshot("corrupt_batch", "a bit flips on the disk", corrupt).on(Stage::Fragile),
    Recipe::followed(
        "log_regressed_followed",
        "a broker comes back without its last batch, watched",
        regressed_followed,
    )
    .on(Stage::Fragile),
    Recipe::followed(
        "unclean_election_followed",
        "a replica that was behind becomes the leader, watched",
        unclean_followed,
    )
    .on(Stage::Replicated),
];

/// The first segment of `topic`/0 on node 1.
fn segment(lab: &Lab, topic: &str) -> PathBuf {
    let data = lab.cluster().folder().join("node-1").join("data");
    data.join(format!("{topic}-0")).join("00000000000000000000.log")
}

fn await_leader(lab: &Lab, topic: &str) -> Result<(), Error> {
    wait_until("a leader", 60, || match lab.jvm.leader(topic, 0) {
        Ok(leader) => Ok(leader >= 0),
        Err(Error::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    })
}

/// Six records and four, in two batches; `group` read all. Returns where the second batch begins in the file.
fn six_and_four(lab: &Lab, topic: &str, group: &str) -> Result<u64, Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 6))?;
    let length = segment(lab, topic).metadata()?.len();
    lab.jvm.send(Records::new(topic, 0, 4))?;
    lab.jvm.consume(group, topic, 10)?;
    Ok(length)
}

/// As after a power failure before the disk had it all.
fn lose_after(lab: &Lab, topic: &str, length: u64) -> Result<(), Error> {
    lab.cluster().kill_node(1)?;
    OpenOptions::new().write(true).open(segment(lab, topic))?.set_len(length)?;
    lab.cluster().start_node(1)?;
    await_leader(lab, topic)?;
    lab.jvm.send(Records::new(topic, 0, 3)).map(drop)
}

fn truncated(cause: &str, cause_at_most: Certainty) -> Fault {
    Fault::new(cause, "truncated", "loss", Certainty::Proof, cause_at_most)
}

/// For a server, which may still be finding its way back to a broker that was stopped before: `check --follow` has
/// caught up when they go.
fn four_lost() -> Fault {
    truncated("log_regressed", Certainty::Strong).within(6, 10)
}

fn regressed(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("log_regressed", "log_regressed.billing");
    let length = six_and_four(lab, topic, group)?;
    lose_after(lab, topic, length)?;
    let fault = truncated("log_regressed", Certainty::Strong).at_most(6, 10);
    // 3.9 gives the only replica its old leader epoch again: afterwards nothing in the log tells.
    let fault = if lab.version == Version::V3_9 { fault.optional() } else { fault };
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).watched(four_lost())]))
}

fn regressed_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("log_regressed_followed", "log_regressed_followed.billing");
    let length = six_and_four(lab, topic, group)?;
    Ok(Box::new(move || {
        lose_after(lab, topic, length)?;
        let fault = truncated("log_regressed", Certainty::Strong).exactly(6, 10);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed().watched(four_lost())]))
    }))
}

/// The batch in the middle gets a flipped bit in its last record, which its CRC covers.
fn corrupt(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("corrupt_batch", "corrupt_batch.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    lab.jvm.consume(group, topic, 3)?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    let end = segment(lab, topic).metadata()?.len();
    lab.jvm.send(Records::new(topic, 0, 3))?;
    // After a clean shutdown the broker trusts its log and does not look.
    lab.cluster().stop_node(1)?;
    flip_bit(&segment(lab, topic), end - 4)?;
    lab.cluster().start_node(1)?;
    await_leader(lab, topic)?;
    let reader = lab.jvm.consumer("corrupt_batch.reader", "", Start::Assign(topic, 0), &[])?;
    reader.seek(topic, 0, Some(3))?;
    if matches!(reader.read_for(1, 5), Ok(records) if records > 0) {
        return Err(Error::Waited { what: "a reader to trip over the corrupt batch".to_owned(), seconds: 5 });
    }
    reader.close()?;
    let fault =
        Fault::new("corrupt_batch", "unknown", "stuck", Certainty::Proof, Certainty::Proof).starting(3);
    // One that read the batch while it was whole has no reason to read it again.
    let watched = fault.clone().optional();
    Ok(Outcome::of([Truth::fault(topic, None, topic, 0, fault).watched(watched)]))
}

fn flip_bit(path: &std::path::Path, at: u64) -> Result<(), Error> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&[byte[0] ^ 1])?;
    Ok(())
}

/// The broker stands still for longer than `delivery.timeout.ms`; then the producer goes on with a new epoch.
fn gave_up(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("delivery_timeout", "delivery_timeout.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let config = [("delivery.timeout.ms", "3000"), ("request.timeout.ms", "1000"), ("linger.ms", "0")];
    let producer = lab.jvm.producer(topic, &config)?;
    producer.send(Records::new(topic, 0, 5))?;
    lab.cluster().pause_node(1)?;
    let timed_out = producer.send(Records::new(topic, 0, 2));
    lab.cluster().resume_node(1)?;
    match timed_out {
        Err(Error::Refused { .. }) => {}
        Err(other) => return Err(other),
        Ok(_) => return Err(Error::Waited { what: "the producer to give up".to_owned(), seconds: 3 }),
    }
    await_leader(lab, topic)?;
    let after = producer.send(Records::new(topic, 0, 3))?;
    let evident = Moment::now();
    producer.close()?;
    lab.jvm.consume(group, topic, after.end)?;
    let fault = Fault::new("delivery_timeout", "", "", Certainty::Indicative, Certainty::Indicative);
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, fault.of_any_verdict()).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

/// Node 2 misses records 3 and 4, which `group` reads from node 1; then node 1 dies and node 2 leads alone. Returns
/// since when it does.
fn elect_unclean(lab: &Lab, topic: &str, group: &str) -> Result<Moment, Error> {
    lab.cluster().kill_node(2)?;
    wait_until("node 2 to leave the ISR", 60, || Ok(lab.jvm.in_sync(topic, 0)? == 1))?;
    lab.jvm.send(Records::new(topic, 0, 2))?;
    lab.jvm.consume(group, topic, 5)?;
    lab.cluster().kill_node(1)?;
    // Two of the three controllers have to live: the other one and this.
    lab.cluster().start_node(2)?;
    wait_until("the unclean election", 60, || match lab.jvm.leader(topic, 0) {
        Ok(leader) => Ok(leader == 2),
        Err(Error::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    })?;
    let evident = Moment::now();
    lab.jvm.send(Records::new(topic, 0, 4))?;
    lab.cluster().start_node(1)?;
    wait_until("node 1 to follow", 60, || Ok(lab.jvm.in_sync(topic, 0)? == 2))?;
    Ok(evident)
}

fn three_on_two_nodes(lab: &Lab, topic: &str) -> Result<(), Error> {
    let config = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
    lab.jvm.create_topic_on(topic, &[1, 2], &config)?;
    lab.jvm.send(Records::new(topic, 0, 3)).map(drop)
}

fn unclean(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("unclean_election", "unclean_election.billing");
    three_on_two_nodes(lab, topic)?;
    let evident = elect_unclean(lab, topic, group)?;
    let fault = truncated("unclean_election", Certainty::Indicative).at_most(3, 5);
    let watched = truncated("unclean_election", Certainty::Strong).within(3, 5);
    let truth = Truth::fault(topic, Some(group), topic, 0, fault).watched(watched);
    Ok(Outcome::of([truth.evident_at(evident)]))
}

fn unclean_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("unclean_election_followed", "unclean_election_followed.billing");
    three_on_two_nodes(lab, topic)?;
    Ok(Box::new(move || {
        let evident = elect_unclean(lab, topic, group)?;
        // Whether the follower read the two before they were gone is a matter of seconds.
        let fault = truncated("unclean_election", Certainty::Strong).within(3, 5);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed().evident_at(evident)]))
    }))
}
