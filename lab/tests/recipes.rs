//! What the recipes claim is what the broker shows, asked by other means than whither's.

use whither_lab::clients::Start;
use whither_lab::cluster::Version;
use whither_lab::recipes::{self, Lab, Stage};
use whither_lab::show;
use whither_lab::truth::{Expected, Fault, Truth};

/// Where a truth's topic has what it speaks of.
struct Place<'a> {
    lab: &'a Lab,
    truth: &'a Truth,
    partition: i32,
}

impl Place<'_> {
    fn committed(&self) -> Option<i64> {
        let group = self.truth.group.as_deref()?;
        self.lab.jvm.committed(group, &self.truth.topic, self.partition).expect("the group's offset")
    }

    fn ends(&self) -> whither_lab::clients::Ends {
        self.lab.jvm.ends(&self.truth.topic, self.partition).expect("the partition's ends")
    }

    /// How many records a reader of this isolation level sees from `from` on.
    fn readable(&self, isolation: &str, from: i64) -> i64 {
        let name = format!("judge-{}-{isolation}", self.truth.recipe);
        let config = [("isolation.level", isolation)];
        let start = Start::Assign(&self.truth.topic, self.partition);
        let reader = self.lab.jvm.consumer(&name, "", start, &config).expect("a reader");
        reader.seek(&self.truth.topic, self.partition, Some(from)).expect("a seek");
        let records = reader.read_for(1000, 2).expect("records");
        reader.close().expect("a close");
        records
    }

    fn holds(&self, fault: &Fault) -> bool {
        let (from, to) = (fault.from, fault.to);
        let ends = self.ends();
        match fault.cause.as_str() {
            "retention_time" | "retention_size" | "delete_records" => {
                // Where a share group stands is not among committed offsets.
                let stood = self.truth.recipe == "delete_records_share"
                    || self.committed() == from
                    // Thrown out of range by it, the group went on behind.
                    || (self.truth.recipe.starts_with("out_of_range_jump") && self.committed() >= to);
                stood && Some(ends.log_start) == to
            }
            "offset_reset" => self.committed() >= to && ends.log_start == 0,
            "lagging" => self.committed() == from && Some(ends.end) == to,
            "committed_past_end" => self.committed() > Some(ends.end),
            "group_deleted" | "offsets_expired" => self.committed().is_none(),
            "redelivered" => self.committed() == to,
            "transaction_aborted" => {
                let hidden = self.readable("read_uncommitted", 0) - self.readable("read_committed", 0);
                from.zip(to).is_some_and(|(from, to)| hidden == to - from)
            }
            "transaction_hanging" => Some(ends.last_stable) == from && ends.end > ends.last_stable,
            "routed_to_dead_letter" => self.committed() >= to || self.truth.recipe == "dead_letter_share",
            other => panic!("no way to check {other} of {}", self.truth.recipe),
        }
    }
}

#[test]
fn the_broker_shows_what_the_recipes_claim() {
    let version = Version::V4_3;
    let lab = Lab::start(Stage::Shared, version).unwrap();
    let all = recipes::all();
    let hosted: Vec<_> = all.iter().filter(|recipe| Stage::Shared.hosts(recipe, version)).copied().collect();
    let mut broken = Vec::new();
    let outcomes = show::snapshots(&lab, Stage::Shared, &hosted, &mut broken);
    assert!(broken.is_empty(), "{broken:?}");
    let truths: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.truths).collect();
    let mut faults = 0;
    for truth in truths {
        // What need not be found is what can't be looked up afterwards.
        if let (Expected::Fault(fault), Some(partition)) = (&truth.expected, truth.partition)
            && fault.required
        {
            faults += 1;
            assert!(Place { lab: &lab, truth, partition }.holds(fault), "{truth:?}");
        }
    }
    assert!(faults >= 18, "only {faults} faults were injected");
}
