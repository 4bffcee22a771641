//! Open transactions where records wait behind one.

use std::collections::BTreeSet;

use whither_core::fact::{Coordinator, Transaction};
use whither_core::{Fact, Key, Name, Partition, Span, Time};
use whither_kafka::{Coordinated, TopicPartition};

use super::look::{Look, of, partition, why};

impl Look {
    /// Describes the open transactions of partitions whose last stable offset is not their end.
    pub(super) async fn describe_transactions(&mut self) {
        let held_up = self.edges.iter().filter(|(_, e)| e.last_stable < e.end);
        let asked: Vec<TopicPartition> = held_up.map(|(p, _)| of(p)).collect();
        if asked.is_empty() {
            return;
        }
        let told = self.cluster.open_transactions(&asked).await;
        let mut open = Vec::new();
        for (p, answer) in told {
            match answer {
                Ok(some) => open.extend(some.into_iter().map(|t| (partition(&p), t))),
                Err(refusal) => self.not_seen(
                    &format!("open transactions of {p}"),
                    &why(&refusal),
                    "whose they are can't be told",
                    false,
                ),
            }
        }
        let producers: BTreeSet<i64> = open.iter().map(|(_, t)| t.producer_id).collect();
        let producers: Vec<i64> = producers.into_iter().collect();
        let (known, failed) = self.cluster.coordinated(&producers).await;
        for (broker, refusal) in &failed {
            self.not_seen(
                &format!("transactions that broker {broker} coordinates"),
                &why(refusal),
                "whether an open transaction hangs, and whose it is, can't be told",
                false,
            );
        }
        for (p, t) in open {
            let coordinator = match known.get(&t.producer_id) {
                Some(c) => Some(knows(c, t.last_write_ms)),
                None if failed.is_empty() => Some(Coordinator::Unknown),
                None => None,
            };
            self.tell_transaction(
                &p,
                Transaction {
                    at: crate::clock::now(),
                    producer_id: t.producer_id,
                    start: t.start,
                    last_write: Time(t.last_write_ms),
                    coordinator,
                },
            );
        }
    }

    fn tell_transaction(&mut self, p: &Partition, transaction: Transaction) {
        self.apply(&Key::ledger(&self.id.clone(), p), &[Fact::Transaction(transaction)]);
    }
}

/// A coordinator that knows the id but no transaction under way will not end this one.
fn knows(c: &Coordinated, last_write_ms: i64) -> Coordinator {
    let under_way =
        matches!(c.state.as_str(), "Ongoing" | "PrepareCommit" | "PrepareAbort" | "PrepareEpochFence");
    if !under_way {
        return Coordinator::Unknown;
    }
    let began = if c.began_ms >= 0 { c.began_ms } else { last_write_ms };
    Coordinator::Knows {
        transactional_id: Name::from(c.transactional_id.as_str()),
        began: Time(began),
        timeout: Span(c.timeout_ms.into()),
    }
}
