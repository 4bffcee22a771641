//! What listeners are told: rounds as they are published, and for a while those that they may have missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use whither_core::{Time, Verdict};

/// Rounds that a listener may be behind, or away, before it misses some.
const ROUNDS: usize = 64;
/// Findings of all of them that are kept: the first round after a start may tell of a great many.
const FINDINGS: usize = 10_000;

/// What listeners are told of a round.
#[derive(Clone, Debug)]
pub struct News {
    /// The state's revision from now on.
    pub revision: u64,
    /// When the round was finished.
    pub at: Time,
    /// Findings that are new or changed.
    pub findings: Vec<Arc<Verdict>>,
    /// Findings that do not hold any more, by id.
    pub withdrawn: Vec<u64>,
}

impl News {
    fn size(&self) -> usize {
        self.findings.len() + self.withdrawn.len()
    }
}

/// What was told and who listens.
#[derive(Debug)]
pub(super) struct Told {
    listeners: broadcast::Sender<Arc<News>>,
    past: Mutex<VecDeque<Arc<News>>>,
}

impl Default for Told {
    fn default() -> Told {
        Told { listeners: broadcast::Sender::new(ROUNDS), past: Mutex::default() }
    }
}

impl Told {
    pub(super) fn tell(&self, news: News) {
        let news = Arc::new(news);
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.push_back(news.clone());
        let size = |past: &VecDeque<Arc<News>>| past.iter().map(|news| news.size()).sum::<usize>();
        while past.len() > ROUNDS || size(&past) > FINDINGS {
            past.pop_front();
        }
        // Nobody may be listening. Whoever comes now finds it either kept or told, not both.
        let _ = self.listeners.send(news);
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<News>> {
        self.listeners.subscribe()
    }

    /// What came after a revision, if all of that is still kept, and what comes.
    pub(super) fn listen_after(
        &self,
        revision: u64,
    ) -> (Option<Vec<Arc<News>>>, broadcast::Receiver<Arc<News>>) {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let known = past.back().is_some_and(|newest| revision <= newest.revision)
            && past.front().is_some_and(|oldest| oldest.revision <= revision.saturating_add(1));
        let missed = || past.iter().filter(|news| news.revision > revision).cloned().collect();
        (known.then(missed), self.listeners.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(revision: u64, withdrawn: usize) -> News {
        News { revision, at: Time(0), findings: Vec::new(), withdrawn: vec![7; withdrawn] }
    }

    fn missed(told: &Told, revision: u64) -> Option<Vec<u64>> {
        Some(told.listen_after(revision).0?.iter().map(|news| news.revision).collect())
    }

    #[test]
    fn what_was_missed_is_told_while_all_of_it_is_kept() {
        let told = Told::default();
        assert_eq!(missed(&told, 0), None, "nobody knows what was");
        (1..=100).for_each(|revision| told.tell(round(revision, 0)));
        assert_eq!(missed(&told, 98), Some(vec![99, 100]));
        assert_eq!(missed(&told, 100), Some(vec![]));
        assert_eq!(missed(&told, 36).map(|m| m.len()), Some(ROUNDS));
        assert_eq!((missed(&told, 35), missed(&told, 101), missed(&told, u64::MAX)), (None, None, None));
        told.tell(round(101, FINDINGS));
        assert_eq!((missed(&told, 100), missed(&told, 37)), (Some(vec![101]), Some((38..=101).collect())));
        told.tell(round(102, 1));
        assert_eq!((missed(&told, 101), missed(&told, 100)), (Some(vec![102]), None));
        told.tell(round(103, FINDINGS + 1));
        assert_eq!(missed(&told, 103), None, "too much to be kept");
    }
}
