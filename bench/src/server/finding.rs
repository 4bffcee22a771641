//! The message index: filled with so many entries, then asked for some that are there and some that are not.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use whither_store::{IndexKind, IndexRow, Options, Retention, Store};

use crate::error::Error;
use crate::process::{self, Cost};

/// Entries for each second of the record's time.
const PER_SECOND: u64 = 100_000;
const TOPICS: u64 = 20;
const PARTITIONS: u64 = 12;
const LOOKUPS: u64 = 1_000;
const BEGIN_MS: i64 = 1_760_000_000_000;

/// What came of it.
pub(crate) struct Finding {
    pub(crate) entries: u64,
    pub(crate) fill: Cost,
    pub(crate) filled: Filled,
    pub(crate) found: Found,
    pub(crate) find: Cost,
}

/// What the index takes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Filled {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
}

/// How long look-ups take, in seconds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) open_seconds: f64,
    /// The first one reads footers.
    pub(crate) first_seconds: f64,
    pub(crate) there: Times,
    pub(crate) not_there: Times,
}

/// Of many look-ups, in seconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) most: f64,
}

/// Fills an index and looks into it, in processes of their own.
///
/// # Errors
/// One of them fails, or does not find what is there.
pub(super) fn measure(folder: &Path, entries: u64) -> Result<Finding, Error> {
    let dir = folder.join("index");
    let part = |what: &str| -> Result<Command, Error> {
        let mut command = process::own(&["index", what, &entries.to_string()])?;
        command.arg(&dir);
        Ok(command)
    };
    eprintln!("indexing {entries} records");
    let (filled, fill): (Filled, _) = process::run(&mut part("fill")?, &[0])?;
    let (found, find): (Found, _) = process::run(&mut part("find")?, &[0])?;
    let Times { p50, p99, .. } = found.there;
    eprintln!("index: {} bytes, p50 {:.2} ms, p99 {:.2} ms", filled.bytes, p50 * 1_000.0, p99 * 1_000.0);
    Ok(Finding { entries, fill, filled, found, find })
}

/// What a measured process does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Work {
    /// Fills an index.
    Fill,
    /// Looks into one.
    Find,
}

/// A measured process.
///
/// # Errors
/// The store can't be written or read, or does not find what is there.
pub(crate) fn part(work: Work, entries: u64, dir: &Path) -> Result<(), Error> {
    let told = match work {
        Work::Fill => serde_json::json!(fill(dir, entries)?),
        Work::Find => serde_json::json!(find(dir, entries)?),
    };
    println!("{told}");
    Ok(())
}

fn open(dir: &Path) -> Result<Store, Error> {
    let retention = Retention { keep_bytes: u64::MAX, keep_index_bytes: u64::MAX, ..Retention::default() };
    Ok(Store::open(dir, Options { retention, ..Options::default() })?.store)
}

fn fill(dir: &Path, entries: u64) -> Result<Filled, Error> {
    let mut store = open(dir)?;
    let topics: Vec<Arc<str>> = (0..TOPICS).map(|n| format!("orders.{n}").into()).collect();
    for i in 0..entries {
        store.put_index(entry(i, &topics));
        let pauses = i % 10_000 == 9_999;
        if pauses || i + 1 == entries {
            store.mark(&i.to_le_bytes())?;
        }
        if pauses && store.checkpoint_due(BEGIN_MS) {
            store.begin_checkpoint()?.finish(BEGIN_MS)?;
            while let Some(merge) = store.merge_due() {
                let merged = merge.run()?;
                store.apply_merge(merged)?;
            }
        }
    }
    store.begin_checkpoint()?.finish(BEGIN_MS)?;
    let sizes = store.sizes();
    Ok(Filled { segments: whole(sizes.segments), bytes: sizes.segment_bytes })
}

fn find(dir: &Path, entries: u64) -> Result<Found, Error> {
    let began = Instant::now();
    let reader = open(dir)?.reader();
    let open_seconds = began.elapsed().as_secs_f64();
    let began = Instant::now();
    reader.find(IndexKind::Key, 1, None, 10)?;
    let first_seconds = began.elapsed().as_secs_f64();
    let look_up = |from: u64| {
        let mut times = Vec::new();
        for k in 0..LOOKUPS {
            let i = from + mix(k + 77) % entries;
            let began = Instant::now();
            let seen = whole(reader.find(kind(i), mix(i), None, 10)?.len());
            times.push(began.elapsed());
            let expected = u64::from(from == 0);
            if seen != expected {
                return Err(Error::Wrong { what: format!("rows of entry {i}"), expected, seen });
            }
        }
        Ok(Times::of(times))
    };
    Ok(Found { open_seconds, first_seconds, there: look_up(0)?, not_there: look_up(entries)? })
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64();
        Times { p50: at(50), p99: at(99), most: at(100) }
    }
}

fn entry(i: u64, topics: &[Arc<str>]) -> IndexRow {
    let place = mix(i ^ 0xabcd);
    let small = |n: u64| i32::try_from(n).unwrap_or(0);
    let large = |n: u64| i64::try_from(n).unwrap_or(0);
    IndexRow {
        what: kind(i),
        hash: mix(i),
        topic: topics[usize::try_from(place % TOPICS).unwrap_or(0)].clone(),
        partition: small(place / TOPICS % PARTITIONS),
        offset: large(i / (TOPICS * PARTITIONS)),
        at_ms: BEGIN_MS + large(i * 1000 / PER_SECOND),
    }
}

/// Half keys, a quarter each traces and headers.
fn kind(i: u64) -> IndexKind {
    [IndexKind::Key, IndexKind::Trace, IndexKind::Key, IndexKind::Header][usize::from(i.to_le_bytes()[0] % 4)]
}

/// splitmix64: no two inputs give the same output.
fn mix(i: u64) -> u64 {
    let mut z = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn whole(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
