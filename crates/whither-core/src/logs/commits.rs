//! An offsets partition: commits that count, in the order they came to count.

use super::membership::Membership;
use crate::engine::{Context, Output};
use crate::fact::{Commit, Committed, Fact, MarkerKind, Tail};
use crate::key::{Key, Partition};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What an offsets partition has told so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Commits {
    pub(crate) membership: Membership,
    /// Commits of open transactions by producer id, with who made them.
    pub(crate) pending: BTreeMap<i64, Vec<Committed>>,
    /// Their partitions, in the same order.
    pub(crate) pending_partitions: BTreeMap<i64, Vec<Partition>>,
    /// The ledgers that were told of a commit: they must know where history begins.
    pub(crate) told: BTreeSet<Partition>,
    /// Holes met so far: the cleaner ran here.
    pub(crate) holes: u32,
    /// The time of the first record behind the last hole.
    pub(crate) since: Option<Time>,
    /// The newest time met: commit times never run back.
    pub(crate) newest: Time,
    /// What the ledgers were last told of holes, and how many ledgers that was.
    pub(crate) tail_told: Option<(Tail, usize)>,
}

impl Commits {
    /// A hole in an offsets partition: commits may be missing before this point.
    pub(crate) fn hole(&mut self) {
        self.holes = self.holes.saturating_add(1);
        self.since = None;
    }

    pub(crate) fn batch(&mut self, at: Time) {
        self.since.get_or_insert(at);
    }

    pub(crate) fn commit(&mut self, cx: &Context<'_>, commit: &Commit, out: &mut Vec<Output>) {
        self.newest = self.newest.max(commit.at);
        let committed = Committed {
            group: commit.group.clone(),
            at: self.newest,
            seen: commit.seen,
            offsets_partition: cx.key.partition().index,
            source_offset: commit.source_offset,
            holes_before: self.holes,
            group_since: self.membership.first_heard(&commit.group, self.newest),
            by: self.membership.committer(&commit.group, &commit.partition),
            transactional: commit.transaction.is_some(),
            value: commit.value,
        };
        match commit.transaction {
            Some(producer_id) => self.hold(cx, producer_id, committed, &commit.partition, out),
            None => self.tell(cx, committed, &commit.partition, out),
        }
    }

    fn hold(
        &mut self,
        cx: &Context<'_>,
        producer_id: i64,
        committed: Committed,
        partition: &Partition,
        out: &mut Vec<Output>,
    ) {
        if self.pending.len() >= cx.limits.open_transactions && !self.pending.contains_key(&producer_id) {
            return cx.refuse(crate::engine::Refusal::Full, out);
        }
        self.pending.entry(producer_id).or_default().push(committed);
        self.pending_partitions.entry(producer_id).or_default().push(partition.clone());
    }

    /// A marker in an offsets partition settles the commits before it (R14).
    pub(crate) fn end(
        &mut self,
        cx: &Context<'_>,
        producer_id: i64,
        kind: MarkerKind,
        out: &mut Vec<Output>,
    ) {
        if kind == MarkerKind::Other {
            return;
        }
        let commits = self.pending.remove(&producer_id).unwrap_or_default();
        let partitions = self.pending_partitions.remove(&producer_id).unwrap_or_default();
        if kind == MarkerKind::Commit {
            for (mut committed, partition) in commits.into_iter().zip(partitions) {
                committed.at = self.newest;
                committed.holes_before = self.holes;
                self.tell(cx, committed, &partition, out);
            }
        }
    }

    fn tell(&mut self, cx: &Context<'_>, committed: Committed, partition: &Partition, out: &mut Vec<Output>) {
        if !self.told.contains(partition) {
            self.told.insert(partition.clone());
        }
        out.push(Output::Fact(Key::ledger(&cx.key.cluster, partition), Fact::Committed(committed)));
    }

    /// Tells every ledger concerned where complete history begins, when that has changed.
    pub(crate) fn tell_tail(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        let tail = Tail { offsets_partition: cx.key.partition().index, holes: self.holes, since: self.since };
        if self.told.is_empty() || self.tail_told == Some((tail, self.told.len())) {
            return;
        }
        self.tail_told = Some((tail, self.told.len()));
        for partition in &self.told {
            out.push(Output::Fact(Key::ledger(&cx.key.cluster, partition), Fact::Tail(tail)));
        }
    }
}
