//! One line on standard error about work that takes long; only on a terminal, and gone when the work is done.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::complain;
use super::table::Detail;
use crate::moment::Length;
use crate::sources::kafka;

/// Work that is done sooner says nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// The line changes no faster than it can be read.
const CALM: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    last: Option<Instant>,
    detail: Detail,
    shows: bool,
}

impl Progress {
    /// Begins now; quiet never shows anything.
    #[must_use]
    pub fn new(detail: Detail) -> Progress {
        let shows = detail != Detail::Quiet && std::io::stderr().is_terminal();
        Progress { began: Instant::now(), last: None, detail, shows }
    }

    /// Takes the line away.
    pub fn done(&mut self) {
        if self.last.take().is_some() {
            let mut err = std::io::stderr().lock();
            // A terminal that is gone is no reason to stop working.
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}

impl kafka::Progress for Progress {
    fn doing(&mut self, what: &str) {
        let now = Instant::now();
        let too_soon = self.last.is_some_and(|last| now.duration_since(last) < CALM);
        if !self.shows || too_soon || now.duration_since(self.began) < PATIENCE {
            return;
        }
        self.last = Some(now);
        let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(w, _)| usize::from(w.0));
        let line: String = crate::prose::words::name(what).chars().take(width.saturating_sub(1)).collect();
        let mut err = std::io::stderr().lock();
        // As above.
        let _ = write!(err, "\r\x1b[K{line}").and_then(|()| err.flush());
    }

    /// A program that starts something to be watched waits for this line.
    fn caught_up(&mut self, follow: Duration) {
        if self.detail == Detail::Verbose {
            self.done();
            complain(&format!("caught up, following for {}", Length(follow)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done();
    }
}
