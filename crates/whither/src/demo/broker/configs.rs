//! Topic and broker settings: names, types and defaults of Kafka 4.3, checked on the way in.
use std::collections::BTreeMap;

use super::log::{AppendRules, Retention};
use super::options::Options;

/// DescribeConfigs' codes of a value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
}

/// A setting that a topic can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    /// The broker setting that the default comes from.
    pub(crate) broker_name: &'static str,
    /// What it does here, or that it does nothing.
    pub(crate) about: &'static str,
}

const KEPT: &str = "Kept and shown; the demo broker does not act on it.";

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    broker_name: &'static str,
) -> Setting {
    Setting { name, kind, default, broker_name, about: KEPT }
}

const fn acted_on(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    broker_name: &'static str,
    about: &'static str,
) -> Setting {
    Setting { name, kind, default, broker_name, about }
}

/// Every topic setting, by name.
pub(crate) const TOPIC_SETTINGS: &[Setting] = &[
    acted_on(
        "cleanup.policy",
        Kind::List,
        "delete",
        "log.cleanup.policy",
        "Only 'delete' applies retention; nothing is compacted.",
    ),
    setting("compression.gzip.level", Kind::Int, "-1", "compression.gzip.level"),
    setting("compression.lz4.level", Kind::Int, "9", "compression.lz4.level"),
    setting("compression.type", Kind::String, "producer", "compression.type"),
    setting("compression.zstd.level", Kind::Int, "3", "compression.zstd.level"),
    setting("delete.retention.ms", Kind::Long, "86400000", "log.cleaner.delete.retention.ms"),
    setting(
        "errors.deadletterqueue.group.enable",
        Kind::Boolean,
        "false",
        "errors.deadletterqueue.group.enable",
    ),
    setting("file.delete.delay.ms", Kind::Long, "60000", "log.segment.delete.delay.ms"),
    setting("flush.messages", Kind::Long, "9223372036854775807", "log.flush.interval.messages"),
    setting("flush.ms", Kind::Long, "9223372036854775807", "log.flush.interval.ms"),
    setting(
        "follower.replication.throttled.replicas",
        Kind::List,
        "",
        "follower.replication.throttled.replicas",
    ),
    setting("index.interval.bytes", Kind::Int, "4096", "log.index.interval.bytes"),
    setting("leader.replication.throttled.replicas", Kind::List, "", "leader.replication.throttled.replicas"),
    setting("local.retention.bytes", Kind::Long, "-2", "log.local.retention.bytes"),
    setting("local.retention.ms", Kind::Long, "-2", "log.local.retention.ms"),
    setting("max.compaction.lag.ms", Kind::Long, "9223372036854775807", "log.cleaner.max.compaction.lag.ms"),
    acted_on(
        "max.message.bytes",
        Kind::Int,
        "1048588",
        "message.max.bytes",
        "The largest batch that is accepted.",
    ),
    setting("message.timestamp.after.max.ms", Kind::Long, "3600000", "log.message.timestamp.after.max.ms"),
    setting(
        "message.timestamp.before.max.ms",
        Kind::Long,
        "9223372036854775807",
        "log.message.timestamp.before.max.ms",
    ),
    acted_on(
        "message.timestamp.type",
        Kind::String,
        "CreateTime",
        "log.message.timestamp.type",
        "CreateTime or LogAppendTime.",
    ),
    setting("min.cleanable.dirty.ratio", Kind::Double, "0.5", "log.cleaner.min.cleanable.ratio"),
    setting("min.compaction.lag.ms", Kind::Long, "0", "log.cleaner.min.compaction.lag.ms"),
    setting("min.insync.replicas", Kind::Int, "1", "min.insync.replicas"),
    setting("preallocate", Kind::Boolean, "false", "log.preallocate"),
    setting("remote.copy.disable", Kind::Boolean, "false", "remote.copy.disable"),
    setting("remote.log.delete.on.disable", Kind::Boolean, "false", "remote.log.delete.on.disable"),
    setting("remote.storage.enable", Kind::Boolean, "false", "remote.storage.enable"),
    acted_on(
        "retention.bytes",
        Kind::Long,
        "-1",
        "log.retention.bytes",
        "Oldest batches over this size per partition go; -1: no limit.",
    ),
    acted_on(
        "retention.ms",
        Kind::Long,
        "604800000",
        "log.retention.ms",
        "Batches older than this go; -1: no limit.",
    ),
    setting("segment.bytes", Kind::Int, "1073741824", "log.segment.bytes"),
    setting("segment.index.bytes", Kind::Int, "10485760", "log.index.size.max.bytes"),
    setting("segment.jitter.ms", Kind::Long, "0", "log.roll.jitter.ms"),
    setting("segment.ms", Kind::Long, "604800000", "log.roll.ms"),
    setting("unclean.leader.election.enable", Kind::Boolean, "false", "unclean.leader.election.enable"),
];

/// The setting called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    TOPIC_SETTINGS.iter().find(|setting| setting.name == name)
}

/// What a topic sets itself; the rest are defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicConfigs(BTreeMap<&'static str, String>);

impl TopicConfigs {
    /// Sets one value.
    ///
    /// # Errors
    /// A text for the user when the name is unknown or the value of the wrong kind.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let setting = find(name).ok_or_else(|| format!("Unknown topic config name: {name}"))?;
        check(setting, value)?;
        self.0.insert(setting.name, value.to_owned());
        Ok(())
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The topic's own value, if it has one.
    pub(crate) fn own(&self, setting: &Setting) -> Option<&str> {
        self.0.get(setting.name).map(String::as_str)
    }

    /// The value in force.
    pub(crate) fn get(&self, name: &str) -> &str {
        let default = || find(name).map_or("", |setting| setting.default);
        self.0.get(name).map_or_else(default, String::as_str)
    }

    fn number(&self, name: &str) -> i64 {
        self.get(name).parse().unwrap_or(-1)
    }

    /// Whether old data is dropped, by time or size, or by DeleteRecords.
    pub(crate) fn deletes(&self) -> bool {
        self.get("cleanup.policy").split(',').any(|policy| policy.trim() == "delete")
    }

    pub(crate) fn retention(&self) -> Retention {
        if !self.deletes() {
            return Retention::default();
        }
        Retention {
            max_age_ms: Some(self.number("retention.ms")).filter(|age| *age >= 0),
            max_bytes: usize::try_from(self.number("retention.bytes")).ok(),
        }
    }

    pub(crate) fn append_rules(&self, allow_zstd: bool) -> AppendRules {
        AppendRules {
            max_batch_bytes: usize::try_from(self.number("max.message.bytes")).unwrap_or(0),
            log_append_time: self.get("message.timestamp.type") == "LogAppendTime",
            allow_zstd,
        }
    }
}

fn check(setting: &Setting, value: &str) -> Result<(), String> {
    let fits = match (setting.name, setting.kind) {
        ("cleanup.policy", _) => value.split(',').all(|policy| matches!(policy.trim(), "delete" | "compact")),
        ("message.timestamp.type", _) => matches!(value, "CreateTime" | "LogAppendTime"),
        ("retention.ms" | "retention.bytes", _) => value.parse::<i64>().is_ok_and(|number| number >= -1),
        ("max.message.bytes", _) => value.parse::<i32>().is_ok_and(|number| number >= 0),
        (_, Kind::Boolean) => matches!(value, "true" | "false"),
        (_, Kind::Int) => value.parse::<i32>().is_ok(),
        (_, Kind::Long) => value.parse::<i64>().is_ok(),
        (_, Kind::Double) => value.parse::<f64>().is_ok_and(f64::is_finite),
        (_, Kind::String | Kind::List) => true,
    };
    if fits { Ok(()) } else { Err(format!("Invalid value {value} for configuration {}", setting.name)) }
}

/// The broker's own settings, as DescribeConfigs shows them: (name, kind, value).
pub(crate) fn broker_settings(options: &Options) -> Vec<(&'static str, Kind, String)> {
    vec![
        ("auto.create.topics.enable", Kind::Boolean, options.auto_create_topics.to_string()),
        ("broker.id", Kind::Int, super::state::NODE_ID.to_string()),
        ("group.initial.rebalance.delay.ms", Kind::Int, options.initial_rebalance_delay_ms.to_string()),
        ("group.max.session.timeout.ms", Kind::Int, options.max_session_timeout_ms.to_string()),
        ("group.max.size", Kind::Int, options.max_group_members.to_string()),
        ("group.min.session.timeout.ms", Kind::Int, options.min_session_timeout_ms.to_string()),
        ("log.retention.check.interval.ms", Kind::Long, options.retention_check_interval_ms.to_string()),
        ("log.retention.ms", Kind::Long, "604800000".to_owned()),
        ("max.connections", Kind::Int, options.max_connections.to_string()),
        ("num.partitions", Kind::Int, options.default_partitions.to_string()),
        (
            "offsets.retention.check.interval.ms",
            Kind::Long,
            options.offsets_retention_check_interval_ms.to_string(),
        ),
        ("offsets.retention.minutes", Kind::Int, (options.offsets_retention_ms / 60_000).to_string()),
        ("offsets.topic.num.partitions", Kind::Int, options.offsets_partitions.to_string()),
        ("offsets.topic.replication.factor", Kind::Int, "1".to_owned()),
        ("socket.request.max.bytes", Kind::Int, options.max_request_bytes.to_string()),
        ("transaction.max.timeout.ms", Kind::Int, options.transaction_max_timeout_ms.to_string()),
    ]
}
