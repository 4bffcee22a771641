//! A group's positions: committed, and committed inside a transaction that is still open.
use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::offsets_topic;
use super::Group;

/// A committed position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    /// -1 if the client does not say.
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    pub(crate) committed_ms: i64,
    /// Only where an old client asked for its own retention.
    pub(crate) expires_ms: Option<i64>,
    /// Not written by transactional commits.
    pub(crate) topic_id: Option<Uuid>,
}

/// (topic, partition)
pub(crate) type Place = (String, i32);

#[derive(Debug, Default)]
pub(crate) struct Offsets {
    committed: BTreeMap<Place, Committed>,
    /// By producer id.
    pending: BTreeMap<i64, BTreeMap<Place, Committed>>,
}

impl Offsets {
    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.committed.get(&(topic.to_owned(), partition))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Place, &Committed)> {
        self.committed.iter()
    }

    /// Whether an open transaction may still move this position (KIP-447).
    pub(crate) fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        let place = (topic.to_owned(), partition);
        self.pending.values().any(|places| places.contains_key(&place))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }
}

impl Group {
    /// Takes a position and writes it.
    pub(crate) fn commit(&mut self, topic: &str, partition: i32, committed: Committed) {
        self.outbox.push(offsets_topic::commit(&self.id, topic, partition, Some(&committed)));
        self.offsets.committed.insert((topic.to_owned(), partition), committed);
    }

    /// Writes a position that counts when the transaction of `producer_id` commits.
    pub(crate) fn commit_pending(
        &mut self,
        producer_id: i64,
        topic: &str,
        partition: i32,
        committed: Committed,
    ) {
        self.outbox.push(offsets_topic::commit(&self.id, topic, partition, Some(&committed)));
        self.offsets.pending.entry(producer_id).or_default().insert((topic.to_owned(), partition), committed);
    }

    /// The transaction of `producer_id` ended.
    pub(crate) fn settle(&mut self, producer_id: i64, commit: bool) {
        let pending = self.offsets.pending.remove(&producer_id).unwrap_or_default();
        if commit {
            self.offsets.committed.extend(pending);
        }
    }

    /// Drops the positions that `gone` names, with a tombstone each; says how many.
    pub(crate) fn drop_offsets(&mut self, mut gone: impl FnMut(&str, i32, &Committed) -> bool) -> usize {
        let mut places: Vec<Place> = Vec::new();
        for ((topic, partition), committed) in &self.offsets.committed {
            if gone(topic, *partition, committed) {
                places.push((topic.clone(), *partition));
            }
        }
        for (topic, partition) in &places {
            self.outbox.push(offsets_topic::commit(&self.id, topic, *partition, None));
            self.offsets.committed.remove(&(topic.clone(), *partition));
        }
        places.len()
    }

    /// Drops positions that nobody renewed for `retention_ms`, counted as KIP-211 says.
    pub(crate) fn expire_offsets(&mut self, now_ms: i64, retention_ms: i64) -> usize {
        if !self.is_empty() {
            return 0;
        }
        let had_members = self.protocol_type.is_some();
        let since_ms = self.since_ms;
        self.drop_offsets(|_, _, committed| {
            let from_ms =
                if had_members { committed.committed_ms.max(since_ms) } else { committed.committed_ms };
            committed.expires_ms.map_or(now_ms - from_ms >= retention_ms, |at| now_ms >= at)
        })
    }
}
