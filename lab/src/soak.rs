//! Hours of ordinary work with extraordinary ends: `whither serve` follows a real Kafka under load while it and the
//! brokers are killed at random, and what it publishes must add up and stay.

mod random;
mod load;
mod memory;
mod watch;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clients::Error;
use crate::cluster::Version;
use crate::process::Supervised;
use crate::recipes::{Lab, Stage};
use crate::server::{Server, Started, Stop};
use memory::Memory;
use random::Random;
use watch::Watch;

/// Between two looks at what the server publishes.
const LOOK: Duration = Duration::from_secs(1);
/// A server lives between these many looks.
const SERVER_LIVES: (u64, u64) = (5, 25);
/// Brokers are killed this many looks apart.
const BROKERS_LIVE: (u64, u64) = (20, 60);
/// In the end everything is read and told within this time.
const PATIENCE: Duration = Duration::from_secs(240);

/// A look at everything that was written.
const CHECK_WITHIN: Duration = Duration::from_secs(300);

/// What a soak is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// For how long.
    pub length: Duration,
    /// What is killed when follows from it.
    pub seed: u64,
}

/// What came of a soak.
#[derive(Clone, Debug, Default)]
pub struct Soaked {
    /// How often the server was killed.
    pub server_kills: u64,
    /// How often a broker was.
    pub broker_kills: u64,
    /// How often all that is published was looked at.
    pub looks: u64,
    /// Records that the server has read.
    pub records: u64,
    /// Losses that were told, and had to stay.
    pub losses: usize,
    /// The median of the server's resident memory in the first and in the last quarter, in bytes.
    pub memory: Option<(u64, u64)>,
    /// What was wrong.
    pub complaints: Vec<String>,
}

/// Soaks `whither` on three brokers.
///
/// # Errors
/// Kafka or whither do not start. What whither tells wrongly is a complaint.
pub fn soak(whither: &Path, asked: Soak) -> Result<Soaked, Error> {
    let lab = Lab::start(Stage::Replicated, Version::V4_3)?;
    load::create_topics(&lab)?;
    let over = AtomicBool::new(false);
    let mut soaked = Soaked::default();
    let folder = lab.cluster().folder().to_owned();
    let mut server = Server::start(whither, lab.bootstrap(), &folder, Started::Tells)?;
    let mut watch = Watch::default();
    thread::scope(|scope| {
        load::start(scope, &lab, &over);
        let done = work(&lab, &mut server, &mut watch, asked, &mut soaked);
        over.store(true, Ordering::Relaxed);
        done
    })?;
    end(&lab, whither, &server, &mut watch)?;
    server.stop(Stop::Term)?;
    soaked.looks = watch.looks;
    soaked.records = watch.records_read;
    soaked.losses = watch.losses();
    soaked.complaints.append(&mut watch.complaints);
    if let Some((first, last)) = soaked.memory
        && memory::has_grown(first, last)
    {
        soaked.complaints.push(format!("resident memory went from {first} to {last} bytes"));
    }
    Ok(soaked)
}

/// Looks, and kills, until the time is over. All brokers are up then.
fn work(
    lab: &Lab,
    server: &mut Server,
    watch: &mut Watch,
    asked: Soak,
    soaked: &mut Soaked,
) -> Result<(), Error> {
    let mut random = Random(asked.seed);
    let mut memory = Memory::default();
    let mut server_dies = random.between(SERVER_LIVES);
    let mut broker_dies = random.between(BROKERS_LIVE);
    let mut dead = None;
    let began = Instant::now();
    while began.elapsed() < asked.length {
        thread::sleep(LOOK);
        watch.look(server.client());
        memory.sample(server);
        server_dies -= 1;
        if server_dies == 0 {
            server.restart(Stop::Kill)?;
            watch.restarted();
            soaked.server_kills += 1;
            server_dies = random.between(SERVER_LIVES);
        }
        broker_dies -= 1;
        if broker_dies == 0 {
            match dead.take() {
                // One at a time: two of three keep the cluster going.
                None => {
                    let node = usize::try_from(random.between((1, 3))).unwrap_or(1);
                    lab.cluster().kill_node(node)?;
                    dead = Some(node);
                    soaked.broker_kills += 1;
                }
                Some(node) => lab.cluster().start_node(node)?,
            }
            broker_dies = random.between(BROKERS_LIVE);
        }
    }
    if let Some(node) = dead {
        lab.cluster().start_node(node)?;
    }
    soaked.memory = memory.medians();
    Ok(())
}

/// When nothing happens any more, the server tells what a look at everything tells.
fn end(lab: &Lab, whither: &Path, server: &Server, watch: &mut Watch) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        let differences = match watch.rows(server.client()) {
            Some(told) => watch::differences(&told, &check(whither, lab)?),
            None => vec!["the server has not caught up".to_owned()],
        };
        if differences.is_empty() {
            break;
        }
        if began.elapsed() > PATIENCE {
            watch.complaints.extend(differences);
            break;
        }
        thread::sleep(LOOK);
    }
    watch.look(server.client());
    Ok(())
}

/// The rows of a look at everything.
fn check(whither: &Path, lab: &Lab) -> Result<Vec<Value>, Error> {
    let out = lab.cluster().folder().join("check.json");
    let mut command = Command::new(whither);
    command.args(["check", "--brokers", lab.bootstrap(), "--format", "json", "--all"]);
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(Stdio::null());
    let ended = Supervised::spawn(&mut command)?.wait_for(CHECK_WITHIN);
    let told: Option<Value> = serde_json::from_str(&fs::read_to_string(&out)?).ok();
    let rows = told.and_then(|mut told| Some(told.get_mut("balance")?.as_array_mut()?.split_off(0)));
    rows.ok_or_else(|| io::Error::other(format!("whither check told nothing ({ended:?})")).into())
}
