//! Topics: which exist, how they are configured, how large they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use whither_core::fact::{Config, Size, Topic, TopicState};
use whither_core::{Fact, Key, Name, Partition, Span};
use whither_kafka::Settings;

use super::look::{Look, of, why};

const TOPIC_SETTINGS: [&str; 4] =
    ["retention.ms", "retention.bytes", "cleanup.policy", "unclean.leader.election.enable"];
const OFFSETS_RETENTION: &str = "offsets.retention.minutes";

impl Look {
    /// Tells each partition's ledger which incarnation its name has.
    pub(super) fn tell_topics(&mut self) {
        for partition in self.partitions() {
            let state = TopicState::Exists(self.topic_id(&partition.topic));
            if !self.told.topics.is_news(&partition, state) {
                continue;
            }
            let topic = Topic { at: crate::clock::now(), state };
            self.apply(&Key::ledger(&self.id.clone(), &partition), &[Fact::Topic(topic)]);
        }
    }

    /// Asks for configuration and sizes, and looks up by name the topics that groups have positions in and that
    /// the listing did not show.
    pub(super) async fn describe_topics(&mut self) {
        self.progress.doing("asking for configurations");
        self.look_up_missing().await;
        self.describe(self.partitions()).await;
    }

    /// Asks for configuration and sizes of some.
    pub(super) async fn describe(&mut self, partitions: Vec<Partition>) {
        let keep = self.offsets_retention().await;
        let topics: BTreeSet<Name> = partitions.iter().map(|p| p.topic.clone()).collect();
        let topics: Vec<Arc<str>> = topics.into_iter().collect();
        let configs = match self.cluster.topic_configs(&topics, &TOPIC_SETTINGS).await {
            Ok(configs) => configs,
            Err(error) => {
                self.not_seen_configs(&error.to_string());
                BTreeMap::new()
            }
        };
        if let Some(refusal) = configs.values().find_map(|c| c.as_ref().err()) {
            self.not_seen_configs(&why(refusal));
        }
        let (sizes, _) = self.cluster.sizes().await;
        for partition in partitions {
            let key = Key::ledger(&self.id, &partition);
            let mut facts = Vec::new();
            if let Some(Ok(settings)) = configs.get(&partition.topic) {
                let config = config(settings, keep);
                if config.compacts == Some(true) {
                    self.compacted.insert(partition.topic.clone());
                }
                if self.told.configs.is_news(&partition, config) {
                    facts.push(Fact::Config(config));
                }
            }
            if let Some(bytes) = sizes.get(&of(&partition))
                && self.told.has_grown(&partition, *bytes)
            {
                facts.push(Fact::Size(Size { at: crate::clock::now(), bytes: *bytes }));
            }
            self.apply(&key, &facts);
        }
    }

    fn not_seen_configs(&mut self, why: &str) {
        self.not_seen(
            "topic configuration",
            &format!("DescribeConfigs: {why}"),
            "retention as a cause is at most indicative",
            false,
        );
    }

    async fn offsets_retention(&mut self) -> Option<Span> {
        let broker = *self.metadata.brokers.keys().next()?;
        match self.cluster.broker_configs(broker, &[OFFSETS_RETENTION]).await {
            Ok(Ok(settings)) => {
                let minutes: i64 = settings.get(OFFSETS_RETENTION)?.parse().ok()?;
                Some(Span::seconds(minutes.saturating_mul(60)))
            }
            Ok(Err(refusal)) => {
                self.not_seen(
                    "broker configuration",
                    &format!("DescribeConfigs: {}", why(&refusal)),
                    "when offsets expire can't be told, nor expiry from deletion",
                    false,
                );
                None
            }
            Err(_) => None,
        }
    }

    /// R5: a listing leaves out what may not be described; a named look-up tells absence from that.
    pub(super) async fn look_up_missing(&mut self) {
        let known = |topic: &Name| self.metadata.topics.contains_key(topic);
        let met = self.positions.keys().chain(self.edges.keys());
        let missing: BTreeSet<Partition> = met
            .filter(|p| !known(&p.topic) && self.wants.topic.as_ref().is_none_or(|t| *t == p.topic))
            .cloned()
            .collect();
        let topics: BTreeSet<Name> = missing.iter().map(|p| p.topic.clone()).collect();
        let topics: Vec<Arc<str>> = topics.into_iter().collect();
        if topics.is_empty() {
            return;
        }
        let Ok(told) = self.cluster.look_up(&topics).await else { return };
        for partition in missing {
            let state = match told.refused.get(&partition.topic) {
                Some(ResponseError::TopicAuthorizationFailed) => TopicState::Unauthorized,
                Some(_) => TopicState::Absent,
                None => continue,
            };
            if state == TopicState::Unauthorized {
                self.not_seen(
                    &format!("topic {}", partition.topic),
                    "no right to describe it",
                    "what became of its records is unknown",
                    true,
                );
            }
            self.edges.remove(&partition);
            if !self.told.topics.is_news(&partition, state) {
                continue;
            }
            let topic = Topic { at: crate::clock::now(), state };
            self.apply(&Key::ledger(&self.id.clone(), &partition), &[Fact::Topic(topic)]);
        }
    }
}

fn config(settings: &Settings, offsets_retention: Option<Span>) -> Config {
    let number = |name: &str| settings.get(name).and_then(|v| v.parse().ok());
    let policy = settings.get("cleanup.policy");
    Config {
        retention_ms: number("retention.ms"),
        retention_bytes: number("retention.bytes"),
        compacts: policy.map(|p| p.contains("compact")),
        deletes: policy.map(|p| p.contains("delete")),
        unclean_elections: settings.get("unclean.leader.election.enable").map(|v| v == "true"),
        offsets_retention,
    }
}
