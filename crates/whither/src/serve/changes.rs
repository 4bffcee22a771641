//! What a round brings, gathered while it goes on.

use std::collections::{BTreeMap, BTreeSet};

use whither_core::key::At;
use whither_core::{Fact, Key, Name, Output, Partition, Time};

/// Rows and findings that are new or changed, and findings that do not hold any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) rows: BTreeSet<(Name, Partition)>,
    pub(super) findings: BTreeSet<u64>,
    pub(super) withdrawn: BTreeSet<u64>,
}

/// What the core said, and what readers found.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Since the last round was published.
    unpublished: Said,
    /// Since rows were put.
    not_put: Said,
    /// The newest timestamp of the records read.
    newest: BTreeMap<Partition, Time>,
    /// Partitions of which the message index holds something else now.
    indexed: BTreeSet<Partition>,
}

/// What a round is published with.
pub(super) struct News {
    pub(super) said: Said,
    pub(super) newest: BTreeMap<Partition, Time>,
    pub(super) indexed: BTreeSet<Partition>,
}

impl Said {
    fn take(&mut self, output: &Output) {
        match output {
            Output::Balance(row) => {
                self.rows.insert((row.group.clone(), row.partition.clone()));
            }
            Output::Verdict(v) => {
                self.withdrawn.remove(&v.id);
                self.findings.insert(v.id);
            }
            Output::Withdrawn(id) => {
                self.findings.remove(id);
                self.withdrawn.insert(*id);
            }
            Output::Fact(..) | Output::Refused(_) | Output::ReadDeeper(_) => {}
        }
    }
}

impl Changes {
    /// Takes note of what was read; returns how many data records that is.
    pub(super) fn facts(&mut self, key: &Key, facts: &[Fact]) -> u64 {
        let At::Log(partition) = &key.at else { return 0 };
        if partition.topic.starts_with("__") {
            return 0;
        }
        let batches =
            facts.iter().filter_map(|f| if let Fact::Batch(batch) = f { Some(batch) } else { None });
        let mut records = 0;
        let mut newest = None;
        for batch in batches {
            records += u64::from(batch.count);
            newest = newest.max(Some(batch.max_at));
        }
        if let Some(newest) = newest {
            let known = self.newest.entry(partition.clone()).or_insert(newest);
            *known = newest.max(*known);
        }
        records
    }

    pub(super) fn said(&mut self, output: &Output) {
        self.unpublished.take(output);
        self.not_put.take(output);
    }

    pub(super) fn indexed(&mut self, partition: &Partition) {
        if !self.indexed.contains(partition) {
            self.indexed.insert(partition.clone());
        }
    }

    /// What came since rows were put.
    pub(super) fn rows_to_put(&mut self) -> Said {
        std::mem::take(&mut self.not_put)
    }

    /// What came since the last round was published.
    pub(super) fn publish(&mut self) -> News {
        News {
            said: std::mem::take(&mut self.unpublished),
            newest: std::mem::take(&mut self.newest),
            indexed: std::mem::take(&mut self.indexed),
        }
    }
}
