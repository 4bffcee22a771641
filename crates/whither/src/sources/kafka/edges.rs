//! Log starts, ends and last stable offsets.

use whither_core::Partition;
use whither_core::fact::Bounds;
use whither_kafka::{Refusal, TopicPartition, When};

use super::look::{Look, of, partition, why};

impl Look {
    /// Reads the edges of every partition looked at.
    pub(super) async fn read_edges(&mut self) {
        self.read_edges_of(&self.partitions()).await;
    }

    /// Reads the edges of some partitions.
    pub(super) async fn read_edges_of(&mut self, partitions: &[Partition]) {
        let asked: Vec<TopicPartition> = partitions.iter().map(of).collect();
        let at = crate::clock::now();
        let starts = self.cluster.list_offsets(&asked, When::Earliest).await;
        let local = self.cluster.list_offsets(&asked, When::EarliestLocal).await;
        let stable = self.cluster.list_offsets(&asked, When::LastStable).await;
        let ends = self.cluster.list_offsets(&asked, When::Latest).await;
        for p in asked {
            let (start, end) = match (starts.get(&p), ends.get(&p)) {
                (Some(Ok(start)), Some(Ok(end))) => (*start, *end),
                (Some(Err(refusal)), _) | (_, Some(Err(refusal))) => {
                    self.not_seen_partition(&p, refusal);
                    continue;
                }
                _ => continue,
            };
            let told = |o: Option<&Result<whither_kafka::ListedOffset, _>>, other: i64| match o {
                Some(Ok(o)) if o.offset >= 0 => o.offset,
                _ => other,
            };
            let bounds = Bounds {
                at,
                topic_id: self.topic_id(&p.topic),
                log_start: start.offset.min(end.offset),
                local_start: told(local.get(&p), start.offset).max(start.offset),
                last_stable: told(stable.get(&p), end.offset).min(end.offset),
                end: end.offset,
                leader_epoch: end.leader_epoch,
            };
            self.edges.insert(partition(&p), bounds);
        }
    }

    pub(super) fn not_seen_partition(&mut self, p: &TopicPartition, refusal: &Refusal) {
        let what = format!("partition {p}");
        self.not_seen(&what, &why(refusal), "what became of its records is unknown", true);
    }

    /// The edges of a partition as last read.
    pub(super) fn edges_of(&self, partition: &Partition) -> Option<Bounds> {
        self.edges.get(partition).copied()
    }
}
