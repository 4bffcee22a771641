//! A Java client's properties: what `--command-config FILE` holds, and what `[cluster]` in the TOML says in the
//! same words.

mod jaas;
mod stores;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// A setting that can't be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Its name.
    pub key: String,
    /// Its value; hidden if it may be a secret.
    pub value: String,
    /// What is allowed, or what to do instead.
    pub allowed: String,
}

impl Problem {
    fn new(key: &str, value: &str, allowed: impl Into<String>) -> Problem {
        let value = if is_secret(key) { "[hidden]" } else { value };
        Problem { key: key.into(), value: value.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: {}", self.key, self.value, self.allowed)
    }
}

/// A setting that has no effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Its name.
    pub key: String,
    /// Why it has none.
    pub why: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.why)
    }
}

/// Whether what stands under this name must not be shown.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let file_or_url = key.ends_with(".file") || key.ends_with(".location") || key.ends_with(".url");
    !file_or_url
        && ["password", "secret", "jaas", "token", "credential", "keystore.key", "private"]
            .iter()
            .any(|word| key.contains(word))
}

/// A line that is no property.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: \\u must be followed by four hexadecimal digits")]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
}

/// Parses the text of a properties file as `java.util.Properties` does; the last of several values counts.
///
/// # Errors
/// A `\u` that is not followed by four hexadecimal digits: all else means something.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, BadLine> {
    let mut properties = BTreeMap::new();
    for (line, logical) in logical_lines(text) {
        let (key, value) = split(&logical);
        let bad = |()| BadLine { line };
        properties.insert(unescape(key).map_err(bad)?, unescape(value).map_err(bad)?);
    }
    Ok(properties)
}

/// Lines without comments and blank ones, those that end in an odd number of backslashes joined with the next;
/// each with the number of its first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (number, line) in natural_lines(text).enumerate() {
        let line = line.trim_start_matches(is_blank);
        if !continues && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let kept = if goes_on { line.strip_suffix('\\').unwrap_or(line) } else { line };
        match lines.last_mut().filter(|_| continues) {
            Some((_, joined)) => joined.push_str(kept),
            None => lines.push((number + 1, kept.to_owned())),
        }
        continues = goes_on;
    }
    lines
}

/// Java ends lines with LF, CR or both.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// The key ends at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c| {
        let ends = !escaped && (is_blank(c) || matches!(c, '=' | ':'));
        escaped = !escaped && c == '\\';
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, rest.trim_start_matches(is_blank))
}

fn unescape(text: &str) -> Result<String, ()> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut buffer = [0; 2];
    while let Some(c) = chars.next() {
        let plain = match (c, c == '\\') {
            (_, false) => c,
            (_, true) => match chars.next() {
                Some('u') => {
                    units.push(code_unit(&mut chars)?);
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => continue,
            },
        };
        units.extend_from_slice(plain.encode_utf16(&mut buffer));
    }
    // Halves of a pair may be written as two escapes; a lone half is no text.
    Ok(String::from_utf16_lossy(&units))
}

fn code_unit(chars: &mut Peekable<Chars<'_>>) -> Result<u16, ()> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit = chars.next_if(char::is_ascii_hexdigit).and_then(|c| c.to_digit(16)).ok_or(())?;
        unit = unit << 4 | digit;
    }
    u16::try_from(unit).map_err(|_| ())
}

#[cfg(test)]
mod tests;
