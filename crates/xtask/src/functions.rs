//! Finds functions and their length, by rustfmt's indentation: a body ends at a brace as deep as its `fn`.

/// A function as it stands in a file.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Its line, from 1.
    pub(crate) at: usize,
    pub(crate) lines: usize,
}

/// The functions of formatted source.
pub(crate) fn of(source: &str) -> Vec<Function> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(name) = name_in(line) else { continue };
        let depth = line.len() - line.trim_start().len();
        let end = lines.iter().skip(i).position(|l| {
            let trimmed = l.trim_start();
            l.len() - trimmed.len() == depth && (trimmed == "}" || trimmed.ends_with(';'))
        });
        if let Some(length) = end {
            found.push(Function { name, at: i + 1, lines: length + 1 });
        }
    }
    found
}

fn name_in(line: &str) -> Option<String> {
    let trimmed = line.trim_start();
    let after = trimmed.strip_prefix("fn ").or_else(|| {
        let at = trimmed.find(" fn ")?;
        let before = trimmed.get(..at)?;
        let words = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe"];
        before.split(' ').all(|w| words.contains(&w)).then(|| trimmed.get(at + 4..)).flatten()
    })?;
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn measures_bodies_and_passes_over_declarations() {
        let source = "trait T {\n    fn a(&self);\n}\n\npub(crate) fn b() {\n    if x {\n    }\n}\n";
        let found: Vec<(String, usize)> = of(source).into_iter().map(|f| (f.name, f.lines)).collect();
        assert_eq!(found, [("a".into(), 1), ("b".into(), 4)]);
    }
}
