//! Rows of named columns that fit their window: what matters least goes first, and is named.

use std::io::{self, Write};

use super::layout::{cut, visible, wrap};
use crate::cli::paint::Paint;

/// Columns between columns.
const GAP: usize = 2;
/// Names are cut to this before a column goes.
const NAME: usize = 24;
/// And to this where none can go any more.
const LEAST: usize = 8;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    kind: Kind,
    /// The highest goes first; 0 stays.
    goes: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// May be cut.
    Name,
    /// Stands at the right, never cut.
    Figure,
    /// Stands at the left, never cut.
    Word,
}

impl Column {
    /// Names, which may be cut.
    pub(crate) const fn name(title: &'static str, goes: u8) -> Column {
        Column { title, kind: Kind::Name, goes }
    }

    /// Numbers, which never are.
    pub(crate) const fn figure(title: &'static str, goes: u8) -> Column {
        Column { title, kind: Kind::Figure, goes }
    }

    /// Words, which never are.
    pub(crate) const fn word(title: &'static str, goes: u8) -> Column {
        Column { title, kind: Kind::Word, goes }
    }
}

/// How a cell is painted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Hue {
    #[default]
    Plain,
    Bad,
    Warn,
    Dim,
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    hue: Hue,
}

impl Cell {
    /// Text in a colour; what it means must be told by the text.
    pub(crate) fn painted(text: impl Into<String>, hue: Hue) -> Cell {
        Cell { text: text.into(), hue }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, hue: Hue::Plain }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::from(text.to_owned())
    }
}

/// Writes titles and rows. A row has a cell for each column.
pub(crate) fn grid(
    columns: &[Column],
    rows: &[Vec<Cell>],
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let (shown, left_out) = fit(columns, rows, paint.width);
    let titles: Vec<Cell> = columns.iter().map(|c| Cell::painted(c.title, Hue::Dim)).collect();
    for row in [&titles].into_iter().chain(rows) {
        line(columns, &shown, row, paint, out)?;
    }
    if left_out.is_empty() {
        return Ok(());
    }
    let text = format!("no room for {}: widen the window", left_out.join(", "));
    wrap(&text, paint.width).iter().try_for_each(|line| writeln!(out, "{}", paint.dim(line)))
}

fn line(
    columns: &[Column],
    shown: &[(usize, usize)],
    row: &[Cell],
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let nothing = Cell::default();
    for (place, (c, width)) in shown.iter().enumerate() {
        let cell = row.get(*c).unwrap_or(&nothing);
        let text = if cell.text.is_empty() { "-".to_owned() } else { cut(&cell.text, *width) };
        let pad = width.saturating_sub(visible(&text));
        let painted = match cell.hue {
            Hue::Plain => text,
            _ if cell.text.is_empty() => text,
            Hue::Bad => paint.bad(&text),
            Hue::Warn => paint.warn(&text),
            Hue::Dim => paint.dim(&text),
        };
        let gap = if place == 0 { 0 } else { GAP };
        let right = columns.get(*c).is_some_and(|c| c.kind == Kind::Figure);
        let last = place + 1 == shown.len();
        match (right, last) {
            (true, _) => write!(out, "{:gap$}{:pad$}{painted}", "", "")?,
            // Nothing stands behind the last.
            (false, true) => write!(out, "{:gap$}{painted}", "")?,
            (false, false) => write!(out, "{:gap$}{painted}{:pad$}", "", "")?,
        }
    }
    writeln!(out)
}

/// The columns that stand with their widths, and the titles of those that tell something and find no room.
fn fit(
    columns: &[Column],
    rows: &[Vec<Cell>],
    room: Option<usize>,
) -> (Vec<(usize, usize)>, Vec<&'static str>) {
    let cells = |c: usize| rows.iter().filter_map(move |row| row.get(c)).filter(|cell| !cell.text.is_empty());
    let width = |c: usize, column: &Column| {
        cells(c).map(|cell| visible(&cell.text)).max().unwrap_or(1).max(column.title.len())
    };
    let mut shown: Vec<(usize, usize)> =
        columns.iter().enumerate().map(|(c, column)| (c, width(c, column))).collect();
    let Some(room) = room else { return (shown, Vec::new()) };
    let mut left_out = Vec::new();
    while total(&shown) > room {
        if narrow(columns, &mut shown, NAME, room) {
            break;
        }
        let least = shown.iter().map(|(c, _)| (columns.get(*c).map_or(0, |c| c.goes), *c)).max();
        let Some((_, c)) = least.filter(|(goes, _)| *goes > 0) else {
            narrow(columns, &mut shown, LEAST, room);
            break;
        };
        shown.retain(|(other, _)| *other != c);
        if cells(c).next().is_some() {
            left_out.insert(0, columns.get(c).map_or("", |c| c.title));
        }
    }
    (shown, left_out)
}

fn total(shown: &[(usize, usize)]) -> usize {
    shown.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// Cuts names, the widest first, down to `least`; all are left as they were if that is not enough, unless it is the
/// last resort.
fn narrow(columns: &[Column], shown: &mut Vec<(usize, usize)>, least: usize, room: usize) -> bool {
    let mut cut = shown.clone();
    while total(&cut) > room {
        let name = |c: usize| columns.get(c).is_some_and(|c| c.kind == Kind::Name);
        let widest = cut.iter_mut().filter(|(c, width)| name(*c) && *width > least).max_by_key(|(_, w)| *w);
        match widest {
            Some((_, width)) => *width -= 1,
            None if least == LEAST => break,
            None => return false,
        }
    }
    *shown = cut;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 5] = [
        Column::name("GROUP", 0),
        Column::figure("COMMITTED", 2),
        Column::figure("LAG", 0),
        Column::word("STATE", 0),
        Column::name("HOST", 3),
    ];

    fn drawn(width: Option<usize>) -> String {
        let row = |group: &str, lag: &str, state: &str| {
            vec![
                group.into(),
                "88,210".into(),
                lag.into(),
                Cell::painted(state, Hue::Bad),
                "/10.0.0.7".into(),
            ]
        };
        let rows = [row("billing-and-invoicing-for-everyone", "1,204", "stalled"), row("audit", "", "ok")];
        let mut out = Vec::new();
        grid(&COLUMNS, &rows, Paint { color: false, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn on_paper_nothing_is_cut() {
        assert_eq!(
            drawn(None),
            "GROUP                               COMMITTED    LAG  STATE    HOST\n\
             billing-and-invoicing-for-everyone     88,210  1,204  stalled  /10.0.0.7\n\
             audit                                  88,210      -  ok       /10.0.0.7\n"
        );
    }

    #[test]
    fn what_matters_least_goes_first_and_is_named() {
        assert!(drawn(Some(65)).contains("HOST"));
        let tight = drawn(Some(53));
        assert!(
            tight.contains("COMMITTED") && tight.ends_with("no room for HOST: widen the window\n"),
            "{tight}"
        );
        assert!(drawn(Some(40)).ends_with("no room for COMMITTED, HOST: widen the\nwindow\n"));
        for width in 40..90 {
            let text = drawn(Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.contains("stalled") && text.contains("1,204"), "{width}:\n{text}");
        }
    }
}
