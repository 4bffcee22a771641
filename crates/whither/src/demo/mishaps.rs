//! What goes wrong in the demo, every few seconds, in turn. Each is a thing that happens to real pipelines, done
//! through the broker's ordinary requests or its back door; whither is told nothing of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::broker::{Broker, Faults, Handle, NewRecord, Refusal};
use super::pipeline::{PARTITIONS, Pace, Positions, Switches};

/// Something that goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// A record that nobody can parse.
    Poison,
    /// A transaction that is rolled back.
    Abort,
    /// The audit stands still until retention overtakes it.
    Overtaken,
    /// An operator moves a group forward.
    Reset,
    /// A group is sent to the end of its topic.
    SkipToLatest,
    /// A transaction whose producer dies and whose coordinator forgets it.
    Hang,
    /// An operator deletes records that a group has not read.
    Delete,
}

/// The order in which they come.
pub const MISHAPS: [Mishap; 7] = [
    Mishap::Poison,
    Mishap::Abort,
    Mishap::Hang,
    Mishap::Reset,
    Mishap::Delete,
    Mishap::SkipToLatest,
    Mishap::Overtaken,
];

impl Mishap {
    /// What is about to be done, as the demo announces it.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Mishap::Poison => "a client places an order that is no JSON",
            Mishap::Abort => "the refunds job begins a transaction on payments and rolls it back",
            Mishap::Overtaken => "the audit stands still for longer than orders are kept",
            Mishap::Reset => "somebody stops fraud-check and moves it 20 payments on in each partition",
            Mishap::SkipToLatest => "somebody stops fraud-check and resets it to the latest payments",
            Mishap::Hang => "the refunds job dies in a transaction, and its coordinator forgets it",
            Mishap::Delete => "an operator deletes orders that the audit has not read",
        }
    }
}

/// Does them.
#[derive(Debug)]
pub struct Culprit {
    handle: Handle,
    faults: Faults,
    switches: Arc<Switches>,
    pace: Pace,
    hung: u32,
}

/// Payments that a reset passes over in each partition.
const PASSED_OVER: i64 = 20;
/// How long a service stands still before somebody acts, in milliseconds: there must be records to lose by then.
const PAUSE_MS: u64 = 2_000;

impl Culprit {
    /// For this broker and pipeline.
    #[must_use]
    pub fn new(broker: &Broker, switches: Arc<Switches>, pace: Pace) -> Culprit {
        Culprit {
            handle: broker.handle().named("kafka-admin"),
            faults: broker.faults(),
            switches,
            pace,
            hung: 0,
        }
    }

    /// Makes one happen.
    ///
    /// # Errors
    /// The broker refuses.
    pub async fn cause(&mut self, mishap: Mishap) -> Result<(), Refusal> {
        match mishap {
            Mishap::Poison => {
                self.switches.poison.store(true, Ordering::Relaxed);
                Ok(())
            }
            Mishap::Abort => self.abort().await,
            Mishap::Overtaken => self.overtake().await,
            Mishap::Reset => self.move_on(Target::On).await,
            Mishap::SkipToLatest => self.move_on(Target::Latest).await,
            Mishap::Hang => self.hang().await,
            Mishap::Delete => self.delete().await,
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(self.pace.of(PAUSE_MS)).await;
    }

    async fn abort(&self) -> Result<(), Refusal> {
        let refunds = self.handle.clone().named("refunds-1");
        let mut producer = refunds.transactional_producer("refunds", 60_000).await?;
        for partition in 0..PARTITIONS {
            producer.send("payments", partition, &refund_batch(5)).await?;
        }
        producer.end(false).await
    }

    async fn hang(&mut self) -> Result<(), Refusal> {
        self.hung += 1;
        let id = format!("refunds-nightly-{}", self.hung);
        let refunds = self.handle.clone().named("refunds-2");
        let mut producer = refunds.transactional_producer(&id, 60_000).await?;
        producer.send("shipments", 0, &refund_batch(3)).await?;
        self.faults.forget_transaction(&id);
        Ok(())
    }

    /// The slow group stops until retention has passed it, then goes on.
    async fn overtake(&self) -> Result<(), Refusal> {
        self.switches.audit_stuck.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.pace.orders_retention()).await;
        self.pause().await;
        self.faults.run_retention();
        self.switches.audit_stuck.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Moves the empty group from where it stood to where `to` says. It goes on whatever comes of that.
    async fn move_on(&self, to: Target) -> Result<(), Refusal> {
        let mut left = self.switches.fraud_check_left.subscribe();
        self.switches.fraud_check_off.store(true, Ordering::Relaxed);
        let stood = left.wait_for(Option::is_some).await.ok().and_then(|positions| positions.clone());
        self.pause().await;
        let moved = self.put(stood.unwrap_or_default(), to).await;
        self.switches.fraud_check_off.store(false, Ordering::Relaxed);
        moved
    }

    async fn put(&self, stood: Positions, to: Target) -> Result<(), Refusal> {
        let targets = match to {
            Target::Latest => self.ends("payments").await?,
            Target::On => stood.into_iter().map(|(p, offset)| (p, offset + PASSED_OVER)).collect(),
        };
        for ((topic, partition), offset) in targets {
            self.faults.reset_offset("fraud-check", &topic, partition, offset).await?;
        }
        Ok(())
    }

    /// Orders that the audit has not read go, those of the last moments stay: somebody has seen them all before.
    async fn delete(&self) -> Result<(), Refusal> {
        self.switches.audit_stuck.store(true, Ordering::Relaxed);
        self.pause().await;
        let ends = self.ends("orders").await?;
        self.pause().await;
        let end = ends.get(&("orders".to_owned(), 1)).copied().unwrap_or(0);
        // Inside a batch: only DeleteRecords leaves a log to start there.
        self.faults.delete_records("orders", 1, (end - 2).max(0)).await?;
        self.pause().await;
        self.switches.audit_stuck.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Where a topic ends: joining finds it, and nothing is committed.
    async fn ends(&self, topic: &str) -> Result<Positions, Refusal> {
        let mut look = self.handle.consumer("demo-look", &[topic]).from_latest();
        while look.positions().is_empty() {
            look.poll(1, Duration::from_millis(100)).await?;
        }
        let ends = look.positions().clone();
        look.leave().await?;
        Ok(ends)
    }
}

/// Where somebody puts a group.
#[derive(Clone, Copy)]
enum Target {
    /// Some records on from where it stood.
    On,
    /// To the end.
    Latest,
}

fn refund_batch(count: usize) -> Vec<NewRecord> {
    let one = |n| NewRecord {
        key: Some(Bytes::from(format!("refund-{n}"))),
        value: Some(Bytes::from_static(b"{\"refund\":true}")),
        headers: Vec::new(),
        timestamp_ms: None,
    };
    (0..count).map(one).collect()
}
