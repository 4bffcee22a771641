//! What one scrape tells, taken from what is true now.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use whither_core::verdict::Outcome;
use whither_core::{Name, Partition};

use crate::api::{health, status};
use crate::clock;
use crate::live::{Counted, Lag, Live, Row, Settled, State};
use crate::otlp::{self, Intake};

/// Rows that are looked at before others get a turn.
const ROWS: usize = 1_000;

/// How far a group is behind in a partition.
#[derive(Debug)]
pub(super) struct GroupLag {
    pub(super) group: Name,
    pub(super) partition: Partition,
    pub(super) records: Option<u64>,
    pub(super) seconds: Option<f64>,
    pub(super) loses_data_in_seconds: Option<f64>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) cluster: String,
    pub(super) ready: bool,
    pub(super) accepting: bool,
    pub(super) residual: i64,
    pub(super) store_bytes: u64,
    pub(super) counted: Counted,
    /// What came in by OTLP; none where nothing is taken.
    pub(super) spans: Option<otlp::Counted>,
    /// As verdicts are now.
    pub(super) settled: BTreeMap<Settled, u64>,
    /// By topic and group.
    pub(super) in_flight: BTreeMap<(Name, Name), u64>,
    pub(super) lags: Vec<GroupLag>,
}

impl Gathered {
    /// What is true now. Rows may move on between one thousand of them and the next.
    pub(super) fn of(live: &Live, spans: Option<&Intake>) -> Gathered {
        let mut gathered = Gathered::without_rows(&live.read(), spans);
        let mut after = None;
        loop {
            let state = live.read();
            let rest = (after.map_or(Unbounded, Excluded), Unbounded);
            let mut last = None;
            for (of, row) in state.rows.range(rest).take(ROWS) {
                gathered.take(row, &state);
                last = Some(of.clone());
            }
            if last.is_none() {
                return gathered;
            }
            after = last;
        }
    }

    fn without_rows(state: &State, spans: Option<&Intake>) -> Gathered {
        Gathered {
            cluster: state.about.cluster.clone(),
            ready: health::not_ready(state, clock::now()).is_none(),
            accepting: state.store.accepting,
            residual: status::residual(state),
            store_bytes: state.store.bytes,
            counted: state.counted.clone(),
            spans: spans.map(Intake::counted),
            settled: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            lags: Vec::new(),
        }
    }

    fn take(&mut self, row: &Row, state: &State) {
        let balance = &*row.balance;
        let (group, topic) = (&balance.group, &balance.partition.topic);
        let in_flight = self.in_flight.entry((topic.clone(), group.clone())).or_default();
        *in_flight = in_flight.saturating_add(balance.count(Outcome::InFlight));
        for (of, records) in Settled::of(balance) {
            let sum = self.settled.entry(of).or_default();
            *sum = sum.saturating_add(records);
        }
        if !balance.dormant {
            // Who is in the group takes long to find, and is told elsewhere.
            let lag = Lag::of(row, state.edges(&balance.partition), None, state.at);
            self.lags.push(GroupLag {
                group: group.clone(),
                partition: balance.partition.clone(),
                records: lag.records,
                seconds: lag.seconds,
                loses_data_in_seconds: lag.loses_data_in_seconds,
            });
        }
    }
}
