//! Streams the records of partitions: one fetch loop per broker, each with a request under way while the answer
//! before it is handed on.

mod supervise;
mod broker_loop;
mod answer;
mod position;
mod hop;
mod follow;
mod session;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::TopicPartition;
use crate::cluster::Cluster;
use crate::error::Error;

pub use follow::{Follow, Head};
pub use hop::next_offset;

/// What to read of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset to begin with.
    pub from: i64,
    /// The offset to stop before; none to follow the log for ever.
    pub to: Option<i64>,
}

/// How to fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The broker waits this long for `min_bytes`.
    pub max_wait: Duration,
    /// Bytes that make a broker answer at once.
    pub min_bytes: i32,
    /// Bytes of one answer.
    pub max_bytes: i32,
    /// Bytes of one partition in one answer; a larger batch comes whole (KIP-74).
    pub partition_max_bytes: i32,
    /// Answers waiting to be taken: when they are full, sockets are left to fill.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 4 << 20,
            partition_max_bytes: 1 << 20,
            queue: 2,
        }
    }
}

/// Something that came of fetching a partition.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The partition.
    pub partition: TopicPartition,
    /// What came.
    pub event: Event,
}

/// What came of fetching a partition.
#[derive(Clone, Debug)]
pub enum Event {
    /// Whole batches, the last one possibly cut off; the first may begin before the offset asked for.
    Records {
        /// The offset that was asked for.
        from: i64,
        /// The bytes, as the broker keeps them.
        records: Bytes,
        /// The high watermark.
        high_watermark: i64,
        /// The last stable offset.
        last_stable: i64,
        /// The log start.
        log_start: i64,
    },
    /// Retention overtook the reading: `[from, to)` is gone. Reading goes on at `to`.
    Gone {
        /// The offset that was asked for.
        from: i64,
        /// The log start.
        to: i64,
    },
    /// The log ends below the offset that was asked for; the partition is no longer read.
    Truncated {
        /// The offset that was asked for.
        from: i64,
        /// The log's end.
        end: i64,
    },
    /// The partition was read up to its end.
    Done,
    /// The partition can't be read any more.
    Failed(Error),
}

/// A stream of what is fetched. Dropping it stops the fetching.
#[derive(Debug)]
pub struct Fetcher {
    receiver: mpsc::Receiver<Vec<Fetched>>,
    tasks: JoinSet<()>,
}

impl Fetcher {
    /// Begins to read.
    #[must_use]
    pub fn start(cluster: Arc<Cluster>, spans: Vec<Span>, options: Options) -> Fetcher {
        let (sender, receiver) = mpsc::channel(options.queue.max(1));
        let mut tasks = JoinSet::new();
        tasks.spawn(supervise::supervise(cluster, spans, options, sender));
        Fetcher { receiver, tasks }
    }

    /// What came next; none when all spans have been read.
    pub async fn next(&mut self) -> Option<Vec<Fetched>> {
        if let Some(fetched) = self.receiver.recv().await {
            return Some(fetched);
        }
        // A panic in there must not look like the end of what is to be read.
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(Ok(panic)) = ended.map_err(JoinError::try_into_panic) {
                std::panic::resume_unwind(panic);
            }
        }
        None
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}
