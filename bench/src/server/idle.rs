//! The demo, with nobody looking at it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::http;
use super::running::{Running, Spent, program};
use crate::error::Error;

/// The demo's story is told and verdicts stand.
const SETTLES: Duration = Duration::from_secs(20);
const WATCHED: Duration = Duration::from_secs(20);

/// What came of it.
pub(crate) struct Idle {
    /// From the start of the process to the page.
    pub(crate) start_seconds: f64,
    pub(crate) rss_bytes: u64,
    pub(crate) spent: Spent,
}

/// Starts the demo and leaves it alone.
///
/// # Errors
/// It does not start.
pub(super) fn measure(folder: &Path) -> Result<Idle, Error> {
    let said = folder.join("demo.log");
    let mut command = program()?;
    let began = Instant::now();
    let demo = Running::start(command.args(["demo", "--listen", "127.0.0.1:0"]), &said)?;
    let page = || std::fs::read_to_string(&said).ok().and_then(|said| address(&said));
    let serves = || page().is_some_and(|at| http::get(&at, "/").is_ok());
    demo.until("serving the page", serves)?;
    let start_seconds = began.elapsed().as_secs_f64();
    std::thread::sleep(SETTLES);
    let spent = demo.over(WATCHED)?;
    let idle = Idle { start_seconds, rss_bytes: demo.rss_bytes()?, spent };
    eprintln!(
        "demo: {:.2} s to the page, {} MB, {:.1} % of a core",
        idle.start_seconds,
        idle.rss_bytes >> 20,
        idle.spent.share() * 100.0
    );
    Ok(idle)
}

/// Where the page is, as the demo says.
fn address(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("http://")?;
    let end = rest.find(|c: char| c.is_whitespace() || c == '/' || c == '\u{1b}')?;
    rest.get(..end).map(str::to_owned)
}
