//! A crash at any point is as if nothing had happened.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whither_core::{Clock, Fact, Key, Name, Partition, Policy, Time};
use whither_store::disk::SimulatedDisk;
use whither_store::{BalanceFilter, BalanceRow, FindingRow, LagRow, Options, Store, StoreError};

use super::recover::{Recovered, replay};
use crate::run::{Run, Said};
use crate::scenario::{self, Step};

/// What a server would have been given.
enum Given {
    Facts(Key, Clock, Vec<Fact>),
    Settle(Clock),
}

/// All stories, one after the other, each as a cluster of its own.
fn stories() -> Vec<Given> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "ndjson")).collect();
    files.sort();
    let mut given = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut end = Clock { now: Time::default(), complete_to: Time::MAX };
        for step in scenario::read(&file).unwrap() {
            match step.unwrap() {
                Step::Facts { key, clock, facts } => {
                    end.now = clock.now;
                    given.push(Given::Facts(Key { cluster: name.as_str().into(), ..key }, clock, facts));
                }
                Step::Settle(clock) => given.push(Given::Settle(clock)),
                Step::Report(_) => {}
            }
        }
        given.push(Given::Settle(end));
    }
    given
}

/// Rounds end after this many steps, and every so many rounds there is a checkpoint.
const ROUND: usize = 7;
const CHECKPOINT: usize = 11 * ROUND;
/// A step takes this long, so that lag is sampled now and then, and hours end.
const STEP_MS: i64 = 20_000;

fn open(disk: &SimulatedDisk) -> Option<Recovered> {
    let opened = Store::open_on(Arc::new(disk.clone()), Options::default()).ok()?;
    Some(replay(opened, Policy::default()).expect("what was marked is whole"))
}

/// Goes on from the last mark until all was given or the disk fails.
fn go_on(recovered: &mut Recovered, given: &[Given]) -> Result<(), StoreError> {
    let Recovered { run, journal, at } = recovered;
    let from = at.map_or(0, |at| usize::try_from(at.0 / STEP_MS).unwrap());
    for (i, given) in given.iter().enumerate().skip(from) {
        match given {
            Given::Facts(key, clock, facts) => run.apply(key, *clock, facts),
            Given::Settle(clock) => run.settle_due(*clock, 3),
        }
        let next = i + 1;
        if next.is_multiple_of(ROUND) {
            let now = Time(i64::try_from(next).unwrap() * STEP_MS);
            let journal = &mut *journal.lock();
            journal.put_rows(run, now);
            journal.mark(now)?;
            if next.is_multiple_of(CHECKPOINT) {
                journal.checkpoint(run, now)?;
            }
        }
    }
    Ok(())
}

/// What the tables hold.
struct Tables {
    findings: Vec<FindingRow>,
    lag: Vec<LagRow>,
    balance: Vec<BalanceRow>,
}

/// What the core says in the end, and what the tables hold.
fn outcome(recovered: &mut Recovered) -> (String, Tables) {
    let run: &mut Run = &mut recovered.run;
    let clock = Clock { now: Time(i64::from(u32::MAX) * 1_000), complete_to: Time::MAX };
    run.settle(clock);
    let Said { balance, findings, tails, .. } = run.said();
    assert!(balance.values().all(|row| row.residual() == 0));
    let reader = recovered.journal.lock().store.reader();
    let lag_of = |(group, p): &(Name, Partition)| {
        reader.lag(group, &p.topic, p.index, 0..i64::MAX, usize::MAX).unwrap()
    };
    let tables = Tables {
        findings: reader.findings(i64::MIN..i64::MAX, usize::MAX).unwrap(),
        lag: balance.keys().flat_map(lag_of).collect(),
        balance: reader.balance(i64::MIN..i64::MAX, &BalanceFilter::default()).unwrap(),
    };
    (format!("{balance:#?} {findings:#?} {tails:?}"), tables)
}

/// The first rows that differ are shown: all of them are too many to read.
fn same_rows<R: PartialEq + Debug>(told: &[R], wanted: &[R], what: &str) {
    for (told, wanted) in told.iter().zip(wanted) {
        assert_eq!(told, wanted, "{what}: the tables are others");
    }
    assert_eq!(told.len(), wanted.len(), "{what}: rows are missing, or doubled");
}

fn same_tables(told: &Tables, wanted: &Tables, what: &str) {
    same_rows(&told.findings, &wanted.findings, what);
    same_rows(&told.lag, &wanted.lag, what);
    same_rows(&told.balance, &wanted.balance, what);
}

#[test]
fn a_crash_anywhere_changes_nothing() {
    let given = stories();
    let undisturbed = {
        let mut recovered = open(&SimulatedDisk::new(0)).unwrap();
        go_on(&mut recovered, &given).unwrap();
        outcome(&mut recovered)
    };
    let held = &undisturbed.1;
    assert!(
        held.findings.len() > 20 && !held.lag.is_empty() && !held.balance.is_empty(),
        "the tables are filled"
    );
    let mut crashes = 0;
    for seed in 1..=70_u64 {
        let disk = SimulatedDisk::new(seed);
        let mut changes = 1 + seed * 37 % 101;
        let told = loop {
            disk.crash_after(changes);
            if let Some(mut recovered) = open(&disk)
                && go_on(&mut recovered, &given).is_ok()
            {
                break outcome(&mut recovered);
            }
            crashes += 1;
            // Longer and longer, so that it comes to an end.
            changes += 10 + changes / 8;
            disk.restart();
        };
        assert!(told.0 == undisturbed.0, "seed {seed}: the verdicts are others");
        same_tables(&told.1, &undisturbed.1, &format!("seed {seed}"));
    }
    assert!(crashes >= 200, "{crashes} crashes");
}

#[test]
fn a_full_disk_loses_nothing() {
    let given = stories();
    let undisturbed = {
        let mut recovered = open(&SimulatedDisk::new(0)).unwrap();
        go_on(&mut recovered, &given).unwrap();
        outcome(&mut recovered)
    };
    let disk = SimulatedDisk::new(1);
    let mut recovered = open(&disk).unwrap();
    let mut fulls = 0;
    disk.set_capacity(disk.used() + 3_000);
    while let Err(error) = go_on(&mut recovered, &given) {
        assert!(error.is_full(), "{error}");
        assert!(!recovered.journal.lock().store.accepting());
        drop(recovered);
        fulls += 1;
        disk.set_capacity(disk.used() + 20_000);
        recovered = open(&disk).unwrap();
    }
    assert!(fulls > 3, "{fulls} times");
    let told = outcome(&mut recovered);
    same_tables(&told.1, &undisturbed.1, "a full disk");
    assert!(told.0 == undisturbed.0, "the verdicts are others");
}
