//! Finds the leaders of partitions, runs a loop at each, and gathers what comes back from loops whose partitions
//! have moved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::broker_loop::BrokerLoop;
use super::position::{Home, Position, Positions, failure};
use super::{Fetched, Options, Span};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::metadata::Metadata;

/// Between two looks at the metadata while partitions have no leader.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads until every span is done or given up, or nobody listens any more.
pub(super) async fn supervise(
    cluster: Arc<Cluster>,
    spans: Vec<Span>,
    options: Options,
    sender: mpsc::Sender<Vec<Fetched>>,
) {
    let mut metadata = cluster.metadata();
    let mut homeless: Positions = spans
        .into_iter()
        .map(|s| {
            let position = Position::new(&s, options.partition_max_bytes, &metadata);
            (s.partition, position)
        })
        .collect();
    let mut loops: JoinSet<Positions> = JoinSet::new();
    loop {
        let settled = settle(std::mem::take(&mut homeless), &metadata);
        for (leader, positions) in settled.by_leader {
            let reading = BrokerLoop::new(cluster.clone(), metadata.clone(), leader, options, sender.clone());
            loops.spawn(reading.read(positions));
        }
        homeless = settled.waiting;
        if !settled.given_up.is_empty() && sender.send(settled.given_up).await.is_err() {
            return;
        }
        if homeless.is_empty() && loops.is_empty() {
            return;
        }
        let looked_at = Instant::now();
        tokio::select! {
            // In one order, so that a simulation can be run again.
            biased;
            Some(back) = loops.join_next() => homeless.extend(unless_panicked(back)),
            () = tokio::time::sleep(PAUSE), if !homeless.is_empty() => {}
            () = sender.closed() => return,
        }
        while let Some(back) = loops.try_join_next() {
            homeless.extend(unless_panicked(back));
        }
        if !homeless.is_empty() {
            tokio::time::sleep_until(looked_at + PAUSE).await;
            // Without fresh metadata they wait another round.
            metadata = cluster.refresh().await.unwrap_or_else(|_| cluster.metadata());
        }
    }
}

/// Partitions by what is to be done with them.
struct Settled {
    by_leader: BTreeMap<i32, Positions>,
    waiting: Positions,
    given_up: Vec<Fetched>,
}

fn settle(homeless: Positions, metadata: &Metadata) -> Settled {
    let mut settled = Settled { by_leader: BTreeMap::new(), waiting: Positions::new(), given_up: Vec::new() };
    for (partition, mut position) in homeless {
        let home = position.home(&partition, metadata);
        if matches!(home, Home::None) {
            position.failed(None);
        }
        if let Some(error) = position.given_up(&partition, metadata) {
            settled.given_up.push(failure(&partition, error));
            continue;
        }
        match home {
            Home::Leader(leader) => {
                settled.by_leader.entry(leader).or_default().insert(partition, position);
            }
            Home::None => {
                settled.waiting.insert(partition, position);
            }
            Home::Replaced => {
                let replaced = Error::TopicReplaced { topic: partition.topic.to_string() };
                settled.given_up.push(failure(&partition, replaced));
            }
        }
    }
    settled
}

/// A panic in a loop must not look like the end of its partitions.
fn unless_panicked(back: Result<Positions, JoinError>) -> Positions {
    match back {
        Ok(positions) => positions,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Positions::new(),
        },
    }
}
