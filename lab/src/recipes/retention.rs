//! Records that left the log before a group read them.

use std::time::Duration;

use super::recipe::{During, Outcome, Recipe};
use super::stage::{Lab, Stage, hours_ago_ms};
use crate::clients::{Error, Records, wait_until};
use crate::moment::Moment;
use crate::truth::{Certainty, Count, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot(
        "retention_time",
        "retention.ms removes a segment that a group has not finished",
        retention_time,
    ),
    Recipe::snapshot("retention_time_backdated", "the same by old client times", retention_time_backdated),
    Recipe::followed("retention_time_followed", "the same, watched", retention_time_followed),
    Recipe::snapshot(
        "retention_size",
        "retention.bytes removes segments that a group has not finished",
        retention_size,
    ),
    Recipe::followed("retention_size_followed", "the same, watched", retention_size_followed),
    Recipe::snapshot(
        "delete_records",
        "DeleteRecords cuts inside a batch, above a group's position",
        delete_records,
    ),
    Recipe::snapshot(
        "delete_records_share",
        "DeleteRecords cuts above what a share group has settled",
        delete_records_share,
    )
    .on(Stage::SharedSince4),
    Recipe::followed("delete_records_followed", "the same, watched", delete_records_followed),
    Recipe::followed(
        "compaction_followed",
        "compaction removes values that a group has not read",
        compaction_followed,
    ),
    Recipe::snapshot("lagging", "a group stands still while retention comes nearer", lagging),
    Recipe::snapshot("lagging_safely", "a group is behind, and nothing will be removed", lagging_safely),
    Recipe::followed(
        "lagging_followed",
        "a group stands still while retention comes nearer, watched",
        lagging_followed,
    ),
];

const HOUR: (&str, &str) = ("retention.ms", "3600000");
const FOR_EVER: (&str, &str) = ("retention.ms", "-1");

/// Ten records of three hours ago, of which `group` read four, then five of now in a segment of their own.
///
/// Segments roll by the records' own time, so the old ones get their own segment and retention takes it whole.
fn old_and_new(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[FOR_EVER, ("segment.ms", "600000")])?;
    lab.jvm.send(Records::new(topic, 0, 10).timestamp_ms(hours_ago_ms(3)))?;
    lab.jvm.consume(group, topic, 4)?;
    lab.jvm.send(Records::new(topic, 0, 5)).map(drop)
}

/// A snapshot finds a range that is gone; one that had read it knows what went.
fn expired(cause: &str, certainty: Certainty) -> Fault {
    Fault::new(cause, "expired", "loss", certainty, Certainty::Strong)
}

fn deleted(certainty: Certainty) -> Fault {
    Fault::new("delete_records", "deleted", "loss", certainty, Certainty::Proof)
}

/// All ten are older than three seconds when retention comes; nothing follows them.
fn retention_time(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("retention_time", "retention_time.billing");
    lab.jvm.create_topic(topic, 1, &[FOR_EVER])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 4)?;
    lab.jvm.configure_topic(topic, &[("retention.ms", "3000")])?;
    let start = lab.jvm.await_log_start(topic, 0, 10)?;
    let fault = expired("retention_time", Certainty::Strong).at_most(4, start);
    let watched = expired("retention_time", Certainty::Proof).exactly(4, start);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).watched(watched)]))
}

/// By the broker's own clock nothing was due yet, and the times that clients gave are gone with the records:
/// afterwards it looks like DeleteRecords just as much. Who had read them knows their times.
fn retention_time_backdated(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("retention_time_backdated", "retention_time_backdated.billing");
    old_and_new(lab, topic, group)?;
    lab.jvm.configure_topic(topic, &[HOUR])?;
    let start = lab.jvm.await_log_start(topic, 0, 10)?;
    let fault = expired("retention_time", Certainty::Strong).at_most(4, start).optional();
    let watched = expired("retention_time", Certainty::Proof).exactly(4, start);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).watched(watched)]))
}

fn retention_time_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("retention_time_followed", "retention_time_followed.billing");
    old_and_new(lab, topic, group)?;
    Ok(Box::new(move || {
        lab.jvm.configure_topic(topic, &[HOUR])?;
        let start = lab.jvm.await_log_start(topic, 0, 10)?;
        let fault = expired("retention_time", Certainty::Proof).exactly(4, start);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed()]))
    }))
}

/// Fifty records of 100 kB, of which `group` read three.
fn five_megabytes(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    // 1 MiB is the least that 4.3.1 takes as a segment's size.
    lab.jvm.create_topic(topic, 1, &[("segment.bytes", "1048576")])?;
    lab.jvm.send(Records::new(topic, 0, 50).size(100_000).singly())?;
    lab.jvm.consume(group, topic, 3)
}

/// Whole segments go, possibly in several passes: until two seconds bring no more. Returns the log start and since
/// when it is there.
fn shrink(lab: &Lab, topic: &str) -> Result<(i64, Moment), Error> {
    lab.jvm.configure_topic(topic, &[("retention.bytes", "1500000")])?;
    let mut start = (lab.jvm.await_log_start(topic, 0, 4)?, Moment::now());
    wait_until("retention.bytes to be done", 60, || {
        let now = lab.jvm.ends(topic, 0)?.log_start;
        if now != start.0 {
            start = (now, Moment::now());
        }
        Ok(Moment::now().since(start.1) > Duration::from_secs(2))
    })?;
    Ok(start)
}

fn retention_size(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("retention_size", "retention_size.billing");
    five_megabytes(lab, topic, group)?;
    let (start, evident) = shrink(lab, topic)?;
    let fault = expired("retention_size", Certainty::Strong).at_most(3, start);
    let watched = expired("retention_size", Certainty::Proof).exactly(3, start);
    let truth = Truth::fault(topic, Some(group), topic, 0, fault).watched(watched);
    Ok(Outcome::of([truth.evident_at(evident)]))
}

fn retention_size_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("retention_size_followed", "retention_size_followed.billing");
    five_megabytes(lab, topic, group)?;
    Ok(Box::new(move || {
        let (start, evident) = shrink(lab, topic)?;
        let fault = expired("retention_size", Certainty::Proof).exactly(3, start);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed().evident_at(evident)]))
    }))
}

fn delete_records(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("delete_records", "delete_records.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 2)?;
    lab.jvm.delete_records(topic, 0, 6)?;
    let fault = deleted(Certainty::Strong).at_most(2, 6);
    // They stood in the log for no longer than it takes to read two of them.
    let watched = deleted(Certainty::Proof).within(2, 6);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).watched(watched)]))
}

fn delete_records_share(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("delete_records_share", "delete_records_share.workers");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 5))?;
    lab.jvm.configure_group(group, &[("share.auto.offset.reset", "earliest")])?;
    let member = lab.jvm.share_consumer(group, topic)?;
    member.read(5, "ACCEPT")?;
    member.close()?;
    lab.jvm.send(Records::new(topic, 0, 5))?;
    lab.jvm.delete_records(topic, 0, 8)?;
    // A share group settles in any order: some of what went may have been settled, whoever had read it.
    let fault = deleted(Certainty::Strong).at_most(5, 8);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault)]))
}

fn delete_records_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("delete_records_followed", "delete_records_followed.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    lab.jvm.consume(group, topic, 2)?;
    Ok(Box::new(move || {
        lab.jvm.delete_records(topic, 0, 6)?;
        let fault = deleted(Certainty::Proof).exactly(2, 6);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault).followed()]))
    }))
}

fn compaction_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("compaction_followed", "compaction_followed.billing");
    lab.jvm.create_topic(
        topic,
        1,
        &[
            ("cleanup.policy", "compact"),
            ("segment.ms", "1000"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("max.compaction.lag.ms", "600000"),
            ("min.compaction.lag.ms", "600000"),
        ],
    )?;
    lab.jvm.send(Records::new(topic, 0, 10).key("same"))?;
    lab.jvm.consume(group, topic, 2)?;
    Ok(Box::new(move || {
        lab.jvm
            .configure_topic(topic, &[("min.compaction.lag.ms", "0"), ("max.compaction.lag.ms", "1000")])?;
        // The cleaner leaves the active segment alone; a later record rolls it.
        std::thread::sleep(Duration::from_millis(1500));
        lab.jvm.send(Records::new(topic, 0, 1).key("other"))?;
        let reader =
            lab.jvm.consumer("compaction-probe", "", crate::clients::Start::Assign(topic, 0), &[])?;
        wait_until("the cleaner", 60, || {
            reader.seek(topic, 0, Some(0))?;
            Ok(reader.read_for(11, 1)? <= 2)
        })?;
        reader.close()?;
        // Offset 9 is the last of its key and stays; 2 to 8 went unread.
        let fault = Fault::new("compaction", "superseded", "note", Certainty::Strong, Certainty::Strong);
        let fault = fault.counted(2, 9, Count::Exact(7)).optional();
        Ok(Outcome::of([
            Truth::fault(topic, Some(group), topic, 0, fault).followed(),
            Truth::healthy(topic, Some(group), topic, Some(0)).followed(),
        ]))
    }))
}

/// Twenty records of 50 minutes ago under a retention of an hour, of which `group` read four and stopped.
fn ten_minutes_left(lab: &Lab, topic: &str, group: &str) -> Result<(), Error> {
    lab.jvm.create_topic(topic, 1, &[HOUR])?;
    let fifty_minutes_ago = hours_ago_ms(1) + 600_000;
    lab.jvm.send(Records::new(topic, 0, 20).timestamp_ms(fifty_minutes_ago))?;
    lab.jvm.consume(group, topic, 4)
}

fn lagging(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("lagging", "lagging.billing");
    ten_minutes_left(lab, topic, group)?;
    let fault = Fault::new("lagging", "in_flight", "risk", Certainty::Proof, Certainty::Proof);
    Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault.exactly(4, 20))]))
}

fn lagging_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("lagging_followed", "lagging_followed.billing");
    ten_minutes_left(lab, topic, group)?;
    Ok(Box::new(move || {
        lab.jvm.send(Records::new(topic, 0, 5))?;
        let fault = Fault::new("lagging", "in_flight", "risk", Certainty::Proof, Certainty::Proof);
        Ok(Outcome::of([Truth::fault(topic, Some(group), topic, 0, fault.exactly(4, 25)).followed()]))
    }))
}

fn lagging_safely(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("lagging_safely", "lagging_safely.billing");
    lab.jvm.create_topic(topic, 1, &[FOR_EVER])?;
    lab.jvm.send(Records::new(topic, 0, 20))?;
    lab.jvm.consume(group, topic, 4)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]))
}
