//! Java consumers.

use serde_json::{Value, json};

use super::admin::config;
use super::driver::number_in;
use super::error::Error;
use super::jvm::Jvm;
use super::waiting::wait_until;

/// How a consumer gets its partitions.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// As a member of its group.
    Subscribe(&'a [&'a str]),
    /// By itself, without a membership.
    Assign(&'a str, i32),
}

/// A `KafkaConsumer` that only acts when told. `auto.offset.reset` is earliest and nothing is committed by
/// itself unless the configuration says otherwise.
#[derive(Debug)]
pub struct Consumer<'a> {
    jvm: &'a Jvm,
    name: String,
}

/// A consumer at work on a thread of its own.
#[derive(Debug)]
pub struct Loop<'a> {
    jvm: &'a Jvm,
    name: String,
}

impl Jvm {
    /// Opens a consumer of `group`.
    ///
    /// # Errors
    /// What the client reports.
    pub fn consumer(
        &self,
        name: &str,
        group: &str,
        start: Start<'_>,
        pairs: &[(&str, &str)],
    ) -> Result<Consumer<'_>, Error> {
        let mut arguments = json!({"client": name, "config": config(pairs)});
        if !group.is_empty() {
            arguments["config"]["group.id"] = json!(group);
        }
        match start {
            Start::Subscribe(topics) => arguments["topics"] = json!(topics),
            Start::Assign(topic, partition) => {
                arguments["assign"] = json!(topic);
                arguments["partition"] = json!(partition);
            }
        }
        self.call("consumer.open", arguments)?;
        Ok(Consumer { jvm: self, name: name.to_owned() })
    }

    /// A member of `group` reads `count` records of `topic`, commits, and leaves.
    ///
    /// # Errors
    /// What the client reports.
    pub fn consume(&self, group: &str, topic: &str, count: i64) -> Result<(), Error> {
        let per_poll = count.clamp(1, 500).to_string();
        let name = format!("once-{group}");
        let limit = [("max.poll.records", per_poll.as_str())];
        let consumer = self.consumer(&name, group, Start::Subscribe(&[topic]), &limit)?;
        let records = consumer.read(count)?;
        if records != count {
            return Err(Error::Waited {
                what: format!("exactly {count} records, {records} came"),
                seconds: 0,
            });
        }
        consumer.commit()?;
        consumer.close()
    }

    /// `members` of `group` join, read, commit and leave for `seconds`.
    ///
    /// # Errors
    /// What the clients report.
    pub fn storm(&self, group: &str, topic: &str, members: u32, seconds: u64) -> Result<(), Error> {
        let arguments = json!({
            "topics": [topic], "members": members, "seconds": seconds,
            "config": {"group.id": group, "session.timeout.ms": "6000"},
        });
        self.call("consumer.storm", arguments).map(drop)
    }
}

impl<'a> Consumer<'a> {
    /// Polls until `count` records came. `max.poll.records` decides how many come at once.
    ///
    /// # Errors
    /// What the client reports, or that fewer came within 30 s.
    pub fn read(&self, count: i64) -> Result<i64, Error> {
        let records = self.read_for(count, 30)?;
        if records < count {
            return Err(Error::Waited { what: format!("{count} records, {records} came"), seconds: 30 });
        }
        Ok(records)
    }

    /// Polls until `count` records came or `seconds` passed; returns how many came.
    ///
    /// # Errors
    /// What the client reports.
    pub fn read_for(&self, count: i64, seconds: u64) -> Result<i64, Error> {
        const COMMAND: &str = "consumer.read";
        let arguments = json!({"client": self.name, "count": count, "seconds": seconds});
        number_in(COMMAND, &self.jvm.call(COMMAND, arguments)?, "records")
    }

    /// Commits the position.
    ///
    /// # Errors
    /// What the client reports.
    pub fn commit(&self) -> Result<(), Error> {
        self.jvm.call("consumer.commit", json!({"client": self.name})).map(drop)
    }

    /// Commits an offset of one's choice.
    ///
    /// # Errors
    /// What the client reports.
    pub fn commit_at(&self, topic: &str, partition: i32, offset: i64) -> Result<(), Error> {
        let arguments =
            json!({"client": self.name, "topic": topic, "partition": partition, "offset": offset});
        self.jvm.call("consumer.commit", arguments).map(drop)
    }

    /// Goes to an offset, or to the end.
    ///
    /// # Errors
    /// What the client reports.
    pub fn seek(&self, topic: &str, partition: i32, offset: Option<i64>) -> Result<(), Error> {
        let mut arguments = json!({"client": self.name, "topic": topic, "partition": partition});
        arguments["offset"] = offset.map_or(Value::Null, Value::from);
        self.jvm.call("consumer.seek", arguments).map(drop)
    }

    /// Where the next read begins.
    ///
    /// # Errors
    /// What the client reports.
    pub fn position(&self, topic: &str, partition: i32) -> Result<i64, Error> {
        let arguments = json!({"client": self.name, "topic": topic, "partition": partition});
        self.jvm.number("consumer.position", arguments, "offset")
    }

    /// Polls until it has been assigned a partition and knows where to begin.
    ///
    /// # Errors
    /// What the client reports, or that half a minute passed.
    pub fn await_position(&self, topic: &str, partition: i32) -> Result<i64, Error> {
        wait_until("a member to have its position", 30, || {
            self.read_for(1, 1)?;
            Ok(self.position(topic, partition).is_ok())
        })?;
        self.position(topic, partition)
    }

    /// Subscribes to other topics.
    ///
    /// # Errors
    /// What the client reports.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), Error> {
        self.jvm.call("consumer.subscribe", json!({"client": self.name, "topics": topics})).map(drop)
    }

    /// Leaves the group; commits nothing unless `enable.auto.commit` is on.
    ///
    /// # Errors
    /// What the client reports.
    pub fn close(self) -> Result<(), Error> {
        self.jvm.call("consumer.close", json!({"client": self.name})).map(drop)
    }

    /// Reads on, on a thread of its own; commits after each poll if `commits`.
    ///
    /// # Errors
    /// What the client reports.
    pub fn run(self, commits: bool) -> Result<Loop<'a>, Error> {
        let commit = if commits { "sync" } else { "none" };
        self.jvm.call("consumer.run", json!({"client": self.name, "commit": commit}))?;
        Ok(Loop { jvm: self.jvm, name: self.name })
    }
}

impl Loop<'_> {
    /// Stops and leaves the group; returns how many records it read.
    ///
    /// # Errors
    /// What ended the loop before, if something did.
    pub fn stop(self) -> Result<i64, Error> {
        self.jvm.number("loop.stop", json!({"client": self.name}), "records")
    }
}
