//! The format of a Java client's properties file, as `java.util.Properties.load` reads it, in UTF-8.

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: String,
}

/// Every entry, in order. The format knows no mistakes.
pub(super) fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = start.to_owned();
        while continues(&logical) {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next.trim_start());
        }
        let (name, value) = split(&logical);
        entries.push(Entry { line: number + 1, name: unescape(name), value: unescape(value) });
    }
    entries
}

/// Whether a line ends with a backslash that is not itself escaped.
fn continues(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// At the first `=`, `:` or blank that is not escaped; blanks around `=` and `:` belong to neither side.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some(end) = end else { return (line, "") };
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (name, value.trim_start())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                out.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_javas() {
        let text = "# comment\n! comment\n\n  a = 1\nb:2\nc 3\nd\n e\\ f = g\\=h\\\n    i\npath=C\\:\\\\x\nu=\\u00e9\\n\n";
        let got: Vec<(String, String)> = parse(text).into_iter().map(|e| (e.name, e.value)).collect();
        let want =
            [("a", "1"), ("b", "2"), ("c", "3"), ("d", ""), ("e f", "g=hi"), ("path", "C:\\x"), ("u", "é\n")];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(parse("x=\\").first().map(|e| e.value.clone()), Some(String::new()));
        assert_eq!(parse("a=1\\\n2\nb=3").iter().map(|e| e.line).collect::<Vec<_>>(), [1, 3]);
    }
}
