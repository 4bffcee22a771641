//! How long it takes from a commit until the API tells of it.

use std::thread;
use std::time::{Duration, Instant};

use super::http;
use super::running::Server;
use crate::error::Error;
use crate::wire::Wire;

const COMMITS: u32 = 100;
const LOOKS: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// Not a whole part of a round: commits fall everywhere within rounds.
const APART: Duration = Duration::from_millis(137);

/// What came of it.
pub(crate) struct Delay {
    pub(crate) commits: u32,
    pub(crate) p50_seconds: f64,
    pub(crate) p99_seconds: f64,
    pub(crate) most_seconds: f64,
    /// The share of all commits while it followed that were told within five seconds, by its own histogram.
    pub(crate) within_promise: f64,
}

/// Commits that were told up to a moment: all, and those within five seconds.
#[derive(Clone, Copy)]
pub(super) struct Told {
    all: f64,
    in_time: f64,
}

impl Told {
    /// What a server counted so far.
    pub(super) fn by(server: &Server) -> Told {
        Told {
            all: server.metric("whither_verdict_delay_seconds_count"),
            in_time: server.metric("whither_verdict_delay_seconds_bucket{le=\"5.0\"}"),
        }
    }
}

/// Commits again and again and looks when the API says so.
///
/// # Errors
/// A commit is refused, or never told of.
pub(super) fn measure(
    at: &str,
    topic: &str,
    group: &str,
    server: &Server,
    before: Told,
) -> Result<Delay, Error> {
    let mut wire = Wire::connect(at)?;
    wire.await_coordinator(&[group.to_owned()])?;
    let mut seconds = Vec::new();
    for n in 0..COMMITS {
        let offset = i64::from(n) + 1;
        wire.commit(group, &[topic.to_owned()], 1, offset)?;
        let committed = Instant::now();
        while told(server, group) != Some(offset) {
            if committed.elapsed() > PATIENCE {
                let what = format!("telling of the commit of {offset}");
                return Err(Error::Never { command: "whither serve".into(), what });
            }
            thread::sleep(LOOKS);
        }
        seconds.push(committed.elapsed().as_secs_f64());
        thread::sleep(APART);
    }
    seconds.sort_by(f64::total_cmp);
    let at = |share: usize| seconds[(seconds.len() - 1) * share / 100];
    let now = Told::by(server);
    let (all, within) = (now.all - before.all, now.in_time - before.in_time);
    let delay = Delay {
        commits: COMMITS,
        p50_seconds: at(50),
        p99_seconds: at(99),
        most_seconds: at(100),
        within_promise: within / all,
    };
    eprintln!(
        "delay: p50 {:.2} s, p99 {:.2} s, most {:.2} s; {:.2} % of {all} commits within 5 s",
        delay.p50_seconds,
        delay.p99_seconds,
        delay.most_seconds,
        delay.within_promise * 100.0
    );
    Ok(delay)
}

/// Where the API says that the group stands.
fn told(server: &Server, group: &str) -> Option<i64> {
    let page = http::get(&server.at, &format!("/api/whither/v1/lag?group={group}")).ok()?;
    let page: serde_json::Value = serde_json::from_str(&page).ok()?;
    page["items"][0]["committed"].as_i64()
}
