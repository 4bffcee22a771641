//! The core stays pure: `no_std`, no dependency, nothing async, nothing from `std` outside its tests.

use std::io;
use std::path::Path;
use std::process::Command;

const FORBIDDEN: [(&str, &str); 6] = [
    ("async ", "the core is called, it does not wait"),
    ("std::", "the core is no_std: IO and clocks come in as facts"),
    ("extern crate std", "the core is no_std: IO and clocks come in as facts"),
    ("HashMap", "its order can show: use BTreeMap"),
    ("f32", "sums in another order give other bits: use integers"),
    ("f64", "sums in another order give other bits: use integers"),
];

/// Every way in which the core, or a dependency of it, gains what it may not have.
pub(crate) fn problems(root: &Path) -> io::Result<Vec<String>> {
    let mut problems = tree(root)?;
    let lib = root.join("crates/whither-core/src/lib.rs");
    if !std::fs::read_to_string(&lib)?.contains("#![no_std]") {
        problems.push("crates/whither-core/src/lib.rs: #![no_std] is gone".into());
    }
    sources(&root.join("crates/whither-core/src"), &mut problems)?;
    Ok(problems)
}

fn tree(root: &Path) -> io::Result<Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "-p", "whither-core", "-e", "normal,build", "--prefix", "none"])
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&out.stderr).into_owned()));
    }
    let extra = text.lines().skip(1).filter(|l| !l.trim().is_empty());
    Ok(extra.map(|l| format!("whither-core depends on {l}: it may depend on nothing")).collect())
}

fn sources(dir: &Path, problems: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, problems)?;
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&text);
        let mut after_cfg_test = false;
        for (i, line) in production.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (word, why) in FORBIDDEN {
                if code.contains(word) && !after_cfg_test {
                    problems.push(format!("{}:{}: `{}`: {why}", path.display(), i + 1, word.trim()));
                }
            }
            after_cfg_test = line.trim() == "#[cfg(test)]";
        }
    }
    Ok(())
}
