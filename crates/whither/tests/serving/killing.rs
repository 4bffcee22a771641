//! The program itself, killed at any moment.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use whither::live::State;

use crate::scene::{Scene, findings, published, until};

pub(crate) fn program(scene: &Scene, dir: &Path) -> Child {
    let address = scene.broker.address().to_string();
    Command::new(env!("CARGO_BIN_EXE_whither"))
        .args(["serve", "--listen", "127.0.0.1:0", "--brokers", &address, "--data-dir"])
        .arg(dir)
        .env_remove("WHITHER_CONFIG")
        .current_dir(dir.parent().unwrap())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Bytes of all files.
fn written(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).unwrap().filter_map(|file| file.ok()?.metadata().ok());
    files.map(|file| file.len()).sum()
}

/// Waits until so many bytes were written since, or all there is to be written.
async fn some_work(dir: &Path, server: &mut Child, bytes: u64) {
    let (before, mut still) = (written(dir), 0);
    let mut last = before;
    while last < before + bytes && still < 100 && server.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = written(dir);
        still = if now == last { still + 1 } else { 0 };
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_killed_tells_what_an_undisturbed_one_tells() {
    let scene = Scene::new().await;
    let undisturbed = scene.serve();
    until(&undisturbed.live, "it has begun", |s| s.about.read_back).await;
    let parent = tempfile::tempdir().unwrap();
    let dir = Arc::new(tempfile::tempdir_in(&parent).unwrap());
    let mut members = Vec::new();
    for turn in 0..10_u64 {
        let mut server = program(&scene, dir.path());
        for partition in 0..2 {
            scene.write("orders", partition, 30).await;
        }
        if turn % 3 == 1 {
            members.push(scene.read(&format!("group-{turn}"), "orders", 40).await);
        }
        some_work(dir.path(), &mut server, turn * 577 % 1_900).await;
        server.kill().await.unwrap();
    }
    let server = scene.serve_in(dir);
    let all = |s: &State| s.about.caught_up && s.about.read_back && s.totals.records == 600 * 3;
    until(&server.live, "all is counted", all).await;
    until(&undisturbed.live, "all is counted", all).await;
    assert_eq!(published(&server.live), published(&undisturbed.live));
    assert_eq!(findings(&server.live), findings(&undisturbed.live));
    assert_eq!(server.live.read().totals.residual, 0);
    assert_eq!(server.live.read().about.records_read, 600, "nothing is counted twice");
    server.stop().await;
    undisturbed.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_asked_to_end_does_so_at_once_and_well() {
    let scene = Scene::new().await;
    scene.write("orders", 0, 30).await;
    let parent = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir_in(&parent).unwrap();
    let mut server = program(&scene, dir.path());
    while std::fs::read_dir(&dir).unwrap().count() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = Command::new("kill").arg(server.id().unwrap().to_string()).status().await.unwrap();
    assert!(asked.success());
    let ended = tokio::time::timeout(Duration::from_secs(20), server.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
}
