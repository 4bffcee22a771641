//! Sizes and names of source files.

use std::io;
use std::path::{Path, PathBuf};

use crate::functions;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "common", "misc", "helpers", "helper", "manager"];

/// Everything in the tree that STYLE.md forbids.
pub(crate) fn problems(root: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for dir in ["crates", "lab", "bench"] {
        collect(&root.join(dir), &mut files)?;
    }
    files.sort();
    let mut problems = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            problems.push(format!("{name}: the name says nothing; name the one idea in it"));
        }
        if name.contains("/tests/") || stem == "tests" {
            continue;
        }
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&text);
        let lines = production.lines().count();
        if lines > FILE_LINES {
            problems.push(format!("{name}: {lines} lines, at most {FILE_LINES}"));
        }
        for f in functions::of(production).into_iter().filter(|f| f.lines > FUNCTION_LINES) {
            problems.push(format!(
                "{name}:{}: fn {} has {} lines, at most {FUNCTION_LINES}",
                f.at, f.name, f.lines
            ));
        }
    }
    Ok(problems)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|n| n != "target" && n != ".cache") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
