//! Who commits in one partition: each committer is kept once, however many positions name it.

use crate::fact::Committer;
use alloc::vec::Vec;

/// A committer's place in the list.
pub(crate) type Who = u32;

/// The committers that positions name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct People {
    pub(crate) list: Vec<Committer>,
}

impl People {
    /// The place of a committer; `likely` is looked at first.
    pub(crate) fn place(&mut self, by: &Committer, likely: Option<Who>) -> Who {
        if let Some(likely) = likely.filter(|who| self.get(*who) == by) {
            return likely;
        }
        let found = self.list.iter().position(|known| known == by);
        let at = found.unwrap_or_else(|| {
            self.list.push(by.clone());
            self.list.len() - 1
        });
        Who::try_from(at).unwrap_or(Who::MAX)
    }

    pub(crate) fn get(&self, who: Who) -> &Committer {
        const NOBODY: &Committer = &Committer::Unknown;
        usize::try_from(who).ok().and_then(|i| self.list.get(i)).unwrap_or(NOBODY)
    }

    /// Whether enough may have fallen out of use to sort them out.
    pub(crate) fn is_crowded(&self, groups: usize) -> bool {
        self.list.len() > groups.saturating_mul(4).saturating_add(64)
    }

    /// Keeps only those in use, and says where each one went.
    pub(crate) fn keep(&mut self, used: &[Who]) -> Vec<Who> {
        let mut moved = alloc::vec![Who::MAX; self.list.len()];
        let mut kept = Vec::new();
        for who in used {
            let Some(slot) = usize::try_from(*who).ok().and_then(|i| moved.get_mut(i)) else { continue };
            if *slot == Who::MAX {
                *slot = Who::try_from(kept.len()).unwrap_or(Who::MAX);
                kept.push(self.get(*who).clone());
            }
        }
        self.list = kept;
        moved
    }
}
