//! Columns and hanging paragraphs.

use std::io::{self, Write};

use crate::cli::paint::Paint;

/// Columns before a paragraph's text: the widest label and a gap.
pub(super) const INDENT: usize = 8;

/// Where what stands at the right goes when there is no terminal to fit.
const PAPER: usize = 110;

/// Text narrower than this has nothing beside it.
const ROOM: usize = 20;

/// A label, text hanging beside it, and a word at the right of its first line.
pub(crate) fn block(
    label: &str,
    text: &str,
    right: Option<&str>,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let shown = visible(label);
    let gap = INDENT.saturating_sub(shown).max(1);
    let start = shown + gap;
    let room = |reserved| paint.width.map(|w| w.saturating_sub(INDENT.max(start) + reserved));
    let beside = room(right.map_or(0, |r| visible(r) + 2));
    if let Some(right) = right.filter(|_| beside.is_some_and(|room| room < ROOM)) {
        return block(label, &format!("{text} ({right})"), None, paint, out);
    }
    let mut lines = wrap(text, beside).into_iter();
    let first = lines.next().unwrap_or_default();
    write!(out, "{label}{:gap$}{first}", "")?;
    if let Some(right) = right {
        let edge = paint.width.unwrap_or(PAPER).saturating_sub(visible(right));
        let pad = edge.saturating_sub(start + visible(&first)).max(2);
        write!(out, "{:pad$}{}", "", paint.dim(right))?;
    }
    writeln!(out)?;
    for line in lines {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    Ok(())
}

/// Breaks at spaces; a word longer than the room stands alone, for it may be a command to copy.
pub(crate) fn wrap(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && visible(&line) + 1 + visible(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Columns that text takes: escape sequences take none. Names are taken as one column a character.
pub(super) fn visible(text: &str) -> usize {
    let mut columns = 0;
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (false, '\x1b') => escaped = true,
            (true, 'm') => escaped = false,
            (true, _) => {}
            (false, _) => columns += 1,
        }
    }
    columns
}

/// Cuts to so many columns, with a mark.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Leaves out what stands beyond the width; escape sequences take no column and all stay.
pub(super) fn clip(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut clipped = String::new();
    let (mut columns, mut escaped) = (0, false);
    for c in text.chars() {
        escaped |= c == '\x1b';
        if !escaped {
            columns += 1;
        }
        if escaped || columns <= width {
            clipped.push(c);
        }
        escaped &= c != 'm';
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_hang_and_what_is_long_stands_alone() {
        let mut out = Vec::new();
        let paint = Paint { color: false, width: Some(40) };
        block("LOSS", "one two three four five six seven eight", Some("proof"), paint, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "LOSS    one two three four five    proof\n        six seven eight\n"
        );
        let mut out = Vec::new();
        let paint = Paint { color: false, width: Some(34) };
        block("LOSS", "one two three four five six", Some("proof"), paint, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "LOSS    one two three four five\n        six (proof)\n");
        assert_eq!(wrap("a --very-long-word b", Some(5)), ["a", "--very-long-word", "b"]);
    }

    #[test]
    fn colour_takes_no_columns() {
        assert_eq!(visible("\x1b[1;31mLOSS\x1b[0m"), 4);
        assert_eq!(clip("\x1b[31mLOSS\x1b[0m of it", Some(2)), "\x1b[31mLO\x1b[0m");
        assert_eq!(clip("LOSS", None), "LOSS");
    }
}
