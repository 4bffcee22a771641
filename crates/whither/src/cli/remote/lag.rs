//! `whither lag`: who is behind, worst first.

use std::io::{self, Write};

use serde::Deserialize;

use super::args::Lag;
use super::client::Query;
use super::list::{self, List, Told};
use super::words::{count, length, name, offset, some, span};
use crate::cli::Exit;
use crate::cli::output::Output;
use crate::cli::table::{Cell, Column, Hue, grid, wrap};
use crate::json::Kind;
use crate::prose::words;

/// Loss nearer than this is shown as such.
const SOON_SECONDS: f64 = 3_600.0;

/// `whither lag`.
pub(in crate::cli) fn lag(asked: &Lag, output: Output) -> Exit {
    list::answer(&Lags { asked }, &asked.server, asked.watch, output)
}

struct Lags<'a> {
    asked: &'a Lag,
}

/// How far a group is behind in a partition.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Item {
    group: String,
    topic: String,
    partition: i32,
    member: Option<String>,
    client_id: Option<String>,
    host: Option<String>,
    log_start: Option<i64>,
    committed: Option<i64>,
    end: Option<i64>,
    lag_offsets: Option<u64>,
    lag_records: Option<u64>,
    lag_seconds: Option<f64>,
    rate_per_second: Option<f64>,
    catches_up_in_seconds: Option<f64>,
    loses_data_in_seconds: Option<f64>,
    state: String,
}

/// What stays in a narrow window is who, how far behind, and what comes of it; the rest goes by its number.
const COLUMNS: [Column; 16] = [
    Column::name("GROUP", 0),
    Column::name("TOPIC", 0),
    Column::figure("PARTITION", 0),
    Column::figure("COMMITTED", 4),
    Column::figure("LOG-START", 7),
    Column::figure("LOG-END", 5),
    Column::figure("LAG", 0),
    Column::figure("RECORDS", 8),
    Column::figure("BEHIND", 0),
    Column::figure("RATE/S", 6),
    Column::figure("CATCHES-UP", 1),
    Column::figure("LOSES-DATA", 0),
    Column::word("STATE", 0),
    Column::name("MEMBER", 12),
    Column::name("CLIENT-ID", 9),
    Column::name("HOST", 10),
];

impl Item {
    /// Who loses data soonest, then who stands still, then who is furthest behind.
    fn worst_first(&self, other: &Item) -> std::cmp::Ordering {
        let soonest = |i: &Item| i.loses_data_in_seconds.unwrap_or(f64::INFINITY);
        let seconds = |i: &Item| i.lag_seconds.unwrap_or(0.0);
        let place = |i: &Item| (i.group.clone(), i.topic.clone(), i.partition);
        soonest(self)
            .total_cmp(&soonest(other))
            .then_with(|| self.rank().cmp(&other.rank()))
            .then_with(|| seconds(other).total_cmp(&seconds(self)))
            .then_with(|| other.lag_offsets.cmp(&self.lag_offsets))
            .then_with(|| place(self).cmp(&place(other)))
    }

    fn rank(&self) -> usize {
        let behind = self.lag_offsets.unwrap_or(0) > 0;
        match self.state.as_str() {
            "stalled" => 0,
            "falling_behind" => 1,
            "stopped" if behind => 2,
            "rewound" => 3,
            "unknown" => 4,
            "dormant" => 6,
            _ => 5,
        }
    }

    fn hue(&self) -> Hue {
        match self.state.as_str() {
            "stalled" | "falling_behind" => Hue::Warn,
            "stopped" if self.rank() == 2 => Hue::Warn,
            "dormant" => Hue::Dim,
            _ => Hue::Plain,
        }
    }

    pub(super) fn cells(&self) -> Vec<Cell> {
        let soon = self.loses_data_in_seconds.is_some_and(|s| s < SOON_SECONDS);
        let rate = self.rate_per_second.map(|rate| format!("{rate:.1}")).unwrap_or_default();
        vec![
            words::name(&self.group).into(),
            words::name(&self.topic).into(),
            self.partition.to_string().into(),
            offset(self.committed).into(),
            offset(self.log_start).into(),
            offset(self.end).into(),
            count(self.lag_offsets).into(),
            count(self.lag_records).into(),
            length(self.lag_seconds).into(),
            rate.into(),
            length(self.catches_up_in_seconds).into(),
            Cell::painted(length(self.loses_data_in_seconds), if soon { Hue::Bad } else { Hue::Warn }),
            Cell::painted(words::name(&self.state), self.hue()),
            name(self.member.as_deref()).into(),
            name(self.client_id.as_deref()).into(),
            name(self.host.as_deref()).into(),
        ]
    }
}

impl List for Lags<'_> {
    type Item = Item;
    const KIND: Kind = Kind::Lag;

    fn path(&self) -> String {
        "/lag".to_owned()
    }

    fn query(&self) -> Query {
        let mut query = list::place(&self.asked.place);
        query.extend(list::each("group", self.asked.only.iter()));
        query
    }

    fn table(&self, told: Told<'_, Item>, output: Output, out: &mut impl Write) -> io::Result<()> {
        write(told.items, output, out)?;
        let conclusion = conclusion(told.items);
        wrap(&conclusion, output.paint.width)
            .iter()
            .try_for_each(|line| writeln!(out, "{}", output.paint.bold(line)))
    }
}

/// The rows, worst first.
pub(super) fn write(items: &[Item], output: Output, out: &mut impl Write) -> io::Result<()> {
    let mut items: Vec<&Item> = items.iter().collect();
    items.sort_by(|a, b| a.worst_first(b));
    let rows: Vec<Vec<Cell>> = items.iter().map(|item| item.cells()).collect();
    if rows.is_empty() { Ok(()) } else { grid(&COLUMNS, &rows, output.paint, out) }
}

fn conclusion(items: &[Item]) -> String {
    if items.is_empty() {
        return "nothing to tell: no group has a position here".to_owned();
    }
    let soonest = items.iter().filter_map(|i| Some((i.loses_data_in_seconds?, i)));
    match soonest.min_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((seconds, i)) => {
            let all = items.iter().filter(|i| i.loses_data_in_seconds.is_some()).count();
            let place = format!("{}/{}", words::name(&i.topic), i.partition);
            format!(
                "retention overtakes {}: {} on {place} first, in {}",
                some(all, "position"),
                words::name(&i.group),
                words::span(span(seconds))
            )
        }
        None => {
            let behind = items.iter().filter(|i| i.rank() <= 2).count();
            match behind {
                0 => "every group keeps up".to_owned(),
                n => format!("{} behind; none is about to lose data", some(n, "position")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Format;
    use crate::cli::paint::Paint;
    use crate::cli::table::Detail;

    fn item(group: &str, state: &str, lag: u64, loses: Option<f64>) -> Item {
        let json = serde_json::json!({
            "cluster": "orders-prod", "group": group, "topic": "orders", "partition": 3,
            "member": "billing-2-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "client_id": "billing-2",
            "host": "/10.0.0.7", "log_start": 88_000, "committed": 88_210, "end": 88_210 + lag,
            "lag_offsets": lag, "lag_records": lag, "lag_seconds": 700.0, "rate_per_second": 12.5,
            "catches_up_in_seconds": null, "loses_data_in_seconds": loses, "state": state,
        });
        serde_json::from_value(json).unwrap()
    }

    fn items() -> Vec<Item> {
        vec![
            item("quick", "ok", 3, None),
            item("old", "dormant", 90_000, None),
            item("audit-sink", "stalled", 412, None),
            item("billing-and-invoicing", "falling_behind", 91_204, Some(720.0)),
            item("idle", "stopped", 0, None),
        ]
    }

    fn drawn(width: Option<usize>) -> String {
        let paint = Paint { color: false, width };
        let output = Output { format: Format::Table, detail: Detail::Normal, paint };
        let mut out = Vec::new();
        write(&items(), output, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_worst_stands_first() {
        let text = drawn(None);
        let order: Vec<&str> = text.lines().skip(1).filter_map(|l| l.split(' ').next()).collect();
        assert_eq!(order, ["billing-and-invoicing", "audit-sink", "quick", "idle", "old"]);
        assert_eq!(
            conclusion(&items()),
            "retention overtakes 1 position: billing-and-invoicing on orders/3 first, in 12 min"
        );
        assert_eq!(conclusion(&[item("quick", "ok", 3, None)]), "every group keeps up");
    }

    #[test]
    fn who_and_how_far_and_what_comes_of_it_fit_80_columns() {
        for width in [80, 100, 120, 160] {
            let text = drawn(Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            for stays in
                ["GROUP", "LAG", "BEHIND", "LOSES-DATA", "STATE", "91,204", "12min", "falling_behind"]
            {
                assert!(text.contains(stays), "{width}: {stays}\n{text}");
            }
        }
        assert!(drawn(Some(120)).contains("COMMITTED"));
    }
}
