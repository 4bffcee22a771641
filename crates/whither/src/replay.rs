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

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = concat!(
        r#"{"whither":"scenario","version":1,"cluster":"orders-prod"}"#,
        "\n",
        r#"{"clock":"2026-03-01T13:00:00Z"}"#,
        "\n",
        r#"{"key":"log __consumer_offsets/7","fact":"reading","from":0}"#,
        "\n",
        r#"{"key":"log __consumer_offsets/7","fact":"batch","base":0,"last":1}"#,
        "\n",
        r#"{"key":"log __consumer_offsets/7","fact":"commit","source_offset":0,"group":"billing","partition":"orders/0","offset":4}"#,
        "\n",
        r#"{"key":"log __consumer_offsets/7","fact":"commit","source_offset":1,"group":"shipping","partition":"orders/0","offset":13}"#,
        "\n",
        r#"{"key":"log orders/0","fact":"bounds","log_start":8,"end":10}"#,
        "\n",
        r#"{"key":"log orders/0","fact":"reading","from":8}"#,
        "\n",
        r#"{"key":"log orders/0","fact":"batch","base":8,"last":9}"#,
        "\n",
    );

    fn report(lines: &str) -> Report {
        let text = format!("{FACTS}{lines}");
        judge(Reader::new(text.as_bytes()).unwrap(), None).unwrap()
    }

    #[test]
    fn a_scenario_needs_no_settle_and_no_report() {
        let bare = report("");
        assert_eq!(bare.at, Time(1_772_370_000_000));
        assert_eq!(bare.cluster, "orders-prod");
        assert_eq!(bare.balance.len(), 2);
        let settled = report(r#"{"settle":"2026-03-01T13:00:00Z"}"#);
        assert_eq!(format!("{bare:?}"), format!("{settled:?}"));
    }

    #[test]
    fn findings_are_told_worst_first() {
        let causes: Vec<&str> = report("").findings.iter().map(|v| v.shown_as.word()).collect();
        assert_eq!(causes, ["loss", "risk"], "billing lost four records, shipping is past the end");
    }

    #[test]
    fn what_the_run_told_beside_verdicts_is_told_again() {
        let told = report(concat!(
            r#"{"settle":"2026-03-01T13:00:00Z"}"#,
            "\n",
            r#"{"report":{"at":"2026-03-01T13:00:07Z","brokers":3,"topics":24,"groups":11,"records_read":5,"#,
            r#""only_group":"shipping","not_seen":[{"what":"topic configuration","why":"no DescribeConfigs","so":"…"}]}}"#,
        ));
        assert_eq!(told.at, Time(1_772_370_007_000));
        assert_eq!((told.brokers, told.topics, told.groups, told.records_read), (3, 24, 11, 5));
        assert_eq!(told.not_seen.len(), 1);
        let groups: Vec<&str> = told.balance.iter().map(|row| &*row.group).collect();
        assert_eq!(groups, ["shipping"], "the run was asked for one group only");
        assert!(told.findings.iter().all(|v| v.group.as_deref() != Some("billing")));
    }
}
