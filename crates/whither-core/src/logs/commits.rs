//! An offsets partition: commits that count, in the order they came to count.

use super::membership::Membership;
use crate::engine::{Context, Output, Refusal};
use crate::fact::{Commit, Committed, Fact, MarkerKind, Tail};
use crate::key::{Key, Offset, Partition};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What an offsets partition has told so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Commits {
    pub(crate) membership: Membership,
    /// Commits of open transactions by producer id, with who made them.
    pub(crate) pending: BTreeMap<i64, Vec<(Partition, Committed)>>,
    /// How many commits that is.
    pub(crate) pending_commits: usize,
    /// The ledgers that were told of a commit: they must know where history begins.
    pub(crate) told: BTreeSet<Partition>,
    /// Holes met so far: the cleaner ran here.
    pub(crate) holes: u32,
    /// The last batch has holes inside: what comes after it comes after a hole.
    pub(crate) hole_inside: bool,
    /// The time of the first record behind the last hole.
    pub(crate) since: Option<Time>,
    /// The newest time met: commit times never run back.
    pub(crate) newest: Time,
    /// The offset of the last record taken; an earlier one was taken before.
    pub(crate) taken_to: Offset,
    /// Partitions that dead letters wait in: commits for them are told there too.
    pub(crate) letters: BTreeSet<Partition>,
    /// What the ledgers were last told of holes, and how many ledgers that was.
    pub(crate) tail_told: Option<(Tail, usize)>,
}

impl Commits {
    /// A hole in an offsets partition: commits may be missing before this point.
    pub(crate) fn hole(&mut self) {
        self.holes = self.holes.saturating_add(1);
        self.since = None;
    }

    /// A batch begins; `sparse`: with holes inside.
    pub(crate) fn batch(&mut self, at: Time, sparse: bool) {
        if self.hole_inside || sparse {
            self.hole();
        }
        self.hole_inside = sparse;
        self.since.get_or_insert(at);
    }

    /// Whether a record at this offset is a new one.
    pub(crate) fn take(&mut self, source_offset: Offset) -> bool {
        let new = source_offset >= self.taken_to;
        self.taken_to = self.taken_to.max(source_offset);
        new
    }

    pub(crate) fn commit(
        &mut self,
        cx: &Context<'_>,
        commit: &Commit,
        from_start: bool,
        out: &mut Vec<Output>,
    ) {
        self.newest = self.newest.max(commit.at);
        if commit.of_letters && self.letters.len() < cx.limits.members_groups {
            self.letters.insert(commit.partition.clone());
        }
        let committed = Committed {
            group: commit.group.clone(),
            at: self.newest,
            seen: commit.seen,
            offsets_partition: cx.key.partition().index,
            source_offset: commit.source_offset,
            holes_before: self.holes,
            by: self.membership.committer(&commit.group, &commit.partition, from_start),
            group_since: self.membership.first_heard(&commit.group, self.newest, cx.limits),
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
        if self.pending_commits >= cx.limits.held_back {
            return cx.refuse(Refusal::Full, out);
        }
        self.pending_commits += 1;
        self.pending.entry(producer_id).or_default().push((partition.clone(), committed));
    }

    /// A marker in an offsets partition settles the commits before it (R14): they count from here on.
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
        self.pending_commits = self.pending_commits.saturating_sub(commits.len());
        if kind == MarkerKind::Commit {
            for (partition, mut committed) in commits {
                committed.at = self.newest;
                // What was observed up to the watermark was observed before this end was read.
                committed.seen = committed.seen.max(cx.clock.complete_to.min(cx.clock.now));
                committed.holes_before = self.holes;
                self.tell(cx, committed, &partition, out);
            }
        }
    }

    fn tell(&mut self, cx: &Context<'_>, committed: Committed, partition: &Partition, out: &mut Vec<Output>) {
        if !self.told.contains(partition) && self.told.len() < cx.limits.members_groups {
            self.told.insert(partition.clone());
        }
        if self.letters.contains(partition) {
            let key = Key::letters(&cx.key.cluster, partition);
            out.push(Output::Fact(key, Fact::Committed(committed.clone())));
        }
        out.push(Output::Fact(Key::ledger(&cx.key.cluster, partition), Fact::Committed(committed)));
    }

    /// Tells every ledger concerned where complete history begins, when that has changed.
    pub(crate) fn tell_tail(&mut self, cx: &Context<'_>, out: &mut Vec<Output>) {
        let holes = self.holes.saturating_add(self.hole_inside.into());
        let since = self.since.filter(|_| !self.hole_inside);
        let tail = Tail { offsets_partition: cx.key.partition().index, holes, since };
        if self.told.is_empty() || self.tail_told == Some((tail, self.told.len())) {
            return;
        }
        self.tail_told = Some((tail, self.told.len()));
        for partition in &self.told {
            out.push(Output::Fact(Key::ledger(&cx.key.cluster, partition), Fact::Tail(tail)));
        }
    }
}
