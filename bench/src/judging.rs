//! What the core costs: facts per CPU second, and memory that ordinary traffic must not take.

use crate::error::Error;
use crate::facts::Judged;
use crate::process;
use crate::samples::Samples;

const ROWS: u64 = 240;

/// What came of it.
pub(crate) struct Judging {
    pub(crate) facts: u64,
    pub(crate) rounds: u32,
    /// Facts per CPU second.
    pub(crate) batches: Samples,
    pub(crate) commits: Samples,
    /// Records that went through for the look at memory.
    pub(crate) records: u64,
    pub(crate) rss_at_first_bytes: u64,
    pub(crate) rss_bytes: u64,
}

/// Gives made-up facts to the core, in processes of their own.
///
/// # Errors
/// A process fails, or the core finds something odd in what is not.
pub(crate) fn measure(facts: u64, records: u64, rounds: u32) -> Result<Judging, Error> {
    let (mut batches, mut commits) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        for (kind, samples) in [("batches", &mut batches), ("commits", &mut commits)] {
            let rate = facts_per_cpu_second(kind, facts)?;
            eprintln!("core: {kind:8} {:6.2} M facts/CPU s", rate / 1e6);
            samples.add(rate);
        }
    }
    let (judged, _) =
        process::run::<Judged>(&mut process::own(&["facts", "mixed", &records.to_string()])?, &[0])?;
    let Judged { rss_at_first_bytes, rss_bytes, .. } = ordinary(judged)?;
    eprintln!("core: {rss_at_first_bytes} bytes resident after 1 M records, {rss_bytes} after {records}");
    Ok(Judging { facts, rounds, batches, commits, records, rss_at_first_bytes, rss_bytes })
}

#[expect(clippy::cast_precision_loss, reason = "counts of facts stay far below 2^52")]
fn facts_per_cpu_second(kind: &str, facts: u64) -> Result<f64, Error> {
    let (judged, cost) = process::run(&mut process::own(&["facts", kind, &facts.to_string()])?, &[0])?;
    Ok(ordinary(judged)?.facts as f64 / cost.cpu_seconds)
}

/// A core that gives up or sees trouble would be measured at something else.
fn ordinary(judged: Judged) -> Result<Judged, Error> {
    let Judged { rows, findings, residual, refused, .. } = judged;
    for (what, expected, seen) in
        [("rows", ROWS, rows), ("findings", 0, findings), ("residual", 0, residual), ("refused", 0, refused)]
    {
        if expected != seen {
            return Err(Error::Wrong { what: format!("{what} of the made-up cluster"), expected, seen });
        }
    }
    Ok(judged)
}
