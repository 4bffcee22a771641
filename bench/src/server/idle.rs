//! The demo, with nobody looking at it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::http;
use super::running::{Running, Spent, free_address, program};
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
    let at = free_address()?;
    let mut command = program()?;
    let began = Instant::now();
    command.args(["demo", "--listen", &at, "--broker", "127.0.0.1:0"]);
    let demo = Running::start(&mut command, &folder.join("demo.log"))?;
    demo.until("serving the page", || http::get(&at, "/").is_ok())?;
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
