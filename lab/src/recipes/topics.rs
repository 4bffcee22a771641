//! Topics that go, come back under their old name, or grow.

use super::recipe::{During, Outcome, Recipe};
use super::stage::Lab;
use crate::clients::{Error, Records, Start, wait_until};
use crate::moment::Moment;
use crate::truth::{Certainty, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("topic_deleted", "a topic is deleted before a group read all of it", topic_deleted),
    Recipe::followed("topic_deleted_followed", "the same, watched", topic_deleted_followed),
    Recipe::snapshot("topic_recreated", "a topic is deleted and created again", topic_recreated),
    Recipe::followed("topic_recreated_followed", "the same, watched", topic_recreated_followed),
    Recipe::snapshot(
        "partition_added_latest",
        "a latest group misses a new partition's first records",
        added,
    ),
    Recipe::followed("partition_added_latest_followed", "the same, watched", added_followed),
];

/// Ten records, of which `group` read four.
fn half_read(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 4)
}

/// Gives the group another topic, so that it outlives the first one's offsets.
fn anchor(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    let anchor = format!("{topic}.anchor");
    lab.jvm.create_topic(&anchor, 1, &[])?;
    lab.jvm.send(Records::new(&anchor, 0, 2))?;
    lab.jvm.consume(group, &anchor, 2)
}

fn delete(lab: &Lab, topic: &str) -> Result<(), Error> {
    lab.jvm.delete_topic(topic)?;
    wait_until("a topic to be gone", 30, || match lab.jvm.leader(topic, 0) {
        Err(Error::Refused { .. }) => Ok(true),
        Err(other) => Err(other),
        Ok(_) => Ok(false),
    })
}

/// What one that had read the topic knows of it.
fn gone_unread(cause: &str) -> Fault {
    Fault::new(cause, "deleted", "loss", Certainty::Proof, Certainty::Proof).exactly(4, 10)
}

fn topic_deleted(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("topic_deleted", "topic_deleted.billing");
    half_read(lab, topic, group)?;
    anchor(lab, topic, group)?;
    delete(lab, topic)?;
    // Afterwards nothing tells how long the log was: a loss would say that there was a lag (R5).
    let fault =
        Fault::new("topic_deleted", "deleted", "note", Certainty::Strong, Certainty::Strong).optional();
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).watched(gone_unread("topic_deleted"))]))
}

fn topic_deleted_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("topic_deleted_followed", "topic_deleted_followed.billing");
    half_read(lab, topic, group)?;
    anchor(lab, topic, group)?;
    Ok(Box::new(move || {
        delete(lab, topic)?;
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, gone_unread("topic_deleted")).followed()]))
    }))
}

fn topic_recreated(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("topic_recreated", "topic_recreated.billing");
    half_read(lab, topic, group)?;
    anchor(lab, topic, group)?;
    delete(lab, topic)?;
    lab.jvm.create_topic(topic, 1, &[])?;
    let evident = Moment::now();
    lab.jvm.send(Records::new(topic, 0, 3))?;
    lab.jvm.consume(group, topic, 3)?;
    // As for a topic that was only deleted.
    let fault =
        Fault::new("topic_recreated", "deleted", "note", Certainty::Strong, Certainty::Strong).optional();
    let truth = Truth::fault(topic, Some(group), topic, 0, fault).watched(gone_unread("topic_recreated"));
    Ok(Outcome::of([truth.evident_at(evident)]))
}

fn topic_recreated_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("topic_recreated_followed", "topic_recreated_followed.billing");
    half_read(lab, topic, group)?;
    anchor(lab, topic, group)?;
    Ok(Box::new(move || {
        delete(lab, topic)?;
        lab.jvm.create_topic(topic, 1, &[])?;
        let evident = Moment::now();
        lab.jvm.send(Records::new(topic, 0, 3))?;
        let truth = Truth::fault(topic, Some(group), topic, 0, gone_unread("topic_recreated"));
        Ok(Outcome::of([truth.followed().evident_at(evident)]))
    }))
}

const LATEST: [(&str, &str); 1] = [("auto.offset.reset", "latest")];

fn read_from_latest(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &LATEST)?;
    member.await_position(topic, 0)?;
    lab.jvm.send(Records::new(topic, 0, 4))?;
    member.read(4)?;
    member.commit()?;
    member.close()
}

/// Five records enter the new partition before a member has it; it begins behind them and reads the next three.
/// Returns when it had committed where it begins.
fn grow(lab: &Lab, topic: &str, group: &str) -> Result<Moment, Error> {
    lab.jvm.grow_topic(topic, 2)?;
    wait_until("the leader of a new partition", 30, || match lab.jvm.leader(topic, 1) {
        Ok(leader) => Ok(leader >= 0),
        Err(Error::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    })?;
    lab.jvm.send(Records::new(topic, 1, 5))?;
    let member = lab.jvm.consumer(&format!("{group}.again"), group, Start::Subscribe(&[topic]), &LATEST)?;
    member.await_position(topic, 1)?;
    member.commit()?;
    let evident = Moment::now();
    lab.jvm.send(Records::new(topic, 1, 3))?;
    member.read(3)?;
    member.commit()?;
    member.close()?;
    Ok(evident)
}

fn missed() -> Fault {
    Fault::new("partition_added_latest", "skipped", "loss", Certainty::Strong, Certainty::Strong)
}

fn added(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("partition_added_latest", "partition_added_latest.billing");
    read_from_latest(lab, topic, group)?;
    let evident = grow(lab, topic, group)?;
    let truth = Truth::fault(topic, Some(group), topic, 1, missed().optional());
    Ok(Outcome::of([truth.watched(missed().exactly(0, 5)).evident_at(evident)]))
}

fn added_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("partition_added_latest_followed", "partition_added_latest_followed.billing");
    read_from_latest(lab, topic, group)?;
    Ok(Box::new(move || {
        let evident = grow(lab, topic, group)?;
        let truth = Truth::fault(topic, Some(group), topic, 1, missed().exactly(0, 5));
        Ok(Outcome::of([truth.followed().evident_at(evident)]))
    }))
}
