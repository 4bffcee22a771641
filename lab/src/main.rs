//! `whither-lab list | run [NAME…] | scoreboard`

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use whither_lab::cache;
use whither_lab::clients::Error;
use whither_lab::cluster::Version;
use whither_lab::recipes::{self, Recipe};
use whither_lab::{scoreboard, show};

/// Faults and healthy oddities, made to happen on a real Kafka, and what whither says of them.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Names the recipes.
    List,
    /// Plays recipes and judges whither by them; without a whither, prints what is true.
    Run {
        /// All of them if none is named; a name may be a beginning.
        names: Vec<String>,
        /// Which Kafka: 4.3.1 or 3.9.1.
        #[arg(long, default_value = "4.3.1")]
        version: Version,
        /// Leaves logs and data on disk.
        #[arg(long)]
        keep: bool,
        /// Does not run whither: only plays, and prints what is true.
        #[arg(long)]
        truths_only: bool,
    },
    /// Plays everything on both versions and writes docs/scoreboard.md.
    Scoreboard {
        /// Where to write it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::List => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        Task::Run { names, version, keep, truths_only } => run(&names, version, keep, truths_only),
        Task::Scoreboard { out } => write_scoreboard(out),
    };
    done.unwrap_or_else(|error| {
        eprintln!("whither-lab: {error}");
        ExitCode::from(3)
    })
}

fn list() {
    for recipe in recipes::all() {
        println!("{:34} {}", recipe.name, recipe.story);
    }
}

fn run(names: &[String], version: Version, keep: bool, truths_only: bool) -> Result<ExitCode, Error> {
    let chosen = chosen(names);
    if chosen.is_empty() {
        eprintln!("whither-lab: no recipe of that name; `whither-lab list` names them");
        return Ok(ExitCode::from(2));
    }
    let whither = if truths_only { None } else { show::whither() };
    if whither.is_none() && !truths_only {
        eprintln!("whither-lab: no whither to judge (WHITHER_BIN, or build it); printing what is true");
    }
    let report = show::play(&chosen, version, whither.as_deref(), keep)?;
    if whither.is_none() {
        for truth in &report.truths {
            println!("{}", serde_json::to_string(truth).unwrap_or_default());
        }
    }
    for judgement in report.judgements.iter().filter(|judgement| !judgement.passed()) {
        println!("{}", serde_json::to_string(judgement).unwrap_or_default());
    }
    for complaint in &report.complaints {
        println!("{complaint}");
    }
    let passed = report.judgements.iter().filter(|judgement| judgement.passed()).count();
    eprintln!("{passed} of {} judgements passed", report.judgements.len());
    let fine = report.broken.is_empty() && report.complaints.is_empty() && passed == report.judgements.len();
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(names: &[String]) -> Vec<Recipe> {
    let named =
        |recipe: &Recipe| names.is_empty() || names.iter().any(|name| recipe.name.starts_with(name.as_str()));
    recipes::all().into_iter().filter(named).collect()
}

fn write_scoreboard(out: Option<PathBuf>) -> Result<ExitCode, Error> {
    let Some(whither) = show::whither() else {
        eprintln!("whither-lab: no whither to judge: set WHITHER_BIN or build it");
        return Ok(ExitCode::from(2));
    };
    let mut reports = Vec::new();
    for version in [Version::V4_3, Version::V3_9] {
        reports.push((version, show::play(&recipes::all(), version, Some(&whither), false)?));
    }
    let date = Command::new("date").args(["--utc", "+%Y-%m-%d"]).output()?;
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    let path = out.unwrap_or_else(|| cache::repository().join("docs").join("scoreboard.md"));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, scoreboard::render(&reports, &scoreboard::machine(), &date))?;
    Ok(ExitCode::SUCCESS)
}
