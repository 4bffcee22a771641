//! What an administrator does, by Java's Admin client.

use serde_json::{Value, json};

use super::driver::number_in;
use super::error::Error;
use super::jvm::Jvm;
use super::waiting::wait_until;

/// Where a partition begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The first offset that can be read.
    pub log_start: i64,
    /// Where a read_committed reader stops.
    pub last_stable: i64,
    /// The high watermark.
    pub end: i64,
}

/// Configuration pairs as a JSON object.
pub(super) fn config(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|&(key, value)| (key.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

impl Jvm {
    /// Creates a topic and waits until its partitions have leaders.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn create_topic(&self, topic: &str, partitions: i32, pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call(
            "topic.create",
            json!({"topic": topic, "partitions": partitions, "config": config(pairs)}),
        )?;
        self.await_leader(topic)
    }

    /// Creates a topic of one partition on these brokers, the first of them the preferred leader.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn create_topic_on(&self, topic: &str, brokers: &[i32], pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call("topic.create", json!({"topic": topic, "replicas": brokers, "config": config(pairs)}))?;
        self.await_leader(topic)
    }

    fn await_leader(&self, topic: &str) -> Result<(), Error> {
        wait_until("the leader of a new topic", 30, || match self.leader(topic, 0) {
            Ok(leader) => Ok(leader >= 0),
            Err(Error::Refused { .. }) => Ok(false),
            Err(other) => Err(other),
        })
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn delete_topic(&self, topic: &str) -> Result<(), Error> {
        self.call("topic.delete", json!({"topic": topic})).map(drop)
    }

    /// Raises the number of partitions.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn grow_topic(&self, topic: &str, partitions: i32) -> Result<(), Error> {
        self.call("topic.grow", json!({"topic": topic, "partitions": partitions})).map(drop)
    }

    /// Sets topic configuration.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn configure_topic(&self, topic: &str, pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call("topic.config", json!({"topic": topic, "config": config(pairs)})).map(drop)
    }

    /// Sets configuration of all brokers at run time.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn configure_brokers(&self, pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call("broker.config", json!({"config": config(pairs)})).map(drop)
    }

    /// DeleteRecords; returns the new log start.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<i64, Error> {
        let arguments = json!({"topic": topic, "partition": partition, "before": before});
        self.number("partition.delete_records", arguments, "log_start")
    }

    /// Log start, last stable offset and high watermark.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn ends(&self, topic: &str, partition: i32) -> Result<Ends, Error> {
        const COMMAND: &str = "partition.ends";
        let answer = self.call(COMMAND, json!({"topic": topic, "partition": partition}))?;
        Ok(Ends {
            log_start: number_in(COMMAND, &answer, "log_start")?,
            last_stable: number_in(COMMAND, &answer, "last_stable")?,
            end: number_in(COMMAND, &answer, "end")?,
        })
    }

    /// Waits until the log starts at `offset` or later; returns where.
    ///
    /// # Errors
    /// What the broker answers, or that a minute passed.
    pub fn await_log_start(&self, topic: &str, partition: i32, offset: i64) -> Result<i64, Error> {
        let mut start = 0;
        wait_until(&format!("the log start of {topic}/{partition} to reach {offset}"), 60, || {
            start = self.ends(topic, partition)?.log_start;
            Ok(start >= offset)
        })?;
        Ok(start)
    }

    /// The leader's id, -1 if there is none.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn leader(&self, topic: &str, partition: i32) -> Result<i64, Error> {
        self.number("partition.state", json!({"topic": topic, "partition": partition}), "leader")
    }

    /// How many replicas are in sync.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn in_sync(&self, topic: &str, partition: i32) -> Result<usize, Error> {
        let answer = self.call("partition.state", json!({"topic": topic, "partition": partition}))?;
        Ok(answer["isr"].as_array().map_or(0, Vec::len))
    }

    /// Sets a group's offset from outside, as the reset tool does; the group must be empty.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn set_group_offset(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), Error> {
        let arguments = json!({"group": group, "topic": topic, "partition": partition, "offset": offset});
        self.call("group.set_offset", arguments).map(drop)
    }

    /// Removes a group's offset of one partition.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn delete_group_offset(&self, group: &str, topic: &str, partition: i32) -> Result<(), Error> {
        self.call("group.delete_offset", json!({"group": group, "topic": topic, "partition": partition}))
            .map(drop)
    }

    /// Deletes an empty group.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn delete_group(&self, group: &str) -> Result<(), Error> {
        self.call("group.delete", json!({"group": group})).map(drop)
    }

    /// The committed offset, if there is one.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Result<Option<i64>, Error> {
        let answer =
            self.call("group.committed", json!({"group": group, "topic": topic, "partition": partition}))?;
        Ok(answer["offset"].as_i64())
    }

    /// Waits until the committed offset is `offset` or beyond.
    ///
    /// # Errors
    /// What the broker answers, or that a minute passed.
    pub fn await_committed(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), Error> {
        wait_until(&format!("{group} to commit {offset} of {topic}/{partition}"), 60, || {
            Ok(self.committed(group, topic, partition)?.is_some_and(|at| at >= offset))
        })
    }

    /// Waits until a group has this many members.
    ///
    /// # Errors
    /// What the broker answers, or that a minute passed.
    pub fn await_members(&self, group: &str, members: i64) -> Result<(), Error> {
        wait_until(&format!("{group} to have {members} members"), 60, || {
            match self.number("group.state", json!({"group": group}), "members") {
                Ok(now) => Ok(now == members),
                // Asked by the API of one protocol while the group goes over to the other.
                Err(Error::Refused { .. }) => Ok(false),
                Err(other) => Err(other),
            }
        })
    }

    /// Ends whatever transaction is open on a partition, as `kafka-transactions abort` does.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn force_abort(&self, topic: &str, partition: i32) -> Result<(), Error> {
        self.call("transaction.force_abort", json!({"topic": topic, "partition": partition})).map(drop)
    }

    /// Appends records of a transaction that no coordinator knows; returns their offsets. Kafka 4 only, and only
    /// while `transaction.partition.verification.enable` is false.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn append_forgotten_transaction(
        &self,
        topic: &str,
        partition: i32,
        count: i64,
    ) -> Result<std::ops::Range<i64>, Error> {
        const COMMAND: &str = "transaction.forgotten";
        let answer = self.call(COMMAND, json!({"topic": topic, "partition": partition, "count": count}))?;
        Ok(number_in(COMMAND, &answer, "from")?..number_in(COMMAND, &answer, "to")?)
    }

    /// Allows `user` these operations (`READ`, `DESCRIBE`, …) on a resource (`TOPIC`, `GROUP`, `CLUSTER`, …).
    ///
    /// # Errors
    /// What the broker answers.
    pub fn allow(&self, user: &str, resource: &str, name: &str, operations: &[&str]) -> Result<(), Error> {
        let arguments = json!({"user": user, "type": resource, "name": name, "operations": operations});
        self.call("acl.allow", arguments).map(drop)
    }
}
