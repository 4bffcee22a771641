//! Where the leader epochs end that groups have committed, or that records were read in (R4).

use std::collections::{BTreeMap, BTreeSet};

use whither_core::fact::EpochEnd;
use whither_core::{Fact, Key, Partition};
use whither_kafka::{AskedEpoch, TopicPartition};

use super::look::{Look, ReadTo, of, partition};

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
            let round: BTreeMap<TopicPartition, AskedEpoch> = wanted
                .iter_mut()
                .filter_map(|(p, epochs)| {
                    let leader_epoch = self.edges.get(p).map_or(-1, |e| e.leader_epoch);
                    Some((of(p), AskedEpoch { epoch: epochs.pop_last()?, leader_epoch }))
                })
                .collect();
            if round.is_empty() {
                return;
            }
            for (p, told) in self.cluster.epoch_ends(&round).await {
                let Ok((epoch, end)) = told else { continue };
                let asked = round.get(&p).map_or(-1, |a| a.epoch);
                // A leader that does not know the epoch answers with the one before it.
                if epoch < 0 || end < 0 || epoch > asked {
                    continue;
                }
                let p = partition(&p);
                let topic_id = self.topic_id(&p.topic);
                let at = crate::clock::now();
                let fact = EpochEnd { topic_id, epoch: asked, end, at };
                self.apply(&Key::log(&self.id.clone(), &p), &[Fact::EpochEnd(fact)]);
            }
        }
    }

    /// Asks a new leader up to where it has what was read of the one before it (KIP-320), and goes back to there.
    pub(super) async fn look_for_truncation(&mut self) {
        let mut wanted: BTreeMap<TopicPartition, AskedEpoch> = BTreeMap::new();
        for (p, read) in &self.data_next {
            let current = self.metadata.leader(&p.topic, p.index).map_or(-1, |l| l.leader_epoch);
            if let Some((_, epoch)) = read.tail.filter(|(_, epoch)| (0..current).contains(epoch))
                && read.checked < current
            {
                wanted.insert(of(p), AskedEpoch { epoch, leader_epoch: current });
            }
        }
        if wanted.is_empty() {
            return;
        }
        for (p, told) in self.cluster.epoch_ends(&wanted).await {
            let (Some(asked), Ok((epoch, end))) = (wanted.get(&p), told) else { continue };
            let p = partition(&p);
            let Some(read) = self.data_next.get_mut(&p) else { continue };
            read.checked = asked.leader_epoch;
            if epoch < 0 || end < 0 || epoch > asked.epoch || read.next <= end {
                continue;
            }
            *read = ReadTo { next: end, tail: None, checked: asked.leader_epoch };
            let topic_id = self.topic_id(&p.topic);
            let fact = EpochEnd { topic_id, epoch: asked.epoch, end, at: crate::clock::now() };
            self.apply(&Key::log(&self.id.clone(), &p), &[Fact::EpochEnd(fact)]);
        }
    }
}
