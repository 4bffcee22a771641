//! Every story in `scenarios/` ends as the file beside it says. `WHITHER_BLESS=1 cargo test -p whither --test
//! scenarios` writes what came out instead: read the difference before you believe it.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

#[path = "scenarios/expected.rs"]
mod expected;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use whither::replay;
use whither::report::Report;
use whither::run::Run;
use whither::scenario::{self, Reader, Step, Writer};
use whither_core::verdict::{Outcome, ShownAs};
use whither_core::{Clock, Time};

/// Stories that the core does not judge as RULES wants yet, and what is wrong. One that comes right must be
/// taken off this list: the test says so.
const WRONG_SO_FAR: &[(&str, &str)] = &[];

fn wrong_so_far(name: &str) -> Option<&'static str> {
    WRONG_SO_FAR.iter().find(|(n, _)| *n == name).map(|(_, why)| *why)
}

/// The stories by name.
fn stories() -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let stories: BTreeMap<String, PathBuf> = files
        .filter(|path| path.extension().is_some_and(|e| e == "ndjson"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    assert!(stories.len() > 40, "the stories are in {}", folder.display());
    stories
}

fn judged(path: &Path) -> Report {
    replay::run(path, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A run of the story, and what it says of itself.
fn played(path: &Path) -> Run {
    let reader = scenario::read(path).unwrap();
    let mut run = Run::new(reader.header().policy);
    replay::play(reader, &mut run).unwrap();
    run
}

#[test]
fn every_story_ends_as_expected() {
    let bless = std::env::var_os("WHITHER_BLESS").is_some();
    let mut failures = Vec::new();
    for (name, path) in stories() {
        let told = expected::render(&judged(&path));
        let file = path.with_extension("expected");
        let wrong = wrong_so_far(&name);
        if bless && wrong.is_none() {
            fs::write(&file, &told).unwrap();
            continue;
        }
        let wanted = fs::read_to_string(&file).unwrap_or_default();
        match (wanted == told, wrong) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => failures.push(format!("== {name}\n-- wanted\n{wanted}-- came out\n{told}")),
            (true, Some(why)) => failures.push(format!("== {name} comes right now: strike it off ({why})")),
        }
    }
    for (name, _) in WRONG_SO_FAR {
        assert!(stories().contains_key(*name), "{name} is on the list, but is no story");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_story_gives_the_same_bytes() {
    for (name, path) in stories() {
        assert_eq!(format!("{:?}", judged(&path)), format!("{:?}", judged(&path)), "{name}");
    }
}

/// A snapshot lets go of each ledger that wants no closer look: it tells what a run that keeps all would tell.
#[test]
fn letting_go_tells_the_same() {
    for (name, path) in stories() {
        let told = |settle: fn(&mut Run, Clock)| {
            let steps = scenario::read(&path).unwrap();
            let mut run = Run::new(steps.header().policy);
            let mut now = Time::default();
            for step in steps {
                if let Step::Facts { key, clock, facts } = step.unwrap() {
                    run.apply(&key, clock, &facts);
                    now = clock.now;
                }
            }
            for _ in ["before", "after a closer look"] {
                settle(&mut run, Clock { now, complete_to: Time::MAX });
            }
            format!("{:?}", run.said())
        };
        assert_eq!(told(Run::settle_for_good), told(Run::settle), "{name}");
    }
}

/// A server asks again only of what may have changed: it tells what one that asks of everything tells.
#[test]
fn settling_what_is_due_tells_the_same() {
    for (name, path) in stories() {
        let told = |settle: fn(&mut Run, Clock)| {
            let steps = scenario::read(&path).unwrap();
            let mut run = Run::new(steps.header().policy);
            let mut last = Clock { now: Time::default(), complete_to: Time::MAX };
            for step in steps {
                match step.unwrap() {
                    Step::Facts { key, clock, facts } => {
                        run.apply(&key, clock, &facts);
                        last.now = clock.now;
                    }
                    Step::Settle(clock) => settle(&mut run, clock),
                    Step::Report(_) => {}
                }
            }
            settle(&mut run, last);
            (run.said().balance.clone(), run.said().findings.clone(), run.said().wanted.clone())
        };
        let due = |run: &mut Run, clock: Clock| {
            // As a server whose time is short: it comes to the rest in rounds of the same moment.
            run.settle_due(clock, 1);
            while run.waiting() > 0 {
                run.settle_due(clock, 2);
            }
        };
        let (due, all) = (told(due), told(Run::settle));
        assert_eq!(format!("{due:#?}"), format!("{all:#?}"), "{name}");
    }
}

/// What is recorded of a replay is judged like the story it was made from.
#[test]
fn a_record_of_a_story_is_judged_like_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in stories() {
        let copy = folder.path().join("copy.ndjson");
        let reader = scenario::read(&path).unwrap();
        let header = reader.header().clone();
        let writer = Writer::create(&copy, &header).unwrap();
        let mut run = Run::new(header.policy);
        run.record(Box::new(writer.clone()));
        let about = replay::play(reader, &mut run).unwrap();
        assert!(run.record_failure().is_none(), "{name}");
        let report = Report::from_said(about.report(&header.cluster), run.said());
        writer.finish(&report).unwrap();
        assert_eq!(format!("{:?}", judged(&copy)), format!("{report:?}"), "{name}");
    }
}

/// What RULES promise of every row and finding, whatever the story.
#[test]
fn every_story_adds_up_and_shows_its_evidence() {
    let mut failures = Vec::new();
    for (name, path) in stories() {
        let report = judged(&path);
        for row in report.balance.iter().filter(|row| row.residual() != 0) {
            failures.push(format!("{name}: {} has residual {}", row.group, row.residual()));
        }
        for v in report.findings.iter().filter(|v| v.evidence.is_empty() || v.from > v.to) {
            failures.push(format!("{name}: no evidence, or no range: {v:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is healthy but odd raises no loss, in a row or as a finding.
#[test]
fn healthy_stories_raise_no_loss() {
    let mut failures = Vec::new();
    let mut healthy = 0;
    for (name, path) in stories().into_iter().filter(|(name, _)| name.starts_with("healthy_")) {
        healthy += 1;
        let report = judged(&path);
        // What a dormant group did not read is counted, and nobody is told.
        let rows = report.balance.iter().filter(|row| !row.dormant);
        let lost = rows.flat_map(|row| &row.stretches).any(|s| s.outcome.is_loss());
        // A producer that gave up may have lost what it never wrote: worth a note, no loss.
        let alarms = report.findings.iter().filter(|v| v.shown_as != ShownAs::Dormant).any(|v| {
            v.shown_as == ShownAs::Loss || (v.outcome.is_loss() && v.outcome != Outcome::NotProduced)
        });
        if (lost || alarms) && wrong_so_far(&name).is_none() {
            failures.push(format!("== {name}\n{}", expected::render(&report)));
        }
    }
    assert!(healthy > 20, "the healthy stories are there");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A story that the core does not take tells nothing.
#[test]
fn nothing_in_a_story_is_refused() {
    for (name, path) in stories() {
        assert!(played(&path).said().refused.is_empty(), "{name}: {:?}", played(&path).said().refused);
    }
}

/// The example in the page on the format is a story too: it can be read, and tells what it says it tells.
#[test]
fn the_example_in_the_manual_is_judged() {
    let page = include_str!("../../../docs/formats/scenario.md");
    let example = page.split("```").nth(1).unwrap();
    let report = replay::judge(Reader::new(example.as_bytes()).unwrap(), None).unwrap();
    let told = expected::render(&report);
    assert!(
        told.contains("loss  billing  orders/0 [50..80)  at most 30 expired strong  retention_time"),
        "{told}"
    );
}
