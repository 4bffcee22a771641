//! Data directories that the program does not take, and how it says so.

use std::path::Path;

use tokio::process::Command;

use crate::scene::{Scene, until};

/// Exit code and what was said.
async fn refused(scene: &Scene, dir: &Path) -> (Option<i32>, String) {
    let address = scene.broker.address().to_string();
    let elsewhere = tempfile::tempdir().unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_whither"))
        .args(["serve", "--listen", "127.0.0.1:0", "--brokers", &address, "--data-dir"])
        .arg(dir)
        .env_remove("WHITHER_CONFIG")
        .current_dir(&elsewhere)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_another_server_has_open() {
    let scene = Scene::new().await;
    let server = scene.serve();
    until(&server.live, "it has begun", |s| s.revision > 0).await;
    let (code, said) = refused(&scene, server.dir.path()).await;
    assert_eq!(code, Some(2), "{said}");
    let in_use = format!("is in use by process {}: stop that one", std::process::id());
    assert!(said.contains(&in_use), "{said}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_a_newer_version() {
    let scene = Scene::new().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("FORMAT"), "whither store 9\n").unwrap();
    let (code, said) = refused(&scene, dir.path()).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("was written by a newer version (format 9"), "{said}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "nothing was changed");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_cannot_be_written_to() {
    let scene = Scene::new().await;
    // Nobody can make files there, not even root.
    let (code, said) = refused(&scene, Path::new("/sys/whither")).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("can't be written to: give this user the right to"), "{said}");
}
