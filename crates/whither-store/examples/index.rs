//! Measures the message index: fills it with so many entries, then looks for some that are there and some that are not.
//!
//! `cargo run --release -p whither-store --example index -- fill DIR 100000000`, then `-- find DIR 100000000`.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use whither_store::{IndexKind, IndexRow, Options, Retention, Store};

/// Entries for each second of the record's time.
const PER_SECOND: u64 = 100_000;
const TOPICS: u64 = 20;
const PARTITIONS: u64 = 12;
const LOOKUPS: u64 = 1000;
const BEGIN_MS: i64 = 1_760_000_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let done = match &arguments[1..] {
        [what, dir, entries] if what == "fill" => {
            entries.parse().map_err(Into::into).and_then(|n| fill(dir.as_ref(), n))
        }
        [what, dir, entries] if what == "find" => {
            entries.parse().map_err(Into::into).and_then(|n| find(dir.as_ref(), n))
        }
        _ => Err("usage: index fill|find DIR ENTRIES".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn open(dir: &Path) -> Result<Store, Box<dyn Error>> {
    let retention = Retention { keep_bytes: u64::MAX, ..Retention::default() };
    Ok(Store::open(dir, Options { retention, ..Options::default() })?.store)
}

fn fill(dir: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let mut store = open(dir)?;
    let topics: Vec<Arc<str>> = (0..TOPICS).map(|n| format!("orders.{n}").into()).collect();
    let began = Instant::now();
    let (mut checkpoints, mut merges, mut longest) = (0, 0, Duration::ZERO);
    for i in 0..entries {
        store.put_index(entry(i, &topics)?);
        if i % 10_000 == 9_999 || i + 1 == entries {
            store.mark(&i.to_le_bytes())?;
        }
        if store.checkpoint_due(BEGIN_MS) && i % 10_000 == 9_999 {
            let began = Instant::now();
            store.begin_checkpoint()?.finish(BEGIN_MS)?;
            longest = longest.max(began.elapsed());
            checkpoints += 1;
            while let Some(merge) = store.merge_due() {
                let merged = merge.run()?;
                store.apply_merge(merged)?;
                merges += 1;
            }
        }
    }
    store.begin_checkpoint()?.finish(BEGIN_MS)?;
    let (sizes, took) = (store.sizes(), began.elapsed());
    println!("{entries} entries in {:.1} s wall, {:.1} s CPU", took.as_secs_f64(), cpu_seconds()?);
    println!("{checkpoints} checkpoints, the longest {} ms; {merges} merges", longest.as_millis());
    println!(
        "{} segments, {} bytes, {:.2} B/entry",
        sizes.segments,
        sizes.segment_bytes,
        ratio(sizes.segment_bytes, entries)
    );
    println!("peak RSS {} MB", peak_rss_mb()?);
    Ok(())
}

fn find(dir: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let store = open(dir)?;
    let reader = store.reader();
    println!("opened {} segments in {:.1} ms", store.sizes().segments, millis(began.elapsed()));
    let began = Instant::now();
    reader.find(IndexKind::Key, 1, 10)?;
    println!("the first look-up, which reads footers: {:.1} ms", millis(began.elapsed()));
    for (what, from) in [("there", 0), ("not there", entries)] {
        let mut times = Vec::new();
        let (cpu, read) = (cpu_seconds()?, bytes_read()?);
        for k in 0..LOOKUPS {
            let i = from + mix(k + 77) % entries;
            let began = Instant::now();
            let found = reader.find(kind(i), mix(i), 10)?;
            times.push(began.elapsed());
            if found.len() != usize::from(from == 0) {
                return Err(format!("entry {i}: found {} times", found.len()).into());
            }
        }
        let (cpu, read) = (cpu_seconds()? - cpu, bytes_read()? - read);
        times.sort_unstable();
        let at = |share: usize| millis(times[(times.len() - 1) * share / 1000]);
        println!(
            "{LOOKUPS} look-ups of what is {what}: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            at(500),
            at(990),
            at(1000)
        );
        println!("  each {:.2} ms CPU, {} kB read", cpu * 1000.0 / ratio(LOOKUPS, 1), read / LOOKUPS / 1024);
    }
    println!("peak RSS {} MB", peak_rss_mb()?);
    Ok(())
}

fn entry(i: u64, topics: &[Arc<str>]) -> Result<IndexRow, Box<dyn Error>> {
    let place = mix(i ^ 0xabcd);
    Ok(IndexRow {
        what: kind(i),
        hash: mix(i),
        topic: topics[usize::try_from(place % TOPICS)?].clone(),
        partition: i32::try_from(place / TOPICS % PARTITIONS)?,
        offset: i64::try_from(i / (TOPICS * PARTITIONS))?,
        at_ms: BEGIN_MS + i64::try_from(i * 1000 / PER_SECOND)?,
    })
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

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// User and system time of this process, from /proc, in hundredths of seconds.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.split_whitespace().collect();
    Ok(ratio(fields[13].parse::<u64>()? + fields[14].parse::<u64>()?, 100))
}

/// Bytes that this process asked the system for, cached or not.
fn bytes_read() -> Result<u64, Box<dyn Error>> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    Ok(io.lines().find_map(|line| line.strip_prefix("rchar: ")).ok_or("no rchar")?.parse()?)
}

fn peak_rss_mb() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
