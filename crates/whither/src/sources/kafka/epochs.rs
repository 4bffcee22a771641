//! Where the leader epochs end that groups have committed (R4).

use std::collections::{BTreeMap, BTreeSet};

use whither_core::fact::EpochEnd;
use whither_core::{Fact, Key, Partition};
use whither_kafka::TopicPartition;

use super::look::{Look, of, partition};

/// Epochs asked for in one partition: more elections than this between two groups' positions are history.
const EPOCHS: usize = 8;

impl Look {
    /// Asks for the end of each epoch below the current one that a latest commit carries.
    pub(super) async fn ask_epochs(&mut self) {
        let mut wanted: BTreeMap<Partition, BTreeSet<i32>> = BTreeMap::new();
        for (p, groups) in &self.positions {
            let current = self.edges_of(p).map_or(-1, |e| e.leader_epoch);
            let earlier: BTreeSet<i32> =
                groups.values().map(|last| last.leader_epoch).filter(|e| (0..current).contains(e)).collect();
            if !earlier.is_empty() {
                wanted.insert(p.clone(), earlier);
            }
        }
        for _ in 0..EPOCHS {
            let round: BTreeMap<TopicPartition, i32> =
                wanted.iter_mut().filter_map(|(p, epochs)| Some((of(p), epochs.pop_last()?))).collect();
            if round.is_empty() {
                return;
            }
            for (p, told) in self.cluster.epoch_ends(&round).await {
                let Ok((epoch, end)) = told else { continue };
                let asked = round.get(&p).copied().unwrap_or(-1);
                // A leader that does not know the epoch answers with the one before it.
                if epoch < 0 || end < 0 || epoch > asked {
                    continue;
                }
                let p = partition(&p);
                let topic_id = self.topic_id(&p.topic);
                let at = crate::clock::now();
                let fact = EpochEnd { topic_id, epoch: asked, end, at };
                self.apply(&Key::ledger(&self.id.clone(), &p), &[Fact::EpochEnd(fact)]);
            }
        }
    }
}
