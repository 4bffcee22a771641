//! The README's picture: the last screenful of a demo as an SVG.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;

/// Rows of the screen.
const ROWS: usize = 46;
/// Size of a character's cell, and the margin around all of them, in pixels.
const CELL: (f64, f64) = (7.8, 18.0);
const MARGIN: f64 = 16.0;

/// Text in one colour.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Span {
    text: String,
    style: Style,
}

/// The styles that whither paints with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Style {
    #[default]
    Plain,
    Bold,
    Bad,
    Warn,
    Dim,
}

impl Style {
    fn of(code: &str) -> Style {
        match code {
            "1" => Style::Bold,
            "1;31" => Style::Bad,
            "33" => Style::Warn,
            "2" => Style::Dim,
            _ => Style::Plain,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Style::Plain => "p",
            Style::Bold => "b",
            Style::Bad => "l",
            Style::Warn => "w",
            Style::Dim => "d",
        }
    }
}

/// Writes `docs/demo.svg` from a demo that runs now, or from what one printed with `--color always`.
pub(crate) fn draw(root: &Path, printed: Option<&Path>) -> io::Result<()> {
    let text = match printed {
        Some(file) => std::fs::read_to_string(file)?,
        None => demo(root)?,
    };
    std::fs::write(root.join("docs/demo.svg"), svg(&screenful(&text)))
}

fn demo(root: &Path) -> io::Result<String> {
    let program = root.join("target/release/whither");
    let out = Command::new(&program).args(["demo", "--for", "60s", "--color", "always"]).output();
    let out = out.map_err(|e| {
        io::Error::other(format!("{}: {e}; build it: cargo build --release -p whither", program.display()))
    })?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&out.stderr).into_owned()))
    }
}

/// What to run stands above, then the last rows; a screen does not begin inside a paragraph.
fn screenful(text: &str) -> Vec<Vec<Span>> {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(ROWS)..).unwrap_or_default();
    let whole = last.iter().skip_while(|l| l.is_empty() || l.starts_with(' '));
    let command = vec![Span { text: "$ whither demo".to_owned(), style: Style::Bold }];
    [command].into_iter().chain(whole.map(|line| spans(line))).collect()
}

fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut style = Style::Plain;
    for (i, piece) in line.split("\x1b[").enumerate() {
        let text = match piece.split_once('m').filter(|_| i > 0) {
            Some((code, text)) => {
                style = Style::of(code);
                text
            }
            None => piece,
        };
        if !text.is_empty() {
            spans.push(Span { text: text.to_owned(), style });
        }
    }
    spans
}

fn svg(lines: &[Vec<Span>]) -> String {
    let columns = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let (wide, high) = (MARGIN * 2.0 + CELL.0 * pixels(columns), MARGIN * 2.0 + CELL.1 * pixels(lines.len()));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" \
         viewBox=\"0 0 {wide:.0} {high:.0}\" role=\"img\" aria-label=\"whither demo in a terminal\">\n\
         <style>text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}\
         .p{{fill:#d7dce2}}.b{{fill:#fff;font-weight:700}}.l{{fill:#ff6b68;font-weight:700}}\
         .w{{fill:#e5c07b}}.d{{fill:#8a93a0}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#14181f\"/>\n"
    );
    for (row, line) in lines.iter().enumerate() {
        let y = MARGIN + CELL.1 * pixels(row) + 13.0;
        let mut column = 0;
        for span in line {
            let x = MARGIN + CELL.0 * pixels(column);
            let length = span.text.chars().count();
            column += length;
            // Infallible: it writes to a string. The length keeps columns where they are in any font.
            let _ = writeln!(
                svg,
                "<text class=\"{}\" x=\"{x:.1}\" y=\"{y:.0}\" textLength=\"{:.1}\" xml:space=\"preserve\">{}</text>",
                span.style.class(),
                CELL.0 * pixels(length),
                escaped(&span.text)
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn width(line: &[Span]) -> usize {
    line.iter().map(|span| span.text.chars().count()).sum()
}

fn pixels(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{Span, Style, screenful, spans, svg};

    #[test]
    fn colours_are_told_apart_and_markup_is_text() {
        let line = spans("\x1b[1;31mLOSS\x1b[0m 5 of <b> & more");
        let plain = Span { text: " 5 of <b> & more".into(), style: Style::Plain };
        assert_eq!(line, [Span { text: "LOSS".into(), style: Style::Bad }, plain]);
        let drawn = svg(&[line]);
        assert!(drawn.contains("5 of &lt;b&gt; &amp; more"), "{drawn}");
        assert!(drawn.contains("class=\"l\""), "{drawn}");
    }

    #[test]
    fn a_screen_begins_with_a_whole_paragraph() {
        let text: String =
            (0..100).map(|n| if n < 70 { "  on\n".into() } else { format!("{n}\n") }).collect();
        let screen = screenful(&text);
        assert_eq!(screen.get(1).and_then(|l| l.first()).map(|s| s.text.as_str()), Some("70"));
        assert_eq!(screen.len(), 31);
    }
}
