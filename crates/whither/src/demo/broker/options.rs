//! What can be set when a demo broker starts. Names and defaults are those of Kafka's broker settings unless
//! a demo needs another one; every limit is here, so that memory is bounded by construction.
use std::net::{Ipv4Addr, SocketAddr};

use super::clock::Clock;

/// How to start a [`super::Broker`]. Times are in milliseconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0, the default, takes a free one.
    pub listen: SocketAddr,
    /// The broker's time.
    pub clock: Clock,
    /// Topic, member and cluster ids follow from it. `None` takes the clock's start, so that two runs differ.
    pub seed: Option<u64>,
    /// Print what the broker does to standard error, each line marked `whither-demo`.
    pub verbose: bool,
    /// How often sessions, retention and transaction time-outs are looked at. 0: only [`super::Broker::tick`].
    pub tick_interval_ms: u64,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// `num.partitions`, for topics that do not say.
    pub default_partitions: i32,
    /// `offsets.topic.num.partitions`. Kafka's default is 50; few make a demo's log easier to read.
    pub offsets_partitions: i32,
    /// `group.initial.rebalance.delay.ms`. Kafka's default is 3000.
    pub initial_rebalance_delay_ms: i64,
    /// `group.min.session.timeout.ms`. Kafka's default is 6000.
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout_ms: i32,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_interval_ms: i64,
    /// `transaction.max.timeout.ms`.
    pub transaction_max_timeout_ms: i32,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval_ms: i64,
    /// A partition over this loses its oldest batches, whatever its retention says; `__consumer_offsets` too,
    /// which nothing compacts.
    pub max_partition_bytes: usize,
    /// Partitions in all topics together.
    pub max_partitions: usize,
    /// `max.connections`.
    pub max_connections: usize,
    /// `socket.request.max.bytes`. Kafka's default is 100 MiB; each connection may fill this once.
    pub max_request_bytes: usize,
    /// Consumer groups and transactional ids, each.
    pub max_coordinated: usize,
    /// `group.max.size`.
    pub max_group_members: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::running(),
            seed: None,
            verbose: false,
            tick_interval_ms: 20,
            auto_create_topics: true,
            default_partitions: 1,
            offsets_partitions: 4,
            initial_rebalance_delay_ms: 100,
            min_session_timeout_ms: 1_000,
            max_session_timeout_ms: 1_800_000,
            offsets_retention_ms: 7 * 24 * 3_600_000,
            offsets_retention_check_interval_ms: 600_000,
            transaction_max_timeout_ms: 900_000,
            retention_check_interval_ms: 200,
            max_partition_bytes: 64 << 20,
            max_partitions: 2_000,
            max_connections: 1_000,
            max_request_bytes: 16 << 20,
            max_coordinated: 10_000,
            max_group_members: 500,
        }
    }
}
