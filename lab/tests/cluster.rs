//! Clusters start, lose a node and come back, and leave nothing behind.

use std::net::TcpStream;
use std::path::Path;

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
