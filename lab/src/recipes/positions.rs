//! Positions that jump.

use super::recipe::{During, Outcome, Recipe};
use super::stage::{Lab, Stage};
use crate::clients::{Error, Library, Python, Records, Start, wait_until};
use crate::moment::Moment;
use crate::truth::{Certainty, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("offset_reset", "the reset tool moves an empty group forward", offset_reset),
    Recipe::followed("offset_reset_followed", "the same, watched", offset_reset_followed),
    Recipe::snapshot("offset_reset_resumed", "and its consumer goes on from there", offset_reset_resumed),
    Recipe::snapshot(
        "offset_reset_librdkafka",
        "the same for a group of librdkafka, whose commits carry no epoch",
        reset_librdkafka,
    ),
    Recipe::snapshot("offset_reset_modern", "the same for a group of the consumer protocol", reset_modern)
        .on(Stage::SharedSince4),
    Recipe::snapshot("started_at_latest", "a new group starts at the end", started_at_latest),
    Recipe::followed("started_at_latest_followed", "the same, watched", started_at_latest_followed),
    Recipe::snapshot(
        "out_of_range_jump",
        "a latest group out of range jumps over what is still there",
        jumped,
    ),
    Recipe::followed("out_of_range_jump_followed", "the same, watched", jumped_followed),
    Recipe::snapshot(
        "offsets_expired",
        "a group was empty for longer than offsets.retention.minutes",
        offsets_expired,
    )
    .on(Stage::Forgetful),
    Recipe::followed("offsets_expired_followed", "the same, watched", offsets_expired_followed)
        .on(Stage::Forgetful),
    Recipe::snapshot("group_deleted", "a group is deleted while it is behind", group_deleted),
    Recipe::followed("group_deleted_followed", "the same, watched", group_deleted_followed),
    Recipe::snapshot("committed_past_end", "a client commits beyond the end of the log", committed_past_end),
    Recipe::followed("committed_past_end_followed", "the same, watched", committed_past_end_followed),
    Recipe::snapshot(
        "redelivered",
        "a second member goes back and reads again what the first committed",
        redelivered,
    ),
    Recipe::followed("redelivered_followed", "the same, watched", redelivered_followed),
];

fn twenty(lab: &Lab, topic: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 20)).map(drop)
}

fn skipped_by_reset() -> Fault {
    Fault::new("offset_reset", "skipped", "loss", Certainty::Strong, Certainty::Strong).exactly(4, 15)
}

fn offset_reset(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("offset_reset", "offset_reset.billing");
    left_behind(lab, topic, group)?;
    lab.jvm.set_group_offset(group, topic, 0, 15)?;
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, skipped_by_reset())]))
}

fn offset_reset_resumed(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("offset_reset_resumed", "offset_reset_resumed.billing");
    left_behind(lab, topic, group)?;
    lab.jvm.set_group_offset(group, topic, 0, 15)?;
    let evident = Moment::now();
    lab.jvm.consume(group, topic, 5)?;
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, skipped_by_reset()).evident_at(evident)]))
}

fn offset_reset_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("offset_reset_followed", "offset_reset_followed.billing");
    left_behind(lab, topic, group)?;
    Ok(Box::new(move || {
        lab.jvm.set_group_offset(group, topic, 0, 15)?;
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, skipped_by_reset()).followed()]))
    }))
}

fn reset_librdkafka(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("offset_reset_librdkafka", "offset_reset_librdkafka.billing");
    twenty(lab, topic)?;
    Python::start(&lab.cluster())?.consume(Library::Confluent, group, topic, 4)?;
    lab.jvm.set_group_offset(group, topic, 0, 15)?;
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, skipped_by_reset())]))
}

fn reset_modern(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("offset_reset_modern", "offset_reset_modern.billing");
    twenty(lab, topic)?;
    let config = [("group.protocol", "consumer"), ("max.poll.records", "4")];
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &config)?;
    member.read(4)?;
    member.commit()?;
    member.close()?;
    lab.jvm.set_group_offset(group, topic, 0, 15)?;
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, skipped_by_reset())]))
}

const LATEST: [(&str, &str); 1] = [("auto.offset.reset", "latest")];

/// A member that starts at the end, commits that position, then reads and commits three records. Returns when it had
/// committed where it starts.
fn start_at_latest(lab: &Lab, topic: &str, group: &str) -> Result<Moment, Error> {
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &LATEST)?;
    member.await_position(topic, 0)?;
    member.commit()?;
    let evident = Moment::now();
    lab.jvm.send(Records::new(topic, 0, 3))?;
    member.read(3)?;
    member.commit()?;
    member.close()?;
    Ok(evident)
}

fn before_start() -> Fault {
    Fault::new("started_at_latest", "before_start", "note", Certainty::Strong, Certainty::Strong)
}

fn started_at_latest(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("started_at_latest", "started_at_latest.billing");
    twenty(lab, topic)?;
    let evident = start_at_latest(lab, topic, group)?;
    // The first commit bounds the start from above; that it carries no epoch makes it a jump (R7).
    let truth = Truth::fault(topic, Some(group), topic, 0, before_start().optional());
    Ok(Outcome::of([
        truth.watched(before_start().exactly(0, 20)).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn started_at_latest_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("started_at_latest_followed", "started_at_latest_followed.billing");
    twenty(lab, topic)?;
    Ok(Box::new(move || {
        let evident = start_at_latest(lab, topic, group)?;
        let truth = Truth::fault(topic, Some(group), topic, 0, before_start().exactly(0, 20));
        Ok(Outcome::of([
            truth.followed().evident_at(evident),
            Truth::healthy(topic, Some(group), topic, Some(0)).followed(),
        ]))
    }))
}

/// The log loses what stands before 10 while the group stands at 4; its latest policy then skips 10 to 20. Returns
/// when the one and the other had happened.
fn jump(lab: &Lab, topic: &str, group: &str) -> Result<(Moment, Moment), Error> {
    lab.jvm.delete_records(topic, 0, 10)?;
    let deleted = Moment::now();
    // As long as an outage of a consumer might be; a follower looks every second or so.
    std::thread::sleep(std::time::Duration::from_secs(3));
    Ok((deleted, start_at_latest(lab, topic, group)?))
}

fn skipped_by_jump() -> Fault {
    Fault::new("out_of_range_jump", "skipped", "loss", Certainty::Strong, Certainty::Strong)
}

/// That the log start stood above the group before it jumped, a snapshot can't know.
fn deleted_before_jump(topic: &str, group: &str, deleted: Moment) -> Truth {
    let fault = || Fault::new("delete_records", "deleted", "loss", Certainty::Proof, Certainty::Proof);
    let truth = Truth::fault(topic, Some(group), topic, 0, fault().exactly(4, 10)).followed();
    // A server has not caught up yet where they go as soon as the group has read four.
    truth.watched(fault().within(4, 10)).evident_at(deleted)
}

fn jumped(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("out_of_range_jump", "out_of_range_jump.billing");
    left_behind(lab, topic, group)?;
    let (deleted, jumped) = jump(lab, topic, group)?;
    let truth = Truth::fault(topic, Some(group), topic, 0, skipped_by_jump().optional());
    Ok(Outcome::of([
        truth.watched(skipped_by_jump().exactly(10, 20)).evident_at(jumped),
        deleted_before_jump(topic, group, deleted),
    ]))
}

fn jumped_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("out_of_range_jump_followed", "out_of_range_jump_followed.billing");
    left_behind(lab, topic, group)?;
    Ok(Box::new(move || {
        let (deleted, jumped) = jump(lab, topic, group)?;
        let truth = Truth::fault(topic, Some(group), topic, 0, skipped_by_jump().exactly(10, 20));
        Ok(Outcome::of([truth.followed().evident_at(jumped), deleted_before_jump(topic, group, deleted)]))
    }))
}

/// A finding about a position rather than about records.
fn about_position(cause: &str, at_most: Certainty) -> Fault {
    Fault::new(cause, "", "", at_most, at_most).of_any_verdict()
}

/// `group` reads four of twenty and leaves.
fn left_behind(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    twenty(lab, topic)?;
    lab.jvm.consume(group, topic, 4)
}

fn await_expiry(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    wait_until("the offsets to expire", 120, || Ok(lab.jvm.committed(group, topic, 0)?.is_none()))
}

fn offsets_expired(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("offsets_expired", "offsets_expired.billing");
    left_behind(lab, topic, group)?;
    await_expiry(lab, topic, group)?;
    let fault = about_position("offsets_expired", Certainty::Strong);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault)]))
}

fn offsets_expired_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("offsets_expired_followed", "offsets_expired_followed.billing");
    left_behind(lab, topic, group)?;
    Ok(Box::new(move || {
        await_expiry(lab, topic, group)?;
        let fault = about_position("offsets_expired", Certainty::Strong);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed()]))
    }))
}

fn group_deleted(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("group_deleted", "group_deleted.billing");
    left_behind(lab, topic, group)?;
    lab.jvm.delete_group(group)?;
    let fault = about_position("group_deleted", Certainty::Strong);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault)]))
}

fn group_deleted_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("group_deleted_followed", "group_deleted_followed.billing");
    left_behind(lab, topic, group)?;
    Ok(Box::new(move || {
        lab.jvm.delete_group(group)?;
        let fault = about_position("group_deleted", Certainty::Strong);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed()]))
    }))
}

/// Returns when the commit was made.
fn commit_fifty(lab: &Lab, topic: &str, group: &str) -> Result<Moment, Error> {
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[])?;
    member.read(20)?;
    member.commit_at(topic, 0, 50)?;
    let evident = Moment::now();
    member.close()?;
    Ok(evident)
}

fn committed_past_end(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("committed_past_end", "committed_past_end.billing");
    twenty(lab, topic)?;
    let evident = commit_fifty(lab, topic, group)?;
    let truth =
        Truth::fault(topic, Some(group), topic, 0, about_position("committed_past_end", Certainty::Strong));
    Ok(Outcome::of([truth
        .watched(about_position("committed_past_end", Certainty::Proof))
        .evident_at(evident)]))
}

fn committed_past_end_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("committed_past_end_followed", "committed_past_end_followed.billing");
    twenty(lab, topic)?;
    Ok(Box::new(move || {
        let evident = commit_fifty(lab, topic, group)?;
        let fault = about_position("committed_past_end", Certainty::Proof);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed().evident_at(evident)]))
    }))
}

/// A member commits 20; another one commits 5, and then 20 again. Returns when it had.
fn read_twice(lab: &Lab, topic: &str, group: &str) -> Result<Moment, Error> {
    lab.jvm.consume(group, topic, 20)?;
    let second = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &[])?;
    second.await_position(topic, 0)?;
    second.seek(topic, 0, Some(5))?;
    second.commit()?;
    second.read(15)?;
    second.commit()?;
    let evident = Moment::now();
    second.close()?;
    Ok(evident)
}

fn again(cause_at_most: Certainty) -> Fault {
    Fault::new("redelivered", "delivered", "note", Certainty::Proof, cause_at_most).exactly(5, 20)
}

fn redelivered(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("redelivered", "redelivered.billing");
    twenty(lab, topic)?;
    let evident = read_twice(lab, topic, group)?;
    let truth = Truth::fault(topic, Some(group), topic, 0, again(Certainty::Indicative));
    Ok(Outcome::of([
        truth.watched(again(Certainty::Strong)).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn redelivered_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("redelivered_followed", "redelivered_followed.billing");
    twenty(lab, topic)?;
    Ok(Box::new(move || {
        let evident = read_twice(lab, topic, group)?;
        let truth = Truth::fault(topic, Some(group), topic, 0, again(Certainty::Strong));
        Ok(Outcome::of([
            truth.followed().evident_at(evident),
            Truth::healthy(topic, Some(group), topic, Some(0)).followed(),
        ]))
    }))
}
