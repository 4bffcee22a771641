//! Where a share group stands in one partition (R19), and what the log start overtook there.

use crate::fact::SharePosition;
use crate::key::{Offset, TopicId};
use crate::limits::Limits;
use crate::time::Time;
use alloc::vec::Vec;

/// A share group in one incarnation of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Share {
    /// As its coordinator told it last.
    pub(crate) latest: SharePosition,
    /// The lowest start known.
    pub(crate) lowest: Offset,
    /// What went before the group got there: the broker archives it, and tells no more of it.
    pub(crate) overtaken: Vec<Overtaken>,
}

/// A range that the log start was seen above while the group stood before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Overtaken {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    pub(crate) at: Time,
}

impl Share {
    pub(crate) fn new(position: &SharePosition) -> Share {
        Share { latest: position.clone(), lowest: position.start, overtaken: Vec::new() }
    }

    /// Takes in where the group stands now. `starts` are the moments at which the log start was seen to have moved.
    pub(crate) fn advance(&mut self, this: &SharePosition, starts: &[(Time, Offset)], limits: &Limits) {
        if self.latest.topic_id.is_known() && self.latest.topic_id != this.topic_id {
            *self = Share::new(this);
            return;
        }
        let from = self.position();
        let seen = starts.iter().filter(|(at, _)| *at < this.at).max_by_key(|(_, start)| *start);
        if let Some((at, start)) = seen {
            let to = (*start).min(reached(this));
            if from < to {
                if self.overtaken.len() >= limits.moves.max(1) {
                    self.overtaken.remove(0);
                }
                self.overtaken.push(Overtaken { from, to, at: *at });
            }
        }
        self.lowest = self.lowest.min(this.start);
        self.latest = this.clone();
    }

    /// As many offsets as are settled end here. The broker hands records out from the start on, so this is about
    /// where the group is; which ones are settled it does not tell.
    pub(crate) fn position(&self) -> Offset {
        reached(&self.latest)
    }

    /// Whether it is about this incarnation.
    pub(crate) fn is_of(&self, topic_id: TopicId) -> bool {
        let told = self.latest.topic_id;
        !told.is_known() || !topic_id.is_known() || told == topic_id
    }
}

fn reached(p: &SharePosition) -> Offset {
    p.start.saturating_add_unsigned(p.settled)
}
