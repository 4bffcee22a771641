//! `server.properties`.

use std::path::Path;

use super::jars::Version;
use super::options::Options;
use super::security::{Listener, Tls, broker_properties};

/// The ports of one node.
#[derive(Debug, Clone)]
pub(super) struct NodePorts {
    pub(super) controller: u16,
    /// Plaintext first.
    pub(super) listeners: Vec<(Listener, u16)>,
}

/// The file's text for node `id` (from 1). In a properties file the last of equal keys wins.
pub(super) fn render(
    id: usize,
    ports: &[NodePorts],
    options: &Options,
    tls: Option<&Tls>,
    data: &Path,
) -> String {
    let mut lines = identity(id, ports, data);
    lines.extend(sizes(options.nodes));
    if options.hurried {
        lines.extend(owned(HURRIED));
        if options.version == Version::V4_3 {
            lines.extend(owned(HURRIED_SINCE_4));
        }
    }
    if let Some(tls) = tls {
        lines.extend(broker_properties(tls));
    }
    if options.authorized {
        lines.extend(owned(AUTHORIZED));
    }
    lines.extend(options.properties.iter().cloned());
    lines.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

fn identity(id: usize, ports: &[NodePorts], data: &Path) -> Vec<(String, String)> {
    let voters: Vec<_> = ports
        .iter()
        .enumerate()
        .map(|(at, node)| format!("{}@127.0.0.1:{}", at + 1, node.controller))
        .collect();
    let own = &ports[id - 1];
    let advertised: Vec<_> =
        own.listeners.iter().map(|(listener, port)| format!("{listener}://127.0.0.1:{port}")).collect();
    let advertised = advertised.join(",");
    let protocols: Vec<_> =
        own.listeners.iter().map(|(listener, _)| format!("{listener}:{listener}")).collect();
    [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", id.to_string()),
        ("controller.quorum.voters", voters.join(",")),
        ("listeners", format!("{advertised},CONTROLLER://127.0.0.1:{}", own.controller)),
        ("advertised.listeners", advertised),
        ("listener.security.protocol.map", format!("CONTROLLER:PLAINTEXT,{}", protocols.join(","))),
        ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("log.dirs", data.display().to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// Small, because a test machine runs several; replicated where there are three.
fn sizes(nodes: usize) -> Vec<(String, String)> {
    let replicas = if nodes < 3 { "1" } else { "3" };
    let in_sync = if nodes < 3 { "1" } else { "2" };
    let mut lines = owned(SMALL);
    for (key, value) in [
        ("default.replication.factor", replicas),
        ("offsets.topic.replication.factor", replicas),
        ("transaction.state.log.replication.factor", replicas),
        ("share.coordinator.state.topic.replication.factor", replicas),
        ("min.insync.replicas", in_sync),
        ("transaction.state.log.min.isr", in_sync),
        ("share.coordinator.state.topic.min.isr", in_sync),
    ] {
        lines.push((key.to_owned(), value.to_owned()));
    }
    lines
}

fn owned(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

const SMALL: &[(&str, &str)] = &[
    ("auto.create.topics.enable", "false"),
    ("num.network.threads", "2"),
    ("num.io.threads", "2"),
    ("background.threads", "2"),
    ("num.recovery.threads.per.data.dir", "1"),
    ("offsets.topic.num.partitions", "3"),
    ("transaction.state.log.num.partitions", "3"),
    ("share.coordinator.state.topic.num.partitions", "3"),
    ("log.segment.bytes", "16777216"),
    ("log.index.size.max.bytes", "1048576"),
    ("log.cleaner.dedupe.buffer.size", "2097152"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "1000"),
    ("broker.session.timeout.ms", "4000"),
    ("broker.heartbeat.interval.ms", "500"),
];

/// Everything periodic that a fault waits for, every second or faster. Defaults are 30 s (first log task),
/// 5 min (retention), 60 s (segment delete delay), 15 s (cleaner), 10 s (transactions), 10 min (offsets).
const HURRIED: &[(&str, &str)] = &[
    ("log.initial.task.delay.ms", "500"),
    ("log.retention.check.interval.ms", "1000"),
    ("log.segment.delete.delay.ms", "1000"),
    ("log.cleaner.backoff.ms", "500"),
    ("log.cleaner.min.cleanable.ratio", "0.01"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
    ("offsets.retention.check.interval.ms", "1000"),
    ("group.consumer.min.heartbeat.interval.ms", "500"),
    ("group.consumer.heartbeat.interval.ms", "500"),
    ("group.consumer.min.session.timeout.ms", "3000"),
    ("group.consumer.session.timeout.ms", "6000"),
];

const HURRIED_SINCE_4: &[(&str, &str)] = &[
    ("group.share.min.session.timeout.ms", "3000"),
    ("group.share.session.timeout.ms", "6000"),
    ("group.share.min.heartbeat.interval.ms", "500"),
    ("group.share.heartbeat.interval.ms", "500"),
    ("group.streams.min.session.timeout.ms", "3000"),
    ("group.streams.session.timeout.ms", "6000"),
    ("group.streams.min.heartbeat.interval.ms", "500"),
    ("group.streams.heartbeat.interval.ms", "500"),
    ("group.streams.initial.rebalance.delay.ms", "100"),
];

const AUTHORIZED: &[(&str, &str)] = &[
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("super.users", "User:ANONYMOUS;User:admin"),
    ("allow.everyone.if.no.acl.found", "false"),
];
