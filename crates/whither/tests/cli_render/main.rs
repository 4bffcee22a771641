//! Renderings of hand-made reports against files in `tests/golden`. `WHITHER_BLESS=1 cargo test` rewrites them:
//! then read the difference.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod every_cause;
mod reports;

use std::path::Path;

use whither::cli::Exit;
use whither::cli::paint::Paint;
use whither::cli::table::{self, Detail};
use whither::json;
use whither::report::Report;

fn golden(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("WHITHER_BLESS").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, want, "{} differs; WHITHER_BLESS=1 rewrites it", path.display());
}

fn text(report: &Report, detail: Detail, paint: Paint) -> String {
    let mut out = Vec::new();
    table::write(report, detail, paint, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn pretty(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&json::Check::of(report)).unwrap();
    text.push('\n');
    text
}

fn lines(report: &Report) -> String {
    let mut out = Vec::new();
    json::lines(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn trouble_as_a_table() {
    let report = reports::trouble();
    golden("trouble.txt", &text(&report, Detail::Normal, Paint::default()));
    golden("trouble-quiet.txt", &text(&report, Detail::Quiet, Paint::default()));
    golden("trouble-verbose.txt", &text(&report, Detail::Verbose, Paint::default()));
    golden("trouble-narrow.txt", &text(&report, Detail::Normal, Paint { color: true, width: Some(80) }));
    assert_eq!(Exit::of(&report), Exit::BadNews);
}

#[test]
fn trouble_as_json() {
    let report = reports::trouble();
    golden("trouble.json", &pretty(&report));
    golden("trouble.ndjson", &lines(&report));
}

#[test]
fn every_cause_in_words() {
    let report = reports::of_findings(every_cause::findings());
    golden("every-cause.txt", &text(&report, Detail::Verbose, Paint::default()));
    golden("every-cause.json", &pretty(&report));
}

#[test]
fn nothing_lost() {
    let report = reports::healthy();
    golden("healthy.txt", &text(&report, Detail::Normal, Paint::default()));
    assert_eq!(text(&report, Detail::Quiet, Paint::default()), "");
    assert_eq!(Exit::of(&report), Exit::Fine);
}

#[test]
fn nothing_to_judge() {
    let report = Report { cluster: "empty".into(), at: reports::NOW, brokers: 1, ..Report::default() };
    golden("empty.txt", &text(&report, Detail::Normal, Paint::default()));
    assert_eq!(Exit::of(&report), Exit::Fine);
}

#[test]
fn what_could_not_be_seen() {
    let report = reports::half_seen();
    golden("half-seen.txt", &text(&report, Detail::Normal, Paint::default()));
    assert_eq!(Exit::of(&report), Exit::CouldNotTell);
}

#[test]
fn unread_below_a_position_is_no_gap() {
    let report = reports::unread_below();
    golden("unread-below.txt", &text(&report, Detail::Normal, Paint::default()));
    assert_eq!(Exit::of(&report), Exit::Fine);
}

#[test]
fn a_balance_that_does_not_add_up_is_our_fault() {
    let report = reports::does_not_add_up();
    golden("does-not-add-up.txt", &text(&report, Detail::Normal, Paint::default()));
    assert_eq!(Exit::of(&report), Exit::Internal);
}

#[test]
fn many_findings_are_summed_up() {
    let report = reports::many();
    golden("many.txt", &text(&report, Detail::Normal, Paint::default()));
}

#[test]
fn drops_are_the_findings_shown_as_loss() {
    let value: serde_json::Value = serde_json::from_str(&pretty(&reports::trouble())).unwrap();
    let of = |list: &str| value[list].as_array().unwrap().clone();
    let losses: Vec<_> = of("findings").into_iter().filter(|f| f["shown_as"] == "loss").collect();
    assert!(!losses.is_empty());
    assert_eq!(of("drops"), losses);
    for row in of("balance") {
        let said: u64 = row["verdicts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(row["records"].as_u64(), Some(said));
    }
}

#[test]
fn every_line_is_an_object_and_the_last_is_the_summary() {
    let text = lines(&reports::trouble());
    let kinds: Vec<String> = text
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.last().map(String::as_str), Some("summary"));
    assert_eq!(kinds.iter().filter(|k| *k == "summary").count(), 1);
}

#[test]
fn hostile_names_reach_the_terminal_as_text() {
    let report = reports::hostile();
    for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
        let text = text(&report, detail, Paint::default());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

/// A reset writes partition after partition: a moment between them would undo only some of it.
#[test]
fn one_reset_of_many_partitions_is_undone_from_one_moment() {
    let value: serde_json::Value = serde_json::from_str(&pretty(&reports::reset_of_three())).unwrap();
    let commands: Vec<&str> = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["next"]["command"].as_str().unwrap())
        .collect();
    assert_eq!(commands.len(), 4);
    for command in &commands[..3] {
        assert!(command.contains("--at 2026-11-21T12:58:59.999Z"), "{command}");
    }
    assert!(commands[3].contains("--at 2026-11-21T12:59:59.999Z"), "another action: {}", commands[3]);
}
