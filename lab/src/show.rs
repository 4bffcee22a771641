//! Plays recipes on a Kafka, lets `whither check` look at it, and `whither serve` follow it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, io, thread};

use serde::Deserialize;

use crate::cache;
use crate::clients::{Error, wait_until};
use crate::cluster::Version;
use crate::judge::{Check, Judgement, judge, residuals, strays};
use crate::process::Supervised;
use crate::recipes::{During, Lab, Outcome, Recipe, Stage};
use crate::server::{Server, Started, Stop};
use crate::truth::{Needs, Truth};
use crate::watch::{Restarted, Served, Told, Watch};

/// `check` settles within its deadline of 60 s; a debug build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(180);
/// A follower needs a round or two to see what happened last.
const LAST_ROUNDS: Duration = Duration::from_secs(3);
/// What `check --follow -v` says once it has read what stands.
const CAUGHT_UP: &str = "caught up, following";

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Each truth as `check` told it. Empty without a `whither` to judge.
    pub judgements: Vec<Judgement>,
    /// Each truth as `serve` told it.
    pub served: Vec<Served>,
    /// What servers told after they were ended and started again.
    pub restarts: Vec<Restarted>,
    /// Every truth that was made.
    pub truths: Vec<Truth>,
    /// Recipes that failed to happen, with why.
    pub broken: Vec<(String, String)>,
    /// Balance rows with a residual, losses that no truth speaks of, what was told late, or otherwise after a restart.
    pub complaints: Vec<String>,
}

/// Where the program to judge is: `$WHITHER_BIN`, else `target/{release,debug}/whither`.
pub fn whither() -> Option<PathBuf> {
    if let Some(path) = env::var_os("WHITHER_BIN") {
        return Some(PathBuf::from(path));
    }
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache::repository().join("target"), PathBuf::from);
    ["release", "debug"]
        .iter()
        .map(|profile| target.join(profile).join("whither"))
        .find(|path| path.is_file())
}

/// Plays `recipes` stage by stage, each on a Kafka of its own, and judges `whither` by them.
///
/// # Errors
/// If a Kafka does not start. A recipe that fails is told in the report.
pub fn play(
    recipes: &[Recipe],
    version: Version,
    whither: Option<&Path>,
    keep: bool,
) -> Result<Report, Error> {
    let play_row = |stages: &[Stage]| {
        let mut report = Report::default();
        for &stage in stages {
            let hosts = |recipe: &&Recipe| stage.hosts(recipe, version);
            let hosted: Vec<_> = recipes.iter().filter(hosts).copied().collect();
            // Nobody to watch: what is healthy has happened once already.
            let in_vain = stage == Stage::Watched && whither.is_none();
            if !hosted.is_empty() && !in_vain {
                let lab = start(stage, version, keep)?;
                // One that whither fails on must not hide what it says on the others.
                if let Err(error) = play_stage(&lab, stage, &hosted, whither, &mut report) {
                    report.broken.push((format!("{stage:?}"), error.to_string()));
                }
            }
        }
        Ok(report)
    };
    let mut whole = Report::default();
    let reports: Vec<Result<Report, Error>> = thread::scope(|scope| {
        let rows: Vec<_> = Stage::ROWS.iter().map(|stages| scope.spawn(|| play_row(stages))).collect();
        let panicked = || Err(io::Error::other("a row of stages panicked").into());
        rows.into_iter().map(|row| row.join().unwrap_or_else(|_| panicked())).collect()
    });
    for report in reports {
        whole.append(report?);
    }
    whole.sort_as(recipes);
    Ok(whole)
}

fn start(stage: Stage, version: Version, keep: bool) -> Result<Lab, Error> {
    let lab = Lab::start(stage, version)?;
    if keep {
        lab.cluster().keep_files();
        eprintln!("{stage:?}: files stay in {}", lab.cluster().folder().display());
    }
    Ok(lab)
}

fn play_stage(
    lab: &Lab,
    stage: Stage,
    recipes: &[Recipe],
    whither: Option<&Path>,
    report: &mut Report,
) -> Result<(), Error> {
    if stage == Stage::Watched {
        let plays = recipes.iter().filter_map(|recipe| recipe.snapshot_play());
        let durings = plays.map(|(name, play)| (name, Box::new(move || play(lab)) as During<'_>)).collect();
        return follow(lab, stage, durings, &[], whither, report).map(drop);
    }
    let watch = whither.map(|whither| serve(whither, lab)).transpose()?;
    let outcomes = snapshots(lab, stage, recipes, &mut report.broken);
    let mut standing: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.truths.clone()).collect();
    if let (Some(whither), false) = (whither, standing.is_empty()) {
        let check = check(whither, lab, None, || ())?;
        let by_snapshot = |truth: &&Truth| truth.needs == Needs::Snapshot;
        let truths: Vec<_> = standing.iter().filter(by_snapshot).cloned().collect();
        report.judge(&truths, &standing, &check);
    }
    report.truths.extend_from_slice(&standing);
    let followed: Vec<_> = recipes.iter().filter_map(|recipe| recipe.follower_play()).collect();
    let befores = followed.iter().map(|&(name, play)| (name, move || Ok((name, play(lab)?)))).collect();
    let durings: Vec<(&str, During<'_>)> = all_of(befores, stage.workers(), &mut report.broken);
    if !durings.is_empty() {
        let happened = follow(lab, stage, durings, &standing, whither, report)?;
        standing.extend(happened);
    }
    if let Some(watch) = watch {
        let truths: Vec<_> = standing.into_iter().map(Truth::for_follower).collect();
        report.take(watch.end(stage, stop_of(stage, lab.version), &truths)?);
    }
    // The clients of the first half live until here: they stand beside the second as well.
    drop(outcomes);
    Ok(())
}

/// A server that follows from before anything happens.
fn serve(whither: &Path, lab: &Lab) -> Result<Watch, Error> {
    let folder = lab.cluster().folder().to_path_buf();
    Ok(Watch::begin(Server::start(whither, lab.bootstrap(), &folder, Started::CaughtUp)?))
}

/// Half of the servers are killed: on either Kafka those that end in peace on the other.
fn stop_of(stage: Stage, version: Version) -> Stop {
    let killed = matches!(stage, Stage::Shared | Stage::Replicated) == (version == Version::V4_3);
    if killed { Stop::Kill } else { Stop::Term }
}

/// Plays those recipes that need no follower; what fails goes to `broken`, by name.
pub fn snapshots<'a>(
    lab: &'a Lab,
    stage: Stage,
    recipes: &[Recipe],
    broken: &mut Vec<(String, String)>,
) -> Vec<Outcome<'a>> {
    let plays = recipes.iter().filter_map(|recipe| recipe.snapshot_play());
    all_of(plays.map(|(name, play)| (name, move || play(lab))).collect(), stage.workers(), broken)
}

fn follow(
    lab: &Lab,
    stage: Stage,
    durings: Vec<(&str, During<'_>)>,
    standing: &[Truth],
    whither: Option<&Path>,
    report: &mut Report,
) -> Result<Vec<Truth>, Error> {
    let mut outcomes = Vec::new();
    let mut broken = Vec::new();
    let mut took = Duration::ZERO;
    let happen = || {
        let begin = Instant::now();
        outcomes = all_of(durings, stage.workers(), &mut broken);
        took = begin.elapsed();
    };
    let check = match whither {
        Some(whither) => Some(check(whither, lab, Some(stage.follow()), happen)?),
        None => {
            happen();
            None
        }
    };
    report.broken.extend(broken);
    if took + LAST_ROUNDS > stage.follow() {
        let why = format!("took {} s; the follower may have missed the end", took.as_secs());
        report.broken.push((format!("{stage:?}, followed"), why));
    }
    let truths = outcomes.iter().flat_map(|outcome: &Outcome<'_>| outcome.truths.clone());
    let truths: Vec<_> = truths.map(Truth::followed).collect();
    if let Some(check) = check {
        // What stood before is still true, and has to raise nothing now either.
        report.judge(&truths, standing, &check);
    }
    report.truths.extend_from_slice(&truths);
    Ok(truths)
}

impl Report {
    /// Those of `check`, then those of `serve`.
    pub fn all_judgements(&self) -> impl Iterator<Item = &Judgement> {
        self.judgements.iter().chain(self.served.iter().map(|served| &served.judgement))
    }

    /// Adds what came of another run.
    pub fn append(&mut self, other: Self) {
        self.judgements.extend(other.judgements);
        self.served.extend(other.served);
        self.restarts.extend(other.restarts);
        self.truths.extend(other.truths);
        self.broken.extend(other.broken);
        self.complaints.extend(other.complaints);
    }

    /// In the order of the recipes: they ended in any.
    fn sort_as(&mut self, recipes: &[Recipe]) {
        let place = |name: &str| recipes.iter().position(|recipe| recipe.name == name);
        self.judgements.sort_by_key(|judgement| place(&judgement.truth.recipe));
        self.served.sort_by_key(|served| place(&served.judgement.truth.recipe));
        self.truths.sort_by_key(|truth| place(&truth.recipe));
        self.broken.sort();
        self.complaints.sort();
    }

    /// Judges `truths`; `others` explain what else is there.
    fn judge(&mut self, truths: &[Truth], others: &[Truth], check: &Check) {
        let mut known = truths.to_vec();
        known.extend_from_slice(others);
        let judged = judge(&known, check);
        self.judgements.extend(judged.into_iter().take(truths.len()));
        self.complaints.extend(residuals(check));
        self.complaints.extend(strays(&known, check));
    }

    fn take(&mut self, told: Told) {
        let Restarted { stage, stop, .. } = told.restarted;
        let changed = told.restarted.changed.iter();
        self.complaints.extend(changed.map(|changed| format!("serve, {stage:?} after {stop}: {changed}")));
        self.complaints.extend(told.complaints);
        self.served.extend(told.served);
        self.restarts.push(told.restarted);
    }
}

/// Runs named tasks, `workers` at a time; failures go to `broken`, by name.
fn all_of<T: Send, F>(tasks: Vec<(&str, F)>, workers: usize, broken: &mut Vec<(String, String)>) -> Vec<T>
where
    F: FnOnce() -> Result<T, Error> + Send,
{
    let waiting = Mutex::new(tasks.into_iter());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((name, task)) = next(&waiting) {
                    let result = task();
                    if let Err(error) = &result {
                        eprintln!("{name}: {error}");
                    }
                    lock(&done).push((name, result));
                }
            });
        }
    });
    let mut good = Vec::new();
    for (name, result) in done.into_inner().unwrap_or_default() {
        match result {
            Ok(value) => good.push(value),
            Err(error) => broken.push((name.to_owned(), error.to_string())),
        }
    }
    good
}

fn next<I: Iterator>(waiting: &Mutex<I>) -> Option<I::Item> {
    lock(waiting).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs `whither check`, lets `meanwhile` happen if it follows, and reads what it printed last.
fn check(
    whither: &Path,
    lab: &Lab,
    follow: Option<Duration>,
    meanwhile: impl FnOnce(),
) -> Result<Check, Error> {
    let folder = lab.cluster().folder().to_path_buf();
    let (out, err) = (folder.join("check.json"), folder.join("check.err"));
    let mut command = Command::new(whither);
    command.args(["check", "--brokers", lab.bootstrap(), "--format", "json", "--all"]);
    if let Some(follow) = follow {
        command.args(["-v", "--follow", &format!("{}s", follow.as_secs())]);
    }
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    let mut running = Supervised::spawn(&mut command)?;
    if follow.is_some() {
        wait_until("whither check to catch up", PATIENCE.as_secs(), || {
            let ended = running.ended()?.is_some();
            Ok(ended || fs::read_to_string(&err)?.contains(CAUGHT_UP))
        })?;
    }
    meanwhile();
    let ended = running.wait_for(PATIENCE + follow.unwrap_or_default());
    // 0 nothing lost, 1 losses found, 5 could not tell: all three print the check.
    let told = ended.and_then(|status| status.code()).is_some_and(|code| matches!(code, 0 | 1 | 5));
    let last = if told { last_check(&fs::read_to_string(&out)?) } else { None };
    last.ok_or_else(|| {
        let said = fs::read_to_string(&err).unwrap_or_default();
        io::Error::other(format!("whither check told nothing ({ended:?}): {said}")).into()
    })
}

/// The last document that is a check; a following one may print several.
fn last_check(text: &str) -> Option<Check> {
    let documents = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let checks = documents.map_while(Result::ok).filter(|document| document.get("findings").is_some());
    checks.last().and_then(|document| Check::deserialize(document).ok())
}
