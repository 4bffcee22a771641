//! `whither-lab list | run [NAME…] | scoreboard | soak`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, Subcommand};
use whither_lab::cache;
use whither_lab::clients::Error;
use whither_lab::cluster::Version;
use whither_lab::recipes::{self, Recipe};
use whither_lab::soak::{Soak, Soaked, soak};
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
        /// Passes with so many judgements failed twice, or complaints: a shared machine spoils a recipe now and then.
        #[arg(long, default_value_t = 0)]
        allow: usize,
    },
    /// Plays everything on both versions and writes docs/scoreboard.md.
    Scoreboard {
        /// Where to write it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Lets `whither serve` follow three brokers under load, while it and they are killed at random.
    Soak {
        /// For how long.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        /// What is killed when follows from it.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::List => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        Task::Run { names, version, keep, truths_only, allow } => {
            run(&names, version, keep, truths_only, allow)
        }
        Task::Scoreboard { out } => write_scoreboard(out),
        Task::Soak { minutes, seed } => soaked(Soak { length: Duration::from_secs(60 * minutes), seed }),
    };
    done.unwrap_or_else(|error| {
        eprintln!("whither-lab: {error}");
        ExitCode::from(3)
    })
}

/// Recipes that may fail to happen, twice, without the run failing: what a broker refuses on a busy machine says
/// nothing of whither. They are told.
const MAY_NOT_HAPPEN: usize = 2;

fn list() {
    for recipe in recipes::all() {
        println!("{:34} {}", recipe.name, recipe.story);
    }
}

fn run(
    names: &[String],
    version: Version,
    keep: bool,
    truths_only: bool,
    allow: usize,
) -> Result<ExitCode, Error> {
    let chosen = chosen(names);
    if chosen.is_empty() {
        eprintln!("whither-lab: no recipe of that name; `whither-lab list` names them");
        return Ok(ExitCode::from(2));
    }
    let whither = if truths_only { None } else { show::whither() };
    if whither.is_none() && !truths_only {
        eprintln!("whither-lab: no whither to judge (WHITHER_BIN, or build it); printing what is true");
    }
    let report = played(&chosen, version, whither.as_deref(), keep)?;
    if whither.is_none() {
        for truth in &report.truths {
            println!("{}", serde_json::to_string(truth).unwrap_or_default());
        }
    }
    let known = known_wrong()?;
    let failed = || report.all_judgements().filter(|judgement| !judgement.passed());
    for judgement in failed() {
        println!("{}", serde_json::to_string(judgement).unwrap_or_default());
    }
    print!("{}", scoreboard::lines(&report));
    for complaint in &report.complaints {
        println!("{complaint}");
    }
    for (recipe, why) in &report.broken {
        println!("{recipe} did not happen: {why}");
    }
    let unknown = failed().filter(|judgement| !known.contains(&judgement.truth.recipe)).count();
    let all = report.all_judgements().count();
    let passed = all - failed().count();
    let known_count = failed().count() - unknown;
    eprintln!("{passed} of {all} judgements passed, {known_count} are known to be wrong");
    // The plain line that says what ran.
    println!("{passed} passed, {unknown} failed, {} skipped", known_count + report.broken.len());
    let happened = report.broken.len() <= MAY_NOT_HAPPEN;
    let fine = happened && report.complaints.len() <= allow && unknown <= allow;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays recipes; those that did not happen, or came out as nobody knows them to, get one more chance: a broker may
/// be slow to elect. What fails twice fails.
fn played(
    chosen: &[Recipe],
    version: Version,
    whither: Option<&Path>,
    keep: bool,
) -> Result<show::Report, Error> {
    let mut report = show::play(chosen, version, whither, keep)?;
    let known = known_wrong()?;
    let failed: Vec<&str> = report
        .all_judgements()
        .filter(|judgement| !judgement.passed() && !known.contains(&judgement.truth.recipe))
        .map(|judgement| judgement.truth.recipe.as_str())
        .chain(report.broken.iter().map(|(name, _)| name.as_str()))
        .collect();
    let again: Vec<Recipe> = chosen.iter().filter(|recipe| failed.contains(&recipe.name)).copied().collect();
    if again.is_empty() {
        return Ok(report);
    }
    for (name, why) in &report.broken {
        eprintln!("{name} did not happen: {why}");
    }
    let names: Vec<&str> = again.iter().map(|recipe| recipe.name).collect();
    eprintln!("once more: {}", names.join(" "));
    let second = show::play(&again, version, whither, keep)?;
    report.broken.retain(|(name, _)| !names.contains(&name.as_str()));
    report.judgements.retain(|judgement| !names.contains(&judgement.truth.recipe.as_str()));
    report.served.retain(|served| !names.contains(&served.judgement.truth.recipe.as_str()));
    report.append(second);
    Ok(report)
}

/// Recipes that whither is known to judge wrongly, one a line in `lab/known-wrong.txt`; the scoreboard shows them
/// as they are.
fn known_wrong() -> Result<Vec<String>, Error> {
    let text = fs::read_to_string(cache::lab_folder().join("known-wrong.txt"))?;
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn chosen(names: &[String]) -> Vec<Recipe> {
    let named =
        |recipe: &Recipe| names.is_empty() || names.iter().any(|name| recipe.name.starts_with(name.as_str()));
    recipes::all().into_iter().filter(named).collect()
}

fn soaked(asked: Soak) -> Result<ExitCode, Error> {
    let Some(whither) = show::whither() else {
        eprintln!("whither-lab: no whither to soak: set WHITHER_BIN or build it");
        return Ok(ExitCode::from(2));
    };
    eprintln!("soaking for {} min, seed {}", asked.length.as_secs() / 60, asked.seed);
    let Soaked { server_kills, broker_kills, looks, records, losses, memory, complaints } =
        soak(&whither, asked)?;
    println!(
        "{server_kills} kills of the server, {broker_kills} of brokers, {looks} looks, {records} records, {losses} proved losses kept"
    );
    if let Some((first, last)) = memory {
        println!("resident memory: {} MB in the first quarter, {} MB in the last", first >> 20, last >> 20);
    }
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
