//! What has changed since rows were told: a commit may change what is told of its group, and of no other.

use crate::fact::{Bounds, Fact, Run, RunKind};
use crate::key::{Name, Offset};
use crate::limits::{GROWTH_TOLD, LOOK_AGAIN};
use crate::time::Time;
use alloc::collections::BTreeSet;

/// What may be told anew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Changed {
    /// What is told of any group, and of the log itself.
    pub(crate) everything: bool,
    /// Of each row, how much is in flight: the log has grown, and nothing else has happened to it.
    pub(crate) grown: bool,
    /// What is told of these groups.
    pub(crate) groups: BTreeSet<Name>,
    /// When everything was told last.
    pub(crate) told_at: Time,
}

impl Changed {
    /// Takes note of a fact that holds for all groups, before the ledger takes it in; `end` is where its runs end.
    pub(crate) fn by(&mut self, fact: &Fact, end: Offset) {
        match fact {
            // They count when they are released, in the order of their times.
            Fact::Committed(_) | Fact::SharePosition(_) | Fact::Bounds(_) | Fact::Group(_) => {}
            Fact::Progress(_) => self.grown = true,
            Fact::Run(run) if is_growth(run, end) => self.grown = true,
            _ => self.everything = true,
        }
    }

    /// Takes note of edges that take the place of others.
    pub(crate) fn by_edges(&mut self, before: Option<&Bounds>, now: &Bounds) {
        let Some(before) = before else {
            self.everything = true;
            return;
        };
        // Of what is open, time and place matter.
        let whole = |b: &Bounds| b.last_stable == b.end;
        let rest = |b: &Bounds| (b.topic_id, b.log_start, b.local_start, b.leader_epoch);
        let only_grew = whole(before) && whole(now) && rest(before) == rest(now) && before.end <= now.end;
        self.everything |= !only_grew;
        self.grown |= before.end != now.end;
    }

    /// Takes note of a group that did something, or was described.
    pub(crate) fn by_group(&mut self, group: &Name) {
        if !self.groups.contains(group) {
            self.groups.insert(group.clone());
        }
    }

    /// Whether everything is to be told by now.
    pub(crate) fn is_everything(&self, now: Time) -> bool {
        self.everything || self.next() <= now || now < self.told_at
    }

    /// Everything was told.
    pub(crate) fn told(&mut self, now: Time) {
        *self = Changed { told_at: now, ..Changed::default() };
    }

    /// When everything is to be told again, whatever happens.
    pub(crate) fn next(&self) -> Time {
        self.told_at.after(if self.grown { GROWTH_TOLD } else { LOOK_AGAIN })
    }
}

/// Whether a run stands behind all others and takes no part in a transaction that is open, or was rolled back.
fn is_growth(run: &Run, end: Offset) -> bool {
    run.from >= end && matches!(run.kind, RunKind::Data | RunKind::Sparse | RunKind::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::TopicId;

    fn edges(log_start: Offset, last_stable: Offset, end: Offset) -> Bounds {
        let at = Time(end);
        Bounds {
            at,
            topic_id: TopicId(1),
            log_start,
            local_start: log_start,
            last_stable,
            end,
            leader_epoch: 3,
        }
    }

    #[test]
    fn only_growth_can_wait() {
        let changed = |before: Option<Bounds>, now: Bounds| {
            let mut changed = Changed::default();
            changed.by_edges(before.as_ref(), &now);
            (changed.everything, changed.grown)
        };
        let before = Some(edges(5, 10, 10));
        assert_eq!(changed(before, Bounds { at: Time(99), ..edges(5, 10, 10) }), (false, false));
        assert_eq!(changed(before, edges(5, 12, 12)), (false, true));
        for other in [edges(6, 10, 10), edges(5, 10, 12), edges(5, 9, 9)] {
            assert!(changed(before, other).0, "{other:?}");
        }
        assert!(changed(before, Bounds { leader_epoch: 4, ..edges(5, 10, 10) }).0);
        assert!(changed(None, edges(5, 10, 10)).0);
    }

    #[test]
    fn growth_is_told_soon_and_the_rest_in_time() {
        let mut changed = Changed::default();
        changed.told(Time(1_000));
        assert_eq!(changed.next(), Time(1_000).after(LOOK_AGAIN));
        changed.grown = true;
        assert!(!changed.is_everything(Time(1_001)));
        assert!(changed.is_everything(Time(1_000).after(GROWTH_TOLD)));
        assert!(changed.is_everything(Time(0)), "a clock that was set back");
    }
}
