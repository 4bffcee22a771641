//! Dead letters and retries of one record, by the record they say they came from first.

use crate::engine::{Context, Deadline, Output, Refusal};
use crate::fact::{DeadLetter, Fact, Purged, RoutedAway};
use crate::key::{At, Key};
use alloc::vec::Vec;

/// The stations of one routed record, first to last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) stations: Vec<DeadLetter>,
    /// Those that were gone before anybody read them.
    pub(crate) purged: Vec<Purged>,
}

impl Origin {
    pub(crate) fn apply(
        &mut self,
        cx: &Context<'_>,
        facts: &[&Fact],
        out: &mut Vec<Output>,
    ) -> Option<Deadline> {
        let known = |origin: &Origin| (origin.stations.len(), origin.purged.len());
        let before = known(self);
        for fact in facts {
            match fact {
                Fact::Station(station) => self.add(cx, station, out),
                Fact::Purged(purged) => self.lose(cx, purged, out),
                _ => cx.refuse(Refusal::WrongStage, out),
            }
        }
        let At::Origin(partition, offset) = &cx.key.at else { return None };
        if known(self) != before && !self.stations.is_empty() {
            let (stations, purged) = (self.stations.clone(), self.purged.clone());
            let away = RoutedAway { offset: *offset, stations, purged };
            out.push(Output::Fact(Key::ledger(&cx.key.cluster, partition), Fact::RoutedAway(away)));
        }
        None
    }

    #[expect(clippy::unused_self, reason = "every stage has the same alphabet")]
    pub(crate) fn expire(&mut self, _: &Context<'_>, _: &mut Vec<Output>) -> Option<Deadline> {
        None
    }

    fn lose(&mut self, cx: &Context<'_>, purged: &Purged, out: &mut Vec<Output>) {
        let same = |p: &Purged| p.partition == purged.partition && p.offset == purged.offset;
        if self.purged.iter().any(same) {
            return;
        }
        if self.purged.len() >= cx.limits.stations {
            return cx.refuse(Refusal::Full, out);
        }
        self.purged.push(purged.clone());
    }

    fn add(&mut self, cx: &Context<'_>, station: &DeadLetter, out: &mut Vec<Output>) {
        // A record in the origin's own topic was replayed: it starts a life of its own.
        if station.partition.topic == station.origin.topic {
            return;
        }
        let order = |s: &DeadLetter| (s.at, s.role, s.partition.clone(), s.offset);
        let at = match self.stations.binary_search_by_key(&order(station), order) {
            Ok(_) => return,
            Err(at) => at,
        };
        if self.stations.len() >= cx.limits.stations {
            return cx.refuse(Refusal::Full, out);
        }
        self.stations.insert(at, station.clone());
    }
}
