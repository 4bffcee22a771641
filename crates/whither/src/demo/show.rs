//! How the demo looks in a terminal: what goes wrong, what whither says of it, and the balance moving.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use whither_core::verdict::ShownAs;

use super::run::Scene;
use crate::cli::paint::Paint;
use crate::cli::table::{self, Detail};
use crate::prose;
use crate::report::Report;

/// Without a terminal the balance is printed this seldom.
const SELDOM: Duration = Duration::from_secs(10);

/// Shows scenes.
#[derive(Debug)]
pub struct Show {
    paint: Paint,
    live: bool,
    /// Lines of the balance on the screen, to be drawn over.
    drawn: usize,
    told: BTreeSet<(u64, ShownAs)>,
    last: Option<Instant>,
}

impl Show {
    /// For standard output.
    #[must_use]
    pub fn new(paint: Paint) -> Show {
        Show { paint, live: io::stdout().is_terminal(), drawn: 0, told: BTreeSet::new(), last: None }
    }

    /// Shows one.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn scene(&mut self, scene: &Scene<'_>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match scene {
            Scene::Began(address) => {
                writeln!(out, "whither demo: a demo broker on {address}, not a real Kafka")?;
                writeln!(
                    out,
                    "orders -> payments -> shipments, with payments.dlq and a slow audit; something goes wrong every few seconds"
                )?;
                writeln!(
                    out,
                    "look yourself:  whither check --brokers {address}    kcat -b {address} -L    (Ctrl-C ends it)\n"
                )
            }
            Scene::Mishap(says) => {
                self.wipe(&mut out)?;
                writeln!(out, "{}", self.paint.dim(&format!("      what happens: {says}")))
            }
            Scene::Look(report, news) => self.look(report, news, &mut out),
        }
    }

    fn look(&mut self, report: &Report, news: &[u64], out: &mut impl Write) -> io::Result<()> {
        let scene = prose::Scene::of(report);
        let fresh = report.findings.iter().filter(|v| news.contains(&v.id));
        let fresh: Vec<_> = fresh.filter(|v| v.shown_as != ShownAs::Dormant).collect();
        for v in fresh {
            if !self.told.insert((v.id, v.shown_as)) {
                continue;
            }
            self.wipe(out)?;
            let word = format!("{:<6}", v.shown_as.word().to_uppercase());
            let word =
                if v.shown_as == ShownAs::Loss { self.paint.bad(&word) } else { self.paint.warn(&word) };
            writeln!(out, "{word} {}", prose::finding(v, &scene).text())?;
        }
        let due = self.live || self.last.is_none_or(|at| at.elapsed() >= SELDOM);
        if due {
            self.last = Some(Instant::now());
            self.wipe(out)?;
            self.balance(report, out)?;
        }
        out.flush()
    }

    fn balance(&mut self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        let mut text = Vec::new();
        let rows = Report { findings: Vec::new(), not_seen: Vec::new(), ..report.clone() };
        table::write(&rows, Detail::Normal, self.paint, &mut text)?;
        let text = String::from_utf8_lossy(&text);
        // Only the table: the findings stand above, as they came.
        let rows: Vec<&str> = text.lines().skip(2).take_while(|l| !l.is_empty()).collect();
        writeln!(out)?;
        for row in &rows {
            writeln!(out, "{row}")?;
        }
        self.drawn = if self.live { rows.len() + 1 } else { 0 };
        Ok(())
    }

    /// Takes the balance off the screen, so that what is new stands above it.
    fn wipe(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.drawn > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.drawn)?;
            self.drawn = 0;
        }
        Ok(())
    }
}
