//! How the demo looks in a terminal: what goes wrong, what whither says of it, and the balance moving.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use whither_core::verdict::{Cause, ShownAs};
use whither_core::{Name, Verdict};

use super::run::Scene;
use crate::cli::paint::Paint;
use crate::cli::table;
use crate::prose::{self, words};
use crate::report::Report;

/// Without a terminal the balance is printed this seldom.
const SELDOM: Duration = Duration::from_secs(10);
/// A finding that was away for longer than this is told again when it comes back.
const AWAY: Duration = Duration::from_secs(10);
/// Columns where there is no terminal to fit.
const PAPER: usize = 110;

/// Shows scenes.
#[derive(Debug)]
pub struct Show {
    paint: Paint,
    live: bool,
    /// Lines of the balance on the screen, to be drawn over.
    drawn: usize,
    /// What was told, and when it was last seen.
    told: BTreeMap<Alike, Instant>,
    last: Option<Instant>,
    began: Instant,
    address: Option<SocketAddr>,
    seen: Option<Report>,
}

/// Findings that differ only in their partition are told in one go; a risk moves with its group, and is one risk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Alike {
    shown_as: ShownAs,
    cause: Cause,
    group: Option<Name>,
    topic: Name,
    id: Option<u64>,
}

impl Alike {
    fn of(v: &Verdict) -> Alike {
        let id = (v.shown_as != ShownAs::Risk).then_some(v.id);
        Alike { id, ..Alike::in_any_range(v) }
    }

    fn in_any_range(v: &Verdict) -> Alike {
        let (group, topic) = (v.group.clone(), v.partition.topic.clone());
        Alike { shown_as: v.shown_as, cause: v.cause, group, topic, id: None }
    }
}

impl Show {
    /// For standard output.
    #[must_use]
    pub fn new(paint: Paint) -> Show {
        let terminal = io::stdout().is_terminal();
        Show {
            // Lines that a narrow terminal breaks can't be drawn over.
            live: terminal && paint.width.is_some(),
            paint: Paint { width: paint.width.or(Some(PAPER)), ..paint },
            drawn: 0,
            told: BTreeMap::new(),
            last: None,
            began: Instant::now(),
            address: None,
            seen: None,
        }
    }

    /// Shows one.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn scene(&mut self, scene: &Scene<'_>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match scene {
            Scene::Began(address) => {
                self.address = Some(*address);
                began(*address, &mut out)?;
            }
            Scene::Answers(address) => {
                writeln!(
                    out,
                    "the page: http://{address}/    the API: http://{address}{}/\n",
                    crate::api::BASE
                )?;
            }
            Scene::Mishap(says) => {
                self.wipe(&mut out)?;
                let text = format!("what happens: {says}");
                table::block(&self.paint.dim("····"), &self.paint.dim(&text), None, self.paint, &mut out)?;
            }
            Scene::Look(report, news) => self.look(report, news, &mut out)?,
        }
        out.flush()
    }

    /// Shows what it all came to.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn end(&mut self) -> io::Result<()> {
        let Some(report) = self.seen.take() else { return Ok(()) };
        let mut out = io::stdout().lock();
        self.wipe(&mut out)?;
        self.balance(&report, &mut out)?;
        writeln!(out, "\nwhat whither found out by reading the demo broker:")?;
        for ((shown_as, cause), sum) in sums(&report.findings) {
            let text = format!("{}: {}", cause.id(), sum.text());
            table::block(&self.label(shown_as), &text, None, self.paint, &mut out)?;
        }
        out.flush()
    }

    fn look(&mut self, report: &Report, news: &[u64], out: &mut impl Write) -> io::Result<()> {
        let scene = prose::Scene::of(report);
        for alike in self.fresh(report, news) {
            self.wipe(out)?;
            let Some(v) = alike.first() else { continue };
            let text = prose::findings(&alike, &scene);
            table::block(&self.label(v.shown_as), &text, Some(v.certainty.word()), self.paint, out)?;
        }
        if self.live || self.last.is_none_or(|at| at.elapsed() >= SELDOM) {
            self.last = Some(Instant::now());
            self.wipe(out)?;
            self.balance(report, out)?;
        }
        self.seen = Some(report.clone());
        Ok(())
    }

    /// Findings that were not told yet, those alike together.
    fn fresh<'r>(&mut self, report: &'r Report, news: &[u64]) -> Vec<Vec<&'r Verdict>> {
        let now = Instant::now();
        let mut fresh: BTreeMap<Alike, Vec<&Verdict>> = BTreeMap::new();
        for v in report.findings.iter().filter(|v| v.shown_as != ShownAs::Dormant) {
            let before = self.told.insert(Alike::of(v), now);
            let is_new = before.is_none_or(|at| now.duration_since(at) > AWAY);
            if is_new && news.contains(&v.id) {
                fresh.entry(Alike::in_any_range(v)).or_default().push(v);
            }
        }
        fresh.into_values().collect()
    }

    fn label(&self, shown_as: ShownAs) -> String {
        let word = shown_as.word().to_uppercase();
        match shown_as {
            ShownAs::Loss => self.paint.bad(&word),
            ShownAs::Note | ShownAs::Dormant => self.paint.dim(&word),
            ShownAs::Risk | ShownAs::Stuck | ShownAs::Dead => self.paint.warn(&word),
        }
    }

    fn balance(&mut self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        let rows = table::rows(report, self.paint)?;
        let address = self.address.map(|a| a.to_string()).unwrap_or_default();
        let title = format!("demo broker {address} after {} s", self.began.elapsed().as_secs());
        writeln!(out, "\n{}", self.paint.dim(&title))?;
        for row in &rows {
            writeln!(out, "{row}")?;
        }
        self.drawn = if self.live { rows.len() + 2 } else { 0 };
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

/// Findings of one cause.
#[derive(Default)]
struct Sum {
    ranges: u64,
    records: u64,
    at_most: bool,
}

impl Sum {
    fn text(&self) -> String {
        let bound = if self.at_most { "at most " } else { "" };
        let s = if self.ranges == 1 { "" } else { "s" };
        format!("{bound}{} in {} range{s}", words::records(self.records), words::count(self.ranges))
    }
}

/// What stays true by cause. A risk is of its moment, and what was risked is in flight or lost by now; an open
/// transaction has ended or hangs.
fn sums(findings: &[Verdict]) -> BTreeMap<(ShownAs, Cause), Sum> {
    let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
    let lasting = |v: &&Verdict| {
        !matches!(v.shown_as, ShownAs::Risk | ShownAs::Dormant) && v.cause != Cause::TransactionOpen
    };
    for v in findings.iter().filter(lasting) {
        let sum = sums.entry((v.shown_as, v.cause)).or_default();
        sum.ranges += 1;
        sum.records = sum.records.saturating_add(v.records);
        sum.at_most |= v.at_most;
    }
    sums
}

fn began(address: SocketAddr, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "whither demo: a demo broker on {address}, not a real Kafka")?;
    writeln!(out, "orders -> payments -> shipments, with payments.dlq and a slow audit")?;
    writeln!(out, "something goes wrong every few seconds; Ctrl-C ends it. Look yourself:")?;
    writeln!(out, "    whither check --brokers {address}    kcat -b {address} -L\n")
}
