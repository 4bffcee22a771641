//! Colour and width, decided once: what the flag says, else what the environment and the terminal say.

use std::io::IsTerminal;

use clap::ValueEnum;

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum When {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How text is put on this output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Paint {
    /// Whether colour may be used.
    pub color: bool,
    /// Columns of the terminal; none where lines are never cut.
    pub width: Option<usize>,
}

impl Paint {
    /// For standard output.
    #[must_use]
    pub fn stdout(when: When) -> Paint {
        let terminal = std::io::stdout().is_terminal();
        let color = wanted(when, terminal, |name| std::env::var_os(name).map(|v| v.to_string_lossy().into()));
        let width = terminal_size::terminal_size().filter(|_| terminal);
        Paint { color, width: width.map(|(w, _)| usize::from(w.0)).filter(|w| *w >= 40) }
    }

    /// Bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Red and bold: records are lost.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// Yellow: records are at risk, or wait.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Dim: beside the point.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// no-color.org and bixense.com/clicolors; an empty variable is none.
fn wanted(when: When, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).filter(|v| !v.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR").is_some() => false,
        When::Auto if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        When::Auto => terminal && set("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::{When, wanted};

    fn with<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    }

    #[test]
    fn the_flag_wins_then_the_environment_then_the_terminal() {
        assert!(wanted(When::Always, false, with(&[("NO_COLOR", "1")])));
        assert!(!wanted(When::Never, true, with(&[("CLICOLOR_FORCE", "1")])));
        assert!(wanted(When::Auto, true, with(&[("TERM", "xterm")])));
        assert!(!wanted(When::Auto, true, with(&[("TERM", "dumb")])));
        assert!(!wanted(When::Auto, true, with(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")])));
        assert!(wanted(When::Auto, true, with(&[("NO_COLOR", "")])));
        assert!(wanted(When::Auto, false, with(&[("CLICOLOR_FORCE", "1")])));
        assert!(!wanted(When::Auto, false, with(&[("CLICOLOR_FORCE", "0")])));
        assert!(!wanted(When::Auto, false, with(&[])));
    }
}
