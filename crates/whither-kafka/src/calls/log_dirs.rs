//! DescribeLogDirs.

use std::collections::BTreeMap;

use kafka_protocol::messages::DescribeLogDirsRequest;

use super::{Refusal, code};
use crate::TopicPartition;
use crate::cluster::{Cluster, patiently};

impl Cluster {
    /// The size of every partition on its leader's disk, in bytes, and the brokers that could not be asked.
    pub async fn sizes(&self) -> (BTreeMap<TopicPartition, u64>, Vec<(i32, Refusal)>) {
        let metadata = self.metadata();
        let asked = metadata.brokers.keys().map(|id| async move {
            (
                *id,
                patiently(self, || self.ask(*id, |_| DescribeLogDirsRequest::default().with_topics(None)))
                    .await,
            )
        });
        let mut sizes = BTreeMap::new();
        let mut failed = Vec::new();
        for (broker, answered) in futures_util::future::join_all(asked).await {
            let answer = match answered {
                Ok((answer, _)) => answer,
                Err(error) => {
                    failed.push((broker, Refusal::Failed(error)));
                    continue;
                }
            };
            let dirs = answer.results.iter().map(|d| (d.error_code, d));
            // Without the right to describe the cluster the answer is an error code, or no directory at all.
            if answer.results.is_empty()
                && let Err(refusal) = code(if answer.error_code == 0 { 31 } else { answer.error_code })
            {
                failed.push((broker, refusal));
            }
            for (error, dir) in dirs {
                if let Err(refusal) = code(error) {
                    failed.push((broker, refusal));
                    continue;
                }
                for topic in &dir.topics {
                    for p in topic.partitions.iter().filter(|p| !p.is_future_key) {
                        let leads = metadata.leader(&topic.name.0, p.partition_index);
                        if leads.is_some_and(|l| l.leader == broker) {
                            let key = TopicPartition {
                                topic: topic.name.0.as_str().into(),
                                partition: p.partition_index,
                            };
                            sizes.insert(key, u64::try_from(p.partition_size).unwrap_or(0));
                        }
                    }
                }
            }
        }
        (sizes, failed)
    }
}
