//! A recorded run, judged again through the production path.

use std::io::BufRead;
use std::path::Path;

use whither_core::{Clock, Policy, Time};

use crate::report::Report;
use crate::run::Run;
use crate::scenario::{self, About, Reader, Step};

/// Judges a scenario file: the same file gives the same report, byte for byte. Without a policy the one it was
/// recorded under holds.
///
/// # Errors
/// The file can't be read, or a line of it is wrong.
pub fn run(path: &Path, policy: Option<Policy>) -> Result<Report, scenario::Error> {
    judge(scenario::read(path)?, policy)
}

/// Judges a scenario from any source.
///
/// # Errors
/// It can't be read, or a line of it is wrong.
pub fn judge<R: BufRead>(mut steps: Reader<R>, policy: Option<Policy>) -> Result<Report, scenario::Error> {
    let header = steps.header().clone();
    let mut run = Run::new(policy.unwrap_or(header.policy));
    let told = play(&mut steps, &mut run)?;
    Ok(Report::from_said(told.report(&header.cluster), run.said()))
}

/// Gives a run all that is left of a scenario and asks for verdicts at its end, if it does not itself.
///
/// # Errors
/// The scenario can't be read, or a line of it is wrong.
pub fn play(
    steps: impl IntoIterator<Item = Result<Step, scenario::Error>>,
    run: &mut Run,
) -> Result<About, scenario::Error> {
    let mut about = None;
    let mut last = Time::default();
    let mut unsettled: Option<Clock> = None;
    for step in steps {
        match step? {
            Step::Facts { key, clock, facts } => {
                run.apply(&key, clock, &facts);
                last = clock.now;
                unsettled = Some(clock);
            }
            Step::Settle(clock) => {
                run.settle(clock);
                last = clock.now;
                unsettled = None;
            }
            Step::Report(told) => about = Some(*told),
        }
    }
    if let Some(clock) = unsettled {
        run.settle(clock);
    }
    Ok(about.unwrap_or_else(|| About::at(last)))
}
