//! Java applications beyond plain consumers: share groups, Streams, a MirrorMaker-like syncer.

use serde_json::json;

use super::admin::config;
use super::driver::number_in;
use super::error::Error;
use super::jvm::Jvm;

/// A member of a share group (Kafka 4 only).
#[derive(Debug)]
pub struct ShareConsumer<'a> {
    jvm: &'a Jvm,
    name: String,
}

/// What a Streams application does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamsKind {
    /// Stateless.
    Map,
    /// Stateless, and fails on the value `poison`.
    Picky,
    /// Regroups through a repartition topic, which it purges, and counts in a store with a changelog.
    Count,
}

/// A running Streams application.
#[derive(Debug)]
pub struct StreamsApp<'a> {
    jvm: &'a Jvm,
    name: String,
}

/// Copies a group's offsets to another every second, as MirrorMaker 2 does.
#[derive(Debug)]
pub struct Syncer<'a> {
    jvm: &'a Jvm,
    name: String,
}

impl Jvm {
    /// Sets configuration of a group, such as `share.auto.offset.reset`.
    ///
    /// # Errors
    /// What the broker answers.
    pub fn configure_group(&self, group: &str, pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call("share.config", json!({"group": group, "config": config(pairs)})).map(drop)
    }

    /// Opens a member of a share group.
    ///
    /// # Errors
    /// What the client reports.
    pub fn share_consumer(&self, group: &str, topic: &str) -> Result<ShareConsumer<'_>, Error> {
        let name = format!("share-{group}");
        let arguments = json!({"client": name, "topics": [topic], "config": {"group.id": group}});
        self.call("share.open", arguments)?;
        Ok(ShareConsumer { jvm: self, name })
    }

    /// Starts a Streams application and waits until it runs. Its group is `application`.
    ///
    /// # Errors
    /// What Streams reports.
    pub fn streams(
        &self,
        application: &str,
        kind: StreamsKind,
        from: &str,
        to: &str,
        pairs: &[(&str, &str)],
    ) -> Result<StreamsApp<'_>, Error> {
        let name = format!("streams-{application}");
        let kind = match kind {
            StreamsKind::Map => "map",
            StreamsKind::Picky => "picky",
            StreamsKind::Count => "count",
        };
        let arguments = json!({
            "client": name, "application": application, "kind": kind, "in": from, "out": to, "config": config(pairs)
        });
        self.call("streams.open", arguments)?;
        Ok(StreamsApp { jvm: self, name })
    }

    /// Starts to copy `from`'s offsets to `to`.
    ///
    /// # Errors
    /// If the driver is gone.
    pub fn sync_offsets(&self, from: &str, to: &str) -> Result<Syncer<'_>, Error> {
        let name = format!("sync-{to}");
        self.call("syncer.open", json!({"client": name, "from": from, "to": to}))?;
        Ok(Syncer { jvm: self, name })
    }
}

impl ShareConsumer<'_> {
    /// Takes `count` records and answers each: `ACCEPT`, `RELEASE` or `REJECT`. Returns how many came in 30 s.
    ///
    /// # Errors
    /// What the client reports.
    pub fn read(&self, count: i64, acknowledge: &str) -> Result<i64, Error> {
        const COMMAND: &str = "share.read";
        let arguments = json!({"client": self.name, "count": count, "acknowledge": acknowledge});
        number_in(COMMAND, &self.jvm.call(COMMAND, arguments)?, "records")
    }

    /// Leaves.
    ///
    /// # Errors
    /// What the client reports.
    pub fn close(self) -> Result<(), Error> {
        self.jvm.call("share.close", json!({"client": self.name})).map(drop)
    }
}

impl StreamsApp<'_> {
    /// Stops it; its last commit is made.
    ///
    /// # Errors
    /// What Streams reports.
    pub fn close(self) -> Result<(), Error> {
        self.jvm.call("streams.close", json!({"client": self.name})).map(drop)
    }
}

impl Syncer<'_> {
    /// Stops copying.
    ///
    /// # Errors
    /// If the driver is gone.
    pub fn close(self) -> Result<(), Error> {
        self.jvm.call("syncer.close", json!({"client": self.name})).map(drop)
    }
}
