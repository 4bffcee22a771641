//! Topics by name and by id. An id is never used twice: a topic made again under its old name is another one.
use std::collections::BTreeMap;

use uuid::Uuid;

use super::configs::TopicConfigs;
use super::log::Log;

/// A topic and its partitions, numbered from 0.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) configs: TopicConfigs,
    pub(crate) partitions: Vec<Log>,
}

impl Topic {
    /// Kafka's own topics start with two underscores; this broker has one.
    pub(crate) fn is_internal(&self) -> bool {
        self.name == super::offsets_topic::NAME
    }

    pub(crate) fn log(&self, partition: i32) -> Option<&Log> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }

    /// Partitions with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (i32, &Log)> {
        (0i32..).zip(&self.partitions)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<String, Topic>,
    names: BTreeMap<Uuid, String>,
}

impl Topics {
    pub(crate) fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<&Topic> {
        self.names.get(&id).and_then(|name| self.by_name.get(name))
    }

    pub(crate) fn log(&self, name: &str, partition: i32) -> Option<&Log> {
        self.get(name)?.log(partition)
    }

    pub(crate) fn log_mut(&mut self, name: &str, partition: i32) -> Option<&mut Log> {
        self.by_name.get_mut(name)?.partitions.get_mut(usize::try_from(partition).ok()?)
    }

    /// In the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.by_name.values_mut()
    }

    /// Partitions in all topics together.
    pub(crate) fn partition_count(&self) -> usize {
        self.by_name.values().map(|topic| topic.partitions.len()).sum()
    }

    pub(crate) fn insert(&mut self, name: &str, id: Uuid, partitions: usize, configs: TopicConfigs) {
        let partitions = std::iter::repeat_with(Log::default).take(partitions).collect();
        self.names.insert(id, name.to_owned());
        self.by_name.insert(name.to_owned(), Topic { name: name.to_owned(), id, configs, partitions });
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.names.remove(&topic.id);
        Some(topic)
    }
}

/// Kafka's rule for names: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`.
pub(crate) fn is_valid_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(legal)
}
