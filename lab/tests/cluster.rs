//! Clusters start, lose a node and come back, and leave nothing behind.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use whither_lab::cluster::{Cluster, Options, Version};

fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn one_node_of_each_version_starts_and_leaves_nothing() {
    for version in [Version::V4_3, Version::V3_9] {
        let cluster = Cluster::start(&Options::of(version)).unwrap();
        let (bootstrap, pids, folder) = (cluster.bootstrap(), cluster.pids(), cluster.folder().to_path_buf());
        assert_eq!(pids.len(), 1);
        assert!(answers(&bootstrap));
        drop(cluster);
        assert!(!pids.iter().copied().any(alive), "{version} left a process");
        assert!(!answers(&bootstrap), "{version} left a listener");
        assert!(!folder.exists(), "{version} left files");
    }
}

#[test]
fn three_nodes_survive_the_kill_of_one() {
    let mut cluster = Cluster::start(&Options { nodes: 3, ..Options::default() }).unwrap();
    let bootstrap = cluster.bootstrap();
    let addresses: Vec<_> = bootstrap.split(',').collect();
    assert_eq!(addresses.len(), 3);
    cluster.kill_node(2).unwrap();
    assert!(!answers(addresses[1]));
    assert!(cluster.kill_node(2).is_err(), "a dead node can't be killed");
    cluster.start_node(2).unwrap();
    assert!(answers(addresses[1]));
    cluster.stop_node(3).unwrap();
    assert_eq!(cluster.pids().len(), 2);
    assert!(cluster.stop_node(4).is_err(), "there is no fourth node");
}

/// Process ids whose command line has all of `words`.
fn running(words: &[&str]) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux");
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    ids.filter(|id| {
        let line = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        words.iter().all(|word| line.contains(word))
    })
    .collect()
}

fn becomes_true(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().to_str().unwrap();
    let mut owner = Command::new(env!("CARGO_BIN_EXE_whither-lab"))
        .args(["run", "--truths-only", "healthy_storm"])
        .env("TMPDIR", mark)
        .spawn()
        .unwrap();
    // The driver is the last to start; it has the folder in a flag.
    becomes_true("the driver runs", || !running(&[mark, "whither.lab.Driver"]).is_empty());
    assert_eq!(running(&[mark, "kafka.Kafka"]).len(), 1);
    owner.kill().unwrap();
    owner.wait().unwrap();
    becomes_true("no process is left", || running(&[mark]).is_empty());
    becomes_true("no file is left", || fs::read_dir(mark).unwrap().next().is_none());
}
