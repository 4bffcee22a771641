//! `docs/scoreboard.md`: what was injected, and what was told of it.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::cluster::Version;
use crate::judge::{FaultOutcome, Judgement, Outcome};
use crate::show::Report;
use crate::truth::{Certainty, Expected, Fault, Needs};

/// The page, from one report per Kafka version.
pub fn render(reports: &[(Version, Report)], machine: &str, date: &str) -> String {
    let mut page = String::from("# Scoreboard\n\nWritten by `whither-lab scoreboard`; not by hand. ");
    page.push_str(
        "Each fault was injected into a real Kafka by a recipe in `lab/src/recipes/`, which also states what is true; \
         `whither check` was then judged by it. *Optional* findings may be left unsaid, but not be said too surely.\n",
    );
    let _ = writeln!(page, "\n{date}, {machine}\n");
    for (version, report) in reports {
        let _ = writeln!(page, "## Kafka {version}\n");
        summary(&mut page, report);
        faults(&mut page, &report.judgements);
        healthy(&mut page, &report.judgements);
        list(&mut page, "Complaints", &report.complaints);
        let broken: Vec<_> = report.broken.iter().map(|(name, why)| format!("`{name}`: {why}")).collect();
        list(&mut page, "Recipes that could not be played", &broken);
    }
    page
}

fn summary(page: &mut String, report: &Report) {
    let judged = |wanted: fn(&Outcome) -> bool| {
        let of_kind: Vec<_> = report.judgements.iter().filter(|judged| wanted(&judged.outcome)).collect();
        (of_kind.iter().filter(|judged| judged.passed()).count(), of_kind.len())
    };
    let (right, faults) = judged(|outcome| matches!(outcome, Outcome::Fault(_)));
    let (quiet, healthy) = judged(|outcome| matches!(outcome, Outcome::Healthy(_)));
    let _ = writeln!(
        page,
        "{right} of {faults} faults told right; {quiet} of {healthy} healthy places without an alarm; \
         {} complaints (a residual that is not 0, a loss that nobody made).\n",
        report.complaints.len()
    );
}

fn faults(page: &mut String, judgements: &[Judgement]) {
    page.push_str("| recipe | cause | seen by | found | cause | range | count | verdict said / allowed | cause said / allowed |\n");
    page.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for judgement in judgements {
        if let (Outcome::Fault(told), Expected::Fault(fault)) =
            (&judgement.outcome, &judgement.truth.expected)
        {
            fault_row(page, judgement, told, fault);
        }
    }
    page.push('\n');
}

fn fault_row(page: &mut String, judgement: &Judgement, told: &FaultOutcome, fault: &Fault) {
    let found = match (told.found, fault.required) {
        (true, _) => "yes",
        (false, true) => "**no**",
        (false, false) => "optional",
    };
    let cause = if told.found { mark(Some(told.cause_right)) } else { "" };
    let _ = writeln!(
        page,
        "| {} | {} | {} | {found} | {cause} | {} | {} | {} | {} |",
        judgement.truth.recipe,
        fault.cause,
        seen_by(judgement),
        mark(told.range_right),
        mark(told.count_right),
        against(told.certainty, fault.certainty_at_most),
        against(told.cause_certainty, fault.cause_certainty_at_most),
    );
}

fn healthy(page: &mut String, judgements: &[Judgement]) {
    page.push_str("| healthy | group | seen by | false alarms |\n|---|---|---|---|\n");
    for judgement in judgements {
        if let Outcome::Healthy(alarms) = &judgement.outcome {
            let group = judgement.truth.group.as_deref().unwrap_or("any");
            let alarms =
                if alarms.is_empty() { "none".to_owned() } else { format!("**{}**", alarms.join("; ")) };
            let _ = writeln!(
                page,
                "| {} | {group} | {} | {alarms} |",
                judgement.truth.recipe,
                seen_by(judgement)
            );
        }
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
        let report = Report { judgements: judge(&truths, &Check::default()), ..Report::default() };
        let page = render(&[(Version::V4_3, report)], "a machine", "today");
        assert!(page.contains("0 of 1 faults told right; 1 of 1 healthy places without an alarm"), "{page}");
        assert!(page.contains("| retention_time | retention_time | snapshot | **no** |"), "{page}");
        assert!(page.contains("| healthy_empty | h | snapshot | none |"), "{page}");
    }
}
