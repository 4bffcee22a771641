//! A real process on the real disk, killed with SIGKILL wherever it happens to be.

use crate::app::{App, keeping};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use whither_store::Options;
use whither_store::disk::RealDisk;

const DIR: &str = "WHITHER_STORE_KILL_DIR";
const ACKNOWLEDGED: &str = "WHITHER_STORE_KILL_ACKNOWLEDGED";
const SEED: &str = "WHITHER_STORE_KILL_SEED";
const OPTIONS: Options = Options { retention: keeping(2000), repair: whither_store::Repair::Refuse };

/// How often: `WHITHER_STORE_KILLS`, 200 unless asked.
fn kills() -> u64 {
    std::env::var("WHITHER_STORE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(200)
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for seed in 0..kills() {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::works_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .env(ACKNOWLEDGED, acknowledged.to_string())
            .env(SEED, random.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // How many marks it may live, and a moment more, so that it dies in the middle of things.
        let (mut marks, moment) = (random % 12, Duration::from_micros((random >> 8) % 3000));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        for line in lines.by_ref() {
            if let Some(mark) = line.strip_prefix("marked ") {
                acknowledged = mark.parse().unwrap();
                if marks == 0 {
                    break;
                }
                marks -= 1;
            }
        }
        assert_eq!(child.try_wait().unwrap(), None, "seed {seed}: it ended before it was killed");
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said last, it said before it died.
        let said: Vec<String> =
            lines.filter_map(|line| line.strip_prefix("marked ").map(str::to_owned)).collect();
        acknowledged = said.last().map_or(acknowledged, |mark| mark.parse().unwrap());
    }
    assert!(acknowledged > 0);
}

/// What the process does that the test above kills.
#[test]
#[ignore = "the other half of `what_was_acknowledged_survives_kill_9`"]
fn works_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let disk = RealDisk::new(dir.as_ref()).unwrap();
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
