//! `docs/scoreboard.md`: what was injected, and what was told of it.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::cluster::Version;
use crate::judge::{FaultOutcome, Judgement, Outcome};
use crate::show::Report;
use crate::truth::{Certainty, Expected, Fault, Needs, Truth};
use crate::watch::{Restarted, SOON, Served};

/// The page, from one report per Kafka version.
pub fn render(reports: &[(Version, Report)], machine: &str, date: &str) -> String {
    let mut page = String::from("# Scoreboard\n\nWritten by `whither-lab scoreboard`; not by hand. ");
    page.push_str(
        "Each fault was injected into a real Kafka by a recipe in `lab/src/recipes/`, which also states what is true; \
         `whither check` and `whither serve` were then judged by it. *Optional* findings may be left unsaid, but not \
         be said too surely.\n\n\
         `check` looked once, afterwards (*snapshot*), or watched with `--follow` (*follower*). `serve` followed each \
         cluster from before anything happened, so it may be surer than a snapshot; it is judged by its last answer, \
         and of healthy places by every one. The *delay* is the time from the moment at which the last piece of the \
         evidence was on the broker (the log start had moved, the commit or marker was appended, the coordinator had \
         forgotten: the recipe saw to it) to the first answer over HTTP that told the fault right; the server is asked \
         every 100 ms.\n",
    );
    let _ = writeln!(page, "\n{date}, {machine}\n");
    let delays = delays(reports.iter().flat_map(|(_, report)| &report.served));
    let _ = writeln!(page, "Delay of `serve`: {}.\n", in_words(&delays));
    for (version, report) in reports {
        let _ = writeln!(page, "## Kafka {version}\n");
        summary(&mut page, report);
        faults(&mut page, report);
        healthy(&mut page, report);
        restarts(&mut page, report);
        list(&mut page, "Complaints", &report.complaints);
        let broken: Vec<_> = report.broken.iter().map(|(name, why)| format!("`{name}`: {why}")).collect();
        list(&mut page, "Recipes that could not be played", &broken);
    }
    page
}

/// What `check` and `serve` told of each fault, a line each, for a terminal.
pub fn lines(report: &Report) -> String {
    let mut text = String::new();
    for judgement in report.judgements.iter().filter(|judgement| !is_healthy(judgement)) {
        let served = served_of(report, judgement);
        let by_serve = served.map_or("", |served| mark(Some(served.judgement.passed())));
        let cause = cause_of(&judgement.truth);
        let by_check = mark(Some(judgement.passed()));
        let _ = writeln!(
            text,
            "{:34} {cause:24} check {by_check:9} serve {by_serve:9} {}",
            judgement.truth.recipe,
            delay(served),
        );
    }
    let delays = delays(&report.served);
    if !delays.is_empty() {
        let _ = writeln!(text, "delay of serve: {}", in_words(&delays));
    }
    text
}

fn summary(page: &mut String, report: &Report) {
    told_right(page, "check", &report.judgements.iter().collect::<Vec<_>>());
    told_right(page, "serve", &report.served.iter().map(|served| &served.judgement).collect::<Vec<_>>());
    let _ = writeln!(
        page,
        "- {} complaints (a residual that is not 0, a loss that nobody made, told more than {} s late, told otherwise \
         after a restart)\n- delay of `serve`: {}\n",
        report.complaints.len(),
        SOON.as_secs(),
        in_words(&delays(&report.served)),
    );
}

fn told_right(page: &mut String, by: &str, judgements: &[&Judgement]) {
    let judged = |healthy: bool| {
        let of_kind: Vec<_> =
            judgements.iter().filter(|judgement| is_healthy(judgement) == healthy).collect();
        (of_kind.iter().filter(|judged| judged.passed()).count(), of_kind.len())
    };
    let ((right, faults), (quiet, healthy)) = (judged(false), judged(true));
    let _ = writeln!(
        page,
        "- `{by}`: {right} of {faults} faults told right; {quiet} of {healthy} healthy places without an alarm"
    );
}

fn is_healthy(judgement: &Judgement) -> bool {
    matches!(judgement.outcome, Outcome::Healthy(_))
}

fn cause_of(truth: &Truth) -> &str {
    match &truth.expected {
        Expected::Fault(fault) => &fault.cause,
        Expected::Healthy { .. } => "",
    }
}

/// The same truth as a server told it.
fn served_of<'a>(report: &'a Report, judgement: &Judgement) -> Option<&'a Served> {
    let place = |truth: &Truth| {
        let Truth { recipe, group, topic, partition, .. } = truth.clone();
        (recipe, group, topic, partition, cause_of(truth).to_owned())
    };
    report.served.iter().find(|served| place(&served.judgement.truth) == place(&judgement.truth))
}

/// Those that only a follower can tell, where `check` had but one look.
fn only_served(report: &Report) -> impl Iterator<Item = &Served> {
    let known = |served: &Served| {
        report.judgements.iter().any(|judgement| served_of(report, judgement) == Some(served))
    };
    report.served.iter().filter(move |served| !known(served))
}

fn faults(page: &mut String, report: &Report) {
    page.push_str("| recipe | cause | `check` as | found | cause | range | count | verdict said / allowed | cause said / allowed |");
    page.push_str(" `serve` | verdict said / allowed | cause said / allowed | delay |\n");
    page.push_str("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for judgement in report.judgements.iter().filter(|judgement| !is_healthy(judgement)) {
        let truth = &judgement.truth;
        let _ = write!(page, "| {} | {} | {} | ", truth.recipe, cause_of(truth), seen_by(judgement));
        by_check(page, judgement);
        by_serve(page, served_of(report, judgement));
    }
    for served in only_served(report).filter(|served| !is_healthy(&served.judgement)) {
        let truth = &served.judgement.truth;
        let _ = write!(page, "| {} | {} | - |  |  |  |  |  |  |", truth.recipe, cause_of(truth));
        by_serve(page, Some(served));
    }
    page.push('\n');
}

fn by_check(page: &mut String, judgement: &Judgement) {
    let (Outcome::Fault(told), Expected::Fault(fault)) = (&judgement.outcome, &judgement.truth.expected)
    else {
        return;
    };
    let cause = if told.found { mark(Some(told.cause_right)) } else { "" };
    let _ = write!(
        page,
        "{} | {cause} | {} | {} | {} | {} |",
        found(told, fault),
        mark(told.range_right),
        mark(told.count_right),
        against(told.certainty, fault.certainty_at_most),
        against(told.cause_certainty, fault.cause_certainty_at_most),
    );
}

/// What was told wrong is named; the columns would not fit twice.
fn by_serve(page: &mut String, served: Option<&Served>) {
    let judged = served.map(|served| (&served.judgement.outcome, &served.judgement.truth.expected));
    let Some((Outcome::Fault(told), Expected::Fault(fault))) = judged else {
        page.push_str(" | | | |\n");
        return;
    };
    let wrong = [
        ("cause", told.found && !told.cause_right),
        ("range", told.range_right == Some(false)),
        ("count", told.count_right == Some(false)),
    ];
    let wrong: Vec<_> = wrong.iter().filter(|(_, wrong)| *wrong).map(|(what, _)| *what).collect();
    let told_how = match (told.found, wrong.is_empty()) {
        (true, true) => "right".to_owned(),
        (true, false) => format!("**wrong {}**", wrong.join(", ")),
        (false, _) => found(told, fault).to_owned(),
    };
    let _ = writeln!(
        page,
        " {told_how} | {} | {} | {} |",
        against(told.certainty, fault.certainty_at_most),
        against(told.cause_certainty, fault.cause_certainty_at_most),
        delay(served),
    );
}

fn found(told: &FaultOutcome, fault: &Fault) -> &'static str {
    match (told.found, fault.required) {
        (true, _) => "yes",
        (false, true) => "**no**",
        (false, false) => "optional",
    }
}

fn delay(served: Option<&Served>) -> String {
    let delay = served.and_then(|served| served.delay);
    delay.map_or_else(String::new, |delay| format!("{:.1} s", delay.as_secs_f64()))
}

/// In ascending order.
fn delays<'a>(served: impl IntoIterator<Item = &'a Served>) -> Vec<Duration> {
    let mut delays: Vec<_> = served.into_iter().filter_map(|served| served.delay).collect();
    delays.sort_unstable();
    delays
}

fn in_words(delays: &[Duration]) -> String {
    let seconds = |percent: usize| {
        // The nearest rank.
        let rank = (delays.len() * percent).div_ceil(100).max(1);
        delays.get(rank - 1).map_or(0.0, Duration::as_secs_f64)
    };
    let of = delays.len();
    format!(
        "p50 {:.1} s, p99 {:.1} s, at most {:.1} s over {of} faults",
        seconds(50),
        seconds(99),
        seconds(100)
    )
}

fn healthy(page: &mut String, report: &Report) {
    page.push_str("| healthy | group | `check` as | false alarms | of `serve` |\n|---|---|---|---|---|\n");
    for judgement in report.judgements.iter().filter(|judgement| is_healthy(judgement)) {
        let group = judgement.truth.group.as_deref().unwrap_or("any");
        let served = served_of(report, judgement);
        let _ = writeln!(
            page,
            "| {} | {group} | {} | {} | {} |",
            judgement.truth.recipe,
            seen_by(judgement),
            alarms(judgement),
            served.map_or_else(String::new, |served| alarms(&served.judgement)),
        );
    }
    page.push('\n');
}

fn alarms(judgement: &Judgement) -> String {
    match judgement.alarms() {
        [] => "none".to_owned(),
        alarms => format!("**{}**", alarms.join("; ")),
    }
}

fn restarts(page: &mut String, report: &Report) {
    page.push_str(
        "| `serve` on | ended by | findings before | told otherwise after the restart |\n|---|---|---|---|\n",
    );
    for Restarted { stage, stop, findings, changed } in &report.restarts {
        let changed = match changed.len() {
            0 => "none".to_owned(),
            some => format!("**{some}**"),
        };
        let _ = writeln!(page, "| {stage:?} | {stop} | {findings} | {changed} |");
    }
    page.push('\n');
}

fn list(page: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(page, "{title}:\n");
    for item in items {
        let _ = writeln!(page, "- {}", item.lines().next().unwrap_or_default());
    }
    page.push('\n');
}

fn seen_by(judgement: &Judgement) -> &'static str {
    match judgement.truth.needs {
        Needs::Snapshot => "snapshot",
        Needs::Follower => "follower",
    }
}

fn mark(right: Option<bool>) -> &'static str {
    match right {
        Some(true) => "right",
        Some(false) => "**wrong**",
        None => "",
    }
}

fn against(said: Option<Certainty>, allowed: Certainty) -> String {
    let said_word = said.map_or("-", word);
    let excess = if said > Some(allowed) { "**" } else { "" };
    format!("{excess}{said_word}{excess} / {}", word(allowed))
}

fn word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Unknown => "unknown",
        Certainty::Indicative => "indicative",
        Certainty::Strong => "strong",
        Certainty::Proof => "proof",
    }
}

/// Processors, memory and Java of this machine; not its name.
pub fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let java = Command::new("java").arg("-version").output();
    let java =
        java.map(|done| String::from_utf8_lossy(&done.stderr).lines().next().unwrap_or_default().to_owned());
    format!("{processors} processors, {} GB memory, {}", kilobytes / 1_048_576, java.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Check, judge};
    use crate::truth::Truth;

    #[test]
    fn what_was_said_too_surely_stands_out() {
        assert_eq!(against(Some(Certainty::Proof), Certainty::Strong), "**proof** / strong");
        assert_eq!(against(Some(Certainty::Strong), Certainty::Strong), "strong / strong");
        assert_eq!(against(None, Certainty::Strong), "- / strong");
    }

    #[test]
    fn a_missed_fault_and_a_quiet_healthy_place_are_on_the_page() {
        let fault = Fault::new("retention_time", "expired", "loss", Certainty::Strong, Certainty::Strong);
        let truths = [
            Truth::fault("retention_time", Some("g"), "t", 0, fault.at_most(4, 10)),
            Truth::healthy("healthy_empty", Some("h"), "u", None),
        ];
        let judgements = judge(&truths, &Check::default());
        let served = |judgement: &Judgement| Served { judgement: judgement.clone(), delay: None };
        let served = judgements.iter().map(served).collect();
        let report = Report { judgements, served, ..Report::default() };
        let page = render(&[(Version::V4_3, report)], "a machine", "today");
        for by in ["check", "serve"] {
            let told = format!("`{by}`: 0 of 1 faults told right; 1 of 1 healthy places without an alarm");
            assert!(page.contains(&told), "{page}");
        }
        assert!(page.contains("| retention_time | retention_time | snapshot | **no** |"), "{page}");
        assert!(page.contains("| healthy_empty | h | snapshot | none | none |"), "{page}");
    }

    #[test]
    fn delays_are_told_by_their_nearest_rank() {
        let delays: Vec<_> = (1..=200).map(|n| Duration::from_millis(n * 100)).collect();
        assert_eq!(in_words(&delays), "p50 10.0 s, p99 19.8 s, at most 20.0 s over 200 faults");
        assert_eq!(in_words(&[]), "p50 0.0 s, p99 0.0 s, at most 0.0 s over 0 faults");
    }
}
