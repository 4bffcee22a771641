//! Those who write, read, and delete meanwhile. Whatever a broker that dies does to them, they begin anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::Duration;

use crate::clients::{Error, Records, Start};
use crate::recipes::Lab;

const ORDERS: &str = "soak-orders";
const SETTLED: &str = "soak-settled";
const PURGED: &str = "soak-purged";
const PARTITIONS: i32 = 3;
/// Between two batches of a writer.
const BREATH: Duration = Duration::from_millis(200);
/// A group's member is replaced after this many breaths, a purge comes after so many.
const MEMBER_LIVES: u32 = 150;
const PURGE_EVERY: u32 = 75;
/// A client that can't reach its broker gives up soon, so that the soak ends when it is to.
const IMPATIENT: [(&str, &str); 3] =
    [("delivery.timeout.ms", "20000"), ("request.timeout.ms", "8000"), ("max.block.ms", "15000")];

pub(super) fn create_topics(lab: &Lab) -> Result<(), Error> {
    lab.jvm.create_topic(ORDERS, PARTITIONS, &[])?;
    lab.jvm.create_topic(SETTLED, 1, &[])?;
    lab.jvm.create_topic(PURGED, 1, &[])
}

/// Works until it is over.
pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, lab: &'scope Lab, over: &'scope AtomicBool) {
    scope.spawn(move || again(over, || write(lab, over)));
    scope.spawn(move || again(over, || transact(lab, over)));
    scope.spawn(move || again(over, || read(lab, over, "soak-billing", &[ORDERS, SETTLED])));
    scope.spawn(move || again(over, || read(lab, over, "soak-shipping", &[ORDERS])));
    scope.spawn(move || again(over, || purge(lab, over)));
}

fn again(over: &AtomicBool, mut work: impl FnMut() -> Result<(), Error>) {
    while !over.load(Ordering::Relaxed) {
        // A dead broker is what a soak is about.
        let _ = work();
        thread::sleep(BREATH);
    }
}

fn breaths(over: &AtomicBool) -> impl Iterator<Item = u32> {
    (1..).take_while(|_| {
        thread::sleep(BREATH);
        !over.load(Ordering::Relaxed)
    })
}

fn write(lab: &Lab, over: &AtomicBool) -> Result<(), Error> {
    let producer = lab.jvm.producer("soak-writer", &IMPATIENT)?;
    let sent = breaths(over).try_for_each(|_| {
        (0..PARTITIONS).try_for_each(|p| producer.send(Records::new(ORDERS, p, 100)).map(drop))?;
        producer.send(Records::new(PURGED, 0, 20)).map(drop)
    });
    producer.close()?;
    sent
}

fn transact(lab: &Lab, over: &AtomicBool) -> Result<(), Error> {
    let mut pairs = IMPATIENT.to_vec();
    pairs.extend([("transactional.id", "soak-settlement"), ("transaction.timeout.ms", "15000")]);
    let producer = lab.jvm.producer("soak-settler", &pairs)?;
    let settled = breaths(over).try_for_each(|n| {
        producer.begin()?;
        producer.send(Records::new(SETTLED, 0, 10))?;
        if n % 5 == 0 { producer.abort() } else { producer.commit() }
    });
    producer.close()?;
    settled
}

fn read(lab: &Lab, over: &AtomicBool, group: &str, topics: &[&str]) -> Result<(), Error> {
    let member = lab.jvm.consumer(group, group, Start::Subscribe(topics), &[])?.run(true)?;
    breaths(over).take(usize::try_from(MEMBER_LIVES).unwrap_or_default()).for_each(drop);
    member.stop().map(drop)
}

/// A group that reads some and is overtaken by DeleteRecords, again and again.
fn purge(lab: &Lab, over: &AtomicBool) -> Result<(), Error> {
    let group = "soak-audit";
    for n in breaths(over) {
        if n % PURGE_EVERY != 0 {
            continue;
        }
        let member = lab.jvm.consumer(group, group, Start::Subscribe(&[PURGED]), &[])?;
        let read = member.read_for(50, 5).and_then(|_| member.commit());
        member.close()?;
        read?;
        if let Some(committed) = lab.jvm.committed(group, PURGED, 0)? {
            let end = lab.jvm.ends(PURGED, 0)?.end;
            lab.jvm.delete_records(PURGED, 0, (committed + 30).min(end))?;
        }
    }
    Ok(())
}
