//! What facts are about: a partition read, a record's origin, a partition with its groups.

use alloc::sync::Arc;

/// A topic, group, cluster or client name; cheap to clone.
pub type Name = Arc<str>;

/// A position in a partition's log. Ranges exclude their end.
pub type Offset = i64;

/// A topic's id (KIP-516), which tells one incarnation of a name from the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct TopicId(pub u128);

impl TopicId {
    /// Not told: brokers before 2.8, transactional commits, tombstones.
    pub const UNKNOWN: TopicId = TopicId(0);

    /// Whether an id was told.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// A partition by name; topic ids are incarnations within it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Partition {
    /// The topic's name.
    pub topic: Name,
    /// The partition's index, from 0.
    pub index: i32,
}

impl Partition {
    /// A partition of a topic.
    pub fn new(topic: impl Into<Name>, index: i32) -> Partition {
        Partition { topic: topic.into(), index }
    }
}

impl core::fmt::Display for Partition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}/{}", self.topic, self.index)
    }
}

/// What a stage keeps its state by. State of one key never looks into another's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Key {
    /// The cluster's id.
    pub cluster: Name,
    /// The stage, and the subject within it.
    pub at: At,
}

/// The stages and what each is keyed by, in the order facts flow through them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum At {
    /// *Logs*: a partition being read, internal topics too.
    Log(Partition),
    /// *Letters*: a partition that dead letters wait in.
    Letters(Partition),
    /// *Joins*: the record that dead letters and retries say they came from.
    Origin(Partition, Offset),
    /// *Ledgers*: a partition with its groups and their balance.
    Ledger(Partition),
}

impl Key {
    /// The *logs* key of a partition.
    #[must_use]
    pub fn log(cluster: &Name, partition: &Partition) -> Key {
        Key { cluster: cluster.clone(), at: At::Log(partition.clone()) }
    }

    /// The *letters* key of a partition.
    #[must_use]
    pub fn letters(cluster: &Name, partition: &Partition) -> Key {
        Key { cluster: cluster.clone(), at: At::Letters(partition.clone()) }
    }

    /// The *joins* key of a record.
    #[must_use]
    pub fn origin(cluster: &Name, partition: &Partition, offset: Offset) -> Key {
        Key { cluster: cluster.clone(), at: At::Origin(partition.clone(), offset) }
    }

    /// The *ledgers* key of a partition.
    #[must_use]
    pub fn ledger(cluster: &Name, partition: &Partition) -> Key {
        Key { cluster: cluster.clone(), at: At::Ledger(partition.clone()) }
    }

    /// The partition this key is about.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        match &self.at {
            At::Log(p) | At::Letters(p) | At::Origin(p, _) | At::Ledger(p) => p,
        }
    }
}
