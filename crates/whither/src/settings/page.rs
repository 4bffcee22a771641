//! The keys as TOML that can be read back, and as a page of the guide.

use std::io::{self, Write};

use super::InForce;
use super::keys::{self, KEYS, Kind};

/// Writes every key with its value in force, as a settings file. Secrets are not shown.
///
/// # Errors
/// What the writer fails with.
pub fn print(in_force: &[InForce], origins: bool, out: &mut impl Write) -> io::Result<()> {
    let mut section = "";
    for value in in_force {
        let Some(key) = keys::find(value.key) else { continue };
        let (head, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if head != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}[{head}]")?;
            section = head;
        }
        let origin = if origins { format!("  # {}", value.origin) } else { String::new() };
        match (key.kind, value.values.as_slice()) {
            (Kind::Secret, []) => writeln!(out, "# {name}_file =")?,
            (Kind::Secret, _) => writeln!(out, "# {name} is set and not shown{origin}")?,
            (kind, values) if kind.is_list() => {
                let list: Vec<String> = values.iter().map(|v| quoted(v)).collect();
                writeln!(out, "{name} = [{}]{origin}", list.join(", "))?;
            }
            (_, []) => writeln!(out, "# {name} =")?,
            (_, [text, ..]) => writeln!(out, "{name} = {}{origin}", quoted(text))?,
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The page of the guide that lists the keys.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(HEAD);
    let mut section = "";
    for key in KEYS {
        let head = key.name.split('.').next().unwrap_or_default();
        if head != section {
            section = head;
            page.push_str(&format!(
                "\n## `[{head}]`\n\n| key | may hold | default | what it is for |\n|---|---|---|---|\n"
            ));
        }
        let name = key.name.strip_prefix(section).unwrap_or(key.name).trim_start_matches('.');
        let default = match (key.kind, key.default) {
            (_, []) => String::new(),
            (kind, values) if kind.is_list() => {
                values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" ")
            }
            (_, values) => format!("`{}`", values.first().copied().unwrap_or_default()),
        };
        page.push_str(&format!("| `{name}` | {} | {default} | {} |\n", key.kind.allowed(), key.about));
    }
    page
}

const HEAD: &str = "\
# Settings

*Generated from `crates/whither/src/settings/keys.rs`; a test fails where this page differs.*

Nothing must be set: `whither check --brokers kafka:9092` needs no file. Values come from, the first that has one wins:

1. flags, as `--deadline 2m`
2. the Java client's properties that `--command-config` names (connection keys only)
3. the environment: `WHITHER_` and the key in capitals, dots as `_`: `WHITHER_CHECK_DEADLINE=2m`; lists are separated by commas
4. a file of TOML: the one `--config` or `WHITHER_CONFIG` names, else `whither.toml` in the working directory, else `/etc/whither/whither.toml`
5. the default

`whither config check` tells everything that is wrong at once; `whither config print --origin` tells what holds and where it comes
from. Keys that are not known are errors in a file. In the environment only those near a key are told of, as a warning.

The keys of `[cluster]` are a Java client's. They may be written as they are there, in quotes or nested: `\"sasl.mechanism\" = \"PLAIN\"`,
`sasl.mechanism = \"PLAIN\"` and `[cluster.sasl] mechanism = \"PLAIN\"` are the same. Secrets never stand in the file: `password_file` names a file
that holds the password, `WHITHER_CLUSTER_SASL_PASSWORD` holds it. Lengths of time have a unit: `250ms`, `30s`, `15m`, `1h`, `7d`, `1h30m`.
";
