//! Transactions that end badly, late or never, and readers that don't wait for them.

use super::recipe::{During, Outcome, Recipe};
use super::stage::{Lab, Stage};
use crate::clients::{Error, Producer, Records, Start, wait_until};
use crate::moment::Moment;
use crate::truth::{Certainty, Count, Fault, Truth};

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::snapshot("transaction_aborted", "a producer aborts; a read_committed group passes", aborted),
    Recipe::followed("transaction_aborted_followed", "the same, watched", aborted_followed),
    Recipe::snapshot(
        "transaction_aborted_seen",
        "a read_uncommitted group reads what is then aborted",
        aborted_seen,
    ),
    Recipe::snapshot(
        "transaction_offsets",
        "offsets committed in a transaction count, aborted and pending ones do not",
        offsets,
    ),
    Recipe::snapshot("transaction_open", "a transaction is open, within its own timeout", open),
    Recipe::snapshot("transaction_timed_out", "a producer dies; the coordinator aborts for it", timed_out),
    Recipe::snapshot(
        "transaction_fenced",
        "a second producer fences the first, whose records are aborted",
        fenced,
    ),
    Recipe::snapshot(
        "transaction_hanging",
        "a transaction that no coordinator knows holds up its readers",
        hanging,
    )
    .on(Stage::SharedSince4),
    Recipe::followed("transaction_hanging_followed", "the same, watched", hanging_followed)
        .on(Stage::SharedSince4),
];

const READ_COMMITTED: [(&str, &str); 1] = [("isolation.level", "read_committed")];

fn transactional<'a>(lab: &'a Lab, id: &str, timeout_ms: &str) -> Result<Producer<'a>, Error> {
    lab.jvm.producer(id, &[("transactional.id", id), ("transaction.timeout.ms", timeout_ms)])
}

/// Two committed, three aborted, two committed. The markers stand at 2, 6 and 9. Returns when the second did.
fn commit_abort_commit(lab: &Lab, topic: &str) -> Result<Moment, Error> {
    let producer = transactional(lab, topic, "60000")?;
    let mut evident = Moment::now();
    for (records, commits) in [(2, true), (3, false), (2, true)] {
        producer.begin()?;
        producer.send(Records::new(topic, 0, records))?;
        if commits {
            producer.commit()?;
        } else {
            producer.abort()?;
            evident = Moment::now();
        }
    }
    producer.close()?;
    Ok(evident)
}

fn read_committed(lab: &Lab, topic: &str, group: &str, records: i64) -> Result<(), Error> {
    let member = lab.jvm.consumer(group, group, Start::Subscribe(&[topic]), &READ_COMMITTED)?;
    member.read(records)?;
    member.commit()?;
    member.close()
}

fn three_aborted() -> Fault {
    Fault::new("transaction_aborted", "aborted", "note", Certainty::Proof, Certainty::Proof).exactly(3, 6)
}

fn aborted(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_aborted", "transaction_aborted.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let evident = commit_abort_commit(lab, topic)?;
    read_committed(lab, topic, group, 4)?;
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, three_aborted()).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn aborted_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("transaction_aborted_followed", "transaction_aborted_followed.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    Ok(Box::new(move || {
        let evident = commit_abort_commit(lab, topic)?;
        read_committed(lab, topic, group, 4)?;
        Ok(Outcome::of([
            Truth::fault(topic, None, topic, 0, three_aborted()).followed().evident_at(evident),
            Truth::healthy(topic, Some(group), topic, Some(0)).followed(),
        ]))
    }))
}

fn aborted_seen(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_aborted_seen", "transaction_aborted_seen.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let producer = transactional(lab, topic, "60000")?;
    producer.begin()?;
    producer.send(Records::new(topic, 0, 5))?;
    // Commits past the data before its end marker is there.
    lab.jvm.consume(group, topic, 5)?;
    producer.abort()?;
    let evident = Moment::now();
    producer.close()?;
    let fault = Fault::new("transaction_aborted", "aborted", "note", Certainty::Proof, Certainty::Proof);
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, fault.exactly(0, 5)).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

/// Commits 4, aborts 8, leaves 9 pending; then the log loses what stands before 7.
fn offsets(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_offsets", "transaction_offsets.app");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 10))?;
    let producer = transactional(lab, topic, "900000")?;
    producer.begin()?;
    producer.send_offset(group, topic, 0, 4)?;
    producer.commit()?;
    producer.begin()?;
    producer.send_offset(group, topic, 0, 8)?;
    producer.abort()?;
    producer.begin()?;
    producer.send_offset(group, topic, 0, 9)?;
    lab.jvm.delete_records(topic, 0, 7)?;
    let fault = |certainty| Fault::new("delete_records", "deleted", "loss", certainty, Certainty::Proof);
    let truth = Truth::fault(topic, Some(group), topic, 0, fault(Certainty::Strong).at_most(4, 7));
    // They stood in the log for no more than it takes to end two transactions.
    Ok(Outcome::of([truth.watched(fault(Certainty::Proof).within(4, 7))]).keeping(producer))
}

fn open(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_open", "transaction_open.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    let producer = transactional(lab, topic, "900000")?;
    producer.begin()?;
    producer.send(Records::new(topic, 0, 4))?;
    lab.jvm.send(Records::new(topic, 0, 2))?;
    read_committed(lab, topic, group, 3)?;
    Ok(Outcome::of([Truth::healthy(topic, Some(group), topic, Some(0))]).keeping(producer))
}

fn timed_out(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_timed_out", "transaction_timed_out.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let producer = transactional(lab, topic, "2000")?;
    producer.begin()?;
    producer.send(Records::new(topic, 0, 3))?;
    producer.vanish()?;
    lab.jvm.send(Records::new(topic, 0, 2))?;
    wait_until("the coordinator to abort", 60, || Ok(lab.jvm.ends(topic, 0)?.last_stable > 3))?;
    let evident = Moment::now();
    read_committed(lab, topic, group, 2)?;
    let fault = Fault::new("transaction_aborted", "aborted", "note", Certainty::Proof, Certainty::Proof);
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, fault.exactly(0, 3)).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn fenced(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_fenced", "transaction_fenced.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    let id = [("transactional.id", topic)];
    let zombie = lab.jvm.producer("transaction_fenced.zombie", &id)?;
    zombie.begin()?;
    zombie.send(Records::new(topic, 0, 2))?;
    let successor = lab.jvm.producer("transaction_fenced.successor", &id)?;
    // It begins by aborting what the other one left open.
    wait_until("the abort marker", 30, || Ok(lab.jvm.ends(topic, 0)?.last_stable == 3))?;
    let evident = Moment::now();
    if zombie.send(Records::new(topic, 0, 1)).is_ok() {
        return Err(Error::Waited { what: "the zombie to be fenced".to_owned(), seconds: 0 });
    }
    zombie.vanish()?;
    successor.begin()?;
    let kept = successor.send(Records::new(topic, 0, 1))?;
    successor.commit()?;
    successor.close()?;
    read_committed(lab, topic, group, 1)?;
    // The abort marker stands between the two.
    let fault = Fault::new("transaction_aborted", "aborted", "note", Certainty::Proof, Certainty::Proof);
    debug_assert_eq!(kept.start, 3);
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, fault.counted(0, 2, Count::Exact(2))).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

/// Three ordinary records read by `group`, then two that nobody will ever commit or abort, then two more. Returns
/// when the two stood there.
fn forget(lab: &Lab, topic: &str) -> Result<Moment, Error> {
    lab.jvm.configure_brokers(&[("transaction.partition.verification.enable", "false")])?;
    lab.jvm.append_forgotten_transaction(topic, 0, 2)?;
    let evident = Moment::now();
    lab.jvm.send(Records::new(topic, 0, 2))?;
    Ok(evident)
}

fn stuck_from(offset: i64) -> Fault {
    Fault::new("transaction_hanging", "in_flight", "stuck", Certainty::Proof, Certainty::Proof)
        .starting(offset)
}

fn hanging(lab: &Lab) -> Result<Outcome<'_>, Error> {
    let (topic, group) = ("transaction_hanging", "transaction_hanging.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    let evident = forget(lab, topic)?;
    read_committed(lab, topic, group, 3)?;
    Ok(Outcome::of([
        Truth::fault(topic, None, topic, 0, stuck_from(3)).evident_at(evident),
        Truth::healthy(topic, Some(group), topic, Some(0)),
    ]))
}

fn hanging_followed(lab: &Lab) -> Result<During<'_>, Error> {
    let (topic, group) = ("transaction_hanging_followed", "transaction_hanging_followed.billing");
    lab.jvm.create_topic(topic, 1, &[])?;
    lab.jvm.send(Records::new(topic, 0, 3))?;
    read_committed(lab, topic, group, 3)?;
    Ok(Box::new(move || {
        let evident = forget(lab, topic)?;
        Ok(Outcome::of([Truth::fault(topic, None, topic, 0, stuck_from(3)).followed().evident_at(evident)]))
    }))
}
