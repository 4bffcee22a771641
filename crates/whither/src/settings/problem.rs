//! What is wrong with the settings: which key, which value, what is allowed, where it came from.

use std::fmt;

use super::keys::{self, Key};

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What is wrong, with the key and the value, and what is allowed.
    pub what: String,
    /// Where it came from: a file with its line, a variable, a flag.
    pub origin: String,
}

impl Problem {
    pub(super) fn value(key: &Key, value: &str, origin: &str) -> Problem {
        let allowed = key.kind.allowed();
        Problem::new(format!("{} = {value:?} is not allowed; allowed: {allowed}", key.name), origin)
    }

    pub(super) fn kind(name: &str, allowed: &str, origin: &str) -> Problem {
        Problem::new(format!("{name} holds a value of the wrong kind; allowed: {allowed}"), origin)
    }

    pub(super) fn unknown(name: &str, origin: &str) -> Problem {
        match keys::nearest(name) {
            Some(meant) => Problem::new(format!("unknown key {name}: did you mean {meant}?"), origin),
            None => {
                Problem::new(format!("unknown key {name}; `whither config print` lists the keys"), origin)
            }
        }
    }

    pub(super) fn inline_secret(key: &Key, origin: &str) -> Problem {
        let (name, variable) = (key.name, keys::variable(key.name));
        Problem::new(
            format!("{name} is a secret and may not stand here; set {name}_file or {variable}"),
            origin,
        )
    }

    pub(super) fn file(key: &str, path: &str, why: &str, origin: &str) -> Problem {
        Problem::new(format!("{key}: {path} can't be read: {why}"), origin)
    }

    pub(super) fn syntax(message: &str, origin: &str) -> Problem {
        Problem::new(format!("not TOML: {}", message.lines().next().unwrap_or_default()), origin)
    }

    pub(super) fn together(what: &str, origin: &str) -> Problem {
        Problem::new(what.to_owned(), origin)
    }

    fn new(what: String, origin: &str) -> Problem {
        Problem { what, origin: origin.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.is_empty() {
            f.write_str(&self.what)
        } else {
            write!(f, "{} ({})", self.what, self.origin)
        }
    }
}
