//! Where share groups stand: they commit nothing, their coordinators are asked.

use std::sync::Arc;

use whither_core::fact::SharePosition;
use whither_core::{Fact, Key, Name, TopicId};
use whither_kafka::{TopicPartition, When};

use super::look::{LastCommit, Look, partition, why};

impl Look {
    /// Asks where share groups stand, before the edges of the logs are read (R11).
    pub(super) async fn read_share_positions(&mut self) {
        let groups: Vec<(Arc<str>, i32)> = self
            .listed
            .iter()
            .filter(|(name, l)| {
                l.kind == "share" && self.wants.group.as_ref().is_none_or(|only| only == *name)
            })
            .map(|(name, l)| (name.clone(), l.coordinator))
            .collect();
        if groups.is_empty() {
            return;
        }
        let at = crate::clock::now();
        let mut found: Vec<(Name, TopicPartition, whither_kafka::SharePosition)> = Vec::new();
        for (group, told) in self.cluster.share_positions(&groups).await {
            match told {
                Ok(told) => {
                    let known = told.into_iter().filter_map(|(p, at)| Some((group.clone(), p, at.ok()?)));
                    found.extend(known.filter(|(_, p, _)| self.looks_at(&p.topic)));
                }
                Err(refusal) => self.not_seen(
                    &format!("positions of share group {group}"),
                    &why(&refusal),
                    "its rows are missing",
                    true,
                ),
            }
        }
        // The lag is counted up to the end that the coordinator saw. The end that we see after it is not lower, so
        // nothing that is settled can seem to wait.
        let asked: Vec<TopicPartition> = found.iter().map(|(_, p, _)| p.clone()).collect();
        let ends = self.cluster.list_offsets(&asked, When::Latest).await;
        for (group, p, told) in found {
            let (Some(lag), Some(Ok(end))) = (told.lag, ends.get(&p)) else { continue };
            let settled = end.offset.saturating_sub(lag).saturating_sub(told.start);
            let fact = SharePosition {
                at,
                group,
                topic_id: TopicId(told.topic_id),
                start: told.start,
                settled: u64::try_from(settled).unwrap_or(0),
            };
            self.tell_share_position(&p, fact);
        }
    }

    fn tell_share_position(&mut self, p: &TopicPartition, fact: SharePosition) {
        let partition = partition(p);
        if self.wants.partition.is_some_and(|only| only != partition.index) {
            return;
        }
        let position = fact.start.saturating_add_unsigned(fact.settled);
        let by_group = self.positions.entry(partition.clone()).or_default();
        let lowest = by_group.get(&fact.group).map_or(fact.start, |known| known.lowest.min(fact.start));
        let known = LastCommit { lowest, latest: Some(position), leader_epoch: -1 };
        by_group.insert(fact.group.clone(), known);
        self.apply(&Key::ledger(&self.id.clone(), &partition), &[Fact::SharePosition(fact)]);
    }
}
