//! A real process on the real disk, killed with SIGKILL at a seeded point: before one of its changes of the disk.

use crate::app::{App, keeping, with};
use crate::asked;
use crate::stopping::StoppingDisk;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use whither_store::Options;

const DIR: &str = "WHITHER_STORE_KILL_DIR";
const ACKNOWLEDGED: &str = "WHITHER_STORE_KILL_ACKNOWLEDGED";
const SEED: &str = "WHITHER_STORE_KILL_SEED";
/// The seed of the first life: `WHITHER_STORE_KILLS_FROM`, 0 unless asked.
const FROM: &str = "WHITHER_STORE_KILLS_FROM";
/// A life ends before this many changes of the disk, opening included.
const CHANGES: u64 = 200;
const OPTIONS: Options = with(keeping(2000));

/// How often: `WHITHER_STORE_KILLS`, 200 unless asked.
fn kills() -> u64 {
    asked("WHITHER_STORE_KILLS").unwrap_or(200)
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    let from = asked(FROM).unwrap_or(0);
    for seed in from..from + kills() {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::works_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .env(ACKNOWLEDGED, acknowledged.to_string())
            .env(SEED, random.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut stands = false;
        for line in lines {
            if let Some(mark) = line.strip_prefix("marked ") {
                acknowledged = mark.parse().unwrap();
            }
            if line == StoppingDisk::SAYS {
                stands = true;
                break;
            }
        }
        assert!(stands, "seed {seed}: it ended before it was killed: {:?}", child.wait());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(acknowledged > 0);
}

/// What the process does that the test above kills.
#[test]
#[ignore = "the other half of `what_was_acknowledged_survives_kill_9`"]
fn works_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let disk = StoppingDisk::new(dir.as_ref(), number(SEED) % CHANGES);
    let mut app = App::open(Arc::new(disk), OPTIONS).unwrap();
    assert!(u64::from(app.marked) >= number(ACKNOWLEDGED), "a mark was lost");
    app.check_rows(app.marked.saturating_sub(2000).max(1));
    println!("\nmarked {}", app.marked);
    let mut random = number(SEED);
    loop {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for _ in 0..random >> 60 {
            app.next().unwrap();
        }
        app.mark().unwrap();
        println!("marked {}", app.marked);
        match (random >> 40) % 6 {
            0 | 1 => app.checkpoint().unwrap(),
            2 => drop(app.merge().unwrap()),
            3 => drop(app.store.retain(i64::from(app.marked)).unwrap()),
            _ => {}
        }
    }
}
