//! How far a group is behind, and what comes of it if nothing changes.

use whither_core::fact::GroupState;
use whither_core::verdict::Outcome;
use whither_core::{Balance, Name, Offset, Span, Time};

use super::pace::{float, seconds};
use super::{Edges, Group, Row};

/// How far back a group's pace is told.
pub(super) const GROUP_PACE: Span = Span::seconds(60);
/// A group that has let records wait for this long without a commit stands: the default of `max.poll.interval.ms`.
const STALLED_AFTER: Span = Span::seconds(300);
/// A group this far behind whose producers are faster falls behind; less is the ordinary way of polling.
const BEHIND_AFTER: Span = Span::seconds(30);
/// Forecasts further away than this tell nothing.
const FORECAST: f64 = 366.0 * 86_400.0;

/// How a group stands in a partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LagState {
    /// It keeps up.
    Ok,
    /// Its producers are faster.
    FallingBehind,
    /// It has members, and does not move.
    Stalled,
    /// It has no members.
    Stopped,
    /// Its position went back, and it has not yet passed where it was.
    Rewound,
    /// Nobody has used it for long.
    Dormant,
    /// It has no position.
    Unknown,
}

impl LagState {
    /// Every state, from good to unknown.
    pub const ALL: [LagState; 7] = [
        LagState::Ok,
        LagState::FallingBehind,
        LagState::Stalled,
        LagState::Stopped,
        LagState::Rewound,
        LagState::Dormant,
        LagState::Unknown,
    ];

    /// The word outsiders rely on.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LagState::Ok => "ok",
            LagState::FallingBehind => "falling_behind",
            LagState::Stalled => "stalled",
            LagState::Stopped => "stopped",
            LagState::Rewound => "rewound",
            LagState::Dormant => "dormant",
            LagState::Unknown => "unknown",
        }
    }
}

/// A group's lag in one partition.
#[derive(Clone, PartialEq, Debug)]
pub struct Lag {
    /// The member the partition is assigned to, its `client.id` and host.
    pub member: Option<(Name, Name, Name)>,
    /// The first offset the log holds.
    pub log_start: Option<Offset>,
    /// The group's latest commit.
    pub committed: Option<Offset>,
    /// The log's end.
    pub end: Option<Offset>,
    /// Log end less position, as Kafka's own tools show it.
    pub offsets: Option<u64>,
    /// Data records that wait.
    pub records: Option<u64>,
    /// How old the record is that the group reads next; zero if none waits.
    pub seconds: Option<f64>,
    /// How fast the group moves.
    pub rate_per_second: Option<f64>,
    /// When it will have read all, at this pace.
    pub catches_up_in_seconds: Option<f64>,
    /// When retention overtakes it, at this pace.
    pub loses_data_in_seconds: Option<f64>,
    /// In one word.
    pub state: LagState,
}

/// Rates, and where they lead.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Forecast {
    /// How fast the group moves.
    pub committed_per_second: Option<f64>,
    /// How fast the log grows.
    pub end_per_second: Option<f64>,
    /// How fast retention moves.
    pub log_start_per_second: Option<f64>,
    /// When the group will have read all.
    pub catches_up_in_seconds: Option<f64>,
    /// When retention overtakes the group.
    pub loses_data_in_seconds: Option<f64>,
}

impl Forecast {
    /// What the rates of now lead to. Where the core has told a moment, that holds.
    #[must_use]
    pub fn of(row: &Row, edges: &Edges, now: Time) -> Forecast {
        let rates = Forecast {
            committed_per_second: row.committed.per_second(now),
            end_per_second: edges.end_pace.per_second(now),
            log_start_per_second: edges.start_pace.per_second(now),
            ..Forecast::default()
        };
        let Some(committed) = row.balance.committed.filter(|c| *c < edges.end) else { return rates };
        let told = row.loses_data_at.map(|at| seconds(Span(at.0.saturating_sub(now.0).max(0))));
        let (group, start) = (rates.committed_per_second, rates.log_start_per_second);
        let measured = || meets(committed.saturating_sub(edges.log_start), start?, group?);
        Forecast {
            catches_up_in_seconds: group
                .zip(rates.end_per_second)
                .and_then(|(group, end)| meets(edges.end.saturating_sub(committed), group, end)),
            loses_data_in_seconds: told.or_else(measured),
            ..rates
        }
    }
}

/// When the one behind has made up the distance, if it is the faster one.
fn meets(distance: i64, behind: f64, ahead: f64) -> Option<f64> {
    let closing = behind - ahead;
    if closing <= 0.0 {
        return None;
    }
    let seconds = float(distance.max(0)) / closing;
    (seconds <= FORECAST).then_some(seconds)
}

impl Lag {
    /// The lag of a row, as far as the partition's edges and the group are known.
    #[must_use]
    pub fn of(row: &Row, edges: Option<&Edges>, group: Option<&Group>, now: Time) -> Lag {
        let balance = &*row.balance;
        let forecast = edges.map(|e| Forecast::of(row, e, now)).unwrap_or_default();
        let end = edges.map(|e| e.end);
        let offsets = end.zip(balance.committed).map(|(end, c)| end.saturating_sub(c).max(0).unsigned_abs());
        let records = balance.committed.map(|c| waiting(balance, c, end.unwrap_or(balance.to)));
        let seconds = match records {
            Some(0) => Some(0.0),
            Some(_) => balance.position_time.map(|at| seconds(now.since(at))),
            None => None,
        };
        let member = group.and_then(|g| g.member_of(&balance.partition));
        Lag {
            member: member.map(|m| (m.member_id.clone(), m.client_id.clone(), m.host.clone())),
            log_start: edges.map(|e| e.log_start),
            committed: balance.committed,
            end,
            offsets,
            records,
            seconds,
            rate_per_second: forecast.committed_per_second,
            catches_up_in_seconds: forecast.catches_up_in_seconds,
            loses_data_in_seconds: forecast.loses_data_in_seconds,
            state: state(row, edges, group, records, (seconds, &forecast), now),
        }
    }
}

/// Data records from the position on that can still be read: those that are gone, or were rolled back, do not wait.
/// What was written since the row was told counts by offsets.
#[must_use]
pub fn waiting(balance: &Balance, committed: Offset, end: Offset) -> u64 {
    let waits = |o| !matches!(o, Outcome::Aborted | Outcome::Expired | Outcome::Deleted | Outcome::Truncated);
    let ahead = balance.stretches.iter().filter(|s| s.from >= committed && waits(s.outcome));
    let told: u64 = ahead.map(|s| s.records).sum();
    let since = end.saturating_sub(balance.to.max(committed)).max(0).unsigned_abs();
    told.saturating_add(since)
}

fn state(
    row: &Row,
    edges: Option<&Edges>,
    group: Option<&Group>,
    records: Option<u64>,
    (lag, forecast): (Option<f64>, &Forecast),
    now: Time,
) -> LagState {
    let Some(records) = records else { return LagState::Unknown };
    if row.balance.dormant {
        return LagState::Dormant;
    }
    // Of what has left the log nothing waits, but who stands there does not keep up.
    let overtaken = edges.zip(row.balance.committed).is_some_and(|(e, committed)| committed < e.log_start);
    if records == 0 && !overtaken {
        return LagState::Ok;
    }
    if row.highest > row.balance.committed {
        return LagState::Rewound;
    }
    if group.is_some_and(|g| matches!(g.state, GroupState::Empty | GroupState::Dead)) {
        return LagState::Stopped;
    }
    let long_ago = |at: Time| now.since(at) >= STALLED_AFTER;
    let still =
        row.balance.committed_at.is_some_and(long_ago) && row.committed.moved_at().is_none_or(long_ago);
    let late = |bound: Span| lag.is_none_or(|s| s >= seconds(bound));
    if still && late(STALLED_AFTER) {
        return LagState::Stalled;
    }
    let paces = forecast.committed_per_second.zip(forecast.end_per_second);
    match paces {
        Some((group, end)) if group < end && late(BEHIND_AFTER) => LagState::FallingBehind,
        _ => LagState::Ok,
    }
}
