//! Asks the leaders of partitions, and asks again those whose partitions have moved.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use tokio::time::Instant;

use super::{ByPartition, Refusal};
use crate::TopicPartition;
use crate::cluster::Cluster;
use crate::error::Error;

/// No try begins later than this after the first: elections are over within seconds, and a cluster that is down
/// must be told soon.
const TRY_FOR: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Looks at fresh metadata after which a topic that is not there is taken for deleted.
const LOOKS: u32 = 2;

/// What is still to be asked, and what has been answered.
struct Asking<T> {
    left: Vec<TopicPartition>,
    answers: ByPartition<T>,
}

impl Cluster {
    /// Groups partitions by leader, asks each leader, and asks again for those whose leader has moved.
    pub(crate) async fn by_leader<T, F>(
        &self,
        partitions: &[TopicPartition],
        ask: impl Fn(i32, Vec<TopicPartition>) -> F,
    ) -> ByPartition<T>
    where
        F: Future<Output = Result<ByPartition<T>, Error>>,
    {
        let mut asking = Asking { left: partitions.to_vec(), answers: BTreeMap::new() };
        let deadline = Instant::now() + TRY_FOR;
        let mut pause = FIRST_PAUSE;
        for looks in 0.. {
            let last = Instant::now() + pause >= deadline;
            let by_leader = self.settle(&mut asking, looks, last);
            let asked = by_leader.into_iter().map(|(leader, some)| {
                let asking = ask(leader, some.clone());
                async move { (some, asking.await) }
            });
            for (some, answered) in futures_util::future::join_all(asked).await {
                asking.take_in(some, answered, last || looks >= LOOKS, last);
            }
            if asking.left.is_empty() || last {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // Without fresh metadata the next answers tell why.
            let _ = tokio::time::timeout_at(deadline, self.refresh()).await;
        }
        asking.answers
    }

    /// Those that have a leader, by leader. Who has none waits, unless it is the last time or its topic is gone.
    fn settle<T>(
        &self,
        asking: &mut Asking<T>,
        looks: u32,
        last: bool,
    ) -> BTreeMap<i32, Vec<TopicPartition>> {
        let metadata = self.metadata();
        let mut by_leader: BTreeMap<i32, Vec<TopicPartition>> = BTreeMap::new();
        for partition in std::mem::take(&mut asking.left) {
            let gone = !metadata.topics.contains_key(&partition.topic);
            match metadata.leader(&partition.topic, partition.partition) {
                Some(leader) => by_leader.entry(leader.leader).or_default().push(partition),
                None if gone && looks >= LOOKS => {
                    let refusal = Refusal::Code(ResponseError::UnknownTopicOrPartition);
                    asking.answers.insert(partition, Err(refusal));
                }
                None if last => {
                    let error = Error::NoLeader { what: partition.to_string() };
                    asking.answers.insert(partition, Err(Refusal::Failed(error)));
                }
                None => asking.left.push(partition),
            }
        }
        by_leader
    }
}

impl<T> Asking<T> {
    fn take_in(
        &mut self,
        some: Vec<TopicPartition>,
        answered: Result<ByPartition<T>, Error>,
        looked_enough: bool,
        last: bool,
    ) {
        let mut told = match answered {
            Ok(told) => told,
            Err(error) if error.is_passing() && !last => return self.left.extend(some),
            Err(error) => {
                let failed = some.into_iter().map(|p| (p, Err(Refusal::Failed(error.clone()))));
                return self.answers.extend(failed);
            }
        };
        for partition in some {
            match told.remove(&partition) {
                Some(Err(Refusal::Code(code))) if !last && may_pass(code, looked_enough) => {
                    self.left.push(partition);
                }
                Some(told) => {
                    self.answers.insert(partition, told);
                }
                // A broker that leaves a partition out of its answer has not answered for it.
                None if !last => self.left.push(partition),
                None => {
                    let error = Error::NoLeader { what: partition.to_string() };
                    self.answers.insert(partition, Err(Refusal::Failed(error)));
                }
            }
        }
    }
}

/// To Kafka's clients an unknown topic may come to be; here it is gone when fresh metadata do not mend it.
fn may_pass(code: ResponseError, looked_enough: bool) -> bool {
    let unknown = matches!(code, ResponseError::UnknownTopicOrPartition | ResponseError::UnknownTopicId);
    code.is_retriable() && !(unknown && looked_enough)
}
