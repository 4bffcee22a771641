//! Where values come from. Later layers win: file, environment, a Java client's properties, flags.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use whither_kafka::properties;

use super::keys::{self, Key, Kind};
use super::problem::Problem;

/// A settings file larger than this is none.
const FILE_BYTES: u64 = 1 << 20;

/// A value as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Given {
    pub(super) key: &'static Key,
    pub(super) values: Vec<String>,
    pub(super) origin: String,
}

/// What a layer gave, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) given: Vec<Given>,
    /// Connection settings of a Java client that are no keys of ours: name, value, origin. The client judges them.
    pub(super) others: Vec<(String, String, String)>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

impl Layer {
    /// Takes a value if it is allowed.
    fn take(&mut self, key: &'static Key, values: Vec<String>, origin: String) {
        let wrong: Vec<&String> = values.iter().filter(|v| !key.kind.allows(v)).collect();
        if wrong.is_empty() {
            self.given.push(Given { key, values, origin });
            return;
        }
        for value in wrong {
            let shown = if key.kind == Kind::Secret { "" } else { value.as_str() };
            self.problems.push(Problem::value(key, shown, &origin));
        }
    }

    /// One text: split at commas where the key holds several.
    fn take_text(&mut self, key: &'static Key, text: &str, origin: String) {
        let values = if key.kind.is_list() {
            text.split(',').map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect()
        } else {
            vec![text.to_owned()]
        };
        self.take(key, values, origin);
    }

    /// A secret from the file that `<key>_file` names.
    fn take_secret_file(&mut self, key: &'static Key, path: &str, origin: &str) {
        match read(Path::new(path)) {
            Ok(text) => {
                let secret = text.trim_end_matches(['\n', '\r']).to_owned();
                self.take(key, vec![secret], format!("{path}, named by {origin}"));
            }
            Err(why) => self.problems.push(Problem::file(&format!("{}_file", key.name), path, &why, origin)),
        }
    }
}

/// The first of the files that exists; a file that was asked for must exist.
pub(super) fn file(asked: Option<&Path>, usual: &[PathBuf]) -> (Layer, Option<PathBuf>) {
    let mut layer = Layer::default();
    let path = match asked {
        Some(path) => Some(path.to_owned()),
        None => usual.iter().find(|p| p.exists()).cloned(),
    };
    if let Some(path) = &path {
        match read(path) {
            Ok(text) => toml(&text, &path.display().to_string(), &mut layer),
            Err(why) => layer.problems.push(Problem::file("--config", &path.display().to_string(), &why, "")),
        }
    }
    (layer, path)
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_BYTES {
        return Err(format!("{size} bytes, at most {FILE_BYTES} are read"));
    }
    std::fs::read_to_string(path).map_err(|e| e.to_string())
}

fn toml(text: &str, name: &str, layer: &mut Layer) {
    match DeTable::parse(text) {
        Ok(table) => walk(table.get_ref(), "", text, name, layer),
        // What could be read beside it may be what nobody meant.
        Err(error) => {
            let at = error.span().map_or(1, |span| line_of(text, span.start));
            layer.problems.push(Problem::syntax(error.message(), &format!("{name}:{at}")));
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|b| *b == b'\n').count()
}

/// Nested tables, dotted and quoted keys all come to the same names.
fn walk(table: &DeTable<'_>, prefix: &str, text: &str, file: &str, layer: &mut Layer) {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(word, _)| word.span().start);
    for (word, value) in entries {
        let name = if prefix.is_empty() {
            word.get_ref().to_string()
        } else {
            format!("{prefix}.{}", word.get_ref())
        };
        let origin = format!("{file}:{}", line_of(text, word.span().start));
        if let DeValue::Table(inner) = value.get_ref() {
            walk(inner, &name, text, file, layer);
            continue;
        }
        if let Some(secret) = keys::secret_of_file(&name) {
            match one(value) {
                Some(path) => layer.take_secret_file(secret, &path, &origin),
                None => layer.problems.push(Problem::kind(&name, "the path of a file", &origin)),
            }
            continue;
        }
        match keys::find(&name) {
            None => layer.problems.push(Problem::unknown(&name, &origin)),
            Some(key) if key.kind == Kind::Secret => {
                layer.problems.push(Problem::inline_secret(key, &origin));
            }
            Some(key) => match several(value) {
                Some(values) if key.kind.is_list() && values.len() == 1 => {
                    layer.take_text(key, values.first().map_or("", String::as_str), origin);
                }
                Some(values) if key.kind.is_list() || values.len() == 1 => layer.take(key, values, origin),
                _ => layer.problems.push(Problem::kind(&name, &key.kind.allowed(), &origin)),
            },
        }
    }
}

/// Java's values are all text; numbers and booleans may stand for their text.
fn one(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => Some(n.to_string()),
        DeValue::Boolean(b) => Some(b.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn several(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(one).collect(),
        _ => one(value).map(|text| vec![text]),
    }
}

/// `WHITHER_*`. Variables that are near a key's are warned of; others may be anybody's.
pub(super) fn environment(variables: impl Iterator<Item = (String, String)>) -> Layer {
    let mut layer = Layer::default();
    let mut ours: Vec<(String, String)> =
        variables.filter(|(name, _)| name.starts_with("WHITHER_")).collect();
    ours.sort();
    for (name, value) in ours {
        let alias =
            keys::ALIASES.iter().find(|(alias, _)| keys::variable(alias) == name).map(|(_, key)| *key);
        let key = keys::KEYS.iter().find(|k| keys::variable(k.name) == name || alias == Some(k.name));
        let file = keys::KEYS
            .iter()
            .find(|k| k.kind == Kind::Secret && format!("{}_FILE", keys::variable(k.name)) == name);
        match (key, file) {
            (Some(key), _) => layer.take_text(key, &value, name),
            (None, Some(secret)) => layer.take_secret_file(secret, &value, &name),
            (None, None) => {
                let known = keys::KEYS.iter().map(|k| keys::variable(k.name));
                if let Some(meant) = keys::near(&name, known, strsim::damerau_levenshtein) {
                    layer
                        .warnings
                        .push(format!("{name} is no setting and is not used: did you mean {meant}?"));
                }
            }
        }
    }
    layer
}

/// A Java client's properties. They serve other programs too: what is no connection setting is left alone.
pub(super) fn java(path: &Path) -> Layer {
    let mut layer = Layer::default();
    let name = path.display().to_string();
    let entries = read(path).and_then(|text| properties::parse(&text).map_err(|e| e.to_string()));
    match entries {
        Ok(entries) => {
            for (property, value) in entries {
                match keys::find(&format!("cluster.{property}")) {
                    Some(key) => layer.take_text(key, &value, name.clone()),
                    None if connects(&property) => layer.others.push((property, value, name.clone())),
                    None => {}
                }
            }
        }
        Err(why) => layer.problems.push(Problem::file("--command-config", &name, &why, "")),
    }
    layer
}

fn connects(property: &str) -> bool {
    let timeouts = ["request.timeout.ms", "socket.connection.setup.timeout.ms"];
    property.starts_with("ssl.") || property.starts_with("sasl.") || timeouts.contains(&property)
}

/// Values from flags.
pub(super) fn flags(flags: &[(&'static str, &'static str, Vec<String>)]) -> Layer {
    let mut layer = Layer::default();
    for (name, flag, values) in flags {
        if let Some(key) = keys::find(name) {
            layer.take(key, values.clone(), (*flag).to_owned());
        }
    }
    layer
}
