//! `whither check` on a wide cluster: many partitions, many groups.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::error::Error;
use crate::peer::{Fill, Peer};
use crate::process;
use crate::samples::Samples;
use crate::wire::Wire;

const TOPICS: u32 = 20;
const PARTITIONS_OF_EACH: u32 = 50;
const BATCH_RECORDS: u32 = 100;
/// Each group commits these positions, one after the other, on every partition.
const COMMITS: [i64; 2] = [100, 300];

/// What came of it.
pub(crate) struct Checking {
    pub(crate) partitions: u32,
    pub(crate) groups: u32,
    pub(crate) records: u64,
    pub(crate) commits: u64,
    pub(crate) rounds: u32,
    pub(crate) wall_seconds: Samples,
    pub(crate) cpu_seconds: Samples,
    pub(crate) max_rss_bytes: u64,
}

#[derive(Deserialize)]
struct Answer {
    balance: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    records: u64,
    residual: i64,
}

/// Makes topics, records and positions, and lets the program check them.
///
/// # Errors
/// The cluster can't be prepared, `check` fails, or its balance is not that of what was written.
pub(crate) fn measure(
    at: &str,
    peer: &Peer,
    folder: &Path,
    groups: u32,
    rounds: u32,
) -> Result<Checking, Error> {
    let records = prepare(at, peer, groups)?;
    let partitions = TOPICS * PARTITIONS_OF_EACH;
    let rows = u64::from(partitions) * u64::from(groups);
    expect_balance(at, &folder.join("check.json"), rows, records * u64::from(groups))?;
    let (mut wall_seconds, mut cpu_seconds, mut max_rss_bytes) = (Samples::default(), Samples::default(), 0);
    for _ in 0..rounds {
        let (_, cost) = process::run_plainly(&mut check(at)?, &[0])?;
        eprintln!(
            "check: {:.2} s, {:.2} CPU s, {} MB",
            cost.wall_seconds,
            cost.cpu_seconds,
            cost.max_rss_bytes >> 20
        );
        wall_seconds.add(cost.wall_seconds);
        cpu_seconds.add(cost.cpu_seconds);
        max_rss_bytes = cost.max_rss_bytes.max(max_rss_bytes);
    }
    let commits = rows * COMMITS.len() as u64;
    Ok(Checking { partitions, groups, records, commits, rounds, wall_seconds, cpu_seconds, max_rss_bytes })
}

fn prepare(at: &str, peer: &Peer, groups: u32) -> Result<u64, Error> {
    let topics: Vec<String> = (0..TOPICS).map(|t| format!("wide-{t}")).collect();
    let names: Vec<String> = (0..groups).map(|g| format!("group-{g}")).collect();
    let mut wire = Wire::connect(at)?;
    eprintln!("making {TOPICS} topics of {PARTITIONS_OF_EACH} partitions");
    wire.create_topics(&topics, PARTITIONS_OF_EACH)?;
    let each = 400 * u64::from(PARTITIONS_OF_EACH);
    for topic in &topics {
        peer.produce(at, topic, &Fill { records: each, codec: "lz4", batch_records: BATCH_RECORDS })?;
    }
    eprintln!("committing for {groups} groups");
    wire.await_coordinator(&names)?;
    for offset in COMMITS {
        for group in &names {
            wire.commit(group, &topics, PARTITIONS_OF_EACH, offset)?;
        }
    }
    Ok(each * u64::from(TOPICS))
}

/// The program as it is installed: it is built beside this one.
fn check(at: &str) -> Result<Command, Error> {
    let spawn = |source| Error::Spawn { command: "whither".into(), source };
    let program = std::env::current_exe().map_err(spawn)?.with_file_name("whither");
    let mut command = Command::new(program);
    command.args(["check", "--brokers", at]);
    Ok(command)
}

/// Every group has a row for every partition, and the rows hold every record once.
fn expect_balance(at: &str, file: &Path, rows: u64, records: u64) -> Result<(), Error> {
    let failed = |what| move |source| Error::File { what, path: file.to_path_buf(), source };
    let out = File::create(file).map_err(failed("create"))?;
    let mut command = check(at)?;
    let status = command.args(["--format", "json"]).stdout(out).status();
    status.map_err(|source| Error::Spawn { command: format!("{command:?}"), source })?;
    let read = BufReader::new(File::open(file).map_err(failed("read"))?);
    let answer: Answer = serde_json::from_reader(read).map_err(|source| Error::Result {
        command: format!("{command:?}"),
        line: String::new(),
        source,
    })?;
    let residual = answer.balance.iter().map(|row| row.residual.unsigned_abs()).max().unwrap_or(0);
    let counted = answer.balance.iter().map(|row| row.records).sum();
    for (what, expected, seen) in [
        ("rows", rows, answer.balance.len() as u64),
        ("records", records, counted),
        ("residual", 0, residual),
    ] {
        if expected != seen {
            return Err(Error::Wrong { what: format!("{what} of the balance"), expected, seen });
        }
    }
    Ok(())
}
